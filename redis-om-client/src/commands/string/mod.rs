//! Strings: text, bytes, counters.

mod lcs;
mod options;
#[cfg(test)]
mod tests;

pub use lcs::{LcsMatch, LcsMatches, LcsOptions};
pub use options::{DelEx, GetEx, IncrEx, Increment, MSetExOptions, SetOptions};

use std::time::Duration;

use crate::{
    command::{
        Cmd, Command, Executor,
        policy::{Request, Response},
    },
    value::{FromRedis, ToArg, ToArgs},
};

use super::expiry::{self, Time};

/// The commands on strings.
pub trait StringCommands: Executor {
    /// Appends to the value of a key; a key that does not exist counts as empty. Replies the new length in
    /// bytes.
    ///
    /// `APPEND key value` · O(1) · since 2.0.0 · [redis.io](https://redis.io/docs/latest/commands/append/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().append("k", "more").to_string(), "APPEND k more");
    /// ```
    fn append(self, key: impl ToArg, value: impl ToArg) -> Self::Output<u64> {
        self.execute(Cmd::new("APPEND").key(key).arg(value).reply())
    }

    /// Takes one off; a key that does not exist counts as 0. Replies the new value.
    ///
    /// `DECR key` · O(1) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/decr/)
    ///
    /// # Errors
    /// Where the value is not an integer, or would overflow 64 bits.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().decr("k").to_string(), "DECR k");
    /// ```
    fn decr(self, key: impl ToArg) -> Self::Output<i64> {
        self.execute(Cmd::new("DECR").key(key).reply())
    }

    /// Takes an amount off; a key that does not exist counts as 0. Replies the new value.
    ///
    /// `DECRBY key decrement` · O(1) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/decrby/)
    ///
    /// # Errors
    /// Where the value is not an integer, or would overflow 64 bits.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().decr_by("k", 30).to_string(), "DECRBY k 30");
    /// ```
    fn decr_by(self, key: impl ToArg, amount: i64) -> Self::Output<i64> {
        self.execute(Cmd::new("DECRBY").key(key).arg(amount).reply())
    }

    /// Deletes a string only if its value meets a condition, such as a lock that is still one's own.
    /// Replies whether it was deleted.
    ///
    /// `DELEX key <IFEQ value | IFNE value | IFDEQ digest | IFDNE digest>` · O(1), O(N) with a digest ·
    /// since 8.4.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/delex/)
    ///
    /// # Errors
    /// Where the key holds no string.
    ///
    /// ```
    /// # use redis_om_client::{commands::DelEx, prelude::*};
    /// assert_eq!(cmd().delex("lock", DelEx::ifeq("token")).to_string(), "DELEX lock IFEQ token");
    /// ```
    fn delex(self, key: impl ToArg, condition: DelEx) -> Self::Output<bool> {
        self.execute(Cmd::new("DELEX").key(key).args(condition).reply())
    }

    /// Valkey: deletes a string only if its value is this one. Replies whether it was deleted.
    ///
    /// `DELIFEQ key value` · O(1) · since Valkey 9.0.0 · [valkey.io](https://valkey.io/commands/delifeq/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().delifeq("lock", "token").to_string(), "DELIFEQ lock token");
    /// ```
    fn delifeq(self, key: impl ToArg, value: impl ToArg) -> Self::Output<bool> {
        self.execute(Cmd::new("DELIFEQ").key(key).arg(value).reply())
    }

    /// The digest of a string, 16 hexadecimal digits of XXH3, to compare with by [`SetOptions::ifdeq`];
    /// `None` where the key does not exist.
    ///
    /// `DIGEST key` · O(N) in the length · since 8.4.0 · [redis.io](https://redis.io/docs/latest/commands/digest/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().digest("k").to_string(), "DIGEST k");
    /// ```
    fn digest(self, key: impl ToArg) -> Self::Output<Option<String>> {
        self.execute(Cmd::new("DIGEST").key(key).readonly().reply())
    }

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

    /// The value of a key, which is deleted; nil where it does not exist (take an `Option`).
    ///
    /// `GETDEL key` · O(1) · since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/getdel/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().getdel::<Option<String>>("k").to_string(), "GETDEL k");
    /// ```
    fn getdel<R: FromRedis>(self, key: impl ToArg) -> Self::Output<R> {
        self.execute(Cmd::new("GETDEL").key(key).reply())
    }

    /// The value of a key, whose expiry is changed; nil where it does not exist (take an `Option`).
    ///
    /// `GETEX key <EX seconds | PX milliseconds | EXAT time | PXAT time | PERSIST>` · O(1) · since 6.2.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/getex/)
    ///
    /// ```
    /// # use redis_om_client::{commands::GetEx, prelude::*};
    /// # use std::time::Duration;
    /// let command = cmd().getex::<Option<String>>("k", GetEx::In(Duration::from_secs(60)));
    /// assert_eq!(command.to_string(), "GETEX k EX 60");
    /// ```
    fn getex<R: FromRedis>(self, key: impl ToArg, expiry: GetEx) -> Self::Output<R> {
        self.execute(Cmd::new("GETEX").key(key).args(expiry).reply())
    }

    /// A part of a string by its bytes, from `start` to `end`, which is included; negative numbers count
    /// from the end, -1 is the last byte. What lies outside is left out, so the reply may be empty; it is
    /// where the key does not exist.
    ///
    /// `GETRANGE key start end` · O(N) in the length of the part · since 2.4.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/getrange/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().getrange::<String>("k", 0, -2).to_string(), "GETRANGE k 0 -2");
    /// ```
    fn getrange<R: FromRedis>(self, key: impl ToArg, start: i64, end: i64) -> Self::Output<R> {
        self.execute(Cmd::new("GETRANGE").key(key).arg(start).arg(end).readonly().reply())
    }

    /// Sets a value and replies with the one before; nil where there was none (take an `Option`). Clears
    /// the expiry.
    ///
    /// Deprecated by Redis since 6.2.0 for [`SetOptions::get`], which takes options too.
    ///
    /// `GETSET key value` · O(1) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/getset/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().getset::<Option<i64>>("k", 0).to_string(), "GETSET k 0");
    /// ```
    fn getset<R: FromRedis>(self, key: impl ToArg, value: impl ToArg) -> Self::Output<R> {
        self.execute(Cmd::new("GETSET").key(key).arg(value).reply())
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

    /// Adds an amount; a key that does not exist counts as 0. Replies the new value.
    ///
    /// `INCRBY key increment` · O(1) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/incrby/)
    ///
    /// # Errors
    /// Where the value is not an integer, or would overflow 64 bits.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().incr_by("k", 5).to_string(), "INCRBY k 5");
    /// ```
    fn incr_by(self, key: impl ToArg, amount: i64) -> Self::Output<i64> {
        self.execute(Cmd::new("INCRBY").key(key).arg(amount).reply())
    }

    /// Adds an amount that may have a fraction; a key that does not exist counts as 0. Replies the new
    /// value.
    ///
    /// `INCRBYFLOAT key increment` · O(1) · since 2.6.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/incrbyfloat/)
    ///
    /// # Errors
    /// Where the value is no number, or the sum would be infinite.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().incr_by_float("k", 0.1).to_string(), "INCRBYFLOAT k 0.1");
    /// ```
    fn incr_by_float(self, key: impl ToArg, amount: f64) -> Self::Output<f64> {
        self.execute(Cmd::new("INCRBYFLOAT").key(key).arg(amount).reply())
    }

    /// Adds an amount within bounds and sets the expiry, in one step: a counter of a window, a rate limit.
    /// Replies the new value and what was really added.
    ///
    /// Where the sum would leave the bounds nothing is done and 0 was added, unless [`IncrEx::saturate`] is
    /// asked for.
    ///
    /// `INCREX key [BYINT n | BYFLOAT n] [LBOUND n] [UBOUND n] [SATURATE] [EX … | PERSIST] [ENX]` · O(1) ·
    /// since 8.8.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/increx/)
    ///
    /// ```
    /// # use redis_om_client::{commands::IncrEx, prelude::*};
    /// # use std::time::Duration;
    /// let window = IncrEx::by(1).ubound(100).ex(Duration::from_secs(60)).enx();
    /// let command = cmd().increx("visits:ann", window);
    /// assert_eq!(command.to_string(), "INCREX visits:ann BYINT 1 UBOUND 100 EX 60 ENX");
    /// ```
    fn increx<N: FromRedis>(self, key: impl ToArg, options: IncrEx<N>) -> Self::Output<Increment<N>> {
        self.execute(Cmd::new("INCREX").key(key).args(options).reply())
    }

    /// The longest common subsequence of two strings: the bytes they share, in order, not necessarily side
    /// by side. Empty where they share none or a key does not exist.
    ///
    /// `LCS key1 key2` · O(N*M) · since 7.0.0 · [redis.io](https://redis.io/docs/latest/commands/lcs/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().lcs::<String>("a", "b").to_string(), "LCS a b");
    /// ```
    fn lcs<R: FromRedis>(self, one: impl ToArg, other: impl ToArg) -> Self::Output<R> {
        self.execute(Cmd::new("LCS").key(one).key(other).readonly().reply())
    }

    /// The length of the longest common subsequence of two strings.
    ///
    /// `LCS key1 key2 LEN` · O(N*M) · since 7.0.0 · [redis.io](https://redis.io/docs/latest/commands/lcs/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().lcs_len("a", "b").to_string(), "LCS a b LEN");
    /// ```
    fn lcs_len(self, one: impl ToArg, other: impl ToArg) -> Self::Output<u64> {
        self.execute(Cmd::new("LCS").key(one).key(other).arg("LEN").readonly().reply())
    }

    /// Where the longest common subsequence of two strings lies in each of them.
    ///
    /// `LCS key1 key2 IDX [MINMATCHLEN length]` · O(N*M) · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/lcs/)
    ///
    /// ```
    /// # use redis_om_client::{commands::LcsOptions, prelude::*};
    /// let command = cmd().lcs_idx("a", "b", LcsOptions::new().min_match_len(4));
    /// assert_eq!(command.to_string(), "LCS a b IDX MINMATCHLEN 4");
    /// ```
    fn lcs_idx(self, one: impl ToArg, other: impl ToArg, options: LcsOptions) -> Self::Output<LcsMatches> {
        self.execute(Cmd::new("LCS").key(one).key(other).arg("IDX").args(options).readonly().reply())
    }

    /// The values of several keys, in their order; nil for those that do not exist or hold no string (take
    /// a `Vec` of `Option`s, or an array or a tuple of them).
    ///
    /// `MGET key [key …]` · O(N) in the keys · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/mget/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().mget::<Vec<Option<String>>>(["a", "b"]).to_string(), "MGET a b");
    /// ```
    fn mget<R: FromRedis>(self, keys: impl ToArgs) -> Self::Output<R> {
        self.execute(Cmd::new("MGET").request(Request::MultiShard).keys(keys).readonly().reply())
    }

    /// Sets several keys at once, whatever they held, and clears their expiries: pairs of key and value, or
    /// a map.
    ///
    /// `MSET key value [key value …]` · O(N) in the keys · since 1.0.1 ·
    /// [redis.io](https://redis.io/docs/latest/commands/mset/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().mset([("a", 1), ("b", 2)]).to_string(), "MSET a 1 b 2");
    /// ```
    fn mset(self, pairs: impl ToArgs) -> Self::Output<()> {
        self.execute(
            Cmd::new("MSET")
                .request(Request::MultiShard)
                .response(Response::AllSucceeded)
                .pairs(pairs)
                .reply(),
        )
    }

    /// Sets several keys at once with one condition and one expiry for all. Replies whether they were set:
    /// all or none.
    ///
    /// `MSETEX n key value [key value …] [NX | XX] [EX … | PX … | EXAT … | PXAT … | KEEPTTL]` · O(N) in the
    /// keys · since 8.4.0, Valkey 9.1.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/msetex/)
    ///
    /// ```
    /// # use redis_om_client::{commands::MSetExOptions, prelude::*};
    /// # use std::time::Duration;
    /// let options = MSetExOptions::new().nx().ex(Duration::from_secs(60));
    /// let command = cmd().msetex([("a", 1), ("b", 2)], options);
    /// assert_eq!(command.to_string(), "MSETEX 2 a 1 b 2 NX EX 60");
    /// ```
    fn msetex(self, pairs: impl ToArgs, options: MSetExOptions) -> Self::Output<bool> {
        // Valkey's tip is `multi_shard`, but pieces would break the promise of all or none, and their number of keys.
        self.execute(Cmd::new("MSETEX").pairs_counted(pairs).args(options).reply())
    }

    /// Sets several keys at once if none of them exists yet. Replies whether they were set: all or none.
    ///
    /// `MSETNX key value [key value …]` · O(N) in the keys · since 1.0.1 ·
    /// [redis.io](https://redis.io/docs/latest/commands/msetnx/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().msetnx([("a", 1), ("b", 2)]).to_string(), "MSETNX a 1 b 2");
    /// ```
    fn msetnx(self, pairs: impl ToArgs) -> Self::Output<bool> {
        self.execute(Cmd::new("MSETNX").pairs(pairs).reply())
    }

    /// Sets the value of a key that expires after this time, in milliseconds; what is finer is rounded up.
    ///
    /// Deprecated by Redis since 2.6.12 for [`SetOptions::ex`].
    ///
    /// `PSETEX key milliseconds value` · O(1) · since 2.6.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/psetex/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// # use std::time::Duration;
    /// assert_eq!(cmd().psetex("k", Duration::from_millis(1500), 1).to_string(), "PSETEX k 1500 1");
    /// ```
    fn psetex(self, key: impl ToArg, lifetime: Duration, value: impl ToArg) -> Self::Output<()> {
        self.execute(
            match expiry::millis(lifetime) {
                Ok(millis) => Cmd::new("PSETEX").key(key).arg(millis).arg(value),
                Err(why) => Cmd::new("PSETEX").key(key).refuse(why),
            }
            .reply(),
        )
    }

    /// Sets the value of a key, whatever it held, and clears its expiry.
    /// With options: [`set_with`](Self::set_with).
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

    /// Sets the value of a key under a condition, with an expiry, or giving back the value before. Replies
    /// whether it was set; with [`SetOptions::get`] the value before.
    ///
    /// `SET key value [NX | XX | IFEQ … | IFNE … | IFDEQ … | IFDNE …] [GET] [EX … | PX … | EXAT … | PXAT …
    /// | KEEPTTL]` · O(1) · since 1.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/set/)
    ///
    /// ```
    /// # use redis_om_client::{commands::SetOptions, prelude::*};
    /// # use std::time::Duration;
    /// let options = SetOptions::new().nx().ex(Duration::from_secs(60));
    /// let command = cmd().set_with("k", "v", options);
    /// assert_eq!(command.to_string(), "SET k v NX EX 60");
    /// ```
    fn set_with<R>(self, key: impl ToArg, value: impl ToArg, options: SetOptions<R>) -> Self::Output<R> {
        let decoder = options.decoder();
        let cmd = Cmd::new("SET").key(key).arg(value).args(&options);
        self.execute(Command::new(cmd, decoder))
    }

    /// Sets the value of a key that expires after this time; sent as `PSETEX` where that is no whole number
    /// of seconds.
    ///
    /// Deprecated by Redis since 2.6.12 for [`SetOptions::ex`].
    ///
    /// `SETEX key seconds value` · O(1) · since 2.0.0 · [redis.io](https://redis.io/docs/latest/commands/setex/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// # use std::time::Duration;
    /// assert_eq!(cmd().setex("k", Duration::from_secs(60), 1).to_string(), "SETEX k 60 1");
    /// ```
    fn setex(self, key: impl ToArg, lifetime: Duration, value: impl ToArg) -> Self::Output<()> {
        self.execute(
            match expiry::lifetime(lifetime) {
                Ok(Time::Seconds(seconds)) => Cmd::new("SETEX").key(key).arg(seconds).arg(value),
                Ok(Time::Millis(millis)) => Cmd::new("PSETEX").key(key).arg(millis).arg(value),
                Err(why) => Cmd::new("SETEX").key(key).refuse(why),
            }
            .reply(),
        )
    }

    /// Sets the value of a key if it does not exist yet. Replies whether it was set.
    ///
    /// Deprecated by Redis since 2.6.12 for [`SetOptions::nx`].
    ///
    /// `SETNX key value` · O(1) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/setnx/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().setnx("k", 1).to_string(), "SETNX k 1");
    /// ```
    fn setnx(self, key: impl ToArg, value: impl ToArg) -> Self::Output<bool> {
        self.execute(Cmd::new("SETNX").key(key).arg(value).reply())
    }

    /// Overwrites a part of a string from the byte `offset` on, filling with zero bytes what was not there.
    /// Replies the new length.
    ///
    /// `SETRANGE key offset value` · O(1), O(M) in a long value · since 2.2.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/setrange/)
    ///
    /// # Errors
    /// Where the string would be longer than the server allows (512 MB).
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().setrange("k", 6, "Redis").to_string(), "SETRANGE k 6 Redis");
    /// ```
    fn setrange(self, key: impl ToArg, offset: u64, value: impl ToArg) -> Self::Output<u64> {
        self.execute(Cmd::new("SETRANGE").key(key).arg(offset).arg(value).reply())
    }

    /// The length of a string in bytes; 0 where the key does not exist.
    ///
    /// `STRLEN key` · O(1) · since 2.2.0 · [redis.io](https://redis.io/docs/latest/commands/strlen/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().strlen("k").to_string(), "STRLEN k");
    /// ```
    fn strlen(self, key: impl ToArg) -> Self::Output<u64> {
        self.execute(Cmd::new("STRLEN").key(key).readonly().reply())
    }

    /// The old name of [`getrange`](StringCommands::getrange), deprecated by Redis since 2.0.0.
    ///
    /// `SUBSTR key start end` · O(N) in the length of the part · since 1.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/substr/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().substr::<String>("k", 0, -1).to_string(), "SUBSTR k 0 -1");
    /// ```
    fn substr<R: FromRedis>(self, key: impl ToArg, start: i64, end: i64) -> Self::Output<R> {
        self.execute(Cmd::new("SUBSTR").key(key).arg(start).arg(end).readonly().reply())
    }
}

impl<E: Executor> StringCommands for E {}
