//! Strings: text, bytes, counters.

use crate::{
    command::{Cmd, Executor},
    value::{FromRedis, ToArg},
};

/// The commands on strings.
pub trait StringCommands: Executor {
    /// The value of a key; nil where it does not exist (take an `Option`).
    ///
    /// `GET key` · O(1) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/get/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().get::<Option<String>>("k").to_string(), "GET k");
    /// ```
    fn get<R: FromRedis>(self, key: impl ToArg) -> Self::Output<R> {
        self.execute(Cmd::new("GET").key(key).readonly().reply())
    }

    /// Sets the value of a key, whatever it held, and clears its expiry.
    ///
    /// `SET key value` · O(1) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/set/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().set("k", 1).to_string(), "SET k 1");
    /// ```
    fn set(self, key: impl ToArg, value: impl ToArg) -> Self::Output<()> {
        self.execute(Cmd::new("SET").key(key).arg(value).reply())
    }

    /// Adds one; a key that does not exist counts as 0. Replies the new value.
    ///
    /// `INCR key` · O(1) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/incr/)
    ///
    /// # Errors
    /// Where the value is not an integer, or would overflow 64 bits.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().incr("k").to_string(), "INCR k");
    /// ```
    fn incr(self, key: impl ToArg) -> Self::Output<i64> {
        self.execute(Cmd::new("INCR").key(key).reply())
    }
}

impl<E: Executor> StringCommands for E {}
