//! The expiry of single fields of a hash.

use std::time::Duration;

use crate::{
    command::{Cmd, Executor},
    value::{FromRedis, ToArg, ToArgs},
};

use super::options::{
    FieldExpireTime, FieldExpiry, FieldPersist, FieldTtl, HExpireCondition, HGetEx, HSetExOptions, millis,
    seconds, ttls_in_millis, ttls_in_seconds,
};

/// The commands on the expiry of single fields of a hash: Redis 7.4 or Valkey 9.0 and later.
///
/// Their replies have one entry for each field, in the order of the fields.
pub trait HashTtlCommands: Executor {
    /// Lets fields expire in so long: whole seconds, a part of one rounded up; zero removes them at once. Replies what became of each.
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
        self.execute(expire(Cmd::new("HEXPIRE").key(key).arg(seconds(ttl)), None, fields).reply())
    }

    /// As [`hexpire`](Self::hexpire), under a condition.
    ///
    /// `HEXPIRE key seconds NX|XX|GT|LT FIELDS numfields field [field …]` · O(1) for each field · since 7.4.0 (Valkey 9.0.0) · [redis.io](https://redis.io/docs/latest/commands/hexpire/)
    ///
    /// ```
    /// # use redis_om_client::{commands::HExpireCondition, prelude::*};
    /// # use std::time::Duration;
    /// let command = cmd().hexpire_with("k", Duration::from_secs(60), HExpireCondition::IfLater, "a");
    /// assert_eq!(command.to_string(), "HEXPIRE k 60 GT FIELDS 1 a");
    /// ```
    fn hexpire_with(
        self,
        key: impl ToArg,
        ttl: Duration,
        condition: HExpireCondition,
        fields: impl ToArgs,
    ) -> Self::Output<Vec<FieldExpiry>> {
        self.execute(expire(Cmd::new("HEXPIRE").key(key).arg(seconds(ttl)), Some(condition), fields).reply())
    }

    /// Lets fields expire in so long: whole milliseconds, a part of one rounded up; zero removes them at once. Replies what became of each.
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
        self.execute(expire(Cmd::new("HPEXPIRE").key(key).arg(millis(ttl)), None, fields).reply())
    }

    /// As [`hpexpire`](Self::hpexpire), under a condition.
    ///
    /// `HPEXPIRE key milliseconds NX|XX|GT|LT FIELDS numfields field [field …]` · O(1) for each field · since 7.4.0 (Valkey 9.0.0) · [redis.io](https://redis.io/docs/latest/commands/hpexpire/)
    ///
    /// ```
    /// # use redis_om_client::{commands::HExpireCondition, prelude::*};
    /// # use std::time::Duration;
    /// let command = cmd().hpexpire_with("k", Duration::from_millis(1_500), HExpireCondition::IfLater, "a");
    /// assert_eq!(command.to_string(), "HPEXPIRE k 1500 GT FIELDS 1 a");
    /// ```
    fn hpexpire_with(
        self,
        key: impl ToArg,
        ttl: Duration,
        condition: HExpireCondition,
        fields: impl ToArgs,
    ) -> Self::Output<Vec<FieldExpiry>> {
        self.execute(expire(Cmd::new("HPEXPIRE").key(key).arg(millis(ttl)), Some(condition), fields).reply())
    }

    /// Lets fields expire at a Unix time in seconds; one that has passed removes them. Replies what became of each.
    ///
    /// `HEXPIREAT key unix-time-seconds FIELDS numfields field [field …]` · O(1) for each field · since 7.4.0 (Valkey 9.0.0) · [redis.io](https://redis.io/docs/latest/commands/hexpireat/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// # use std::time::Duration;
    /// let command = cmd().hexpireat("k", 1_900_000_000, ["a", "b"]);
    /// assert_eq!(command.to_string(), "HEXPIREAT k 1900000000 FIELDS 2 a b");
    /// ```
    fn hexpireat(
        self,
        key: impl ToArg,
        unix_seconds: u64,
        fields: impl ToArgs,
    ) -> Self::Output<Vec<FieldExpiry>> {
        self.execute(expire(Cmd::new("HEXPIREAT").key(key).arg(unix_seconds), None, fields).reply())
    }

    /// As [`hexpireat`](Self::hexpireat), under a condition.
    ///
    /// `HEXPIREAT key unix-time-seconds NX|XX|GT|LT FIELDS numfields field [field …]` · O(1) for each field · since 7.4.0 (Valkey 9.0.0) · [redis.io](https://redis.io/docs/latest/commands/hexpireat/)
    ///
    /// ```
    /// # use redis_om_client::{commands::HExpireCondition, prelude::*};
    /// # use std::time::Duration;
    /// let command = cmd().hexpireat_with("k", 1_900_000_000, HExpireCondition::IfLater, "a");
    /// assert_eq!(command.to_string(), "HEXPIREAT k 1900000000 GT FIELDS 1 a");
    /// ```
    fn hexpireat_with(
        self,
        key: impl ToArg,
        unix_seconds: u64,
        condition: HExpireCondition,
        fields: impl ToArgs,
    ) -> Self::Output<Vec<FieldExpiry>> {
        self.execute(
            expire(Cmd::new("HEXPIREAT").key(key).arg(unix_seconds), Some(condition), fields).reply(),
        )
    }

    /// Lets fields expire at a Unix time in milliseconds; one that has passed removes them. Replies what became of each.
    ///
    /// `HPEXPIREAT key unix-time-milliseconds FIELDS numfields field [field …]` · O(1) for each field · since 7.4.0 (Valkey 9.0.0) · [redis.io](https://redis.io/docs/latest/commands/hpexpireat/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// # use std::time::Duration;
    /// let command = cmd().hpexpireat("k", 1_900_000_000_000, ["a", "b"]);
    /// assert_eq!(command.to_string(), "HPEXPIREAT k 1900000000000 FIELDS 2 a b");
    /// ```
    fn hpexpireat(
        self,
        key: impl ToArg,
        unix_millis: u64,
        fields: impl ToArgs,
    ) -> Self::Output<Vec<FieldExpiry>> {
        self.execute(expire(Cmd::new("HPEXPIREAT").key(key).arg(unix_millis), None, fields).reply())
    }

    /// As [`hpexpireat`](Self::hpexpireat), under a condition.
    ///
    /// `HPEXPIREAT key unix-time-milliseconds NX|XX|GT|LT FIELDS numfields field [field …]` · O(1) for each field · since 7.4.0 (Valkey 9.0.0) · [redis.io](https://redis.io/docs/latest/commands/hpexpireat/)
    ///
    /// ```
    /// # use redis_om_client::{commands::HExpireCondition, prelude::*};
    /// # use std::time::Duration;
    /// let command = cmd().hpexpireat_with("k", 1_900_000_000_000, HExpireCondition::IfLater, "a");
    /// assert_eq!(command.to_string(), "HPEXPIREAT k 1900000000000 GT FIELDS 1 a");
    /// ```
    fn hpexpireat_with(
        self,
        key: impl ToArg,
        unix_millis: u64,
        condition: HExpireCondition,
        fields: impl ToArgs,
    ) -> Self::Output<Vec<FieldExpiry>> {
        self.execute(
            expire(Cmd::new("HPEXPIREAT").key(key).arg(unix_millis), Some(condition), fields).reply(),
        )
    }

    /// How long fields live on, to the second.
    ///
    /// `HTTL key FIELDS numfields field [field …]` · O(1) for each field · since 7.4.0 (Valkey 9.0.0) · [redis.io](https://redis.io/docs/latest/commands/httl/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().httl("k", "a").to_string(), "HTTL k FIELDS 1 a");
    /// ```
    fn httl(self, key: impl ToArg, fields: impl ToArgs) -> Self::Output<Vec<FieldTtl>> {
        self.execute(counted(Cmd::new("HTTL").key(key), fields).readonly().reply_with(ttls_in_seconds))
    }

    /// How long fields live on, to the millisecond.
    ///
    /// `HPTTL key FIELDS numfields field [field …]` · O(1) for each field · since 7.4.0 (Valkey 9.0.0) · [redis.io](https://redis.io/docs/latest/commands/hpttl/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().hpttl("k", "a").to_string(), "HPTTL k FIELDS 1 a");
    /// ```
    fn hpttl(self, key: impl ToArg, fields: impl ToArgs) -> Self::Output<Vec<FieldTtl>> {
        self.execute(counted(Cmd::new("HPTTL").key(key), fields).readonly().reply_with(ttls_in_millis))
    }

    /// When fields expire: Unix time in seconds.
    ///
    /// `HEXPIRETIME key FIELDS numfields field [field …]` · O(1) for each field · since 7.4.0 (Valkey 9.0.0) · [redis.io](https://redis.io/docs/latest/commands/hexpiretime/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().hexpiretime("k", "a").to_string(), "HEXPIRETIME k FIELDS 1 a");
    /// ```
    fn hexpiretime(self, key: impl ToArg, fields: impl ToArgs) -> Self::Output<Vec<FieldExpireTime>> {
        self.execute(counted(Cmd::new("HEXPIRETIME").key(key), fields).readonly().reply())
    }

    /// When fields expire: Unix time in milliseconds.
    ///
    /// `HPEXPIRETIME key FIELDS numfields field [field …]` · O(1) for each field · since 7.4.0 (Valkey 9.0.0) · [redis.io](https://redis.io/docs/latest/commands/hpexpiretime/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().hpexpiretime("k", "a").to_string(), "HPEXPIRETIME k FIELDS 1 a");
    /// ```
    fn hpexpiretime(self, key: impl ToArg, fields: impl ToArgs) -> Self::Output<Vec<FieldExpireTime>> {
        self.execute(counted(Cmd::new("HPEXPIRETIME").key(key), fields).readonly().reply())
    }

    /// Clears the expiry of fields. Replies what became of each.
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

    /// Reads fields and changes their expiry; nil for each that does not exist (take a `Vec<Option<_>>`, or a tuple of
    /// `Option`s).
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
        self.execute(counted(Cmd::new("HGETEX").key(key).args(expiry), fields).reply())
    }

    /// Sets fields, pairs of field and value, with an expiry or a condition: all of them or none. Replies whether they
    /// were set.
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
        self.execute(cmd.args_counted("field and value", 2, fields).reply())
    }
}

impl<E: Executor> HashTtlCommands for E {}

fn counted(cmd: Cmd, fields: impl ToArgs) -> Cmd {
    cmd.arg("FIELDS").args_counted("field", 1, fields)
}

fn expire(cmd: Cmd, condition: Option<HExpireCondition>, fields: impl ToArgs) -> Cmd {
    counted(cmd.args(condition), fields)
}
