//! Decodes replies into values.

use std::fmt;

use crate::{
    error::DecodeError,
    resp::{Replies, Reply, Text},
    value::FromRedis,
};

/// Decodes the reply of a command into an `R`. It consists of function pointers, so it is small and `Copy` for every
/// `R`.
pub struct Decoder<R> {
    one: One<R>,
    /// Decodes the replies of several commands in one loop, which avoids a call per reply.
    run: Option<Run<R>>,
}

type One<R> = fn(&mut Replies<'_>) -> Result<R, DecodeError>;
pub(super) type Run<R> = fn(&mut Replies<'_>, usize, &mut Vec<R>) -> Result<(), DecodeError>;

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
    /// A decoder that takes as many replies as its command has parts. That is one, unless the command consists of
    /// several.
    pub const fn new(decode: fn(&mut Replies<'_>) -> Result<R, DecodeError>) -> Self {
        Self { one: decode, run: None }
    }

    /// Decodes the next reply.
    ///
    /// # Errors
    /// The reply is not an `R`, or it is an error reply.
    #[inline]
    pub fn decode(self, replies: &mut Replies<'_>) -> Result<R, DecodeError> {
        (self.one)(replies)
    }

    /// Decodes the replies of `n` commands that have one reply each. After an error, the last decoded reply belongs to
    /// the command before the failed one.
    pub(super) fn run(self) -> Option<Run<R>> {
        self.run
    }

    /// Whether `other` certainly decodes in the same way.
    #[inline]
    pub(super) fn is(self, other: Self) -> bool {
        std::ptr::fn_addr_eq(self.one, other.one)
    }
}

impl<R: FromRedis> Decoder<R> {
    /// The decoder of a type that implements [`FromRedis`].
    #[must_use]
    pub const fn of() -> Self {
        Self { one: |replies| take(replies, None), run: Some(take_run) }
    }

    /// The decoder of the result of a script or a function, where nil can be the `false` of the script.
    pub(crate) const fn of_script() -> Self {
        Self::new(|replies| match replies.take_bulk()? {
            Some(blob) if R::TEXT => R::from_text(blob.as_str()?),
            Some(blob) => R::from_redis(Reply::Bulk(blob)),
            None => R::from_script(replies.take()?),
        })
    }
}

/// Takes `count` replies, one after another. The text replies of a piece are checked for UTF-8 in one pass.
fn take_run<R: FromRedis>(
    replies: &mut Replies<'_>,
    count: usize,
    into: &mut Vec<R>,
) -> Result<(), DecodeError> {
    let end = into.len() + count;
    while into.len() < end {
        let text = if R::TEXT { replies.as_text(end - into.len()) } else { None };
        into.push(take(replies, text.as_ref())?);
        while into.len() < end && replies.piece_has_more() {
            into.push(take(replies, text.as_ref())?);
        }
    }
    Ok(())
}

/// The next reply.
#[inline(always)]
fn take<'a, R: FromRedis>(replies: &mut Replies<'a>, text: Option<&Text<'a>>) -> Result<R, DecodeError> {
    if R::TEXT
        && let Some(text) = text
        && let Some(found) = replies.take_text(text)?
    {
        return R::from_text(found);
    }
    match replies.take_bulk()? {
        Some(blob) if R::TEXT => R::from_text(blob.as_str()?),
        Some(blob) => R::from_redis(Reply::Bulk(blob)),
        None => R::from_redis(replies.take()?),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    type Found = Option<String>;

    fn read_run(pieces: &[Bytes], count: usize) -> (Result<(), DecodeError>, Vec<Found>) {
        let mut found = Vec::new();
        let run = Decoder::of().run().unwrap();
        (run(&mut Replies::pieces(pieces), count, &mut found), found)
    }

    #[test]
    fn a_run_is_read_as_its_replies_one_after_another() {
        let replies =
            [&b"$1\r\na\r\n"[..], "$4\r\n\u{e9}\u{e8}\r\n".as_bytes(), b"$-1\r\n", b":5\r\n", b"$0\r\n\r\n"];
        let replies: Vec<_> = replies.into_iter().cycle().take(40).collect();
        let whole = [Bytes::from(replies.concat())];
        let mut alone = Replies::pieces(&whole);
        let expected: Vec<Found> =
            replies.iter().map(|_| Decoder::of().decode(&mut alone).unwrap()).collect();
        for cut in 0..replies.len() {
            let (first, rest) = replies.split_at(cut);
            let pieces = [first.concat().into(), rest.concat().into()];
            let (outcome, found) = read_run(&pieces, replies.len());
            outcome.unwrap();
            assert_eq!(found, expected, "cut at {cut}");
        }
    }

    #[test]
    fn what_is_no_text_fails_alone() {
        for wrong in 0..20 {
            let replies =
                (0..20).map(|n| if n == wrong { &b"$2\r\n\xff\xfe\r\n"[..] } else { b"$2\r\nok\r\n" });
            let (outcome, found) = read_run(&[replies.collect::<Vec<_>>().concat().into()], 20);
            assert!(outcome.unwrap_err().to_string().contains("not UTF-8 at 0"));
            assert_eq!(found.len(), wrong);
        }
        let (outcome, found) = read_run(&[b"$1\r\na\r\n".repeat(10).into()], 11);
        assert!(outcome.unwrap_err().to_string().contains("found none"));
        assert_eq!(found.len(), 10);
    }
}
