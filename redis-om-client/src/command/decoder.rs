//! How replies become values.

use std::fmt;

use crate::{
    error::DecodeError,
    resp::{Replies, Reply, Text},
    value::FromRedis,
};

/// How the reply of a command becomes an `R`. Functions, so it is the same few words for every `R`, cheap to copy.
pub struct Decoder<R> {
    one: One<R>,
    /// The same for the replies of several commands: one loop over them all, where each would be a call of its own.
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

    /// Decodes the replies of so many commands, where it takes one for each. After an error the last of those that were
    /// read belongs to the command before the failing one.
    pub(super) fn run(self) -> Option<Run<R>> {
        self.run
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
        Self { one: |replies| take(replies, None), run: Some(take_run) }
    }
}

/// So many replies, one after another. Those of a piece are looked through for UTF-8 at once.
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
