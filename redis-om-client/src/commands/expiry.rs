//! Lifetimes: the encoding of durations and points in time, and the decoding of the server's replies.
//!
//! Every command with a lifetime follows one rule. A whole number of seconds is sent in seconds, a finer time in
//! milliseconds. A still finer time is rounded up, so that a lifetime never becomes zero. Refused before anything is
//! sent: a lifetime of zero, a time before 1970, and a time that overflows the server's 64 bits when the server adds
//! its clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::timeout::LONGEST;
use crate::{
    error::DecodeError,
    resp::Reply,
    value::{Args, FromRedis, ToArgs},
};

/// A number for the server, in a suitable unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Time {
    Seconds(u64),
    Millis(u64),
}

/// Why a lifetime or a time cannot be sent.
pub(super) type Unfit = &'static str;

/// A lifetime in whole milliseconds.
pub(super) fn millis(lifetime: Duration) -> Result<u64, Unfit> {
    if lifetime.is_zero() {
        return Err("a lifetime of zero would delete at once: delete instead, or use at least a millisecond");
    }
    rounded_up(lifetime)
        .filter(|millis| *millis <= LONGEST)
        .ok_or("a lifetime of more than 285 million years does not fit: leave it out for no expiry")
}

/// A point in time in whole milliseconds since 1970.
pub(super) fn unix_millis(time: SystemTime) -> Result<u64, Unfit> {
    let since = time.duration_since(UNIX_EPOCH).map_err(|_| "a time to expire at must be later than 1970")?;
    rounded_up(since)
        .filter(|millis| *millis > 0)
        .ok_or("a time to expire at must be later than 1970, and within 292 million years")
}

/// A lifetime in a suitable unit.
pub(super) fn lifetime(lifetime: Duration) -> Result<Time, Unfit> {
    millis(lifetime).map(in_unit)
}

/// A point in time in a suitable unit.
pub(super) fn unix(time: SystemTime) -> Result<Time, Unfit> {
    unix_millis(time).map(in_unit)
}

fn in_unit(millis: u64) -> Time {
    if millis.is_multiple_of(1000) { Time::Seconds(millis / 1000) } else { Time::Millis(millis) }
}

fn rounded_up(duration: Duration) -> Option<u64> {
    let millis = duration.as_nanos().div_ceil(1_000_000);
    i64::try_from(millis).ok().and_then(|millis| u64::try_from(millis).ok())
}

/// The expiry options of `SET`, `GETEX` and similar commands. A command accepts only some of them; its own option type
/// offers those.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lifetime {
    /// EX, PX
    In(Duration),
    /// EXAT, PXAT
    At(SystemTime),
    /// KEEPTTL
    Keep,
    /// PERSIST
    Persist,
}

impl ToArgs for Lifetime {
    fn to_args(&self, args: &mut Args<'_>) {
        let (time, seconds, millis) = match *self {
            Self::In(duration) => (lifetime(duration), "EX", "PX"),
            Self::At(time) => (unix(time), "EXAT", "PXAT"),
            Self::Keep => {
                args.arg("KEEPTTL");
                return;
            }
            Self::Persist => {
                args.arg("PERSIST");
                return;
            }
        };
        match time {
            Ok(Time::Seconds(amount)) => {
                args.arg(seconds).arg(&amount);
            }
            Ok(Time::Millis(amount)) => {
                args.arg(millis).arg(&amount);
            }
            Err(why) => args.refuse(why),
        }
    }
}

/// The condition under which `EXPIRE` and similar commands (also `HEXPIRE`) change an expiry.
///
/// ```
/// # use redis_om_client::{commands::ExpireOptions, prelude::*};
/// # use std::time::Duration;
/// let command = cmd().expire_with("k", Duration::from_secs(60), ExpireOptions::new().gt());
/// assert_eq!(command.to_string(), "EXPIRE k 60 GT");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[must_use]
#[non_exhaustive]
pub struct ExpireOptions {
    nx: bool,
    xx: bool,
    gt: bool,
    lt: bool,
}

impl ExpireOptions {
    /// No condition.
    pub fn new() -> Self {
        Self::default()
    }

    /// Changes it only if there is no expiry yet. The server refuses another condition beside this one.
    pub fn nx(mut self) -> Self {
        self.nx = true;
        self
    }

    /// Changes it only if there is an expiry already.
    pub fn xx(mut self) -> Self {
        self.xx = true;
        self
    }

    /// Changes it only to a later time. A value without expiry is never changed.
    pub fn gt(mut self) -> Self {
        self.gt = true;
        self
    }

    /// Changes it only to an earlier time. A value without expiry is always changed.
    pub fn lt(mut self) -> Self {
        self.lt = true;
        self
    }
}

impl ToArgs for ExpireOptions {
    fn to_args(&self, args: &mut Args<'_>) {
        for (applies, word) in [(self.nx, "NX"), (self.xx, "XX"), (self.gt, "GT"), (self.lt, "LT")] {
            if applies {
                args.arg(word);
            }
        }
    }
}

/// The remaining lifetime: the reply of `TTL`, `PTTL`, `HTTL` and `HPTTL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ttl {
    /// The key (or the field) does not exist.
    Missing,
    /// It does not expire.
    Persistent,
    /// It expires after this time from now.
    For(Duration),
}

impl Ttl {
    /// The remaining time; `None` if it does not exist or does not expire.
    #[must_use]
    pub fn left(self) -> Option<Duration> {
        match self {
            Self::For(left) => Some(left),
            Self::Missing | Self::Persistent => None,
        }
    }

    /// Whether the key (or the field) exists.
    #[must_use]
    pub fn exists(self) -> bool {
        self != Self::Missing
    }

    /// Decodes a reply in seconds.
    pub(super) fn seconds(reply: Reply<'_>) -> Result<Self, DecodeError> {
        Ok(Self::of(amount(reply)?, Duration::from_secs))
    }

    /// Decodes a reply in milliseconds.
    pub(super) fn millis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        Ok(Self::of(amount(reply)?, Duration::from_millis))
    }

    fn of(amount: Amount, unit: fn(u64) -> Duration) -> Self {
        match amount {
            Amount::Missing => Self::Missing,
            Amount::Persistent => Self::Persistent,
            Amount::Of(amount) => Self::For(unit(amount)),
        }
    }
}

/// The time of expiry: the reply of `EXPIRETIME`, `PEXPIRETIME`, `HEXPIRETIME` and `HPEXPIRETIME`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpireTime {
    /// The key (or the field) does not exist.
    Missing,
    /// It does not expire.
    Persistent,
    /// It expires at this time, by the server's clock.
    At(SystemTime),
}

impl ExpireTime {
    /// The time; `None` if it does not exist or does not expire.
    #[must_use]
    pub fn time(self) -> Option<SystemTime> {
        match self {
            Self::At(time) => Some(time),
            Self::Missing | Self::Persistent => None,
        }
    }

    /// Whether the key (or the field) exists.
    #[must_use]
    pub fn exists(self) -> bool {
        self != Self::Missing
    }

    /// Decodes a reply in seconds since 1970.
    pub(super) fn seconds(reply: Reply<'_>) -> Result<Self, DecodeError> {
        Self::of(amount(reply)?, Duration::from_secs)
    }

    /// Decodes a reply in milliseconds since 1970.
    pub(super) fn millis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        Self::of(amount(reply)?, Duration::from_millis)
    }

    fn of(amount: Amount, unit: fn(u64) -> Duration) -> Result<Self, DecodeError> {
        match amount {
            Amount::Missing => Ok(Self::Missing),
            Amount::Persistent => Ok(Self::Persistent),
            Amount::Of(amount) => UNIX_EPOCH
                .checked_add(unit(amount))
                .map(Self::At)
                .ok_or_else(|| DecodeError::expected("a time that this machine can represent", amount)),
        }
    }
}

enum Amount {
    Missing,
    Persistent,
    Of(u64),
}

fn amount(reply: Reply<'_>) -> Result<Amount, DecodeError> {
    match i64::from_redis(reply)? {
        -2 => Ok(Amount::Missing),
        -1 => Ok(Amount::Persistent),
        other => {
            u64::try_from(other).map(Amount::Of).map_err(|_| DecodeError::expected("a time, -1 or -2", other))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{command::Cmd, resp::Replies};

    fn wire(lifetime: Lifetime) -> String {
        let cmd = Cmd::new("SET").args(lifetime);
        cmd.check().map_or_else(|error| error.to_string(), |()| cmd.to_string())
    }

    #[test]
    fn whole_seconds_as_seconds_and_finer_in_milliseconds() {
        assert_eq!(wire(Lifetime::In(Duration::from_secs(60))), "SET EX 60");
        assert_eq!(wire(Lifetime::In(Duration::from_millis(1500))), "SET PX 1500");
        assert_eq!(wire(Lifetime::In(Duration::from_nanos(1))), "SET PX 1", "never rounded to nothing");
        assert_eq!(wire(Lifetime::In(Duration::from_micros(999_001))), "SET EX 1");
        assert_eq!(wire(Lifetime::At(UNIX_EPOCH + Duration::from_secs(5))), "SET EXAT 5");
        assert_eq!(wire(Lifetime::At(UNIX_EPOCH + Duration::from_millis(5001))), "SET PXAT 5001");
        assert_eq!(wire(Lifetime::Keep), "SET KEEPTTL");
        assert_eq!(wire(Lifetime::Persist), "SET PERSIST");
    }

    #[test]
    fn what_no_server_can_take_is_refused_here() {
        assert!(wire(Lifetime::In(Duration::ZERO)).contains("a lifetime of zero"));
        assert!(wire(Lifetime::In(Duration::MAX)).contains("285 million years"));
        assert!(wire(Lifetime::At(UNIX_EPOCH)).contains("later than 1970"));
        assert!(wire(Lifetime::At(UNIX_EPOCH - Duration::from_secs(1))).contains("later than 1970"));
    }

    #[test]
    fn replies() {
        let ttl = |bytes: &[u8]| Ttl::seconds(Replies::new(bytes).take().unwrap());
        assert_eq!(ttl(b":-2\r\n").unwrap(), Ttl::Missing);
        assert_eq!(ttl(b":-1\r\n").unwrap(), Ttl::Persistent);
        assert_eq!(ttl(b":10\r\n").unwrap().left(), Some(Duration::from_secs(10)));
        assert!(ttl(b":-3\r\n").is_err());
        let at = |bytes: &[u8]| ExpireTime::millis(Replies::new(bytes).take().unwrap());
        assert_eq!(at(b":1500\r\n").unwrap().time(), Some(UNIX_EPOCH + Duration::from_millis(1500)));
        assert!(!at(b":-2\r\n").unwrap().exists());
        // A time that the clock cannot represent must not abort the program.
        let _no_panic = at(b":9223372036854775807\r\n");
    }
}
