//! What commands on the expiry of fields take and reply.

use std::time::Duration;

use crate::{
    error::DecodeError,
    resp::{Replies, Reply},
    value::{Args, FromRedis, ToArgs},
};

/// When a field may get a new expiry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HExpireCondition {
    /// Only if it has none (`NX`).
    IfNone,
    /// Only if it has one (`XX`).
    IfSome,
    /// Only if the new one is later (`GT`); none counts as never, so nothing is later.
    IfLater,
    /// Only if the new one is sooner (`LT`).
    IfSooner,
}

impl ToArgs for HExpireCondition {
    fn to_args(&self, args: &mut Args<'_>) {
        args.arg(match self {
            Self::IfNone => "NX",
            Self::IfSome => "XX",
            Self::IfLater => "GT",
            Self::IfSooner => "LT",
        });
    }
}

/// What became of a field whose expiry was to be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldExpiry {
    /// The field (or the key) does not exist.
    NoField,
    /// The condition was not met; nothing changed.
    ConditionNotMet,
    /// The expiry was set.
    Set,
    /// The time has passed already: the field was removed.
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

/// What became of a field whose expiry was to be cleared.
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

/// How long a field lives on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldTtl {
    /// The field (or the key) does not exist.
    NoField,
    /// It has no expiry.
    NoExpiry,
    /// It expires in so long.
    Expires(Duration),
}

impl FieldTtl {
    /// The time it has left; `None` where there is no such field, or no expiry.
    #[must_use]
    pub fn left(self) -> Option<Duration> {
        match self {
            Self::Expires(left) => Some(left),
            Self::NoField | Self::NoExpiry => None,
        }
    }

    fn from_reply(reply: i64, unit: impl Fn(u64) -> Duration) -> Result<Self, DecodeError> {
        match reply {
            -2 => Ok(Self::NoField),
            -1 => Ok(Self::NoExpiry),
            other => u64::try_from(other)
                .map(|left| Self::Expires(unit(left)))
                .map_err(|_| DecodeError::expected("-2, -1 or a time for each field", other)),
        }
    }
}

pub(super) fn ttls_in_seconds(replies: &mut Replies<'_>) -> Result<Vec<FieldTtl>, DecodeError> {
    let times = Vec::<i64>::from_redis(replies.take()?)?;
    times.into_iter().map(|time| FieldTtl::from_reply(time, Duration::from_secs)).collect()
}

pub(super) fn ttls_in_millis(replies: &mut Replies<'_>) -> Result<Vec<FieldTtl>, DecodeError> {
    let times = Vec::<i64>::from_redis(replies.take()?)?;
    times.into_iter().map(|time| FieldTtl::from_reply(time, Duration::from_millis)).collect()
}

/// When a field expires, as Unix time in the unit of the command (seconds or milliseconds).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldExpireTime {
    /// The field (or the key) does not exist.
    NoField,
    /// It has no expiry.
    NoExpiry,
    /// It expires at this time.
    At(u64),
}

impl FromRedis for FieldExpireTime {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        match i64::from_redis(reply)? {
            -2 => Ok(Self::NoField),
            -1 => Ok(Self::NoExpiry),
            other => u64::try_from(other)
                .map(Self::At)
                .map_err(|_| DecodeError::expected("-2, -1 or a time for each field", other)),
        }
    }
}

/// What [`hgetex`](super::HashTtlCommands::hgetex) does to the expiry of the fields it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum HGetEx {
    /// They expire in so long; a part of a second is kept (`EX`, or `PX` where there is one).
    In(Duration),
    /// They expire at this Unix time in seconds (`EXAT`).
    At(u64),
    /// They expire at this Unix time in milliseconds (`PXAT`).
    AtMillis(u64),
    /// They do not expire any more (`PERSIST`).
    Persist,
}

impl ToArgs for HGetEx {
    fn to_args(&self, args: &mut Args<'_>) {
        match *self {
            Self::In(ttl) if ttl.subsec_nanos() == 0 => args.arg("EX").arg(&ttl.as_secs()),
            Self::In(ttl) => args.arg("PX").arg(&millis(ttl)),
            Self::At(seconds) => args.arg("EXAT").arg(&seconds),
            Self::AtMillis(millis) => args.arg("PXAT").arg(&millis),
            Self::Persist => args.arg("PERSIST"),
        };
    }
}

/// How [`hsetex`](super::HashTtlCommands::hsetex) sets fields: under which condition, and when they expire.
///
/// ```
/// # use redis_om_client::{commands::HSetExOptions, prelude::*};
/// # use std::time::Duration;
/// let options = HSetExOptions::new().fnx().ex(Duration::from_secs(60));
/// let command = cmd().hsetex("k", ("token", "x"), options);
/// assert_eq!(command.to_string(), "HSETEX k FNX EX 60 FIELDS 1 token x");
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[must_use]
pub struct HSetExOptions {
    key: Option<&'static str>,
    fields: Option<&'static str>,
    expiry: Option<HGetEx>,
    keep: bool,
}

impl HSetExOptions {
    /// No condition, and no expiry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only if none of the fields exists.
    pub fn fnx(self) -> Self {
        Self { fields: Some("FNX"), ..self }
    }

    /// Only if all of the fields exist.
    pub fn fxx(self) -> Self {
        Self { fields: Some("FXX"), ..self }
    }

    /// Only if the key does not exist (Valkey only).
    pub fn nx(self) -> Self {
        Self { key: Some("NX"), ..self }
    }

    /// Only if the key exists (Valkey only).
    pub fn xx(self) -> Self {
        Self { key: Some("XX"), ..self }
    }

    /// The fields expire in so long; a part of a second is kept.
    pub fn ex(self, ttl: Duration) -> Self {
        self.expiry(Some(HGetEx::In(ttl)), false)
    }

    /// The fields expire at this Unix time in seconds.
    pub fn exat(self, unix_seconds: u64) -> Self {
        self.expiry(Some(HGetEx::At(unix_seconds)), false)
    }

    /// The fields expire at this Unix time in milliseconds.
    pub fn pxat(self, unix_millis: u64) -> Self {
        self.expiry(Some(HGetEx::AtMillis(unix_millis)), false)
    }

    /// The fields keep the expiry that they have; without this it is cleared.
    pub fn keepttl(self) -> Self {
        self.expiry(None, true)
    }

    fn expiry(self, expiry: Option<HGetEx>, keep: bool) -> Self {
        Self { expiry, keep, ..self }
    }
}

impl ToArgs for HSetExOptions {
    fn to_args(&self, args: &mut Args<'_>) {
        for word in [self.key, self.fields, self.keep.then_some("KEEPTTL")].into_iter().flatten() {
            args.arg(word);
        }
        args.args(&self.expiry);
    }
}

/// Whole seconds, rounded up, so that no field lives shorter than asked for.
pub(super) fn seconds(ttl: Duration) -> u64 {
    ttl.as_secs().saturating_add(u64::from(ttl.subsec_nanos() > 0))
}

/// Whole milliseconds, rounded up.
pub(super) fn millis(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
