//! Keys of any type: delete, rename, expire, look for.

mod types;

pub use types::KeyType;

use crate::{
    command::{Cmd, Executor},
    value::FromRedis,
};

use super::{ScanOptions, ScanPage};

/// The commands on keys, whatever they hold.
pub trait KeyCommands: Executor {
    /// One page of the keys.
    ///
    /// `SCAN cursor` · O(1) a page, O(N) for all · since 2.8.0 · [redis.io](https://redis.io/docs/latest/commands/scan/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().scan::<String>(0).to_string(), "SCAN 0");
    /// ```
    fn scan<K: FromRedis>(self, cursor: u64) -> Self::Output<ScanPage<K>> {
        self.execute(Cmd::new("SCAN").arg(cursor).readonly().reply())
    }

    /// One page of the keys that match.
    ///
    /// `SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]` · O(1) a page, O(N) for all · since 2.8.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/scan/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// let command = cmd().scan_with::<String>(0, ScanOptions::new().pattern("user:*"));
    /// assert_eq!(command.to_string(), "SCAN 0 MATCH user:*");
    /// ```
    fn scan_with<K: FromRedis>(self, cursor: u64, options: ScanOptions) -> Self::Output<ScanPage<K>> {
        self.execute(Cmd::new("SCAN").arg(cursor).args(options).readonly().reply())
    }
}

impl<E: Executor> KeyCommands for E {}
