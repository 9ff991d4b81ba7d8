//! How replies become values.

use std::fmt;

use crate::{
    error::DecodeError,
    resp::{Replies, Reply},
    value::FromRedis,
};

/// How the reply of a command becomes an `R`. Functions, so it is the same few words for every `R`, cheap to copy.
pub struct Decoder<R> {
    one: One<R>,
    /// The same for the replies of several commands: one loop over them all, where each would be a call of its own.
    run: Option<Run<R>>,
}

type One<R> = fn(&mut Replies<'_>) -> Result<R, DecodeError>;
type Run<R> = fn(&mut Replies<'_>, usize, &mut Vec<R>) -> Result<(), DecodeError>;

impl<R> Clone for Decoder<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Decoder<R> {}

impl<R> fmt::Debug for Decoder<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decoder<{}>", std::any::type_name::<R>())
    }
}

impl<R> Decoder<R> {
    /// A decoder that takes as many replies as its command has parts (one, unless it is made of several).
    pub const fn new(decode: fn(&mut Replies<'_>) -> Result<R, DecodeError>) -> Self {
        Self { one: decode, run: None }
    }

    /// Decodes.
    ///
    /// # Errors
    /// Where the reply is not an `R`, or is an error.
    #[inline]
    pub fn decode(self, replies: &mut Replies<'_>) -> Result<R, DecodeError> {
        (self.one)(replies)
    }

    /// Whether it takes one reply for each command, so that those of several can be [decoded](Self::decode_run) at once.
    pub(super) fn has_runs(self) -> bool {
        self.run.is_some()
    }

    /// Decodes the replies of so many commands, if it [can](Self::has_runs). After an error the last of `into` belongs
    /// to the command before the failing one.
    pub(super) fn decode_run(
        self,
        replies: &mut Replies<'_>,
        count: usize,
        into: &mut Vec<R>,
    ) -> Result<(), DecodeError> {
        self.run.map_or(Ok(()), |run| run(replies, count, into))
    }

    /// Whether the other surely decodes alike.
    #[inline]
    pub(super) fn is(self, other: Self) -> bool {
        std::ptr::fn_addr_eq(self.one, other.one)
    }
}

impl<R: FromRedis> Decoder<R> {
    /// The decoder of a type that says itself how it is read.
    #[must_use]
    pub const fn of() -> Self {
        Self {
            one: take,
            run: Some(|replies, count, into| {
                for _ in 0..count {
                    into.push(take(replies)?);
                }
                Ok(())
            }),
        }
    }
}

/// The next reply.
#[inline(always)]
fn take<R: FromRedis>(replies: &mut Replies<'_>) -> Result<R, DecodeError> {
    match replies.take_bulk()? {
        Some(blob) if R::TEXT => R::from_text(blob.as_str()?),
        Some(blob) => R::from_redis(Reply::Bulk(blob)),
        None => R::from_redis(replies.take()?),
    }
}
