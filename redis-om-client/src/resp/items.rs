//! The elements of an aggregate, one after another.

use std::fmt;

use crate::error::DecodeError;

use super::{
    Blob, Reply,
    cursor::{Cursor, Text},
};

/// The elements of an aggregate. Elements that were not taken are skipped when the value is dropped.
pub struct Items<'a> {
    pub(super) cursor: &'a Cursor<'a>,
    pub(super) left: usize,
    /// The text of the remaining values, if it was checked to be UTF-8.
    pub(super) text: Option<Text<'a>>,
}

impl<'a> Items<'a> {
    /// The number of remaining values. An entry of a map counts as two: its key and its value.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.left
    }

    /// Whether no value remains.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.left == 0
    }

    /// The number of elements to reserve room for. It is at most the number that the received bytes can hold, so a
    /// wrong count cannot cause a large allocation.
    #[inline]
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.left.min(self.cursor.bytes_left() / 3)
    }

    /// Checks once whether all remaining values are UTF-8, if they are many and short. If so, [`Items::take_text`]
    /// returns them.
    #[inline]
    pub(crate) fn read_as_text(&mut self) {
        self.text = self.cursor.as_text(self.left);
    }

    /// The type byte of the next value; `None` if no value remains.
    #[inline]
    pub(crate) fn peek_kind(&self) -> Option<u8> {
        if self.left == 0 { None } else { self.cursor.bytes.get(self.cursor.position.get()).copied() }
    }

    /// Takes the next value.
    ///
    /// # Errors
    /// No value remains, or the bytes are not valid RESP.
    #[inline]
    pub fn take(&mut self) -> Result<Reply<'a>, DecodeError> {
        if self.left == 0 {
            return Err(DecodeError::new("expected one more element, found the end of the array"));
        }
        self.left -= 1;
        self.cursor.reply()
    }

    /// Takes the next value if it is a bulk string. Returns `None`, and takes nothing, if it is another value or if no
    /// value remains.
    ///
    /// It is faster than [`Items::take`] in loops over many short strings. The parts of the string stay in registers,
    /// while a [`Reply`] is moved through memory: it is read in steps of other sizes than it was written in, and each
    /// such read has to wait.
    ///
    /// # Errors
    /// The bytes are not valid RESP.
    #[inline(always)]
    pub fn take_bulk(&mut self) -> Result<Option<Blob<'a>>, DecodeError> {
        if self.left == 0 || !self.cursor.at_string() {
            return Ok(None);
        }
        self.left -= 1;
        self.cursor.blob()
    }

    /// Takes the next value if it is a bulk string and [`Items::read_as_text`] found all values to be UTF-8.
    ///
    /// # Errors
    /// The bytes are not valid RESP.
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
