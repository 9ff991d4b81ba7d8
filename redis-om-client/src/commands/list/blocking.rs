//! Lists: commands that wait for an element.

use std::time::Duration;

use crate::{
    command::{Cmd, Executor},
    value::{FromRedis, KeyName, ToArg, ToArgs},
};

use super::{LMoveM, ListEnd};

/// The commands on lists that wait for an element.
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
/// The connection comes from a pool of 16, which all blocking commands and [`watch`](crate::Client::watch) of a client share.
/// While 16 of them wait, the next one waits for a free connection, for 5 seconds at most, and then fails with
/// [`TimeoutKind::Pool`](crate::TimeoutKind::Pool). The settings are [`Config::pool_size`](crate::Config::pool_size) and
/// [`Config::pool_timeout`](crate::Config::pool_timeout), in the URL `pool_size=100&pool_timeout=30s`.
pub trait BlockingListCommands: Executor {
    /// Removes and returns the first element of the first of these lists that has one, and waits until there is one.
    /// Returns its key with the element; `None` after the timeout.
    ///
    /// It holds a connection of the pool while it waits: see [the pool](BlockingListCommands#the-pool).
    ///
    /// `BLPOP key [key …] timeout` · O(k), k: keys · since 2.0.0 · [redis.io](https://redis.io/docs/latest/commands/blpop/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// # use std::time::Duration;
    /// let command = cmd().blpop::<String>(["a", "b"], Duration::from_millis(1_500));
    /// assert_eq!(command.to_string(), "BLPOP a b 1.5");
    /// ```
    fn blpop<T: FromRedis>(self, keys: impl ToArgs, timeout: Duration) -> Self::Output<Option<(KeyName, T)>> {
        self.execute(Cmd::new("BLPOP").keys(keys).wait_seconds(timeout).reply())
    }

    /// Like [`blpop`](Self::blpop), from the tail.
    ///
    /// It holds a connection of the pool while it waits: see [the pool](BlockingListCommands#the-pool).
    ///
    /// `BRPOP key [key …] timeout` · O(k), k: keys · since 2.0.0 · [redis.io](https://redis.io/docs/latest/commands/brpop/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// # use std::time::Duration;
    /// assert_eq!(cmd().brpop::<String>("a", Duration::ZERO).to_string(), "BRPOP a 0");
    /// ```
    fn brpop<T: FromRedis>(self, keys: impl ToArgs, timeout: Duration) -> Self::Output<Option<(KeyName, T)>> {
        self.execute(Cmd::new("BRPOP").keys(keys).wait_seconds(timeout).reply())
    }

    /// Like [`lmove`](super::ListCommands::lmove), but waits until the source has an element; nil after the timeout
    /// (decode as an `Option`).
    ///
    /// It holds a connection of the pool while it waits: see [the pool](BlockingListCommands#the-pool).
    ///
    /// `BLMOVE source destination LEFT|RIGHT LEFT|RIGHT timeout` · O(1) · since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/blmove/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ListEnd, prelude::*};
    /// # use std::time::Duration;
    /// let command = cmd().blmove::<Option<String>>("a", "b", ListEnd::Left, ListEnd::Right, Duration::from_secs(5));
    /// assert_eq!(command.to_string(), "BLMOVE a b LEFT RIGHT 5");
    /// ```
    fn blmove<R: FromRedis>(
        self,
        source: impl ToArg,
        destination: impl ToArg,
        from: ListEnd,
        to: ListEnd,
        timeout: Duration,
    ) -> Self::Output<R> {
        let cmd = Cmd::new("BLMOVE").key(source).key(destination).arg(from).arg(to);
        self.execute(cmd.wait_seconds(timeout).reply())
    }

    /// Like [`rpoplpush`](super::ListCommands::rpoplpush), but waits until the source has an element; nil after the
    /// timeout (decode as an `Option`). The current form is [`blmove`](Self::blmove) from right to left.
    ///
    /// It holds a connection of the pool while it waits: see [the pool](BlockingListCommands#the-pool).
    ///
    /// `BRPOPLPUSH source destination timeout` · O(1) · since 2.2.0, deprecated since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/brpoplpush/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// # use std::time::Duration;
    /// let command = cmd().brpoplpush::<Option<String>>("a", "b", Duration::from_secs(5));
    /// assert_eq!(command.to_string(), "BRPOPLPUSH a b 5");
    /// ```
    fn brpoplpush<R: FromRedis>(
        self,
        source: impl ToArg,
        destination: impl ToArg,
        timeout: Duration,
    ) -> Self::Output<R> {
        let cmd = Cmd::new("BRPOPLPUSH").key(source).key(destination);
        self.execute(cmd.wait_seconds(timeout).reply())
    }

    /// Like [`lmpop`](super::ListCommands::lmpop), but waits until one of the lists has an element; `None` after the
    /// timeout.
    ///
    /// It holds a connection of the pool while it waits: see [the pool](BlockingListCommands#the-pool).
    ///
    /// `BLMPOP timeout numkeys key [key …] LEFT|RIGHT COUNT count` · O(k + n), k: keys, n: elements taken · since 7.0.0 · [redis.io](https://redis.io/docs/latest/commands/blmpop/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ListEnd, prelude::*};
    /// # use std::time::Duration;
    /// let command = cmd().blmpop::<String>(["a", "b"], ListEnd::Left, 10, Duration::from_secs(5));
    /// assert_eq!(command.to_string(), "BLMPOP 5 2 a b LEFT COUNT 10");
    /// ```
    fn blmpop<T: FromRedis>(
        self,
        keys: impl ToArgs,
        from: ListEnd,
        count: u64,
        timeout: Duration,
    ) -> Self::Output<Option<(KeyName, Vec<T>)>> {
        let cmd = Cmd::new("BLMPOP").wait_seconds(timeout).keys_counted(keys).arg(from);
        self.execute(cmd.arg("COUNT").arg(count).reply())
    }

    /// Like [`lmovem`](super::ListCommands::lmovem), but waits until the source has enough elements; nil after the
    /// timeout (decode as an `Option<Vec<_>>`).
    ///
    /// It holds a connection of the pool while it waits: see [the pool](BlockingListCommands#the-pool).
    ///
    /// `BLMOVEM source destination LEFT|RIGHT LEFT|RIGHT timeout COUNT|EXACTLY count OBO|BULK` · O(n), n: elements moved · since 8.10.0 (Redis only) · [redis.io](https://redis.io/docs/latest/commands/blmovem/)
    ///
    /// ```
    /// # use redis_om_client::{commands::{LMoveM, ListEnd}, prelude::*};
    /// # use std::time::Duration;
    /// let (two, wait) = (LMoveM::exactly(2), Duration::from_secs(5));
    /// let command = cmd().blmovem::<Option<Vec<String>>>("a", "b", ListEnd::Left, ListEnd::Right, two, wait);
    /// assert_eq!(command.to_string(), "BLMOVEM a b LEFT RIGHT 5 EXACTLY 2 BULK");
    /// ```
    fn blmovem<R: FromRedis>(
        self,
        source: impl ToArg,
        destination: impl ToArg,
        from: ListEnd,
        to: ListEnd,
        amount: LMoveM,
        timeout: Duration,
    ) -> Self::Output<R> {
        let cmd = Cmd::new("BLMOVEM").key(source).key(destination).arg(from).arg(to);
        self.execute(cmd.wait_seconds(timeout).args(amount).reply())
    }
}

impl<E: Executor> BlockingListCommands for E {}
