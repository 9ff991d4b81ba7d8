//! Sorted sets: members by rank, score or name.

use crate::{
    command::{Cmd, Executor},
    value::{FromRedis, ToArg},
};

use super::{LexRange, ScoreRange, ZRange};

/// The commands on ranges of sorted sets.
///
/// Ranges are Rust ranges: scores `1.0..5.0`, `1..=5`, `..0.5`, `..`; names `"a".."c"`. A pair of
/// [`Bound`](std::ops::Bound)s gives a range with an excluded start.
pub trait SortedSetRangeCommands: Executor {
    /// The members from `start` to `stop`, ordered by score, both included; negative ranks count from the end (-1 is
    /// the highest). Empty if the key does not exist. With options: see [`zrange_with`](Self::zrange_with).
    ///
    /// `ZRANGE key start stop` · O(log n + m), n: size of the set, m: members replied · since 1.2.0 · [redis.io](https://redis.io/docs/latest/commands/zrange/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zrange::<Vec<String>>("k", 0, -1).to_string(), "ZRANGE k 0 -1");
    /// ```
    fn zrange<R: FromRedis>(self, key: impl ToArg, start: i64, stop: i64) -> Self::Output<R> {
        self.execute(Cmd::new("ZRANGE").key(key).arg(start).arg(stop).readonly().reply())
    }

    /// Like [`zrange`](Self::zrange), with the scores.
    ///
    /// `ZRANGE key start stop WITHSCORES` · O(log n + m), n: size of the set, m: members replied · since 1.2.0 · [redis.io](https://redis.io/docs/latest/commands/zrange/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zrange_with_scores::<String>("k", 0, 2).to_string(), "ZRANGE k 0 2 WITHSCORES");
    /// ```
    fn zrange_with_scores<T: FromRedis>(
        self,
        key: impl ToArg,
        start: i64,
        stop: i64,
    ) -> Self::Output<Vec<(T, f64)>> {
        self.execute(Cmd::new("ZRANGE").key(key).arg(start).arg(stop).arg("WITHSCORES").readonly().reply())
    }

    /// The members of a range by rank, score or name, in either direction, or a part of it: see [`ZRange`]. With
    /// scores, decode as a `Vec<(_, f64)>`.
    ///
    /// `ZRANGE key start stop [BYSCORE|BYLEX] [REV] [LIMIT offset count] [WITHSCORES]` · O(log n + m), n: size of the set, m: members replied · since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/zrange/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ZRange, prelude::*};
    /// let command = cmd().zrange_with::<Vec<String>>("k", ZRange::by_score(1.0..).rev().limit(0, 10));
    /// assert_eq!(command.to_string(), "ZRANGE k inf 1 BYSCORE REV LIMIT 0 10");
    /// ```
    fn zrange_with<R: FromRedis>(self, key: impl ToArg, range: ZRange) -> Self::Output<R> {
        self.execute(Cmd::new("ZRANGE").key(key).args(range).readonly().reply())
    }

    /// Stores a range of a sorted set in another, and replaces its old value. Returns its size; an empty result deletes
    /// the key.
    ///
    /// `ZRANGESTORE destination source start stop [BYSCORE|BYLEX] [REV] [LIMIT offset count]` · O(log n + m), n: size of the set, m: members stored · since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/zrangestore/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ZRange, prelude::*};
    /// let command = cmd().zrangestore("top", "all", ZRange::by_rank(0, 9).rev());
    /// assert_eq!(command.to_string(), "ZRANGESTORE top all 0 9 REV");
    /// ```
    fn zrangestore(self, destination: impl ToArg, source: impl ToArg, range: ZRange) -> Self::Output<u64> {
        let cmd = Cmd::new("ZRANGESTORE").key(destination).key(source);
        self.execute(if range.has_scores() {
            cmd.refuse("ZRANGESTORE stores the scores anyway: leave `with_scores` out").reply()
        } else {
            cmd.args(range).reply()
        })
    }

    /// The number of members with a score in this range.
    ///
    /// `ZCOUNT key min max` · O(log n), n: size of the set · since 2.0.0 · [redis.io](https://redis.io/docs/latest/commands/zcount/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zcount("k", 1..=5).to_string(), "ZCOUNT k 1 5");
    /// ```
    fn zcount(self, key: impl ToArg, range: impl Into<ScoreRange>) -> Self::Output<u64> {
        self.execute(Cmd::new("ZCOUNT").key(key).args(range.into()).readonly().reply())
    }

    /// The number of members with a name in this range. All members must have the same score.
    ///
    /// `ZLEXCOUNT key min max` · O(log n), n: size of the set · since 2.8.9 · [redis.io](https://redis.io/docs/latest/commands/zlexcount/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zlexcount("k", "a".."c").to_string(), "ZLEXCOUNT k [a (c");
    /// ```
    fn zlexcount(self, key: impl ToArg, range: impl Into<LexRange>) -> Self::Output<u64> {
        self.execute(Cmd::new("ZLEXCOUNT").key(key).args(range.into()).readonly().reply())
    }

    /// Removes the members from rank `start` to `stop`, ordered by score, both included. Returns how many it removed.
    ///
    /// `ZREMRANGEBYRANK key start stop` · O(log n + m), n: size of the set, m: members removed · since 2.0.0 · [redis.io](https://redis.io/docs/latest/commands/zremrangebyrank/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zremrangebyrank("k", 0, 9).to_string(), "ZREMRANGEBYRANK k 0 9");
    /// ```
    fn zremrangebyrank(self, key: impl ToArg, start: i64, stop: i64) -> Self::Output<u64> {
        self.execute(Cmd::new("ZREMRANGEBYRANK").key(key).arg(start).arg(stop).reply())
    }

    /// Removes the members with a score in this range. Returns how many it removed.
    ///
    /// `ZREMRANGEBYSCORE key min max` · O(log n + m), n: size of the set, m: members removed · since 1.2.0 · [redis.io](https://redis.io/docs/latest/commands/zremrangebyscore/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zremrangebyscore("k", ..0.5).to_string(), "ZREMRANGEBYSCORE k -inf (0.5");
    /// ```
    fn zremrangebyscore(self, key: impl ToArg, range: impl Into<ScoreRange>) -> Self::Output<u64> {
        self.execute(Cmd::new("ZREMRANGEBYSCORE").key(key).args(range.into()).reply())
    }

    /// Removes the members with a name in this range. All members must have the same score. Returns how many it
    /// removed.
    ///
    /// `ZREMRANGEBYLEX key min max` · O(log n + m), n: size of the set, m: members removed · since 2.8.9 · [redis.io](https://redis.io/docs/latest/commands/zremrangebylex/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zremrangebylex("k", "a"..="c").to_string(), "ZREMRANGEBYLEX k [a [c");
    /// ```
    fn zremrangebylex(self, key: impl ToArg, range: impl Into<LexRange>) -> Self::Output<u64> {
        self.execute(Cmd::new("ZREMRANGEBYLEX").key(key).args(range.into()).reply())
    }

    /// The members from `start` to `stop`, from the highest score to the lowest. The current form is
    /// `ZRange::by_rank(…).rev()`.
    ///
    /// `ZREVRANGE key start stop` · O(log n + m), n: size of the set, m: members replied · since 1.2.0, deprecated since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/zrevrange/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zrevrange::<Vec<String>>("k", 0, 9).to_string(), "ZREVRANGE k 0 9");
    /// ```
    fn zrevrange<R: FromRedis>(self, key: impl ToArg, start: i64, stop: i64) -> Self::Output<R> {
        self.execute(Cmd::new("ZREVRANGE").key(key).arg(start).arg(stop).readonly().reply())
    }

    /// Like [`zrevrange`](Self::zrevrange), with the scores.
    ///
    /// `ZREVRANGE key start stop WITHSCORES` · O(log n + m), n: size of the set, m: members replied · since 1.2.0, deprecated since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/zrevrange/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zrevrange_with_scores::<String>("k", 0, 9).to_string(), "ZREVRANGE k 0 9 WITHSCORES");
    /// ```
    fn zrevrange_with_scores<T: FromRedis>(
        self,
        key: impl ToArg,
        start: i64,
        stop: i64,
    ) -> Self::Output<Vec<(T, f64)>> {
        self.execute(Cmd::new("ZREVRANGE").key(key).arg(start).arg(stop).arg("WITHSCORES").readonly().reply())
    }

    /// The members with a score in this range. The current form, which also accepts a limit, is `ZRange::by_score(…)`.
    ///
    /// `ZRANGEBYSCORE key min max` · O(log n + m), n: size of the set, m: members replied · since 1.0.5, deprecated since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/zrangebyscore/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zrangebyscore::<Vec<String>>("k", 1.0..).to_string(), "ZRANGEBYSCORE k 1 inf");
    /// ```
    fn zrangebyscore<R: FromRedis>(self, key: impl ToArg, range: impl Into<ScoreRange>) -> Self::Output<R> {
        self.execute(Cmd::new("ZRANGEBYSCORE").key(key).args(range.into()).readonly().reply())
    }

    /// Like [`zrangebyscore`](Self::zrangebyscore), with the scores.
    ///
    /// `ZRANGEBYSCORE key min max WITHSCORES` · O(log n + m), n: size of the set, m: members replied · since 1.0.5, deprecated since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/zrangebyscore/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// let command = cmd().zrangebyscore_with_scores::<String>("k", 1.0..);
    /// assert_eq!(command.to_string(), "ZRANGEBYSCORE k 1 inf WITHSCORES");
    /// ```
    fn zrangebyscore_with_scores<T: FromRedis>(
        self,
        key: impl ToArg,
        range: impl Into<ScoreRange>,
    ) -> Self::Output<Vec<(T, f64)>> {
        self.execute(
            Cmd::new("ZRANGEBYSCORE").key(key).args(range.into()).arg("WITHSCORES").readonly().reply(),
        )
    }

    /// The members with a score in this range, from the highest to the lowest. The current form, which also accepts a
    /// limit, is `ZRange::by_score(…).rev()`.
    ///
    /// `ZREVRANGEBYSCORE key max min` · O(log n + m), n: size of the set, m: members replied · since 2.2.0, deprecated since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/zrevrangebyscore/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zrevrangebyscore::<Vec<String>>("k", 1.0..).to_string(), "ZREVRANGEBYSCORE k inf 1");
    /// ```
    fn zrevrangebyscore<R: FromRedis>(
        self,
        key: impl ToArg,
        range: impl Into<ScoreRange>,
    ) -> Self::Output<R> {
        self.execute(Cmd::new("ZREVRANGEBYSCORE").key(key).args(range.into().reversed()).readonly().reply())
    }

    /// Like [`zrevrangebyscore`](Self::zrevrangebyscore), with the scores.
    ///
    /// `ZREVRANGEBYSCORE key max min WITHSCORES` · O(log n + m), n: size of the set, m: members replied · since 2.2.0, deprecated since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/zrevrangebyscore/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// let command = cmd().zrevrangebyscore_with_scores::<String>("k", 1.0..);
    /// assert_eq!(command.to_string(), "ZREVRANGEBYSCORE k inf 1 WITHSCORES");
    /// ```
    fn zrevrangebyscore_with_scores<T: FromRedis>(
        self,
        key: impl ToArg,
        range: impl Into<ScoreRange>,
    ) -> Self::Output<Vec<(T, f64)>> {
        self.execute(
            Cmd::new("ZREVRANGEBYSCORE")
                .key(key)
                .args(range.into().reversed())
                .arg("WITHSCORES")
                .readonly()
                .reply(),
        )
    }

    /// The members with a name in this range. All members must have the same score. The current form is
    /// `ZRange::by_lex(…)`.
    ///
    /// `ZRANGEBYLEX key min max` · O(log n + m), n: size of the set, m: members replied · since 2.8.9, deprecated since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/zrangebylex/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zrangebylex::<Vec<String>>("k", "a".."c").to_string(), "ZRANGEBYLEX k [a (c");
    /// ```
    fn zrangebylex<R: FromRedis>(self, key: impl ToArg, range: impl Into<LexRange>) -> Self::Output<R> {
        self.execute(Cmd::new("ZRANGEBYLEX").key(key).args(range.into()).readonly().reply())
    }

    /// The members with a name in this range, from the last to the first. All members must have the same score. The
    /// current form is `ZRange::by_lex(…).rev()`.
    ///
    /// `ZREVRANGEBYLEX key max min` · O(log n + m), n: size of the set, m: members replied · since 2.8.9, deprecated since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/zrevrangebylex/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zrevrangebylex::<Vec<String>>("k", "a".."c").to_string(), "ZREVRANGEBYLEX k (c [a");
    /// ```
    fn zrevrangebylex<R: FromRedis>(self, key: impl ToArg, range: impl Into<LexRange>) -> Self::Output<R> {
        self.execute(Cmd::new("ZREVRANGEBYLEX").key(key).args(range.into().reversed()).readonly().reply())
    }
}

impl<E: Executor> SortedSetRangeCommands for E {}
