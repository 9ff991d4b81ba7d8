//! Manners on a server that is not ours: nothing is overwritten, and all that was written is removed.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use redis_om::{commands::SetOptions, prelude::*};

use super::{CHUNK, airport::Airport};

/// Held while a tour is there. It expires by itself, should the tour be killed.
const CLAIM: &str = "redis-om-quickstart:running";

/// A visit to somebody else's server.
pub(crate) struct Guest<'a> {
    client: &'a Client,
    airports: &'a [Airport],
}

impl<'a> Guest<'a> {
    /// Makes sure that the tour's keys are free: they are the same in every run.
    pub(crate) async fn enter(client: &'a Client, airports: &'a [Airport]) -> Result<Self> {
        let claim = SetOptions::new().nx().ex(Duration::from_secs(600));
        ensure!(
            client.set_with(CLAIM, "1", claim).await?,
            "another quickstart is running on this server (the key `{CLAIM}` is there, for ten minutes at most)"
        );
        let keys: Vec<_> = airports.iter().map(Airport::key).collect();
        let there = client.exists(keys.as_slice()).await?;
        if there > 0 {
            client.del(CLAIM).await?;
            bail!(
                "{there} keys such as `{}` are on this server already, and would be overwritten: if they are left from \
                 a quickstart that was killed, remove them, or set REDIS_URL to another server",
                Airport::key_of("JFK")
            );
        }
        Ok(Self { client, airports })
    }

    /// Removes every airport that may have been written.
    pub(crate) async fn leave(self) -> Result<()> {
        for chunk in self.airports.chunks(CHUNK) {
            Airport::delete_many(self.client, chunk.iter().map(Airport::id)).await?;
        }
        self.client.del(CLAIM).await?;
        Ok(())
    }
}
