//! The replies of one command or of a batch, from which the caller's types are decoded without a tree between.
//!
//! A leaf is consumed as it is met; an aggregate hands out its elements and passes over what its user leaves, so that
//! the next reply of a pipeline is read from the right byte whatever a decoder did.

use bytes::Bytes;

use crate::error::{DecodeError, Error};

use super::{
    Blob, Reply,
    cursor::{Cursor, Text},
};

/// The replies of one command or of a batch, one after another.
#[derive(Debug)]
pub struct Replies<'a> {
    cursor: Cursor<'a>,
    /// Where the rest of them are, when they arrived in several pieces; each piece is whole replies.
    more: std::slice::Iter<'a, Bytes>,
    taken: usize,
    /// Where the replies of the command that is being decoded end.
    end: usize,
    /// The errors of commands of a batch that have no reply, by the number of the command. In the place of such a reply
    /// stands an error line.
    failures: &'a [(usize, Error)],
}

impl<'a> Replies<'a> {
    /// Over the bytes of whole replies.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { cursor: Cursor::new(bytes, None), more: [].iter(), taken: 0, end: usize::MAX, failures: &[] }
    }

    /// Over shared bytes: strings can be taken out without a copy.
    #[must_use]
    pub fn shared(bytes: &'a Bytes) -> Self {
        Self {
            cursor: Cursor::new(bytes, Some(bytes)),
            more: [].iter(),
            taken: 0,
            end: usize::MAX,
            failures: &[],
        }
    }

    /// Over several pieces, each of whole replies.
    #[must_use]
    pub fn pieces(pieces: &'a [Bytes]) -> Self {
        match pieces.split_first() {
            Some((first, more)) => Self { more: more.iter(), ..Self::shared(first) },
            None => Self::new(&[]),
        }
    }

    /// The same replies, with the errors of the commands that have none.
    pub(crate) fn with_failures(mut self, failures: &'a [(usize, Error)]) -> Self {
        self.failures = failures;
        self
    }

    /// The errors of the commands that have no reply, by the number of the command.
    pub(crate) fn failures(&self) -> &'a [(usize, Error)] {
        self.failures
    }

    /// The next reply if it is a string of bytes, the most frequent of all; see [`Items::take_bulk`](super::Items::take_bulk).
    #[inline]
    pub(crate) fn take_bulk(&mut self) -> Result<Option<Blob<'_>>, DecodeError> {
        if self.taken >= self.end || !self.cursor.at_string() {
            return Ok(None);
        }
        self.taken += 1;
        self.cursor.blob()
    }

    /// The next replies as text, looked through once for these many of them, if they are many and short: for
    /// [`Replies::take_text`], until the [piece](Self::piece_has_more) ends.
    #[inline]
    pub(crate) fn as_text(&mut self, values: usize) -> Option<Text<'a>> {
        self.next_piece();
        self.cursor.as_text(values)
    }

    /// The next reply if it is a string, out of what is known to be text.
    #[inline(always)]
    pub(crate) fn take_text(&mut self, text: &Text<'a>) -> Result<Option<&'a str>, DecodeError> {
        if self.taken >= self.end || !self.cursor.at_string() {
            return Ok(None);
        }
        self.taken += 1;
        self.cursor.text(text).map(Some)
    }

    /// Whether the piece that the last reply was in has one more.
    #[inline]
    pub(crate) fn piece_has_more(&self) -> bool {
        self.cursor.bytes_left() > 0
    }

    /// Steps to the next piece where this one is used up; `false` where that was the last.
    #[inline]
    fn next_piece(&mut self) -> bool {
        while self.cursor.bytes_left() == 0 {
            let Some(piece) = self.more.next() else { return false };
            self.cursor = Cursor::new(piece, Some(piece));
        }
        true
    }

    /// The next reply.
    ///
    /// # Errors
    /// Where there is none, or the bytes are no RESP.
    #[inline]
    pub fn take(&mut self) -> Result<Reply<'_>, DecodeError> {
        if self.taken >= self.end {
            return Err(DecodeError::new("expected one more reply, found the end of this command's"));
        }
        if !self.next_piece() {
            return Err(DecodeError::new("expected one more reply, found none"));
        }
        self.taken += 1;
        self.cursor.reply()
    }

    /// Whether there is one more reply for the command that is being decoded: for a decoder of as many replies as its
    /// command has parts.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.taken < self.end && (self.cursor.bytes_left() > 0 || self.more.len() > 0)
    }

    /// Ends the replies of the command that is decoded next after so many (`None`: with the bytes).
    #[inline]
    pub(crate) fn limit(&mut self, parts: Option<u32>) {
        self.end = parts.map_or(usize::MAX, |parts| self.taken + parts as usize);
    }

    /// How many replies were taken so far.
    #[inline]
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// Steps into the next reply, an array, so that its elements come as the next replies; says how many they are, or
    /// `None` for nil.
    ///
    /// # Errors
    /// Where it is neither array nor nil.
    pub(crate) fn enter(&mut self) -> Result<Option<usize>, DecodeError> {
        match self.take()? {
            Reply::Nil => Ok(None),
            Reply::Array(mut items) => Ok(Some(std::mem::take(&mut items.left))),
            other => Err(other.mismatch("an array")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoder_that_stops_early_does_not_shift_the_next_reply() {
        let bytes = b"*3\r\n*2\r\n:1\r\n%1\r\n+a\r\n$1\r\nb\r\n:2\r\n:3\r\n+next\r\n";
        let mut replies = Replies::new(bytes);
        {
            let mut items = replies.take().unwrap().items("an array").unwrap();
            let mut inner = items.take().unwrap().items("an array").unwrap();
            assert!(matches!(inner.take().unwrap(), Reply::Int(1)));
        }
        assert!(matches!(replies.take().unwrap(), Reply::Simple(blob) if &*blob == b"next"));
        assert!(replies.take().is_err());
    }

    #[test]
    fn replies_in_pieces() {
        let pieces = [Bytes::from_static(b"+a\r\n:1\r\n"), Bytes::from_static(b"$5\r\nhello\r\n")];
        let mut replies = Replies::pieces(&pieces);
        assert!(matches!(replies.take().unwrap(), Reply::Simple(_)));
        assert!(matches!(replies.take().unwrap(), Reply::Int(1)));
        let Reply::Bulk(blob) = replies.take().unwrap() else { panic!() };
        assert_eq!(blob.to_bytes().as_ptr(), pieces[1][4..].as_ptr(), "no copy");
    }

    #[test]
    fn steps_into_an_array() {
        let mut replies = Replies::new(b"+OK\r\n*2\r\n:1\r\n:2\r\n");
        replies.take().unwrap();
        assert_eq!(replies.enter().unwrap(), Some(2));
        assert!(matches!(replies.take().unwrap(), Reply::Int(1)));
        assert!(matches!(replies.take().unwrap(), Reply::Int(2)));
    }

    #[test]
    fn never_panics_on_bytes_that_were_not_scanned() {
        for bytes in [
            &b"$5\r\nab"[..],
            b"*2\r\n",
            b"$99999999999999999999999\r\n",
            b"$18446744073709551615\r\nab",
            b"!18446744073709551614\r\nab",
            b"*1\r\n%9223372036854775809\r\n",
            b":\r",
            b"-",
            b"=2\r\nab\r\n",
            b"x",
        ] {
            let mut replies = Replies::new(bytes);
            let found = replies.take().map(|reply| reply.describe());
            drop(found);
        }
    }
}
