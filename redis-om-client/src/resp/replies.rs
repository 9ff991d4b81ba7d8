//! The replies of one command or of a batch. The types of the caller are decoded directly from the bytes, without a
//! tree of values.
//!
//! A value without elements is consumed when it is taken. An aggregate gives access to its elements, and skips the
//! elements that were not taken when it is dropped. So the next reply of a pipeline is read from the right byte, even
//! if a decoder stops early.

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
    /// The pieces after the current one, if the replies arrived in several pieces. Each piece holds whole replies.
    more: std::slice::Iter<'a, Bytes>,
    taken: usize,
    /// The value of `taken` after the last reply of the command that is being decoded.
    end: usize,
    /// The errors of the commands of a batch that have no reply, each with the number of the command. An error line
    /// stands in the place of such a reply.
    failures: &'a [(usize, Error)],
}

impl<'a> Replies<'a> {
    /// Reads from bytes that hold whole replies.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { cursor: Cursor::new(bytes, None), more: [].iter(), taken: 0, end: usize::MAX, failures: &[] }
    }

    /// Reads from shared bytes that hold whole replies. Large strings can be taken out without a copy.
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

    /// Reads from several pieces, each of which holds whole replies.
    #[must_use]
    pub fn pieces(pieces: &'a [Bytes]) -> Self {
        match pieces.split_first() {
            Some((first, more)) => Self { more: more.iter(), ..Self::shared(first) },
            None => Self::new(&[]),
        }
    }

    /// Adds the errors of the commands that have no reply, each with the number of the command.
    pub(crate) fn with_failures(mut self, failures: &'a [(usize, Error)]) -> Self {
        self.failures = failures;
        self
    }

    /// The errors of the commands that have no reply, each with the number of the command.
    pub(crate) fn failures(&self) -> &'a [(usize, Error)] {
        self.failures
    }

    /// Takes the next reply if it is a bulk string, the most frequent kind. Otherwise it returns `None` and takes
    /// nothing. See [`Items::take_bulk`](super::Items::take_bulk).
    #[inline]
    pub(crate) fn take_bulk(&mut self) -> Result<Option<Blob<'_>>, DecodeError> {
        if self.taken >= self.end || !self.cursor.at_string() {
            return Ok(None);
        }
        self.taken += 1;
        self.cursor.blob()
    }

    /// Checks once whether the rest of the piece is UTF-8, if the values are many and short. `values` is the number of
    /// replies that are expected. If it is UTF-8, [`Replies::take_text`] takes the replies, until the
    /// [piece](Self::piece_has_more) ends.
    #[inline]
    pub(crate) fn as_text(&mut self, values: usize) -> Option<Text<'a>> {
        self.next_piece();
        self.cursor.as_text(values)
    }

    /// Takes the next reply if it is a bulk string, as a part of the checked text.
    #[inline(always)]
    pub(crate) fn take_text(&mut self, text: &Text<'a>) -> Result<Option<&'a str>, DecodeError> {
        if self.taken >= self.end || !self.cursor.at_string() {
            return Ok(None);
        }
        self.taken += 1;
        self.cursor.text(text).map(Some)
    }

    /// Whether the current piece has one more reply.
    #[inline]
    pub(crate) fn piece_has_more(&self) -> bool {
        self.cursor.bytes_left() > 0
    }

    /// Moves to the next piece if the current one has no more replies. `false` if there is no next piece.
    #[inline]
    fn next_piece(&mut self) -> bool {
        while self.cursor.bytes_left() == 0 {
            let Some(piece) = self.more.next() else { return false };
            self.cursor = Cursor::new(piece, Some(piece));
        }
        true
    }

    /// Takes the next reply.
    ///
    /// # Errors
    /// No reply remains, or the bytes are not valid RESP.
    #[inline]
    pub fn take(&mut self) -> Result<Reply<'_>, DecodeError> {
        if self.taken >= self.end {
            return Err(DecodeError::new("expected one more reply, found the end of this command's replies"));
        }
        if !self.next_piece() {
            return Err(DecodeError::new("expected one more reply, found none"));
        }
        self.taken += 1;
        self.cursor.reply()
    }

    /// Whether one more reply remains for the command that is being decoded. It is meant for the decoder of a command
    /// whose number of replies varies.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.taken < self.end && (self.cursor.bytes_left() > 0 || self.more.len() > 0)
    }

    /// Sets the number of replies of the command that is decoded next. With `None`, its replies end with the bytes.
    #[inline]
    pub(crate) fn limit(&mut self, parts: Option<u32>) {
        self.end = parts.map_or(usize::MAX, |parts| self.taken + parts as usize);
    }

    /// The number of replies that were taken so far.
    #[inline]
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// Takes the next reply, and returns its bytes.
    ///
    /// # Errors
    /// No reply remains, or the bytes are not valid RESP.
    pub(crate) fn take_bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        self.next_piece();
        let start = self.cursor.position();
        drop(self.take()?);
        Ok(self.cursor.bytes_from(start))
    }

    /// Takes the header of the next reply, which must be an array of this length or nil. The elements of the array can
    /// be taken as the next replies. Returns `false` for nil.
    ///
    /// # Errors
    /// The reply is neither such an array nor nil. It is taken all the same.
    pub(crate) fn enter(&mut self, elements: usize) -> Result<bool, DecodeError> {
        match self.take()? {
            Reply::Nil => Ok(false),
            Reply::Array(mut items) if items.len() == elements => {
                items.left = 0;
                Ok(true)
            }
            other => Err(other.mismatch(&format!("an array of {elements}"))),
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
    fn replies_are_read_across_pieces() {
        let pieces = [Bytes::from_static(b"+a\r\n:1\r\n"), Bytes::from_static(b"$5\r\nhello\r\n")];
        let mut replies = Replies::pieces(&pieces);
        assert!(matches!(replies.take().unwrap(), Reply::Simple(_)));
        assert!(matches!(replies.take().unwrap(), Reply::Int(1)));
        let Reply::Bulk(blob) = replies.take().unwrap() else { panic!() };
        assert_eq!(blob.to_bytes().as_ptr(), pieces[1][4..].as_ptr(), "no copy");
    }

    #[test]
    fn the_elements_of_an_entered_array_are_read_as_replies() {
        let mut replies = Replies::new(b"+OK\r\n*2\r\n:1\r\n:2\r\n");
        replies.take().unwrap();
        assert!(replies.enter(2).unwrap());
        assert!(matches!(replies.take().unwrap(), Reply::Int(1)));
        assert_eq!(replies.take_bytes().unwrap(), b":2\r\n");
        let mut replies = Replies::new(b"*2\r\n:1\r\n:2\r\n*-1\r\n");
        assert!(replies.enter(1).is_err(), "another length");
        assert!(!replies.enter(1).unwrap());
    }

    #[test]
    fn a_value_of_the_wrong_form_is_an_error_and_no_other_value() {
        for (bytes, text) in [
            (&b"#x\r\n"[..], "expected a boolean (t or f), found \"x\""),
            (b"_x\r\n", "expected null, found \"x\""),
            (b"(1x\r\n", "expected a big number, found \"1x\""),
            (b":x\r\n", "expected an integer, found \"x\""),
            (b",x\r\n", "expected a double, found \"x\""),
        ] {
            assert_eq!(Replies::new(bytes).take().unwrap_err().to_string(), text);
        }
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
