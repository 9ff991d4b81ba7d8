//! Sorted sets: members ordered by their scores.
//!
//! [`SortedSetCommands`]: members and their scores. [`SortedSetRangeCommands`]: members by rank, score or name.
//! [`SortedSetCombineCommands`]: unions, intersections, differences. [`BlockingSortedSetCommands`]: commands that wait.

mod blocking;
mod bounds;
mod combine;
mod options;
mod range;
#[cfg(test)]
mod tests;

pub use blocking::BlockingSortedSetCommands;
pub use bounds::{LexRange, ScoreRange};
pub use combine::{SortedSetCombineCommands, ZAggregate, ZCombine};
pub use options::{ZAddOptions, ZEnd, ZPopped, ZRange};
pub use range::SortedSetRangeCommands;

use crate::{
    command::{Cmd, Command, Executor},
    commands::{ScanOptions, ScanPage},
    value::{FromRedis, ToArg, ToArgs},
};

/// The commands on sorted sets: members and their scores.
pub trait SortedSetCommands: Executor {
    /// Adds members, or changes their scores. Each is a pair of score and member, with the score first. Returns how
    /// many are new. With options: see [`zadd_with`](Self::zadd_with).
    ///
    /// `ZADD key score member [score member …]` · O(log n) for each member, n: size of the set · since 1.2.0 · [redis.io](https://redis.io/docs/latest/commands/zadd/)
    ///
    /// # Errors
    /// A score is NaN. It is refused before anything is sent.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zadd("k", [(1.5, "a"), (2.0, "b")]).to_string(), "ZADD k 1.5 a 2 b");
    /// ```
    fn zadd(self, key: impl ToArg, members: impl ToArgs) -> Self::Output<u64> {
        self.execute(Cmd::new("ZADD").key(key).args_grouped("score and member", 2, members).reply())
    }

    /// Like [`zadd`](Self::zadd), with options: see [`ZAddOptions`].
    ///
    /// `ZADD key [NX|XX] [GT|LT] [CH] [INCR] score member [score member …]` · O(log n) for each member, n: size of the set · since 1.2.0 · [redis.io](https://redis.io/docs/latest/commands/zadd/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ZAddOptions, prelude::*};
    /// let command = cmd().zadd_with("k", (5, "a"), ZAddOptions::new().gt().ch());
    /// assert_eq!(command.to_string(), "ZADD k GT CH 5 a");
    /// ```
    fn zadd_with<R>(self, key: impl ToArg, members: impl ToArgs, options: ZAddOptions<R>) -> Self::Output<R> {
        let decoder = options.decoder;
        let cmd = Cmd::new("ZADD").key(key).args(options).args_grouped("score and member", 2, members);
        self.execute(Command::new(cmd, decoder))
    }

    /// Adds to the score of a member; a missing member counts as 0. Returns the new score.
    ///
    /// `ZINCRBY key increment member` · O(log n), n: size of the set · since 1.2.0 · [redis.io](https://redis.io/docs/latest/commands/zincrby/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zincr_by("k", 0.5, "a").to_string(), "ZINCRBY k 0.5 a");
    /// ```
    fn zincr_by(self, key: impl ToArg, increment: f64, member: impl ToArg) -> Self::Output<f64> {
        self.execute(Cmd::new("ZINCRBY").key(key).arg(increment).arg(member).reply())
    }

    /// Removes members; a sorted set without members is deleted. Returns how many it removed.
    ///
    /// `ZREM key member [member …]` · O(log n) for each member, n: size of the set · since 1.2.0 · [redis.io](https://redis.io/docs/latest/commands/zrem/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zrem("k", ["a", "b"]).to_string(), "ZREM k a b");
    /// ```
    fn zrem(self, key: impl ToArg, members: impl ToArgs) -> Self::Output<u64> {
        self.execute(Cmd::new("ZREM").key(key).args_nonempty("member", members).reply())
    }

    /// The number of members; 0 if the key does not exist.
    ///
    /// `ZCARD key` · O(1) · since 1.2.0 · [redis.io](https://redis.io/docs/latest/commands/zcard/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zcard("k").to_string(), "ZCARD k");
    /// ```
    fn zcard(self, key: impl ToArg) -> Self::Output<u64> {
        self.execute(Cmd::new("ZCARD").key(key).readonly().reply())
    }

    /// The score of a member; `None` if it does not exist.
    ///
    /// `ZSCORE key member` · O(1) · since 1.2.0 · [redis.io](https://redis.io/docs/latest/commands/zscore/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zscore("k", "a").to_string(), "ZSCORE k a");
    /// ```
    fn zscore(self, key: impl ToArg, member: impl ToArg) -> Self::Output<Option<f64>> {
        self.execute(Cmd::new("ZSCORE").key(key).arg(member).readonly().reply())
    }

    /// The scores of members, in their order; `None` for each that does not exist.
    ///
    /// `ZMSCORE key member [member …]` · O(1) for each member · since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/zmscore/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zmscore("k", ["a", "b"]).to_string(), "ZMSCORE k a b");
    /// ```
    fn zmscore(self, key: impl ToArg, members: impl ToArgs) -> Self::Output<Vec<Option<f64>>> {
        self.execute(Cmd::new("ZMSCORE").key(key).args_nonempty("member", members).readonly().reply())
    }

    /// The rank of a member, starting with 0 at the lowest score; `None` if it does not exist.
    ///
    /// `ZRANK key member` · O(log n), n: size of the set · since 2.0.0 · [redis.io](https://redis.io/docs/latest/commands/zrank/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zrank("k", "a").to_string(), "ZRANK k a");
    /// ```
    fn zrank(self, key: impl ToArg, member: impl ToArg) -> Self::Output<Option<u64>> {
        self.execute(Cmd::new("ZRANK").key(key).arg(member).readonly().reply())
    }

    /// The rank of a member, starting with 0 at the lowest score, and its score; `None` if it does not exist.
    ///
    /// `ZRANK key member WITHSCORE` · O(log n), n: size of the set · since 7.2.0 · [redis.io](https://redis.io/docs/latest/commands/zrank/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zrank_with_score("k", "a").to_string(), "ZRANK k a WITHSCORE");
    /// ```
    fn zrank_with_score(self, key: impl ToArg, member: impl ToArg) -> Self::Output<Option<(u64, f64)>> {
        self.execute(Cmd::new("ZRANK").key(key).arg(member).arg("WITHSCORE").readonly().reply())
    }

    /// The rank of a member, starting with 0 at the highest score; `None` if it does not exist.
    ///
    /// `ZREVRANK key member` · O(log n), n: size of the set · since 2.0.0 · [redis.io](https://redis.io/docs/latest/commands/zrevrank/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zrevrank("k", "a").to_string(), "ZREVRANK k a");
    /// ```
    fn zrevrank(self, key: impl ToArg, member: impl ToArg) -> Self::Output<Option<u64>> {
        self.execute(Cmd::new("ZREVRANK").key(key).arg(member).readonly().reply())
    }

    /// The rank of a member, starting with 0 at the highest score, and its score; `None` if it does not exist.
    ///
    /// `ZREVRANK key member WITHSCORE` · O(log n), n: size of the set · since 7.2.0 · [redis.io](https://redis.io/docs/latest/commands/zrevrank/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zrevrank_with_score("k", "a").to_string(), "ZREVRANK k a WITHSCORE");
    /// ```
    fn zrevrank_with_score(self, key: impl ToArg, member: impl ToArg) -> Self::Output<Option<(u64, f64)>> {
        self.execute(Cmd::new("ZREVRANK").key(key).arg(member).arg("WITHSCORE").readonly().reply())
    }

    /// Removes and returns the member with the lowest score, and this score; `None` if the key does not exist.
    ///
    /// `ZPOPMIN key` · O(log n), n: size of the set · since 5.0.0 · [redis.io](https://redis.io/docs/latest/commands/zpopmin/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zpopmin::<String>("k").to_string(), "ZPOPMIN k");
    /// ```
    fn zpopmin<T: FromRedis>(self, key: impl ToArg) -> Self::Output<Option<(T, f64)>> {
        self.execute(Cmd::new("ZPOPMIN").key(key).reply_with(options::first))
    }

    /// Removes and returns up to `count` members with the lowest scores, and these scores; empty if the key does not
    /// exist.
    ///
    /// `ZPOPMIN key count` · O(m log n), n: size of the set, m: members taken · since 5.0.0 · [redis.io](https://redis.io/docs/latest/commands/zpopmin/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zpopmin_count::<String>("k", 3).to_string(), "ZPOPMIN k 3");
    /// ```
    fn zpopmin_count<T: FromRedis>(self, key: impl ToArg, count: u64) -> Self::Output<Vec<(T, f64)>> {
        self.execute(Cmd::new("ZPOPMIN").key(key).arg(count).reply())
    }

    /// Removes and returns the member with the highest score, and this score; `None` if the key does not exist.
    ///
    /// `ZPOPMAX key` · O(log n), n: size of the set · since 5.0.0 · [redis.io](https://redis.io/docs/latest/commands/zpopmax/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zpopmax::<String>("k").to_string(), "ZPOPMAX k");
    /// ```
    fn zpopmax<T: FromRedis>(self, key: impl ToArg) -> Self::Output<Option<(T, f64)>> {
        self.execute(Cmd::new("ZPOPMAX").key(key).reply_with(options::first))
    }

    /// Removes and returns up to `count` members with the highest scores, and these scores; empty if the key does not
    /// exist.
    ///
    /// `ZPOPMAX key count` · O(m log n), n: size of the set, m: members taken · since 5.0.0 · [redis.io](https://redis.io/docs/latest/commands/zpopmax/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zpopmax_count::<String>("k", 3).to_string(), "ZPOPMAX k 3");
    /// ```
    fn zpopmax_count<T: FromRedis>(self, key: impl ToArg, count: u64) -> Self::Output<Vec<(T, f64)>> {
        self.execute(Cmd::new("ZPOPMAX").key(key).arg(count).reply())
    }

    /// Removes up to `count` members with the lowest or highest scores from the first of these sets that has any.
    /// Returns its key with the members and scores; `None` if all sets are empty.
    ///
    /// `ZMPOP numkeys key [key …] MIN|MAX COUNT count` · O(k + m log n), k: keys, n: size of the set, m: members taken · since 7.0.0 · [redis.io](https://redis.io/docs/latest/commands/zmpop/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ZEnd, prelude::*};
    /// assert_eq!(cmd().zmpop::<String>(["a", "b"], ZEnd::Min, 10).to_string(), "ZMPOP 2 a b MIN COUNT 10");
    /// ```
    fn zmpop<T: FromRedis>(self, keys: impl ToArgs, from: ZEnd, count: u64) -> Self::Output<ZPopped<T>> {
        self.execute(Cmd::new("ZMPOP").keys_counted(keys).arg(from).arg("COUNT").arg(count).reply())
    }

    /// A random member; nil if the key does not exist (decode as an `Option`).
    ///
    /// `ZRANDMEMBER key` · O(1) · since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/zrandmember/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zrandmember::<Option<String>>("k").to_string(), "ZRANDMEMBER k");
    /// ```
    fn zrandmember<R: FromRedis>(self, key: impl ToArg) -> Self::Output<R> {
        self.execute(Cmd::new("ZRANDMEMBER").key(key).readonly().reply())
    }

    /// `count` different random members, or fewer if the set has fewer. A negative number gives exactly its absolute
    /// value, and a member may occur several times. Empty if the key does not exist.
    ///
    /// `ZRANDMEMBER key count` · O(m), m: members asked for · since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/zrandmember/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zrandmember_count::<Vec<String>>("k", -5).to_string(), "ZRANDMEMBER k -5");
    /// ```
    fn zrandmember_count<R: FromRedis>(self, key: impl ToArg, count: i64) -> Self::Output<R> {
        self.execute(Cmd::new("ZRANDMEMBER").key(key).arg(count).readonly().reply())
    }

    /// Like [`zrandmember_count`](Self::zrandmember_count), with the scores.
    ///
    /// `ZRANDMEMBER key count WITHSCORES` · O(m), m: members asked for · since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/zrandmember/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zrandmember_with_scores::<String>("k", 2).to_string(), "ZRANDMEMBER k 2 WITHSCORES");
    /// ```
    fn zrandmember_with_scores<T: FromRedis>(
        self,
        key: impl ToArg,
        count: i64,
    ) -> Self::Output<Vec<(T, f64)>> {
        self.execute(Cmd::new("ZRANDMEMBER").key(key).arg(count).arg("WITHSCORES").readonly().reply())
    }

    /// One page of the members with their scores: see [`ScanPage`]. A small set is returned as one page. With options:
    /// see [`zscan_with`](Self::zscan_with).
    ///
    /// `ZSCAN key cursor` · O(1) a page, O(n) for all · since 2.8.0 · [redis.io](https://redis.io/docs/latest/commands/zscan/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zscan::<String>("k", 0).to_string(), "ZSCAN k 0");
    /// ```
    fn zscan<T: FromRedis>(self, key: impl ToArg, cursor: u64) -> Self::Output<ScanPage<(T, f64)>> {
        self.execute(Cmd::new("ZSCAN").key(key).arg(cursor).readonly().reply())
    }

    /// One page of the members that match, with their scores.
    ///
    /// `ZSCAN key cursor [MATCH pattern] [COUNT count]` · O(1) a page, O(n) for all · since 2.8.0 · [redis.io](https://redis.io/docs/latest/commands/zscan/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ScanOptions, prelude::*};
    /// let command = cmd().zscan_with::<String>("k", 0, ScanOptions::new().count(100));
    /// assert_eq!(command.to_string(), "ZSCAN k 0 COUNT 100");
    /// ```
    fn zscan_with<T: FromRedis>(
        self,
        key: impl ToArg,
        cursor: u64,
        options: ScanOptions,
    ) -> Self::Output<ScanPage<(T, f64)>> {
        self.execute(Cmd::new("ZSCAN").key(key).arg(cursor).args(options).readonly().reply())
    }
}

impl<E: Executor> SortedSetCommands for E {}
