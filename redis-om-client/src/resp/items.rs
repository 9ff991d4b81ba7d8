//! The elements of an aggregate, one after another.

use std::fmt;

use crate::error::DecodeError;

use super::{
    Blob, Reply,
    cursor::{Cursor, broken_off},
};

/// The elements of an aggregate. What is not taken is passed over on drop.
pub struct Items<'a> {
    pub(super) cursor: &'a Cursor<'a>,
    pub(super) left: usize,
    /// The rest of the reply's bytes where they are known to be UTF-8, and where they start.
    pub(super) text: Option<(&'a str, usize)>,
}

/// A list of so many values or more may be looked through for UTF-8 at once.
const MANY: usize = 8;
/// Only where the values are short: bytes a value.
const SHORT_ON_AVERAGE: usize = 256;

impl<'a> Items<'a> {
    /// How many values are left; a map counts its keys and its values.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.left
    }

    /// Whether none is left.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// How many elements to make room for: never more than the bytes that are there could hold.
    #[inline]
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.left.min(self.cursor.bytes_left() / 3)
    }

    /// Looks whether all that is left is UTF-8, once for all values, if they are many and short: then
    /// [`Items::take_text`] gives them. (The look at a string of 32 bytes by itself costs as much as its copy.)
    #[inline]
    pub(crate) fn read_as_text(&mut self) {
        if self.left >= MANY && self.cursor.bytes_left() <= self.left.saturating_mul(SHORT_ON_AVERAGE) {
            let start = self.cursor.position.get();
            self.text =
                simdutf8::basic::from_utf8(&self.cursor.bytes[start..]).ok().map(|text| (text, start));
        }
    }

    /// The type byte of the next value.
    #[inline]
    pub(crate) fn peek_kind(&self) -> Option<u8> {
        if self.left == 0 { None } else { self.cursor.bytes.get(self.cursor.position.get()).copied() }
    }

    /// The next value.
    ///
    /// # Errors
    /// Where none is left, or the bytes are no RESP.
    #[inline]
    pub fn take(&mut self) -> Result<Reply<'a>, DecodeError> {
        if self.left == 0 {
            return Err(DecodeError::new("expected one more element, found the end of the array"));
        }
        self.left -= 1;
        self.cursor.reply()
    }

    /// The next value if it is a string of bytes; nothing is taken where it is something else, or where none is left.
    ///
    /// For loops over many short strings: the parts of the string stay in registers, while a [`Reply`] is moved through
    /// memory in pieces of other sizes than it was written in, and waits for that each time.
    ///
    /// # Errors
    /// Where the bytes are no RESP.
    #[inline(always)]
    pub fn take_bulk(&mut self) -> Result<Option<Blob<'a>>, DecodeError> {
        if self.left == 0 || !self.cursor.at_string() {
            return Ok(None);
        }
        self.left -= 1;
        self.cursor.blob()
    }

    /// The next value if it is a string and all was found to be text by [`Items::read_as_text`].
    ///
    /// # Errors
    /// Where the bytes are no RESP.
    #[inline(always)]
    pub(crate) fn take_text(&mut self) -> Result<Option<&'a str>, DecodeError> {
        let Some((text, start)) = self.text else { return Ok(None) };
        if self.left == 0 || !self.cursor.at_string() {
            return Ok(None);
        }
        let Some(length) = self.cursor.count()? else { return Ok(None) };
        let from = self.cursor.position.get() - start;
        // Where a length lies, this is no boundary of a character, or the end is missing.
        let found = from.checked_add(length).and_then(|to| text.get(from..to)).ok_or_else(broken_off)?;
        self.cursor.position.set((start + from + length + 2).min(self.cursor.bytes.len()));
        self.left -= 1;
        Ok(Some(found))
    }
}

impl Drop for Items<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.left > 0 {
            self.cursor.skip(self.left);
        }
    }
}

impl fmt::Debug for Items<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} values", self.left)
    }
}
