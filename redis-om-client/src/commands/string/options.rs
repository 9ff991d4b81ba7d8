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

/// What must hold for a value to be set or deleted.
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

/// Options of SET. One condition and one expiry: a later one takes the place of an earlier one.
///
/// `R` is what SET then replies: whether the value was set, or with [`get`](SetOptions::get) the value before.
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
        // Nil where the condition did not hold.
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
    /// Only if the key does not exist yet.
    pub fn nx(self) -> Self {
        self.only(Condition::Nx)
    }

    /// Only if the key exists already.
    pub fn xx(self) -> Self {
        self.only(Condition::Xx)
    }

    /// Only if the key holds this value. Since Redis 8.4, Valkey 8.1.
    pub fn ifeq(self, value: impl ToArg) -> Self {
        self.only(Condition::Compare("IFEQ", Kept::new(value)))
    }

    /// Only if the key does not hold this value, or does not exist. Since Redis 8.4.
    pub fn ifne(self, value: impl ToArg) -> Self {
        self.only(Condition::Compare("IFNE", Kept::new(value)))
    }

    /// Only if the value has this digest, see [`digest`](super::StringCommands::digest). Since Redis 8.4.
    pub fn ifdeq(self, digest: impl ToArg) -> Self {
        self.only(Condition::Compare("IFDEQ", Kept::new(digest)))
    }

    /// Only if the value does not have this digest, or the key does not exist. Since Redis 8.4.
    pub fn ifdne(self, digest: impl ToArg) -> Self {
        self.only(Condition::Compare("IFDNE", Kept::new(digest)))
    }

    /// It expires after this time: EX for a whole number of seconds, else PX, rounded up to milliseconds.
    pub fn ex(self, lifetime: Duration) -> Self {
        self.lifetime(Lifetime::In(lifetime))
    }

    /// It expires at this time: EXAT for a whole second, else PXAT, rounded up to milliseconds. Since 6.2.0.
    pub fn exat(self, time: SystemTime) -> Self {
        self.lifetime(Lifetime::At(time))
    }

    /// Keeps the expiry that the key has, which is cleared otherwise. Since 6.0.0.
    pub fn keep_ttl(self) -> Self {
        self.lifetime(Lifetime::Keep)
    }

    /// Replies with the value before, `None` where there was none, whether or not the new one was set. Since 6.2.0,
    /// together with a condition since 7.0.0.
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

    /// Only if none of the keys exists yet.
    pub fn nx(mut self) -> Self {
        self.condition = Some(Condition::Nx);
        self
    }

    /// Only if all of the keys exist already.
    pub fn xx(mut self) -> Self {
        self.condition = Some(Condition::Xx);
        self
    }

    /// They expire after this time: EX for a whole number of seconds, else PX, rounded up to milliseconds.
    pub fn ex(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(Lifetime::In(lifetime));
        self
    }

    /// They expire at this time: EXAT for a whole second, else PXAT, rounded up to milliseconds.
    pub fn exat(mut self, time: SystemTime) -> Self {
        self.lifetime = Some(Lifetime::At(time));
        self
    }

    /// Keeps the expiries that the keys have, which are cleared otherwise.
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

/// What GETEX does to the expiry of the key that it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum GetEx {
    /// It expires after this time: EX for a whole number of seconds, else PX, rounded up to milliseconds.
    In(Duration),
    /// It expires at this time: EXAT for a whole second, else PXAT, rounded up to milliseconds.
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

/// What DELEX compares before it deletes.
#[derive(Debug, Clone)]
#[must_use]
pub struct DelEx(Condition);

impl DelEx {
    /// Only if the key holds this value.
    pub fn ifeq(value: impl ToArg) -> Self {
        Self(Condition::Compare("IFEQ", Kept::new(value)))
    }

    /// Only if the key holds another value.
    pub fn ifne(value: impl ToArg) -> Self {
        Self(Condition::Compare("IFNE", Kept::new(value)))
    }

    /// Only if the value has this digest, see [`digest`](super::StringCommands::digest).
    pub fn ifdeq(digest: impl ToArg) -> Self {
        Self(Condition::Compare("IFDEQ", Kept::new(digest)))
    }

    /// Only if the value has another digest.
    pub fn ifdne(digest: impl ToArg) -> Self {
        Self(Condition::Compare("IFDNE", Kept::new(digest)))
    }
}

impl ToArgs for DelEx {
    fn to_args(&self, args: &mut Args<'_>) {
        args.args(&self.0);
    }
}

/// Options of INCREX; `N` is the kind of number, `i64` or `f64`, of the amount, the bounds and the reply.
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
    /// Adds this, which may be negative.
    pub fn by(amount: i64) -> Self {
        Self::new("BYINT", Kept::new(amount))
    }
}

impl IncrEx<f64> {
    /// Adds this, which may be negative.
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

    /// Never below this.
    pub fn lbound(mut self, bound: N) -> Self
    where
        N: ToArg,
    {
        self.lower = Some(Kept::new(bound));
        self
    }

    /// Never above this.
    pub fn ubound(mut self, bound: N) -> Self
    where
        N: ToArg,
    {
        self.upper = Some(Kept::new(bound));
        self
    }

    /// Goes to the bound where it would go beyond, instead of leaving everything as it is.
    pub fn saturate(mut self) -> Self {
        self.saturate = true;
        self
    }

    /// It expires after this time: EX for a whole number of seconds, else PX, rounded up to milliseconds.
    pub fn ex(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(Lifetime::In(lifetime));
        self
    }

    /// It expires at this time: EXAT for a whole second, else PXAT, rounded up to milliseconds.
    pub fn exat(mut self, time: SystemTime) -> Self {
        self.lifetime = Some(Lifetime::At(time));
        self
    }

    /// It no longer expires; without an option its expiry is kept.
    pub fn persist(mut self) -> Self {
        self.lifetime = Some(Lifetime::Persist);
        self
    }

    /// Sets the expiry only where there is none yet, so that a window ends when it was to end at first.
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

/// What INCREX replies.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Increment<N> {
    /// The value that the key has now.
    pub value: N,
    /// What was really added: 0 where a bound was in the way.
    pub added: N,
}

impl<N: FromRedis> FromRedis for Increment<N> {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        let (value, added) = FromRedis::from_redis(reply)?;
        Ok(Self { value, added })
    }
}
