//! Sorted sets: unions, intersections, differences.

use crate::{
    command::{Cmd, Executor},
    value::{Args, FromRedis, ToArg, ToArgs},
};

/// The commands that combine sorted sets. A plain set is accepted, too; each of its members has the score 1.
pub trait SortedSetCombineCommands: Executor {
    /// The members that are in any of the sets, ordered by score.
    ///
    /// `ZUNION numkeys key [key …]` · O(n + m log m), n: members of all sets, m: members of the result · since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/zunion/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zunion::<Vec<String>>(["a", "b"]).to_string(), "ZUNION 2 a b");
    /// ```
    fn zunion<R: FromRedis>(self, keys: impl ToArgs) -> Self::Output<R> {
        self.execute(Cmd::new("ZUNION").keys_counted(keys).readonly().reply())
    }

    /// Like [`zunion`](Self::zunion), with the scores, weighted and aggregated according to the options.
    ///
    /// `ZUNION numkeys key [key …] [WEIGHTS weight [weight …]] [AGGREGATE SUM|MIN|MAX|COUNT] WITHSCORES` · O(n + m log m), n: members of all sets, m: members of the result · since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/zunion/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ZCombine, prelude::*};
    /// let command = cmd().zunion_with_scores::<String>(["a", "b"], ZCombine::new().weights([1.0, 0.5]));
    /// assert_eq!(command.to_string(), "ZUNION 2 a b WEIGHTS 1 0.5 WITHSCORES");
    /// ```
    fn zunion_with_scores<T: FromRedis>(
        self,
        keys: impl ToArgs,
        options: ZCombine,
    ) -> Self::Output<Vec<(T, f64)>> {
        self.execute(combined(Cmd::new("ZUNION"), keys, options).arg("WITHSCORES").readonly().reply())
    }

    /// Stores the union in a sorted set, and replaces its old value. Returns its size; an empty result deletes the key.
    /// With options: see [`zunionstore_with`](Self::zunionstore_with).
    ///
    /// `ZUNIONSTORE destination numkeys key [key …]` · O(n + m log m), n: members of all sets, m: members of the result · since 2.0.0 · [redis.io](https://redis.io/docs/latest/commands/zunionstore/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zunionstore("to", ["a", "b"]).to_string(), "ZUNIONSTORE to 2 a b");
    /// ```
    fn zunionstore(self, destination: impl ToArg, keys: impl ToArgs) -> Self::Output<u64> {
        self.execute(Cmd::new("ZUNIONSTORE").key(destination).keys_counted(keys).reply())
    }

    /// Like [`zunionstore`](Self::zunionstore), weighted and aggregated according to the options.
    ///
    /// `ZUNIONSTORE destination numkeys key [key …] [WEIGHTS weight [weight …]] [AGGREGATE SUM|MIN|MAX|COUNT]` · O(n + m log m), n: members of all sets, m: members of the result · since 2.0.0 · [redis.io](https://redis.io/docs/latest/commands/zunionstore/)
    ///
    /// ```
    /// # use redis_om_client::{commands::{ZAggregate, ZCombine}, prelude::*};
    /// let command = cmd().zunionstore_with("to", ["a", "b"], ZCombine::new().aggregate(ZAggregate::Max));
    /// assert_eq!(command.to_string(), "ZUNIONSTORE to 2 a b AGGREGATE MAX");
    /// ```
    fn zunionstore_with(
        self,
        destination: impl ToArg,
        keys: impl ToArgs,
        options: ZCombine,
    ) -> Self::Output<u64> {
        self.execute(combined(Cmd::new("ZUNIONSTORE").key(destination), keys, options).reply())
    }

    /// The members that are in all of the sets, ordered by score.
    ///
    /// `ZINTER numkeys key [key …]` · O(n × k + m log m), n: members of the smallest set, k: sets, m: members of the result · since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/zinter/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zinter::<Vec<String>>(["a", "b"]).to_string(), "ZINTER 2 a b");
    /// ```
    fn zinter<R: FromRedis>(self, keys: impl ToArgs) -> Self::Output<R> {
        self.execute(Cmd::new("ZINTER").keys_counted(keys).readonly().reply())
    }

    /// Like [`zinter`](Self::zinter), with the scores, weighted and aggregated according to the options.
    ///
    /// `ZINTER numkeys key [key …] [WEIGHTS weight [weight …]] [AGGREGATE SUM|MIN|MAX|COUNT] WITHSCORES` · O(n × k + m log m), n: members of the smallest set, k: sets, m: members of the result · since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/zinter/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ZCombine, prelude::*};
    /// let command = cmd().zinter_with_scores::<String>(["a", "b"], ZCombine::new().weights([1.0, 0.5]));
    /// assert_eq!(command.to_string(), "ZINTER 2 a b WEIGHTS 1 0.5 WITHSCORES");
    /// ```
    fn zinter_with_scores<T: FromRedis>(
        self,
        keys: impl ToArgs,
        options: ZCombine,
    ) -> Self::Output<Vec<(T, f64)>> {
        self.execute(combined(Cmd::new("ZINTER"), keys, options).arg("WITHSCORES").readonly().reply())
    }

    /// Stores the intersection in a sorted set, and replaces its old value. Returns its size; an empty result deletes
    /// the key. With options: see [`zinterstore_with`](Self::zinterstore_with).
    ///
    /// `ZINTERSTORE destination numkeys key [key …]` · O(n × k + m log m), n: members of the smallest set, k: sets, m: members of the result · since 2.0.0 · [redis.io](https://redis.io/docs/latest/commands/zinterstore/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zinterstore("to", ["a", "b"]).to_string(), "ZINTERSTORE to 2 a b");
    /// ```
    fn zinterstore(self, destination: impl ToArg, keys: impl ToArgs) -> Self::Output<u64> {
        self.execute(Cmd::new("ZINTERSTORE").key(destination).keys_counted(keys).reply())
    }

    /// Like [`zinterstore`](Self::zinterstore), weighted and aggregated according to the options.
    ///
    /// `ZINTERSTORE destination numkeys key [key …] [WEIGHTS weight [weight …]] [AGGREGATE SUM|MIN|MAX|COUNT]` · O(n × k + m log m), n: members of the smallest set, k: sets, m: members of the result · since 2.0.0 · [redis.io](https://redis.io/docs/latest/commands/zinterstore/)
    ///
    /// ```
    /// # use redis_om_client::{commands::{ZAggregate, ZCombine}, prelude::*};
    /// let command = cmd().zinterstore_with("to", ["a", "b"], ZCombine::new().aggregate(ZAggregate::Max));
    /// assert_eq!(command.to_string(), "ZINTERSTORE to 2 a b AGGREGATE MAX");
    /// ```
    fn zinterstore_with(
        self,
        destination: impl ToArg,
        keys: impl ToArgs,
        options: ZCombine,
    ) -> Self::Output<u64> {
        self.execute(combined(Cmd::new("ZINTERSTORE").key(destination), keys, options).reply())
    }

    /// The members of the first set that are in none of the others, ordered by score.
    ///
    /// `ZDIFF numkeys key [key …]` · O(l + (n - k) log n), l: members of all sets, n: of the first, k: of the result · since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/zdiff/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zdiff::<Vec<String>>(["a", "b"]).to_string(), "ZDIFF 2 a b");
    /// ```
    fn zdiff<R: FromRedis>(self, keys: impl ToArgs) -> Self::Output<R> {
        self.execute(Cmd::new("ZDIFF").keys_counted(keys).readonly().reply())
    }

    /// Like [`zdiff`](Self::zdiff), with the scores of the first set.
    ///
    /// `ZDIFF numkeys key [key …] WITHSCORES` · O(l + (n - k) log n), l: members of all sets, n: of the first, k: of the result · since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/zdiff/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zdiff_with_scores::<String>(["a", "b"]).to_string(), "ZDIFF 2 a b WITHSCORES");
    /// ```
    fn zdiff_with_scores<T: FromRedis>(self, keys: impl ToArgs) -> Self::Output<Vec<(T, f64)>> {
        self.execute(Cmd::new("ZDIFF").keys_counted(keys).arg("WITHSCORES").readonly().reply())
    }

    /// Stores the difference in a sorted set, and replaces its old value. Returns its size; an empty result deletes the
    /// key.
    ///
    /// `ZDIFFSTORE destination numkeys key [key …]` · O(l + (n - k) log n), l: members of all sets, n: of the first, k: of the result · since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/zdiffstore/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zdiffstore("to", ["a", "b"]).to_string(), "ZDIFFSTORE to 2 a b");
    /// ```
    fn zdiffstore(self, destination: impl ToArg, keys: impl ToArgs) -> Self::Output<u64> {
        self.execute(Cmd::new("ZDIFFSTORE").key(destination).keys_counted(keys).reply())
    }

    /// The number of members that are in all of the sets.
    ///
    /// `ZINTERCARD numkeys key [key …]` · O(n × k), n: members of the smallest set, k: sets · since 7.0.0 · [redis.io](https://redis.io/docs/latest/commands/zintercard/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zintercard(["a", "b"]).to_string(), "ZINTERCARD 2 a b");
    /// ```
    fn zintercard(self, keys: impl ToArgs) -> Self::Output<u64> {
        self.execute(Cmd::new("ZINTERCARD").keys_counted(keys).readonly().reply())
    }

    /// The number of members that are in all of the sets; counting stops at the limit (0: no limit).
    ///
    /// `ZINTERCARD numkeys key [key …] LIMIT limit` · O(n × k), n: members of the smallest set, k: sets · since 7.0.0 · [redis.io](https://redis.io/docs/latest/commands/zintercard/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().zintercard_limit(["a", "b"], 10).to_string(), "ZINTERCARD 2 a b LIMIT 10");
    /// ```
    fn zintercard_limit(self, keys: impl ToArgs, limit: u64) -> Self::Output<u64> {
        self.execute(Cmd::new("ZINTERCARD").keys_counted(keys).arg("LIMIT").arg(limit).readonly().reply())
    }
}

impl<E: Executor> SortedSetCombineCommands for E {}

/// How the scores of a member in several sets are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ZAggregate {
    /// Their sum. This is the default.
    Sum,
    /// The lowest of them.
    Min,
    /// The highest of them.
    Max,
    /// The number of the sets that contain the member; with weights, the sum of the weights of these sets. Since 8.8.0,
    /// Redis only.
    Count,
}

/// How scores are weighted and aggregated.
///
/// ```
/// # use redis_om_client::{commands::{ZAggregate, ZCombine}, prelude::*};
/// let options = ZCombine::new().weights([2.0, 1.0]).aggregate(ZAggregate::Min);
/// let command = cmd().zunionstore_with("to", ["a", "b"], options);
/// assert_eq!(command.to_string(), "ZUNIONSTORE to 2 a b WEIGHTS 2 1 AGGREGATE MIN");
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use]
#[non_exhaustive]
pub struct ZCombine {
    weights: Vec<f64>,
    aggregate: Option<ZAggregate>,
}

impl ZCombine {
    /// The sum of the unchanged scores.
    pub fn new() -> Self {
        Self::default()
    }

    /// The factors for the scores of each set, in the order of the sets.
    pub fn weights(self, weights: impl IntoIterator<Item = f64>) -> Self {
        Self { weights: weights.into_iter().collect(), ..self }
    }

    /// How the scores of one member are combined.
    pub fn aggregate(self, aggregate: ZAggregate) -> Self {
        Self { aggregate: Some(aggregate), ..self }
    }
}

impl ToArgs for ZCombine {
    fn to_args(&self, args: &mut Args<'_>) {
        if !self.weights.is_empty() {
            args.arg("WEIGHTS").args(&self.weights);
        }
        if let Some(aggregate) = self.aggregate {
            args.arg("AGGREGATE").arg(match aggregate {
                ZAggregate::Sum => "SUM",
                ZAggregate::Min => "MIN",
                ZAggregate::Max => "MAX",
                ZAggregate::Count => "COUNT",
            });
        }
    }
}

fn combined(cmd: Cmd, keys: impl ToArgs, options: ZCombine) -> Cmd {
    let before = cmd.argument_count();
    let cmd = cmd.keys_counted(keys);
    // The number of keys is an argument, too.
    let keys = (cmd.argument_count() - before).saturating_sub(1) as usize;
    let weights = options.weights.len();
    let cmd = cmd.args(options);
    if weights == 0 || weights == keys {
        return cmd;
    }
    cmd.refuse(format!("expected a weight for each of {keys} keys, found {weights}"))
}
