//! Sets: members without order, each once.

use crate::{
    command::{Cmd, Executor},
    commands::{ScanOptions, ScanPage},
    value::{FromRedis, ToArg, ToArgs},
};

/// The commands on sets.
pub trait SetCommands: Executor {
    /// Adds members. Returns how many are new.
    ///
    /// `SADD key member [member …]` · O(1) for each member · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/sadd/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().sadd("k", ["a", "b"]).to_string(), "SADD k a b");
    /// ```
    fn sadd(self, key: impl ToArg, members: impl ToArgs) -> Self::Output<u64> {
        self.execute(Cmd::new("SADD").key(key).args_nonempty("member", members).reply())
    }

    /// Removes members; a set without members is deleted. Returns how many it removed.
    ///
    /// `SREM key member [member …]` · O(1) for each member · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/srem/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().srem("k", ["a", "b"]).to_string(), "SREM k a b");
    /// ```
    fn srem(self, key: impl ToArg, members: impl ToArgs) -> Self::Output<u64> {
        self.execute(Cmd::new("SREM").key(key).args_nonempty("member", members).reply())
    }

    /// The number of members; 0 if the key does not exist.
    ///
    /// `SCARD key` · O(1) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/scard/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().scard("k").to_string(), "SCARD k");
    /// ```
    fn scard(self, key: impl ToArg) -> Self::Output<u64> {
        self.execute(Cmd::new("SCARD").key(key).readonly().reply())
    }

    /// All members: a set, or a vector without a defined order; empty if the key does not exist.
    ///
    /// `SMEMBERS key` · O(n), n: size of the set · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/smembers/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().smembers::<Vec<String>>("k").to_string(), "SMEMBERS k");
    /// ```
    fn smembers<R: FromRedis>(self, key: impl ToArg) -> Self::Output<R> {
        self.execute(Cmd::new("SMEMBERS").key(key).readonly().reply())
    }

    /// Whether this value is a member.
    ///
    /// `SISMEMBER key member` · O(1) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/sismember/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().sismember("k", "a").to_string(), "SISMEMBER k a");
    /// ```
    fn sismember(self, key: impl ToArg, member: impl ToArg) -> Self::Output<bool> {
        self.execute(Cmd::new("SISMEMBER").key(key).arg(member).readonly().reply())
    }

    /// For each of these values, whether it is a member.
    ///
    /// `SMISMEMBER key member [member …]` · O(1) for each member · since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/smismember/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().smismember("k", ["a", "b"]).to_string(), "SMISMEMBER k a b");
    /// ```
    fn smismember(self, key: impl ToArg, members: impl ToArgs) -> Self::Output<Vec<bool>> {
        self.execute(Cmd::new("SMISMEMBER").key(key).args_nonempty("member", members).readonly().reply())
    }

    /// Moves a member to another set. Returns whether it was a member of the source; otherwise nothing changes.
    ///
    /// `SMOVE source destination member` · O(1) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/smove/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().smove("todo", "done", "a").to_string(), "SMOVE todo done a");
    /// ```
    fn smove(self, source: impl ToArg, destination: impl ToArg, member: impl ToArg) -> Self::Output<bool> {
        self.execute(Cmd::new("SMOVE").key(source).key(destination).arg(member).reply())
    }

    /// Removes and returns a random member; nil if the key does not exist (decode as an `Option`).
    ///
    /// `SPOP key` · O(1) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/spop/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().spop::<Option<String>>("k").to_string(), "SPOP k");
    /// ```
    fn spop<R: FromRedis>(self, key: impl ToArg) -> Self::Output<R> {
        self.execute(Cmd::new("SPOP").key(key).reply())
    }

    /// Removes and returns up to `count` random members; empty if the key does not exist.
    ///
    /// `SPOP key count` · O(n), n: members taken · since 3.2.0 · [redis.io](https://redis.io/docs/latest/commands/spop/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().spop_count::<Vec<String>>("k", 2).to_string(), "SPOP k 2");
    /// ```
    fn spop_count<R: FromRedis>(self, key: impl ToArg, count: u64) -> Self::Output<R> {
        self.execute(Cmd::new("SPOP").key(key).arg(count).reply())
    }

    /// A random member; nil if the key does not exist (decode as an `Option`).
    ///
    /// `SRANDMEMBER key` · O(1) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/srandmember/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().srandmember::<Option<String>>("k").to_string(), "SRANDMEMBER k");
    /// ```
    fn srandmember<R: FromRedis>(self, key: impl ToArg) -> Self::Output<R> {
        self.execute(Cmd::new("SRANDMEMBER").key(key).readonly().reply())
    }

    /// `count` different random members, or fewer if the set has fewer. A negative number gives exactly its absolute
    /// value, and a member may occur several times. Empty if the key does not exist.
    ///
    /// `SRANDMEMBER key count` · O(n), n: members asked for · since 2.6.0 · [redis.io](https://redis.io/docs/latest/commands/srandmember/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().srandmember_count::<Vec<String>>("k", -5).to_string(), "SRANDMEMBER k -5");
    /// ```
    fn srandmember_count<R: FromRedis>(self, key: impl ToArg, count: i64) -> Self::Output<R> {
        self.execute(Cmd::new("SRANDMEMBER").key(key).arg(count).readonly().reply())
    }

    /// The members of the first set that are in none of the others.
    ///
    /// `SDIFF key [key …]` · O(n), n: members of all sets · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/sdiff/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().sdiff::<Vec<String>>(["a", "b"]).to_string(), "SDIFF a b");
    /// ```
    fn sdiff<R: FromRedis>(self, keys: impl ToArgs) -> Self::Output<R> {
        self.execute(Cmd::new("SDIFF").keys(keys).readonly().reply())
    }

    /// Stores the difference of the first set and the others, and replaces its old value. Returns its size; an empty
    /// result deletes the key.
    ///
    /// `SDIFFSTORE destination key [key …]` · O(n), n: members of all sets · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/sdiffstore/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().sdiffstore("to", ["a", "b"]).to_string(), "SDIFFSTORE to a b");
    /// ```
    fn sdiffstore(self, destination: impl ToArg, keys: impl ToArgs) -> Self::Output<u64> {
        self.execute(Cmd::new("SDIFFSTORE").key(destination).keys(keys).reply())
    }

    /// The members that are in all of the sets.
    ///
    /// `SINTER key [key …]` · O(n × k), n: members of the smallest set, k: sets · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/sinter/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().sinter::<Vec<String>>(["a", "b"]).to_string(), "SINTER a b");
    /// ```
    fn sinter<R: FromRedis>(self, keys: impl ToArgs) -> Self::Output<R> {
        self.execute(Cmd::new("SINTER").keys(keys).readonly().reply())
    }

    /// Stores the intersection of the sets, and replaces its old value. Returns its size; an empty result deletes the
    /// key.
    ///
    /// `SINTERSTORE destination key [key …]` · O(n × k), n: members of the smallest set, k: sets · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/sinterstore/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().sinterstore("to", ["a", "b"]).to_string(), "SINTERSTORE to a b");
    /// ```
    fn sinterstore(self, destination: impl ToArg, keys: impl ToArgs) -> Self::Output<u64> {
        self.execute(Cmd::new("SINTERSTORE").key(destination).keys(keys).reply())
    }

    /// The number of members that are in all of the sets.
    ///
    /// `SINTERCARD numkeys key [key …]` · O(n × k), n: members of the smallest set, k: sets · since 7.0.0 · [redis.io](https://redis.io/docs/latest/commands/sintercard/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().sintercard(["a", "b"]).to_string(), "SINTERCARD 2 a b");
    /// ```
    fn sintercard(self, keys: impl ToArgs) -> Self::Output<u64> {
        self.execute(Cmd::new("SINTERCARD").keys_counted(keys).readonly().reply())
    }

    /// The number of members that are in all of the sets; counting stops at the limit (0: no limit).
    ///
    /// `SINTERCARD numkeys key [key …] LIMIT limit` · O(n × k), n: members of the smallest set, k: sets · since 7.0.0 · [redis.io](https://redis.io/docs/latest/commands/sintercard/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().sintercard_limit(["a", "b"], 10).to_string(), "SINTERCARD 2 a b LIMIT 10");
    /// ```
    fn sintercard_limit(self, keys: impl ToArgs, limit: u64) -> Self::Output<u64> {
        self.execute(Cmd::new("SINTERCARD").keys_counted(keys).arg("LIMIT").arg(limit).readonly().reply())
    }

    /// The members that are in any of the sets.
    ///
    /// `SUNION key [key …]` · O(n), n: members of all sets · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/sunion/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().sunion::<Vec<String>>(["a", "b"]).to_string(), "SUNION a b");
    /// ```
    fn sunion<R: FromRedis>(self, keys: impl ToArgs) -> Self::Output<R> {
        self.execute(Cmd::new("SUNION").keys(keys).readonly().reply())
    }

    /// Stores the union of the sets, and replaces its old value. Returns its size; an empty result deletes the key.
    ///
    /// `SUNIONSTORE destination key [key …]` · O(n), n: members of all sets · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/sunionstore/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().sunionstore("to", ["a", "b"]).to_string(), "SUNIONSTORE to a b");
    /// ```
    fn sunionstore(self, destination: impl ToArg, keys: impl ToArgs) -> Self::Output<u64> {
        self.execute(Cmd::new("SUNIONSTORE").key(destination).keys(keys).reply())
    }

    /// The number of members of the first set that are in none of the others; counting stops at the limit (0: no
    /// limit).
    ///
    /// `SDIFFCARD numkeys key [key …] LIMIT limit` · O(n), n: members of all sets · since 8.10.0 (Redis only) · [redis.io](https://redis.io/docs/latest/commands/sdiffcard/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().sdiffcard(["a", "b"], 0).to_string(), "SDIFFCARD 2 a b LIMIT 0");
    /// ```
    fn sdiffcard(self, keys: impl ToArgs, limit: u64) -> Self::Output<u64> {
        self.execute(Cmd::new("SDIFFCARD").keys_counted(keys).arg("LIMIT").arg(limit).readonly().reply())
    }

    /// The number of members that are in any of the sets; counting stops at the limit (0: no limit).
    ///
    /// `SUNIONCARD numkeys key [key …] LIMIT limit` · O(n), n: members of all sets · since 8.10.0 (Redis only) · [redis.io](https://redis.io/docs/latest/commands/sunioncard/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().sunioncard(["a", "b"], 10).to_string(), "SUNIONCARD 2 a b LIMIT 10");
    /// ```
    fn sunioncard(self, keys: impl ToArgs, limit: u64) -> Self::Output<u64> {
        self.execute(Cmd::new("SUNIONCARD").keys_counted(keys).arg("LIMIT").arg(limit).readonly().reply())
    }

    /// The approximate number of members that are in any of the sets (within about 1 %). It uses little memory for sets
    /// of any size.
    ///
    /// `SUNIONCARD numkeys key [key …] APPROX` · O(n), n: members of all sets · since 8.10.0 (Redis only) · [redis.io](https://redis.io/docs/latest/commands/sunioncard/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().sunioncard_approx(["a", "b"]).to_string(), "SUNIONCARD 2 a b APPROX");
    /// ```
    fn sunioncard_approx(self, keys: impl ToArgs) -> Self::Output<u64> {
        self.execute(Cmd::new("SUNIONCARD").keys_counted(keys).arg("APPROX").readonly().reply())
    }

    /// One page of the members: see [`ScanPage`]. A small set is returned as one page. With options: see
    /// [`sscan_with`](Self::sscan_with).
    ///
    /// `SSCAN key cursor` · O(1) a page, O(n) for all · since 2.8.0 · [redis.io](https://redis.io/docs/latest/commands/sscan/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().sscan::<String>("k", 0).to_string(), "SSCAN k 0");
    /// ```
    fn sscan<T: FromRedis>(self, key: impl ToArg, cursor: u64) -> Self::Output<ScanPage<T>> {
        self.execute(Cmd::new("SSCAN").key(key).arg(cursor).readonly().reply())
    }

    /// One page of the members that match.
    ///
    /// `SSCAN key cursor [MATCH pattern] [COUNT count]` · O(1) a page, O(n) for all · since 2.8.0 · [redis.io](https://redis.io/docs/latest/commands/sscan/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ScanOptions, prelude::*};
    /// let command = cmd().sscan_with::<String>("k", 0, ScanOptions::new().pattern("a*"));
    /// assert_eq!(command.to_string(), "SSCAN k 0 MATCH a*");
    /// ```
    fn sscan_with<T: FromRedis>(
        self,
        key: impl ToArg,
        cursor: u64,
        options: ScanOptions,
    ) -> Self::Output<ScanPage<T>> {
        self.execute(Cmd::new("SSCAN").key(key).arg(cursor).args(options).readonly().reply())
    }
}

impl<E: Executor> SetCommands for E {}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{
        command::{Command, cmd},
        resp::Replies,
    };

    fn read<R>(command: &Command<R>, reply: &'static [u8]) -> R {
        command.decoder().decode(&mut Replies::new(reply)).unwrap()
    }

    #[test]
    fn sets_of_both_protocols() {
        let command = cmd().smembers::<HashSet<i64>>("k");
        assert_eq!(read(&command, b"~2\r\n$1\r\n1\r\n$1\r\n2\r\n"), HashSet::from([1, 2]));
        assert_eq!(read(&command, b"*2\r\n$1\r\n1\r\n$1\r\n2\r\n"), HashSet::from([1, 2]));
        assert_eq!(read(&cmd().spop_count::<Vec<String>>("k", 2), b"~1\r\n$1\r\na\r\n"), ["a"]);
        assert_eq!(read(&cmd().spop::<Option<String>>("k"), b"_\r\n"), None);
        assert_eq!(read(&cmd().smismember("k", ["a", "b"]), b"*2\r\n:0\r\n:1\r\n"), [false, true]);
        assert_eq!(read(&cmd().sscan::<i64>("k", 0), b"*2\r\n$1\r\n7\r\n*1\r\n$1\r\n1\r\n").items, [1]);
    }

    #[test]
    fn flags_and_what_is_missing() {
        assert!(!cmd().sunionstore("to", ["a", "b"]).cmd().flags().repeatable());
        assert!(!cmd().sadd("k", "a").cmd().flags().repeatable());
        assert!(!cmd().spop::<Option<String>>("k").cmd().flags().repeatable());
        for command in
            [cmd().sadd("k", ()), cmd().srem("k", ()), cmd().sintercard(()), cmd().sdiffstore("to", ())]
        {
            assert!(command.cmd().check().unwrap_err().to_string().contains("needs at least one"));
        }
    }
}
