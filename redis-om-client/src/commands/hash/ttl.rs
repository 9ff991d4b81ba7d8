//! The expiry of single fields of a hash.

use std::time::{Duration, SystemTime};

use crate::{
    command::{Cmd, Executor},
    commands::expiry::{self, ExpireOptions, ExpireTime, Time, Ttl, Unfit},
    error::DecodeError,
    resp::{Replies, Reply},
    value::{FromRedis, ToArg, ToArgs},
};

use super::options::{FieldExpiry, FieldPersist, HGetEx, HSetExOptions};

/// The commands on the expiry of single fields of a hash: Redis 7.4 or Valkey 9.0 and later.
///
/// A reply has one entry for each field, in the order of the fields. A lifetime of zero is refused, because it would
/// remove the fields at once.
pub trait HashTtlCommands: Executor {
    /// Makes fields expire after this time. It is sent as `HPEXPIRE` if the time is not a whole number of seconds.
    /// Returns the result for each field. With a condition: see [`hexpire_with`](Self::hexpire_with).
    ///
    /// `HEXPIRE key seconds FIELDS numfields field [field …]` · O(1) for each field · since 7.4.0 (Valkey 9.0.0) · [redis.io](https://redis.io/docs/latest/commands/hexpire/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// # use std::time::Duration;
    /// let command = cmd().hexpire("k", Duration::from_secs(60), ["a", "b"]);
    /// assert_eq!(command.to_string(), "HEXPIRE k 60 FIELDS 2 a b");
    /// ```
    fn hexpire(self, key: impl ToArg, ttl: Duration, fields: impl ToArgs) -> Self::Output<Vec<FieldExpiry>> {
        self.execute(
            expire(("HEXPIRE", "HPEXPIRE"), key, expiry::lifetime(ttl), ExpireOptions::new(), fields).reply(),
        )
    }

    /// Like [`hexpire`](Self::hexpire), with a condition. The server accepts one condition only.
    ///
    /// `HEXPIRE key seconds NX|XX|GT|LT FIELDS numfields field [field …]` · O(1) for each field · since 7.4.0 (Valkey 9.0.0) · [redis.io](https://redis.io/docs/latest/commands/hexpire/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ExpireOptions, prelude::*};
    /// # use std::time::Duration;
    /// let command = cmd().hexpire_with("k", Duration::from_secs(60), "a", ExpireOptions::new().gt());
    /// assert_eq!(command.to_string(), "HEXPIRE k 60 GT FIELDS 1 a");
    /// ```
    fn hexpire_with(
        self,
        key: impl ToArg,
        ttl: Duration,
        fields: impl ToArgs,
        options: ExpireOptions,
    ) -> Self::Output<Vec<FieldExpiry>> {
        self.execute(expire(("HEXPIRE", "HPEXPIRE"), key, expiry::lifetime(ttl), options, fields).reply())
    }

    /// Makes fields expire after this time, in milliseconds; a finer time is rounded up. Returns the result for each
    /// field. With a condition: see [`hpexpire_with`](Self::hpexpire_with).
    ///
    /// `HPEXPIRE key milliseconds FIELDS numfields field [field …]` · O(1) for each field · since 7.4.0 (Valkey 9.0.0) · [redis.io](https://redis.io/docs/latest/commands/hpexpire/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// # use std::time::Duration;
    /// let command = cmd().hpexpire("k", Duration::from_millis(1_500), ["a", "b"]);
    /// assert_eq!(command.to_string(), "HPEXPIRE k 1500 FIELDS 2 a b");
    /// ```
    fn hpexpire(self, key: impl ToArg, ttl: Duration, fields: impl ToArgs) -> Self::Output<Vec<FieldExpiry>> {
        self.execute(
            expire(
                ("HPEXPIRE", "HPEXPIRE"),
                key,
                expiry::millis(ttl).map(Time::Millis),
                ExpireOptions::new(),
                fields,
            )
            .reply(),
        )
    }

    /// Like [`hpexpire`](Self::hpexpire), with a condition. The server accepts one condition only.
    ///
    /// `HPEXPIRE key milliseconds NX|XX|GT|LT FIELDS numfields field [field …]` · O(1) for each field · since 7.4.0 (Valkey 9.0.0) · [redis.io](https://redis.io/docs/latest/commands/hpexpire/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ExpireOptions, prelude::*};
    /// # use std::time::Duration;
    /// let command = cmd().hpexpire_with("k", Duration::from_millis(1_500), "a", ExpireOptions::new().gt());
    /// assert_eq!(command.to_string(), "HPEXPIRE k 1500 GT FIELDS 1 a");
    /// ```
    fn hpexpire_with(
        self,
        key: impl ToArg,
        ttl: Duration,
        fields: impl ToArgs,
        options: ExpireOptions,
    ) -> Self::Output<Vec<FieldExpiry>> {
        self.execute(
            expire(("HPEXPIRE", "HPEXPIRE"), key, expiry::millis(ttl).map(Time::Millis), options, fields)
                .reply(),
        )
    }

    /// Makes fields expire at a time. It is sent as `HPEXPIREAT` if the time is not a whole second. A time in the past
    /// removes the fields. Returns the result for each field. With a condition: see
    /// [`hexpireat_with`](Self::hexpireat_with).
    ///
    /// `HEXPIREAT key unix-time-seconds FIELDS numfields field [field …]` · O(1) for each field · since 7.4.0 (Valkey 9.0.0) · [redis.io](https://redis.io/docs/latest/commands/hexpireat/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// # use std::time::{Duration, SystemTime};
    /// let command = cmd().hexpireat("k", SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000), ["a", "b"]);
    /// assert_eq!(command.to_string(), "HEXPIREAT k 1900000000 FIELDS 2 a b");
    /// ```
    fn hexpireat(
        self,
        key: impl ToArg,
        time: SystemTime,
        fields: impl ToArgs,
    ) -> Self::Output<Vec<FieldExpiry>> {
        self.execute(
            expire(("HEXPIREAT", "HPEXPIREAT"), key, expiry::unix(time), ExpireOptions::new(), fields)
                .reply(),
        )
    }

    /// Like [`hexpireat`](Self::hexpireat), with a condition. The server accepts one condition only.
    ///
    /// `HEXPIREAT key unix-time-seconds NX|XX|GT|LT FIELDS numfields field [field …]` · O(1) for each field · since 7.4.0 (Valkey 9.0.0) · [redis.io](https://redis.io/docs/latest/commands/hexpireat/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ExpireOptions, prelude::*};
    /// # use std::time::{Duration, SystemTime};
    /// let command = cmd().hexpireat_with("k", SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000), "a", ExpireOptions::new().gt());
    /// assert_eq!(command.to_string(), "HEXPIREAT k 1900000000 GT FIELDS 1 a");
    /// ```
    fn hexpireat_with(
        self,
        key: impl ToArg,
        time: SystemTime,
        fields: impl ToArgs,
        options: ExpireOptions,
    ) -> Self::Output<Vec<FieldExpiry>> {
        self.execute(expire(("HEXPIREAT", "HPEXPIREAT"), key, expiry::unix(time), options, fields).reply())
    }

    /// Makes fields expire at a time, in milliseconds. A time in the past removes the fields. Returns the result for
    /// each field. With a condition: see [`hpexpireat_with`](Self::hpexpireat_with).
    ///
    /// `HPEXPIREAT key unix-time-milliseconds FIELDS numfields field [field …]` · O(1) for each field · since 7.4.0 (Valkey 9.0.0) · [redis.io](https://redis.io/docs/latest/commands/hpexpireat/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// # use std::time::{Duration, SystemTime};
    /// let command = cmd().hpexpireat("k", SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000), ["a", "b"]);
    /// assert_eq!(command.to_string(), "HPEXPIREAT k 1900000000000 FIELDS 2 a b");
    /// ```
    fn hpexpireat(
        self,
        key: impl ToArg,
        time: SystemTime,
        fields: impl ToArgs,
    ) -> Self::Output<Vec<FieldExpiry>> {
        self.execute(
            expire(
                ("HPEXPIREAT", "HPEXPIREAT"),
                key,
                expiry::unix_millis(time).map(Time::Millis),
                ExpireOptions::new(),
                fields,
            )
            .reply(),
        )
    }

    /// Like [`hpexpireat`](Self::hpexpireat), with a condition. The server accepts one condition only.
    ///
    /// `HPEXPIREAT key unix-time-milliseconds NX|XX|GT|LT FIELDS numfields field [field …]` · O(1) for each field · since 7.4.0 (Valkey 9.0.0) · [redis.io](https://redis.io/docs/latest/commands/hpexpireat/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ExpireOptions, prelude::*};
    /// # use std::time::{Duration, SystemTime};
    /// let command = cmd().hpexpireat_with("k", SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000), "a", ExpireOptions::new().gt());
    /// assert_eq!(command.to_string(), "HPEXPIREAT k 1900000000000 GT FIELDS 1 a");
    /// ```
    fn hpexpireat_with(
        self,
        key: impl ToArg,
        time: SystemTime,
        fields: impl ToArgs,
        options: ExpireOptions,
    ) -> Self::Output<Vec<FieldExpiry>> {
        self.execute(
            expire(
                ("HPEXPIREAT", "HPEXPIREAT"),
                key,
                expiry::unix_millis(time).map(Time::Millis),
                options,
                fields,
            )
            .reply(),
        )
    }

    /// The remaining lifetimes of fields, in seconds.
    ///
    /// `HTTL key FIELDS numfields field [field …]` · O(1) for each field · since 7.4.0 (Valkey 9.0.0) · [redis.io](https://redis.io/docs/latest/commands/httl/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().httl("k", "a").to_string(), "HTTL k FIELDS 1 a");
    /// ```
    fn httl(self, key: impl ToArg, fields: impl ToArgs) -> Self::Output<Vec<Ttl>> {
        self.execute(
            counted(Cmd::new("HTTL").key(key), fields)
                .readonly()
                .reply_with(|replies| each(replies, Ttl::seconds)),
        )
    }

    /// The remaining lifetimes of fields, in milliseconds.
    ///
    /// `HPTTL key FIELDS numfields field [field …]` · O(1) for each field · since 7.4.0 (Valkey 9.0.0) · [redis.io](https://redis.io/docs/latest/commands/hpttl/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().hpttl("k", "a").to_string(), "HPTTL k FIELDS 1 a");
    /// ```
    fn hpttl(self, key: impl ToArg, fields: impl ToArgs) -> Self::Output<Vec<Ttl>> {
        self.execute(
            counted(Cmd::new("HPTTL").key(key), fields)
                .readonly()
                .reply_with(|replies| each(replies, Ttl::millis)),
        )
    }

    /// The times at which fields expire, in seconds.
    ///
    /// `HEXPIRETIME key FIELDS numfields field [field …]` · O(1) for each field · since 7.4.0 (Valkey 9.0.0) · [redis.io](https://redis.io/docs/latest/commands/hexpiretime/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().hexpiretime("k", "a").to_string(), "HEXPIRETIME k FIELDS 1 a");
    /// ```
    fn hexpiretime(self, key: impl ToArg, fields: impl ToArgs) -> Self::Output<Vec<ExpireTime>> {
        self.execute(
            counted(Cmd::new("HEXPIRETIME").key(key), fields)
                .readonly()
                .reply_with(|replies| each(replies, ExpireTime::seconds)),
        )
    }

    /// The times at which fields expire, in milliseconds.
    ///
    /// `HPEXPIRETIME key FIELDS numfields field [field …]` · O(1) for each field · since 7.4.0 (Valkey 9.0.0) · [redis.io](https://redis.io/docs/latest/commands/hpexpiretime/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().hpexpiretime("k", "a").to_string(), "HPEXPIRETIME k FIELDS 1 a");
    /// ```
    fn hpexpiretime(self, key: impl ToArg, fields: impl ToArgs) -> Self::Output<Vec<ExpireTime>> {
        self.execute(
            counted(Cmd::new("HPEXPIRETIME").key(key), fields)
                .readonly()
                .reply_with(|replies| each(replies, ExpireTime::millis)),
        )
    }

    /// Clears the expiry of fields. Returns the result for each field.
    ///
    /// `HPERSIST key FIELDS numfields field [field …]` · O(1) for each field · since 7.4.0 (Valkey 9.0.0) · [redis.io](https://redis.io/docs/latest/commands/hpersist/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().hpersist("k", "a").to_string(), "HPERSIST k FIELDS 1 a");
    /// ```
    fn hpersist(self, key: impl ToArg, fields: impl ToArgs) -> Self::Output<Vec<FieldPersist>> {
        self.execute(counted(Cmd::new("HPERSIST").key(key), fields).reply())
    }

    /// Returns fields and changes their expiry; nil for each that does not exist (decode as a `Vec<Option<_>>`, or as a
    /// tuple of `Option`s).
    ///
    /// `HGETEX key EX seconds|PX milliseconds|EXAT …|PXAT …|PERSIST FIELDS numfields field [field …]` · O(1) for each field · since 8.0.0 (Valkey 9.0.0) · [redis.io](https://redis.io/docs/latest/commands/hgetex/)
    ///
    /// ```
    /// # use redis_om_client::{commands::HGetEx, prelude::*};
    /// # use std::time::Duration;
    /// let command = cmd().hgetex::<Vec<Option<String>>>("k", ["a", "b"], HGetEx::In(Duration::from_secs(60)));
    /// assert_eq!(command.to_string(), "HGETEX k EX 60 FIELDS 2 a b");
    /// ```
    fn hgetex<R: FromRedis>(self, key: impl ToArg, fields: impl ToArgs, expiry: HGetEx) -> Self::Output<R> {
        let cmd = counted(Cmd::new("HGETEX").key(key).args(expiry.lifetime()), fields);
        self.execute(cmd.reply())
    }

    /// Sets fields, given as pairs of field and value, with an expiry or a condition. It sets all of them or none.
    /// Returns whether it set them.
    ///
    /// `HSETEX key [FNX|FXX] [EX seconds|PX milliseconds|EXAT …|PXAT …|KEEPTTL] FIELDS numfields field value [field value …]` · O(1) for each field · since 8.0.0 (Valkey 9.0.0) · [redis.io](https://redis.io/docs/latest/commands/hsetex/)
    ///
    /// ```
    /// # use redis_om_client::{commands::HSetExOptions, prelude::*};
    /// # use std::time::Duration;
    /// let options = HSetExOptions::new().ex(Duration::from_millis(2_500));
    /// let command = cmd().hsetex("k", [("a", 1), ("b", 2)], options);
    /// assert_eq!(command.to_string(), "HSETEX k PX 2500 FIELDS 2 a 1 b 2");
    /// ```
    fn hsetex(self, key: impl ToArg, fields: impl ToArgs, options: HSetExOptions) -> Self::Output<bool> {
        let cmd = Cmd::new("HSETEX").key(key).args(options).arg("FIELDS");
        let cmd = cmd.args_counted("field and value", 2, fields);
        self.execute(cmd.reply())
    }
}

impl<E: Executor> HashTtlCommands for E {}

fn counted(cmd: Cmd, fields: impl ToArgs) -> Cmd {
    cmd.arg("FIELDS").args_counted("field", 1, fields)
}

/// `names` are the command in seconds and the command in milliseconds.
fn expire(
    names: (&str, &str),
    key: impl ToArg,
    time: Result<Time, Unfit>,
    options: ExpireOptions,
    fields: impl ToArgs,
) -> Cmd {
    let cmd = match time {
        Ok(Time::Seconds(amount)) => Cmd::new(names.0).key(key).arg(amount),
        Ok(Time::Millis(amount)) => Cmd::new(names.1).key(key).arg(amount),
        Err(why) => Cmd::new(names.0).key(key).refuse(why),
    };
    counted(cmd.args(options), fields)
}

/// Decodes one entry for each field.
fn each<T>(
    replies: &mut Replies<'_>,
    read: fn(Reply<'_>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let mut items = replies.take()?.items("an entry for each field")?;
    let mut out = Vec::with_capacity(items.capacity());
    while !items.is_empty() {
        out.push(read(items.take()?).map_err(|error| error.at(out.len()))?);
    }
    Ok(out)
}
