//! When keys expire.

use std::time::{Duration, SystemTime};

use crate::{
    command::{Cmd, Executor},
    commands::{
        ExpireOptions, ExpireTime, Ttl,
        expiry::{self, Time, Unfit},
    },
    value::ToArg,
};

/// The commands on the expiry of keys, whatever they hold.
///
/// Lifetimes are `Duration`s and points in time are `SystemTime`s. Zero, a time before 1970 and what does not fit into
/// 64 bits of milliseconds are refused before anything is sent: to delete a key, delete it.
pub trait KeyExpiryCommands: Executor {
    /// Lets a key expire after this time; sent as `PEXPIRE` where that is no whole number of seconds.
    /// Replies `false` where the key does not exist.
    /// Under a condition: [`expire_with`](Self::expire_with).
    ///
    /// `EXPIRE key seconds` · O(1) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/expire/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// # use std::time::Duration;
    /// assert_eq!(cmd().expire("k", Duration::from_secs(60)).to_string(), "EXPIRE k 60");
    /// ```
    fn expire(self, key: impl ToArg, lifetime: Duration) -> Self::Output<bool> {
        self.execute(in_unit("EXPIRE", "PEXPIRE", key, expiry::lifetime(lifetime)).reply())
    }

    /// Lets a key expire after this time, under a condition. Replies `false` where the key does not exist
    /// or the condition does not hold.
    ///
    /// `EXPIRE key seconds [NX | XX | GT | LT]` · O(1) · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/expire/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ExpireOptions, prelude::*};
    /// # use std::time::Duration;
    /// let command = cmd().expire_with("k", Duration::from_secs(60), ExpireOptions::new().gt());
    /// assert_eq!(command.to_string(), "EXPIRE k 60 GT");
    /// ```
    fn expire_with(self, key: impl ToArg, lifetime: Duration, options: ExpireOptions) -> Self::Output<bool> {
        self.execute(in_unit("EXPIRE", "PEXPIRE", key, expiry::lifetime(lifetime)).args(options).reply())
    }

    /// Lets a key expire at this time, by the server's clock; sent as `PEXPIREAT` where that is no whole
    /// second. A time that has passed deletes the key. Replies `false` where the key does not exist.
    /// Under a condition: [`expireat_with`](Self::expireat_with).
    ///
    /// `EXPIREAT key unix-time` · O(1) · since 1.2.0 · [redis.io](https://redis.io/docs/latest/commands/expireat/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// # use std::time::{Duration, UNIX_EPOCH};
    /// assert_eq!(cmd().expireat("k", UNIX_EPOCH + Duration::from_secs(60)).to_string(), "EXPIREAT k 60");
    /// ```
    fn expireat(self, key: impl ToArg, time: SystemTime) -> Self::Output<bool> {
        self.execute(in_unit("EXPIREAT", "PEXPIREAT", key, expiry::unix(time)).reply())
    }

    /// Lets a key expire at this time, by the server's clock, under a condition. Replies `false` where the
    /// key does not exist or the condition does not hold.
    ///
    /// `EXPIREAT key unix-time [NX | XX | GT | LT]` · O(1) · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/expireat/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ExpireOptions, prelude::*};
    /// # use std::time::{Duration, UNIX_EPOCH};
    /// let command = cmd().expireat_with("k", UNIX_EPOCH + Duration::from_secs(60), ExpireOptions::new().gt());
    /// assert_eq!(command.to_string(), "EXPIREAT k 60 GT");
    /// ```
    fn expireat_with(self, key: impl ToArg, time: SystemTime, options: ExpireOptions) -> Self::Output<bool> {
        self.execute(in_unit("EXPIREAT", "PEXPIREAT", key, expiry::unix(time)).args(options).reply())
    }

    /// When a key expires, in whole seconds; whether it exists at all is told too.
    ///
    /// `EXPIRETIME key` · O(1) · since 7.0.0 · [redis.io](https://redis.io/docs/latest/commands/expiretime/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().expiretime("k").to_string(), "EXPIRETIME k");
    /// ```
    fn expiretime(self, key: impl ToArg) -> Self::Output<ExpireTime> {
        self.execute(
            Cmd::new("EXPIRETIME")
                .key(key)
                .readonly()
                .reply_with(|replies| ExpireTime::seconds(replies.take()?)),
        )
    }

    /// Takes the expiry off a key. Replies `false` where it had none, or does not exist.
    ///
    /// `PERSIST key` · O(1) · since 2.2.0 · [redis.io](https://redis.io/docs/latest/commands/persist/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().persist("k").to_string(), "PERSIST k");
    /// ```
    fn persist(self, key: impl ToArg) -> Self::Output<bool> {
        self.execute(Cmd::new("PERSIST").key(key).reply())
    }

    /// Lets a key expire after this time, in milliseconds; what is finer is rounded up. Replies `false`
    /// where the key does not exist.
    /// Under a condition: [`pexpire_with`](Self::pexpire_with).
    ///
    /// `PEXPIRE key milliseconds` · O(1) · since 2.6.0 · [redis.io](https://redis.io/docs/latest/commands/pexpire/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// # use std::time::Duration;
    /// assert_eq!(cmd().pexpire("k", Duration::from_millis(1500)).to_string(), "PEXPIRE k 1500");
    /// ```
    fn pexpire(self, key: impl ToArg, lifetime: Duration) -> Self::Output<bool> {
        self.execute(in_millis("PEXPIRE", key, expiry::millis(lifetime)).reply())
    }

    /// Lets a key expire after this time, in milliseconds, under a condition. Replies `false` where the key
    /// does not exist or the condition does not hold.
    ///
    /// `PEXPIRE key milliseconds [NX | XX | GT | LT]` · O(1) · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/pexpire/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ExpireOptions, prelude::*};
    /// # use std::time::Duration;
    /// let command = cmd().pexpire_with("k", Duration::from_millis(1500), ExpireOptions::new().gt());
    /// assert_eq!(command.to_string(), "PEXPIRE k 1500 GT");
    /// ```
    fn pexpire_with(self, key: impl ToArg, lifetime: Duration, options: ExpireOptions) -> Self::Output<bool> {
        self.execute(in_millis("PEXPIRE", key, expiry::millis(lifetime)).args(options).reply())
    }

    /// Lets a key expire at this time, in milliseconds by the server's clock; what is finer is rounded up.
    /// A time that has passed deletes the key. Replies `false` where the key does not exist.
    /// Under a condition: [`pexpireat_with`](Self::pexpireat_with).
    ///
    /// `PEXPIREAT key unix-time-milliseconds` · O(1) · since 2.6.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/pexpireat/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// # use std::time::{Duration, UNIX_EPOCH};
    /// assert_eq!(cmd().pexpireat("k", UNIX_EPOCH + Duration::from_secs(60)).to_string(), "PEXPIREAT k 60000");
    /// ```
    fn pexpireat(self, key: impl ToArg, time: SystemTime) -> Self::Output<bool> {
        self.execute(in_millis("PEXPIREAT", key, expiry::unix_millis(time)).reply())
    }

    /// Lets a key expire at this time, in milliseconds by the server's clock, under a condition. Replies
    /// `false` where the key does not exist or the condition does not hold.
    ///
    /// `PEXPIREAT key unix-time-milliseconds [NX | XX | GT | LT]` · O(1) · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/pexpireat/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ExpireOptions, prelude::*};
    /// # use std::time::{Duration, UNIX_EPOCH};
    /// let command = cmd().pexpireat_with("k", UNIX_EPOCH + Duration::from_secs(60), ExpireOptions::new().gt());
    /// assert_eq!(command.to_string(), "PEXPIREAT k 60000 GT");
    /// ```
    fn pexpireat_with(self, key: impl ToArg, time: SystemTime, options: ExpireOptions) -> Self::Output<bool> {
        self.execute(in_millis("PEXPIREAT", key, expiry::unix_millis(time)).args(options).reply())
    }

    /// When a key expires, in milliseconds; whether it exists at all is told too.
    ///
    /// `PEXPIRETIME key` · O(1) · since 7.0.0 · [redis.io](https://redis.io/docs/latest/commands/pexpiretime/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().pexpiretime("k").to_string(), "PEXPIRETIME k");
    /// ```
    fn pexpiretime(self, key: impl ToArg) -> Self::Output<ExpireTime> {
        self.execute(
            Cmd::new("PEXPIRETIME")
                .key(key)
                .readonly()
                .reply_with(|replies| ExpireTime::millis(replies.take()?)),
        )
    }

    /// How long a key will still live, in milliseconds; whether it exists at all is told too.
    ///
    /// `PTTL key` · O(1) · since 2.6.0 · [redis.io](https://redis.io/docs/latest/commands/pttl/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().pttl("k").to_string(), "PTTL k");
    /// ```
    fn pttl(self, key: impl ToArg) -> Self::Output<Ttl> {
        self.execute(Cmd::new("PTTL").key(key).readonly().reply_with(|replies| Ttl::millis(replies.take()?)))
    }

    /// How long a key will still live, in seconds, rounded; whether it exists at all is told too.
    ///
    /// `TTL key` · O(1) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/ttl/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().ttl("k").to_string(), "TTL k");
    /// ```
    fn ttl(self, key: impl ToArg) -> Self::Output<Ttl> {
        self.execute(Cmd::new("TTL").key(key).readonly().reply_with(|replies| Ttl::seconds(replies.take()?)))
    }
}

impl<E: Executor> KeyExpiryCommands for E {}

/// The command in seconds, or its twin in milliseconds.
fn in_unit(seconds: &str, millis: &str, key: impl ToArg, time: Result<Time, Unfit>) -> Cmd {
    match time {
        Ok(Time::Seconds(amount)) => Cmd::new(seconds).key(key).arg(amount),
        Ok(Time::Millis(amount)) => Cmd::new(millis).key(key).arg(amount),
        Err(why) => Cmd::new(seconds).key(key).refuse(why),
    }
}

fn in_millis(name: &str, key: impl ToArg, time: Result<u64, Unfit>) -> Cmd {
    match time {
        Ok(amount) => Cmd::new(name).key(key).arg(amount),
        Err(why) => Cmd::new(name).key(key).refuse(why),
    }
}
