//! Hashes: fields with values under one key.
//!
//! [`HashCommands`] is here; [`HashTtlCommands`] has the commands on the expiry of single fields. Fields with values
//! are pairs in any form: `("a", 1)`, `[("a", 1), ("b", 2)]`, a map, a vector of pairs.

mod options;
#[cfg(test)]
mod tests;
mod ttl;

pub use options::{FieldExpiry, FieldPersist, HGetEx, HSetExOptions};
pub use ttl::HashTtlCommands;

use crate::{
    command::{Cmd, Executor},
    commands::{ScanOptions, ScanPage},
    value::{FromRedis, ToArg, ToArgs},
};

/// The commands on hashes.
pub trait HashCommands: Executor {
    /// Sets fields, given as pairs of field and value. Returns how many of them are new.
    ///
    /// `HSET key field value [field value …]` · O(1) for each field · since 2.0.0 · [redis.io](https://redis.io/docs/latest/commands/hset/)
    ///
    /// This clears the expiry of each field that it sets; [`hsetex`](HashTtlCommands::hsetex) can keep it.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().hset("k", ("name", "Ann")).to_string(), "HSET k name Ann");
    /// assert_eq!(cmd().hset("k", [("a", 1), ("b", 2)]).to_string(), "HSET k a 1 b 2");
    /// ```
    fn hset(self, key: impl ToArg, fields: impl ToArgs) -> Self::Output<u64> {
        self.execute(Cmd::new("HSET").key(key).args_grouped("field and value", 2, fields).reply())
    }

    /// Sets a field if it does not exist yet. Returns whether it was set.
    ///
    /// `HSETNX key field value` · O(1) · since 2.0.0 · [redis.io](https://redis.io/docs/latest/commands/hsetnx/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().hsetnx("k", "name", "Ann").to_string(), "HSETNX k name Ann");
    /// ```
    fn hsetnx(self, key: impl ToArg, field: impl ToArg, value: impl ToArg) -> Self::Output<bool> {
        self.execute(Cmd::new("HSETNX").key(key).arg(field).arg(value).reply())
    }

    /// Sets fields like [`hset`](Self::hset), without a count of the new ones.
    ///
    /// `HMSET key field value [field value …]` · O(1) for each field · since 2.0.0, deprecated since 4.0.0 · [redis.io](https://redis.io/docs/latest/commands/hmset/)
    ///
    /// Its reply is always the same, so it may be retried when its reply is lost with the connection.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().hmset("k", ("name", "Ann")).to_string(), "HMSET k name Ann");
    /// ```
    fn hmset(self, key: impl ToArg, fields: impl ToArgs) -> Self::Output<()> {
        self.execute(Cmd::new("HMSET").key(key).args_grouped("field and value", 2, fields).reply())
    }

    /// The value of a field; nil if it does not exist (decode as an `Option`).
    ///
    /// `HGET key field` · O(1) · since 2.0.0 · [redis.io](https://redis.io/docs/latest/commands/hget/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().hget::<Option<String>>("k", "name").to_string(), "HGET k name");
    /// ```
    fn hget<R: FromRedis>(self, key: impl ToArg, field: impl ToArg) -> Self::Output<R> {
        self.execute(Cmd::new("HGET").key(key).arg(field).readonly().reply())
    }

    /// The values of fields, in their order; nil for each that does not exist (decode as a `Vec<Option<_>>`, or a tuple
    /// of `Option`s).
    ///
    /// `HMGET key field [field …]` · O(1) for each field · since 2.0.0 · [redis.io](https://redis.io/docs/latest/commands/hmget/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// let command = cmd().hmget::<(Option<String>, Option<u32>)>("k", ["name", "age"]);
    /// assert_eq!(command.to_string(), "HMGET k name age");
    /// ```
    fn hmget<R: FromRedis>(self, key: impl ToArg, fields: impl ToArgs) -> Self::Output<R> {
        self.execute(Cmd::new("HMGET").key(key).args_nonempty("field", fields).readonly().reply())
    }

    /// All fields with their values, as a map or a vector of pairs; empty if the key does not exist.
    ///
    /// `HGETALL key` · O(n), n: size of the hash · since 2.0.0 · [redis.io](https://redis.io/docs/latest/commands/hgetall/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// # use std::collections::HashMap;
    /// assert_eq!(cmd().hgetall::<HashMap<String, String>>("k").to_string(), "HGETALL k");
    /// ```
    fn hgetall<R: FromRedis>(self, key: impl ToArg) -> Self::Output<R> {
        self.execute(Cmd::new("HGETALL").key(key).readonly().reply())
    }

    /// All fields; empty if the key does not exist.
    ///
    /// `HKEYS key` · O(n), n: size of the hash · since 2.0.0 · [redis.io](https://redis.io/docs/latest/commands/hkeys/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().hkeys::<Vec<String>>("k").to_string(), "HKEYS k");
    /// ```
    fn hkeys<R: FromRedis>(self, key: impl ToArg) -> Self::Output<R> {
        self.execute(Cmd::new("HKEYS").key(key).readonly().reply())
    }

    /// All values; empty if the key does not exist.
    ///
    /// `HVALS key` · O(n), n: size of the hash · since 2.0.0 · [redis.io](https://redis.io/docs/latest/commands/hvals/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().hvals::<Vec<String>>("k").to_string(), "HVALS k");
    /// ```
    fn hvals<R: FromRedis>(self, key: impl ToArg) -> Self::Output<R> {
        self.execute(Cmd::new("HVALS").key(key).readonly().reply())
    }

    /// The number of fields; 0 if the key does not exist.
    ///
    /// `HLEN key` · O(1) · since 2.0.0 · [redis.io](https://redis.io/docs/latest/commands/hlen/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().hlen("k").to_string(), "HLEN k");
    /// ```
    fn hlen(self, key: impl ToArg) -> Self::Output<u64> {
        self.execute(Cmd::new("HLEN").key(key).readonly().reply())
    }

    /// Whether a field exists.
    ///
    /// `HEXISTS key field` · O(1) · since 2.0.0 · [redis.io](https://redis.io/docs/latest/commands/hexists/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().hexists("k", "name").to_string(), "HEXISTS k name");
    /// ```
    fn hexists(self, key: impl ToArg, field: impl ToArg) -> Self::Output<bool> {
        self.execute(Cmd::new("HEXISTS").key(key).arg(field).readonly().reply())
    }

    /// Removes fields; a hash without fields is deleted. Returns how many of them existed.
    ///
    /// `HDEL key field [field …]` · O(1) for each field · since 2.0.0 · [redis.io](https://redis.io/docs/latest/commands/hdel/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().hdel("k", ["name", "age"]).to_string(), "HDEL k name age");
    /// ```
    fn hdel(self, key: impl ToArg, fields: impl ToArgs) -> Self::Output<u64> {
        self.execute(Cmd::new("HDEL").key(key).args_nonempty("field", fields).reply())
    }

    /// The length of a field's value in bytes; 0 if it does not exist.
    ///
    /// `HSTRLEN key field` · O(1) · since 3.2.0 · [redis.io](https://redis.io/docs/latest/commands/hstrlen/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().hstrlen("k", "name").to_string(), "HSTRLEN k name");
    /// ```
    fn hstrlen(self, key: impl ToArg, field: impl ToArg) -> Self::Output<u64> {
        self.execute(Cmd::new("HSTRLEN").key(key).arg(field).readonly().reply())
    }

    /// Adds to the integer in a field; a field that does not exist counts as 0. Returns the new value.
    ///
    /// `HINCRBY key field increment` · O(1) · since 2.0.0 · [redis.io](https://redis.io/docs/latest/commands/hincrby/)
    ///
    /// # Errors
    /// The value is not an integer, or would overflow 64 bits.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().hincr_by("k", "visits", -2).to_string(), "HINCRBY k visits -2");
    /// ```
    fn hincr_by(self, key: impl ToArg, field: impl ToArg, increment: i64) -> Self::Output<i64> {
        self.execute(Cmd::new("HINCRBY").key(key).arg(field).arg(increment).reply())
    }

    /// Adds to the number in a field; a field that does not exist counts as 0. Returns the new value.
    ///
    /// `HINCRBYFLOAT key field increment` · O(1) · since 2.6.0 · [redis.io](https://redis.io/docs/latest/commands/hincrbyfloat/)
    ///
    /// # Errors
    /// The value is not a number, or the sum is infinite.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().hincr_by_float("k", "price", 0.5).to_string(), "HINCRBYFLOAT k price 0.5");
    /// ```
    fn hincr_by_float(self, key: impl ToArg, field: impl ToArg, increment: f64) -> Self::Output<f64> {
        self.execute(Cmd::new("HINCRBYFLOAT").key(key).arg(field).arg(increment).reply())
    }

    /// A random field; nil if the key does not exist (decode as an `Option`).
    ///
    /// `HRANDFIELD key` · O(1) · since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/hrandfield/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().hrandfield::<Option<String>>("k").to_string(), "HRANDFIELD k");
    /// ```
    fn hrandfield<R: FromRedis>(self, key: impl ToArg) -> Self::Output<R> {
        self.execute(Cmd::new("HRANDFIELD").key(key).readonly().reply())
    }

    /// `count` different random fields, or fewer if the hash has fewer. A negative number gives exactly its absolute
    /// value, and a field may occur several times. Empty if the key does not exist.
    ///
    /// `HRANDFIELD key count` · O(n), n: fields asked for · since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/hrandfield/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().hrandfield_count::<Vec<String>>("k", 2).to_string(), "HRANDFIELD k 2");
    /// ```
    fn hrandfield_count<R: FromRedis>(self, key: impl ToArg, count: i64) -> Self::Output<R> {
        self.execute(Cmd::new("HRANDFIELD").key(key).arg(count).readonly().reply())
    }

    /// Like [`hrandfield_count`](Self::hrandfield_count), with the values: a map or a vector of pairs.
    ///
    /// `HRANDFIELD key count WITHVALUES` · O(n), n: fields asked for · since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/hrandfield/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// let command = cmd().hrandfield_with_values::<Vec<(String, i64)>>("k", -5);
    /// assert_eq!(command.to_string(), "HRANDFIELD k -5 WITHVALUES");
    /// ```
    fn hrandfield_with_values<R: FromRedis>(self, key: impl ToArg, count: i64) -> Self::Output<R> {
        self.execute(Cmd::new("HRANDFIELD").key(key).arg(count).arg("WITHVALUES").readonly().reply())
    }

    /// Returns fields and removes them; nil for each that does not exist (decode as a `Vec<Option<_>>`, or as a tuple
    /// of `Option`s). A hash without fields is deleted.
    ///
    /// `HGETDEL key FIELDS numfields field [field …]` · O(1) for each field · since 8.0.0 (Valkey 9.1.0) · [redis.io](https://redis.io/docs/latest/commands/hgetdel/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// let command = cmd().hgetdel::<Vec<Option<String>>>("k", ["a", "b"]);
    /// assert_eq!(command.to_string(), "HGETDEL k FIELDS 2 a b");
    /// ```
    fn hgetdel<R: FromRedis>(self, key: impl ToArg, fields: impl ToArgs) -> Self::Output<R> {
        self.execute(Cmd::new("HGETDEL").key(key).arg("FIELDS").args_counted("field", 1, fields).reply())
    }

    /// One page of the fields with their values: see [`ScanPage`]. A small hash is returned as one page. With options:
    /// see [`hscan_with`](Self::hscan_with).
    ///
    /// `HSCAN key cursor` · O(1) a page, O(n) for all · since 2.8.0 · [redis.io](https://redis.io/docs/latest/commands/hscan/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().hscan::<String, i64>("k", 0).to_string(), "HSCAN k 0");
    /// ```
    fn hscan<F: FromRedis, V: FromRedis>(
        self,
        key: impl ToArg,
        cursor: u64,
    ) -> Self::Output<ScanPage<(F, V)>> {
        self.execute(Cmd::new("HSCAN").key(key).arg(cursor).readonly().reply())
    }

    /// One page of the fields that match, with their values.
    ///
    /// `HSCAN key cursor [MATCH pattern] [COUNT count]` · O(1) a page, O(n) for all · since 2.8.0 · [redis.io](https://redis.io/docs/latest/commands/hscan/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ScanOptions, prelude::*};
    /// let command = cmd().hscan_with::<String, i64>("k", 0, ScanOptions::new().pattern("a*").count(100));
    /// assert_eq!(command.to_string(), "HSCAN k 0 MATCH a* COUNT 100");
    /// ```
    fn hscan_with<F: FromRedis, V: FromRedis>(
        self,
        key: impl ToArg,
        cursor: u64,
        options: ScanOptions,
    ) -> Self::Output<ScanPage<(F, V)>> {
        self.execute(Cmd::new("HSCAN").key(key).arg(cursor).args(options).readonly().reply())
    }

    /// One page of the fields that match, without their values.
    ///
    /// `HSCAN key cursor [MATCH pattern] [COUNT count] NOVALUES` · O(1) a page, O(n) for all · since 7.4.0 · [redis.io](https://redis.io/docs/latest/commands/hscan/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ScanOptions, prelude::*};
    /// let command = cmd().hscan_no_values::<String>("k", 0, ScanOptions::new());
    /// assert_eq!(command.to_string(), "HSCAN k 0 NOVALUES");
    /// ```
    fn hscan_no_values<F: FromRedis>(
        self,
        key: impl ToArg,
        cursor: u64,
        options: ScanOptions,
    ) -> Self::Output<ScanPage<F>> {
        self.execute(Cmd::new("HSCAN").key(key).arg(cursor).args(options).arg("NOVALUES").readonly().reply())
    }
}

impl<E: Executor> HashCommands for E {}
