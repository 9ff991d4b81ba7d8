//! The expiry of keys.

use std::time::{Duration, SystemTime};

use crate::{
    command::{Cmd, Executor},
    commands::{
        ExpireOptions, ExpireTime, Ttl,
        expiry::{self, Time, Unfit},
    },
    value::ToArg,
};

/// The commands on the expiry of keys of any type.
///
/// Lifetimes are `Duration`s and points in time are `SystemTime`s. Refused before anything is sent: zero, a time before
/// 1970, and a time that overflows 64 bits of milliseconds. To delete a key, use `del`.
pub trait KeyExpiryCommands: Executor {
    /// Makes a key expire after this time. It is sent as `PEXPIRE` if the time is not a whole number of seconds.
    /// Returns `false` if the key does not exist. With a condition: see [`expire_with`](Self::expire_with).
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

    /// Makes a key expire after this time, if a condition is met. Returns `false` if the key does not exist or the
    /// condition is not met.
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

    /// Makes a key expire at this time, by the server's clock. It is sent as `PEXPIREAT` if the time is not a whole
    /// second. A time in the past deletes the key. Returns `false` if the key does not exist. With a condition: see
    /// [`expireat_with`](Self::expireat_with).
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

    /// Makes a key expire at this time, by the server's clock, if a condition is met. Returns `false` if the key does
    /// not exist or the condition is not met.
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

    /// The time at which a key expires, in whole seconds. It also says whether the key exists.
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

    /// Removes the expiry of a key. Returns `false` if it had none or does not exist.
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

    /// Makes a key expire after this time, in milliseconds; a finer time is rounded up. Returns `false` if the key does
    /// not exist. With a condition: see [`pexpire_with`](Self::pexpire_with).
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

    /// Makes a key expire after this time, in milliseconds, if a condition is met. Returns `false` if the key does not
    /// exist or the condition is not met.
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

    /// Makes a key expire at this time, in milliseconds by the server's clock; a finer time is rounded up. A time in
    /// the past deletes the key. Returns `false` if the key does not exist. With a condition: see
    /// [`pexpireat_with`](Self::pexpireat_with).
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

    /// Makes a key expire at this time, in milliseconds by the server's clock, if a condition is met. Returns `false`
    /// if the key does not exist or the condition is not met.
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

    /// The time at which a key expires, in milliseconds. It also says whether the key exists.
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

    /// The remaining lifetime of a key, in milliseconds. It also says whether the key exists.
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

    /// The remaining lifetime of a key, in seconds, rounded. It also says whether the key exists.
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

/// The command in seconds, or the same command in milliseconds.
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
