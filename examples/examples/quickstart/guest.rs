//! The rules for a server of the user: the tour overwrites no key, and removes every key that it wrote.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use redis_om::{commands::SetOptions, prelude::*};

use super::{CHUNK, airport::Airport};

/// The key that a tour holds while it runs. It expires, so that a killed tour does not block the next one for ever.
const CLAIM: &str = "redis-om-quickstart:running";

/// A tour on a server of the user.
pub(crate) struct Guest<'a> {
    client: &'a Client,
    airports: &'a [Airport],
}

impl<'a> Guest<'a> {
    /// Checks that none of the keys of the tour exists: they are the same in every run.
    pub(crate) async fn enter(client: &'a Client, airports: &'a [Airport]) -> Result<Self> {
        let claim = SetOptions::new().nx().ex(Duration::from_secs(600));
        ensure!(
            client.set_with(CLAIM, "1", claim).await?,
            "another quickstart is running on this server (the key `{CLAIM}` exists; it expires after ten minutes at most)"
        );
        let keys: Vec<_> = airports.iter().map(Airport::key).collect();
        let there = client.exists(keys.as_slice()).await?;
        if there > 0 {
            client.del(CLAIM).await?;
            bail!(
                "{there} keys such as `{}` exist on this server and would be overwritten: remove them if they are from a \
                 quickstart that was killed, or set REDIS_URL to another server",
                Airport::key_of("JFK")
            );
        }
        Ok(Self { client, airports })
    }

    /// Deletes every airport that the tour may have written.
    pub(crate) async fn leave(self) -> Result<()> {
        for chunk in self.airports.chunks(CHUNK) {
            Airport::delete_many(self.client, chunk.iter().map(Airport::id)).await?;
        }
        self.client.del(CLAIM).await?;
        Ok(())
    }
}
