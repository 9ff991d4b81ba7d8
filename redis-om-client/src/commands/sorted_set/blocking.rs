//! Sorted sets: commands that wait for a member.

use std::time::Duration;

use crate::{
    command::{Cmd, Executor},
    value::{FromRedis, KeyName, ToArgs},
};

use super::{ZEnd, ZPopped};

/// The commands on sorted sets that wait for a member.
///
/// `timeout` is the longest time to wait; zero means no limit. It is sent in whole milliseconds, rounded up. A timeout
/// below two milliseconds is sent as two, because Redis 6.2 waits without limit for `0.001`. A timeout above 285
/// million years is sent as 285 million years. Servers check for expired timeouts about ten times a second.
///
/// Each command gets a connection of its own, so other commands do not wait for it. Its deadline is the timeout plus
/// [`Config::blocking_grace`](crate::Config::blocking_grace). Inside a transaction it does not wait.
///
/// # The pool
///
/// The connection comes from a pool of 16, which all blocking commands of a client share: see
/// [`BlockingListCommands`](crate::commands::BlockingListCommands#the-pool).
pub trait BlockingSortedSetCommands: Executor {
    /// Removes the member with the lowest score from the first of these sets that has one, and waits until there is
    /// one. Returns its key, the member and the score; `None` after the timeout.
    ///
    /// It holds a connection of the pool while it waits: see [the pool](crate::commands::BlockingListCommands#the-pool).
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

    /// Removes the member with the highest score from the first of these sets that has one, and waits until there is
    /// one. Returns its key, the member and the score; `None` after the timeout.
    ///
    /// It holds a connection of the pool while it waits: see [the pool](crate::commands::BlockingListCommands#the-pool).
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

    /// Like [`zmpop`](super::SortedSetCommands::zmpop), but waits until one of the sets has a member; `None` after the
    /// timeout.
    ///
    /// It holds a connection of the pool while it waits: see [the pool](crate::commands::BlockingListCommands#the-pool).
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
