//! Reads single values from bytes that hold whole replies.

use std::cell::Cell;

use bytes::Bytes;

use crate::error::DecodeError;

use super::{Blob, Items, Reply, scalar::is_big_number};

/// A position in bytes that hold whole replies.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) shared: Option<&'a Bytes>,
    pub(super) position: Cell<usize>,
}

/// Bytes from the position `start` to the end, which were checked to be UTF-8.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Text<'a> {
    text: &'a str,
    start: usize,
}

/// The least number of values for which one UTF-8 check of all of them is made.
const MANY: usize = 8;
/// In bytes. The check is made only if the values are not longer than this on average.
const SHORT_ON_AVERAGE: usize = 256;

impl<'a> Cursor<'a> {
    #[inline]
    pub(super) fn new(bytes: &'a [u8], shared: Option<&'a Bytes>) -> Self {
        Self { bytes, shared, position: Cell::new(0) }
    }

    pub(super) fn position(&self) -> usize {
        self.position.get()
    }

    /// The bytes from here to the position.
    pub(super) fn bytes_from(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.position.get()).unwrap_or_default()
    }

    #[inline]
    pub(super) fn bytes_left(&self) -> usize {
        self.bytes.len() - self.position.get()
    }

    /// Whether a bulk string that is not null starts here.
    #[inline(always)]
    pub(super) fn at_string(&self) -> bool {
        matches!(self.bytes.get(self.position.get()..), Some([b'$', b'0'..=b'9', ..]))
    }

    #[inline]
    pub(super) fn reply(&'a self) -> Result<Reply<'a>, DecodeError> {
        let kind = *self.bytes.get(self.position.get()).ok_or_else(broken_off)?;
        Ok(match kind {
            b'$' => match self.blob()? {
                Some(blob) => Reply::Bulk(blob),
                None => Reply::Nil,
            },
            b':' => Reply::Int(parse(self.line()?, "an integer")?),
            b'+' => Reply::Simple(self.borrow(self.line()?)),
            b'*' => match self.count()? {
                Some(left) => Reply::Array(self.items(left)),
                None => Reply::Nil,
            },
            b'%' => Reply::Map(self.items(self.count()?.unwrap_or(0).saturating_mul(2))),
            b'~' => Reply::Set(self.items(self.count()?.unwrap_or(0))),
            b'>' => Reply::Push(self.items(self.count()?.unwrap_or(0))),
            b'-' => Reply::Error(self.borrow(self.line()?)),
            b'!' => Reply::Error(self.blob()?.ok_or_else(broken_off)?),
            b'_' => match self.line()? {
                b"" => Reply::Nil,
                other => return Err(unexpected("null", other)),
            },
            b'#' => match self.line()? {
                b"t" => Reply::Bool(true),
                b"f" => Reply::Bool(false),
                other => return Err(unexpected("a boolean (t or f)", other)),
            },
            b',' => Reply::Double(parse(self.line()?, "a double")?),
            b'(' => match self.line()? {
                digits if is_big_number(digits) => Reply::BigNumber(self.borrow(digits)),
                other => return Err(unexpected("a big number", other)),
            },
            b'=' => {
                let blob = self.blob()?.ok_or_else(broken_off)?;
                match blob.bytes {
                    [a, b, c, b':', text @ ..] => Reply::Verbatim([*a, *b, *c], self.borrow(text)),
                    _ => return Err(DecodeError::expected("a verbatim string with its format", blob)),
                }
            }
            _ => return Err(broken_off()),
        })
    }

    #[inline]
    pub(super) fn items(&'a self, left: usize) -> Items<'a> {
        Items { cursor: self, left, text: None }
    }

    #[inline]
    fn borrow(&'a self, bytes: &'a [u8]) -> Blob<'a> {
        Blob { bytes, shared: self.shared }
    }

    /// Returns the line after the type byte, and moves the position past the line end.
    #[inline]
    fn line(&self) -> Result<&'a [u8], DecodeError> {
        let start = self.position.get() + 1;
        let length = memchr::memchr(b'\r', &self.bytes[start..]).ok_or_else(broken_off)?;
        self.position.set((start + length + 2).min(self.bytes.len()));
        Ok(&self.bytes[start..start + length])
    }

    /// Returns the length or count after the type byte (`None` for null), and moves the position past its line.
    #[inline(always)]
    pub(super) fn count(&self) -> Result<Option<usize>, DecodeError> {
        let mut position = self.position.get() + 1;
        let mut value = 0usize;
        loop {
            match self.bytes.get(position) {
                Some(byte @ b'0'..=b'9') => {
                    value = value.wrapping_mul(10).wrapping_add(usize::from(byte - b'0'));
                }
                Some(b'\r') => {
                    self.position.set((position + 2).min(self.bytes.len()));
                    return Ok(Some(value));
                }
                Some(b'-') => {
                    self.line()?;
                    return Ok(None);
                }
                _ => return Err(broken_off()),
            }
            position += 1;
        }
    }

    #[inline(always)]
    pub(super) fn blob(&'a self) -> Result<Option<Blob<'a>>, DecodeError> {
        let Some(length) = self.count()? else { return Ok(None) };
        let start = self.position.get();
        // The position is never past the end of the bytes. The length may be any number.
        let room = self.bytes.len() - start;
        if length > room || room - length < 2 {
            return Err(broken_off());
        }
        let end = start + length;
        self.position.set(end + 2);
        Ok(Some(self.borrow(&self.bytes[start..end])))
    }

    /// Checks once whether all bytes from here on are UTF-8. `values` is the number of values that follow. `None` if
    /// the bytes are not UTF-8, or if the values are too few or too long. A check of each value would be slower: for a
    /// string of 32 bytes it costs as much as the copy of the string.
    #[inline]
    pub(super) fn as_text(&self, values: usize) -> Option<Text<'a>> {
        if values < MANY || self.bytes_left() > values.saturating_mul(SHORT_ON_AVERAGE) {
            return None;
        }
        let start = self.position.get();
        let text = simdutf8::basic::from_utf8(&self.bytes[start..]).ok()?;
        Some(Text { text, start })
    }

    /// Returns the string that starts here, as a part of the checked text.
    #[inline(always)]
    pub(super) fn text(&self, Text { text, start }: &Text<'a>) -> Result<&'a str, DecodeError> {
        let length = self.count()?.ok_or_else(broken_off)?;
        let from = self.position.get() - start;
        // A wrong length ends inside a character or past the end of the text.
        let found = from.checked_add(length).and_then(|to| text.get(from..to)).ok_or_else(broken_off)?;
        self.position.set((start + from + length + 2).min(self.bytes.len()));
        Ok(found)
    }

    /// Skips `owed` values, without recursion.
    #[cold]
    pub(super) fn skip(&self, mut owed: usize) {
        let over = || -> Result<usize, DecodeError> {
            Ok(match self.bytes.get(self.position.get()) {
                Some(b'$' | b'!' | b'=') => {
                    if let Some(length) = self.count()? {
                        let end = self.position.get().saturating_add(length).saturating_add(2);
                        self.position.set(end.min(self.bytes.len()));
                    }
                    0
                }
                Some(b'*' | b'~' | b'>') => self.count()?.unwrap_or(0),
                Some(b'%') => self.count()?.unwrap_or(0).saturating_mul(2),
                Some(_) => {
                    self.line()?;
                    0
                }
                None => return Err(broken_off()),
            })
        };
        while owed > 0 {
            match over() {
                Ok(more) => owed = (owed - 1).saturating_add(more),
                Err(_) => return self.position.set(self.bytes.len()),
            }
        }
    }
}

/// The scan accepts whole replies only, so this error occurs only for bytes that were not scanned.
#[cold]
pub(super) fn broken_off() -> DecodeError {
    DecodeError::new("expected a complete RESP value, found bytes that are not one")
}

#[inline]
fn parse<T: std::str::FromStr>(line: &[u8], expected: &str) -> Result<T, DecodeError> {
    std::str::from_utf8(line)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| unexpected(expected, line))
}

#[cold]
fn unexpected(expected: &str, line: &[u8]) -> DecodeError {
    DecodeError::expected(expected, format!("\"{}\"", line.escape_ascii()))
}
