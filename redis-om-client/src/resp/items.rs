//! The elements of an aggregate, one after another.

use std::fmt;

use crate::error::DecodeError;

use super::{
    Blob, Reply,
    cursor::{Cursor, Text},
};

/// The elements of an aggregate. What is not taken is passed over on drop.
pub struct Items<'a> {
    pub(super) cursor: &'a Cursor<'a>,
    pub(super) left: usize,
    /// What is left, where it is known to be UTF-8.
    pub(super) text: Option<Text<'a>>,
}

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

    /// Looks whether all that is left is UTF-8, if it is worth it: then [`Items::take_text`] gives the values.
    #[inline]
    pub(crate) fn read_as_text(&mut self) {
        self.text = self.cursor.as_text(self.left);
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
        let Some(text) = &self.text else { return Ok(None) };
        if self.left == 0 || !self.cursor.at_string() {
            return Ok(None);
        }
        let found = self.cursor.text(text)?;
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
