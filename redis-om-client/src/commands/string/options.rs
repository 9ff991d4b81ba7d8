//! Options of the string commands.

use std::{
    fmt,
    marker::PhantomData,
    time::{Duration, SystemTime},
};

use crate::{
    command::Decoder,
    commands::{expiry::Lifetime, kept::Kept},
    error::DecodeError,
    resp::Reply,
    value::{Args, FromRedis, ToArg, ToArgs},
};

/// The condition under which a value is set or deleted.
#[derive(Debug, Clone)]
enum Condition {
    Nx,
    Xx,
    Compare(&'static str, Kept),
}

impl ToArgs for Condition {
    fn to_args(&self, args: &mut Args<'_>) {
        match self {
            Self::Nx => args.arg("NX"),
            Self::Xx => args.arg("XX"),
            Self::Compare(word, with) => args.arg(*word).arg(with),
        };
    }
}

/// Options of `SET`: one condition and one expiry. A later one replaces an earlier one.
///
/// `R` is the reply of `SET`: whether the value was set, or with [`get`](SetOptions::get) the old value.
///
/// ```
/// # use redis_om_client::{commands::SetOptions, prelude::*};
/// # use std::time::Duration;
/// # async fn example(client: Client) -> redis_om_client::Result<()> {
/// let minute = Duration::from_secs(60);
/// let mine: bool = client.set_with("lock", "token", SetOptions::new().nx().ex(minute)).await?;
/// let before = client.set_with("k", "v", SetOptions::new().keep_ttl().get::<String>()).await?;
/// # let _: Option<String> = before;
/// # Ok(()) }
/// ```
#[must_use]
#[non_exhaustive]
pub struct SetOptions<R = bool> {
    condition: Option<Condition>,
    lifetime: Option<Lifetime>,
    get: bool,
    decoder: Decoder<R>,
}

impl SetOptions {
    /// No options; the reply says whether the value was set.
    pub fn new() -> Self {
        // Nil if the condition was not met.
        let decoder = Decoder::new(|replies| Ok(Option::<()>::from_redis(replies.take()?)?.is_some()));
        Self { condition: None, lifetime: None, get: false, decoder }
    }
}

impl Default for SetOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl<R> SetOptions<R> {
    /// Sets it only if the key does not exist yet.
    pub fn nx(self) -> Self {
        self.only(Condition::Nx)
    }

    /// Sets it only if the key exists already.
    pub fn xx(self) -> Self {
        self.only(Condition::Xx)
    }

    /// Sets it only if the key has this value. Since Redis 8.4, Valkey 8.1.
    pub fn ifeq(self, value: impl ToArg) -> Self {
        self.only(Condition::Compare("IFEQ", Kept::new(value)))
    }

    /// Sets it only if the key does not have this value, or does not exist. Since Redis 8.4.
    pub fn ifne(self, value: impl ToArg) -> Self {
        self.only(Condition::Compare("IFNE", Kept::new(value)))
    }

    /// Sets it only if the value has this digest, see [`digest`](super::StringCommands::digest). Since Redis 8.4.
    pub fn ifdeq(self, digest: impl ToArg) -> Self {
        self.only(Condition::Compare("IFDEQ", Kept::new(digest)))
    }

    /// Sets it only if the value does not have this digest, or the key does not exist. Since Redis 8.4.
    pub fn ifdne(self, digest: impl ToArg) -> Self {
        self.only(Condition::Compare("IFDNE", Kept::new(digest)))
    }

    /// It expires after this time: `EX` for a whole number of seconds, otherwise `PX`, rounded up to milliseconds.
    pub fn ex(self, lifetime: Duration) -> Self {
        self.lifetime(Lifetime::In(lifetime))
    }

    /// It expires at this time: `EXAT` for a whole second, otherwise `PXAT`, rounded up to milliseconds. Since 6.2.0.
    pub fn exat(self, time: SystemTime) -> Self {
        self.lifetime(Lifetime::At(time))
    }

    /// Keeps the expiry of the key; by default it is cleared. Since 6.0.0.
    pub fn keep_ttl(self) -> Self {
        self.lifetime(Lifetime::Keep)
    }

    /// Returns the old value, `None` if there was none, whether or not the new one was set. Since 6.2.0, together with
    /// a condition since 7.0.0.
    pub fn get<T: FromRedis>(self) -> SetOptions<Option<T>> {
        SetOptions { condition: self.condition, lifetime: self.lifetime, get: true, decoder: Decoder::of() }
    }

    fn only(mut self, condition: Condition) -> Self {
        self.condition = Some(condition);
        self
    }

    fn lifetime(mut self, lifetime: Lifetime) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    pub(super) fn decoder(&self) -> Decoder<R> {
        self.decoder
    }
}

impl<R> Clone for SetOptions<R> {
    fn clone(&self) -> Self {
        Self {
            condition: self.condition.clone(),
            lifetime: self.lifetime,
            get: self.get,
            decoder: self.decoder,
        }
    }
}

impl<R> fmt::Debug for SetOptions<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetOptions")
            .field("condition", &self.condition)
            .field("lifetime", &self.lifetime)
            .field("get", &self.get)
            .finish_non_exhaustive()
    }
}

impl<R> ToArgs for SetOptions<R> {
    fn to_args(&self, args: &mut Args<'_>) {
        args.args(&self.condition);
        if self.get {
            args.arg("GET");
        }
        args.args(&self.lifetime);
    }
}

/// Options of MSETEX: a condition and an expiry for all keys.
#[derive(Debug, Clone, Default)]
#[must_use]
#[non_exhaustive]
pub struct MSetExOptions {
    condition: Option<Condition>,
    lifetime: Option<Lifetime>,
}

impl MSetExOptions {
    /// No options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets them only if none of the keys exists yet.
    pub fn nx(mut self) -> Self {
        self.condition = Some(Condition::Nx);
        self
    }

    /// Sets them only if all of the keys exist already.
    pub fn xx(mut self) -> Self {
        self.condition = Some(Condition::Xx);
        self
    }

    /// They expire after this time: `EX` for a whole number of seconds, otherwise `PX`, rounded up to milliseconds.
    pub fn ex(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(Lifetime::In(lifetime));
        self
    }

    /// They expire at this time: `EXAT` for a whole second, otherwise `PXAT`, rounded up to milliseconds.
    pub fn exat(mut self, time: SystemTime) -> Self {
        self.lifetime = Some(Lifetime::At(time));
        self
    }

    /// Keeps the expiries of the keys; by default they are cleared.
    pub fn keep_ttl(mut self) -> Self {
        self.lifetime = Some(Lifetime::Keep);
        self
    }
}

impl ToArgs for MSetExOptions {
    fn to_args(&self, args: &mut Args<'_>) {
        args.args(&self.condition).args(&self.lifetime);
    }
}

/// What `GETEX` does with the expiry of the key that it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum GetEx {
    /// It expires after this time: `EX` for a whole number of seconds, otherwise `PX`, rounded up to milliseconds.
    In(Duration),
    /// It expires at this time: `EXAT` for a whole second, otherwise `PXAT`, rounded up to milliseconds.
    At(SystemTime),
    /// It no longer expires.
    Persist,
}

impl GetEx {
    fn lifetime(self) -> Lifetime {
        match self {
            Self::In(lifetime) => Lifetime::In(lifetime),
            Self::At(time) => Lifetime::At(time),
            Self::Persist => Lifetime::Persist,
        }
    }
}

impl ToArgs for GetEx {
    fn to_args(&self, args: &mut Args<'_>) {
        args.args(&self.lifetime());
    }
}

/// The condition under which `DELEX` deletes.
#[derive(Debug, Clone)]
#[must_use]
pub struct DelEx(Condition);

impl DelEx {
    /// Deletes it only if the key has this value.
    pub fn ifeq(value: impl ToArg) -> Self {
        Self(Condition::Compare("IFEQ", Kept::new(value)))
    }

    /// Deletes it only if the key has another value.
    pub fn ifne(value: impl ToArg) -> Self {
        Self(Condition::Compare("IFNE", Kept::new(value)))
    }

    /// Deletes it only if the value has this digest, see [`digest`](super::StringCommands::digest).
    pub fn ifdeq(digest: impl ToArg) -> Self {
        Self(Condition::Compare("IFDEQ", Kept::new(digest)))
    }

    /// Deletes it only if the value has another digest.
    pub fn ifdne(digest: impl ToArg) -> Self {
        Self(Condition::Compare("IFDNE", Kept::new(digest)))
    }
}

impl ToArgs for DelEx {
    fn to_args(&self, args: &mut Args<'_>) {
        args.args(&self.0);
    }
}

/// Options of `INCREX`. `N` is the type of the amount, the bounds and the reply: `i64` or `f64`.
#[derive(Debug, Clone)]
#[must_use]
#[non_exhaustive]
pub struct IncrEx<N> {
    by: (&'static str, Kept),
    lower: Option<Kept>,
    upper: Option<Kept>,
    saturate: bool,
    lifetime: Option<Lifetime>,
    enx: bool,
    number: PhantomData<N>,
}

impl IncrEx<i64> {
    /// Adds this amount, which may be negative.
    pub fn by(amount: i64) -> Self {
        Self::new("BYINT", Kept::new(amount))
    }
}

impl IncrEx<f64> {
    /// Adds this amount, which may be negative.
    pub fn by_float(amount: f64) -> Self {
        Self::new("BYFLOAT", Kept::new(amount))
    }
}

impl<N> IncrEx<N> {
    fn new(word: &'static str, amount: Kept) -> Self {
        Self {
            by: (word, amount),
            lower: None,
            upper: None,
            saturate: false,
            lifetime: None,
            enx: false,
            number: PhantomData,
        }
    }

    /// Sets the lowest result.
    pub fn lbound(mut self, bound: N) -> Self
    where
        N: ToArg,
    {
        self.lower = Some(Kept::new(bound));
        self
    }

    /// Sets the highest result.
    pub fn ubound(mut self, bound: N) -> Self
    where
        N: ToArg,
    {
        self.upper = Some(Kept::new(bound));
        self
    }

    /// Sets the value to the bound if it would exceed the bound. By default nothing changes then.
    pub fn saturate(mut self) -> Self {
        self.saturate = true;
        self
    }

    /// It expires after this time: `EX` for a whole number of seconds, otherwise `PX`, rounded up to milliseconds.
    pub fn ex(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(Lifetime::In(lifetime));
        self
    }

    /// It expires at this time: `EXAT` for a whole second, otherwise `PXAT`, rounded up to milliseconds.
    pub fn exat(mut self, time: SystemTime) -> Self {
        self.lifetime = Some(Lifetime::At(time));
        self
    }

    /// It no longer expires; by default its expiry is kept.
    pub fn persist(mut self) -> Self {
        self.lifetime = Some(Lifetime::Persist);
        self
    }

    /// Sets the expiry only if there is none yet, so that the end of a time window does not move.
    pub fn enx(mut self) -> Self {
        self.enx = true;
        self
    }
}

impl<N> ToArgs for IncrEx<N> {
    fn to_args(&self, args: &mut Args<'_>) {
        args.arg(self.by.0).arg(&self.by.1);
        if let Some(bound) = &self.lower {
            args.arg("LBOUND").arg(bound);
        }
        if let Some(bound) = &self.upper {
            args.arg("UBOUND").arg(bound);
        }
        if self.saturate {
            args.arg("SATURATE");
        }
        args.args(&self.lifetime);
        if self.enx {
            args.arg("ENX");
        }
    }
}

/// The reply of `INCREX`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Increment<N> {
    /// The new value of the key.
    pub value: N,
    /// The amount that was added: 0 if a bound prevented it.
    pub added: N,
}

impl<N: FromRedis> FromRedis for Increment<N> {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        let (value, added) = FromRedis::from_redis(reply)?;
        Ok(Self { value, added })
    }
}
