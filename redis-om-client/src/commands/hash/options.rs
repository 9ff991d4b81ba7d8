//! The options and replies of commands on the expiry of fields.

use std::time::{Duration, SystemTime};

use crate::{
    commands::expiry::Lifetime,
    error::DecodeError,
    resp::Reply,
    value::{Args, FromRedis, ToArgs},
};

/// The result of setting the expiry of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldExpiry {
    /// The field (or the key) does not exist.
    NoField,
    /// The condition was not met, and nothing changed.
    ConditionNotMet,
    /// The expiry was set.
    Set,
    /// The time has already passed, so the field was removed.
    Deleted,
}

impl FromRedis for FieldExpiry {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        match i64::from_redis(reply)? {
            -2 => Ok(Self::NoField),
            0 => Ok(Self::ConditionNotMet),
            1 => Ok(Self::Set),
            2 => Ok(Self::Deleted),
            other => Err(DecodeError::expected("-2, 0, 1 or 2 for each field", other)),
        }
    }
}

/// The result of clearing the expiry of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldPersist {
    /// The field (or the key) does not exist.
    NoField,
    /// It had no expiry.
    NoExpiry,
    /// Its expiry was cleared.
    Cleared,
}

impl FromRedis for FieldPersist {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        match i64::from_redis(reply)? {
            -2 => Ok(Self::NoField),
            -1 => Ok(Self::NoExpiry),
            1 => Ok(Self::Cleared),
            other => Err(DecodeError::expected("-2, -1 or 1 for each field", other)),
        }
    }
}

/// What [`hgetex`](super::HashTtlCommands::hgetex) does with the expiry of the fields that it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HGetEx {
    /// They expire after this time (`EX`, or `PX` if it is not a whole number of seconds).
    In(Duration),
    /// They expire at this time (`EXAT`, or `PXAT` if it is not a whole number of seconds).
    At(SystemTime),
    /// They no longer expire (`PERSIST`).
    Persist,
}

impl HGetEx {
    pub(super) fn lifetime(self) -> Lifetime {
        match self {
            Self::In(ttl) => Lifetime::In(ttl),
            Self::At(time) => Lifetime::At(time),
            Self::Persist => Lifetime::Persist,
        }
    }
}

/// The condition under which [`hsetex`](super::HashTtlCommands::hsetex) sets fields, and their expiry.
///
/// ```
/// # use redis_om_client::{commands::HSetExOptions, prelude::*};
/// # use std::time::{Duration, SystemTime};
/// let options = HSetExOptions::new().fnx().ex(Duration::from_secs(60));
/// let command = cmd().hsetex("k", ("token", "x"), options);
/// assert_eq!(command.to_string(), "HSETEX k FNX EX 60 FIELDS 1 token x");
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[must_use]
#[non_exhaustive]
pub struct HSetExOptions {
    key: Option<&'static str>,
    fields: Option<&'static str>,
    lifetime: Option<Lifetime>,
}

impl HSetExOptions {
    /// No condition, and no expiry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets them only if none of the fields exists.
    pub fn fnx(self) -> Self {
        Self { fields: Some("FNX"), ..self }
    }

    /// Sets them only if all of the fields exist.
    pub fn fxx(self) -> Self {
        Self { fields: Some("FXX"), ..self }
    }

    /// Sets them only if the key does not exist (Valkey only).
    pub fn nx(self) -> Self {
        Self { key: Some("NX"), ..self }
    }

    /// Sets them only if the key exists (Valkey only).
    pub fn xx(self) -> Self {
        Self { key: Some("XX"), ..self }
    }

    /// The fields expire after this time.
    pub fn ex(self, ttl: Duration) -> Self {
        Self { lifetime: Some(Lifetime::In(ttl)), ..self }
    }

    /// The fields expire at this time.
    pub fn exat(self, time: SystemTime) -> Self {
        Self { lifetime: Some(Lifetime::At(time)), ..self }
    }

    /// The fields keep their expiry; by default it is cleared.
    pub fn keep_ttl(self) -> Self {
        Self { lifetime: Some(Lifetime::Keep), ..self }
    }
}

impl ToArgs for HSetExOptions {
    fn to_args(&self, args: &mut Args<'_>) {
        for word in [self.key, self.fields].into_iter().flatten() {
            args.arg(word);
        }
        args.args(&self.lifetime);
    }
}
