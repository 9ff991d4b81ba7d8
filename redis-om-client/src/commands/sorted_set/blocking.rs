//! Sorted sets: commands that wait until there is a member.

use std::time::Duration;

use crate::{
    command::{Cmd, Executor},
    value::{FromRedis, KeyName, ToArgs},
};

use super::{ZEnd, ZPopped};

/// The commands on sorted sets that wait until there is a member.
///
/// `timeout` is the longest time to wait; zero is for ever. It is sent in whole milliseconds, rounded up, and as two
/// milliseconds where it is shorter than that, because Redis 6.2 waits for ever where it is told `0.001`. A timeout of
/// more than 285 million years is sent as that. Servers look for timeouts that are over about ten times a second.
///
/// Each command gets a connection of its own, so other commands do not wait for it; its deadline is the timeout plus
/// [`Config::blocking_grace`](crate::Config::blocking_grace). Inside a transaction it does not wait.
pub trait BlockingSortedSetCommands: Executor {
    /// Takes the member with the lowest score from the first of these sets that has one, waiting until there is one. Replies
    /// its key, the member and the score; `None` where the time is up.
    ///
    /// `BZPOPMIN key [key …] timeout` · O(log n), n: size of the set · since 5.0.0 · [redis.io](https://redis.io/docs/latest/commands/bzpopmin/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// # use std::time::Duration;
    /// assert_eq!(cmd().bzpopmin::<String>(["a", "b"], Duration::from_secs(5)).to_string(), "BZPOPMIN a b 5");
    /// ```
    fn bzpopmin<T: FromRedis>(
        self,
        keys: impl ToArgs,
        timeout: Duration,
    ) -> Self::Output<Option<(KeyName, T, f64)>> {
        self.execute(Cmd::new("BZPOPMIN").keys(keys).wait_seconds(timeout).reply())
    }

    /// Takes the member with the highest score from the first of these sets that has one, waiting until there is one. Replies
    /// its key, the member and the score; `None` where the time is up.
    ///
    /// `BZPOPMAX key [key …] timeout` · O(log n), n: size of the set · since 5.0.0 · [redis.io](https://redis.io/docs/latest/commands/bzpopmax/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// # use std::time::Duration;
    /// assert_eq!(cmd().bzpopmax::<String>(["a", "b"], Duration::from_secs(5)).to_string(), "BZPOPMAX a b 5");
    /// ```
    fn bzpopmax<T: FromRedis>(
        self,
        keys: impl ToArgs,
        timeout: Duration,
    ) -> Self::Output<Option<(KeyName, T, f64)>> {
        self.execute(Cmd::new("BZPOPMAX").keys(keys).wait_seconds(timeout).reply())
    }

    /// As [`zmpop`](super::SortedSetCommands::zmpop), waiting until one of the sets has a member; `None` where the time is
    /// up.
    ///
    /// `BZMPOP timeout numkeys key [key …] MIN|MAX COUNT count` · O(k + m log n), k: keys, n: size of the set, m: members taken · since 7.0.0 · [redis.io](https://redis.io/docs/latest/commands/bzmpop/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ZEnd, prelude::*};
    /// # use std::time::Duration;
    /// let command = cmd().bzmpop::<String>(["a", "b"], ZEnd::Max, 10, Duration::from_millis(500));
    /// assert_eq!(command.to_string(), "BZMPOP 0.5 2 a b MAX COUNT 10");
    /// ```
    fn bzmpop<T: FromRedis>(
        self,
        keys: impl ToArgs,
        from: ZEnd,
        count: u64,
        timeout: Duration,
    ) -> Self::Output<ZPopped<T>> {
        let cmd = Cmd::new("BZMPOP").wait_seconds(timeout).keys_counted(keys).arg(from);
        self.execute(cmd.arg("COUNT").arg(count).reply())
    }
}

impl<E: Executor> BlockingSortedSetCommands for E {}
