//! A cursor over complete replies, from which the caller's type is decoded without a tree between.
//!
//! A leaf is consumed as it is met; an aggregate hands out its elements and passes over what its user leaves, so that
//! the next reply of a pipeline is read from the right byte whatever a decoder did.

use std::{cell::Cell, fmt, ops::Deref};

use bytes::Bytes;

use crate::error::{DecodeError, ServerError};

/// One value of a reply: what [`crate::FromRedis`] decodes.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reply<'a> {
    /// Null, in any of its three forms on the wire.
    Nil,
    /// `:42`
    Int(i64),
    /// `,1.5`
    Double(f64),
    /// `#t`
    Bool(bool),
    /// `+OK`: a short text, never binary.
    Simple(Blob<'a>),
    /// `$5 hello`: a string of bytes.
    Bulk(Blob<'a>),
    /// `=15 txt:Some string`: a text with its format, three bytes such as `txt` or `mkd`.
    Verbatim([u8; 3], Blob<'a>),
    /// `(3492890328409238509324850943850943825024385`, as its digits.
    BigNumber(Blob<'a>),
    /// `-ERR …`: an error in a value's place.
    Error(Blob<'a>),
    /// `*3 …`
    Array(Items<'a>),
    /// `~3 …`
    Set(Items<'a>),
    /// `%3 …`: keys and values in turn.
    Map(Items<'a>),
    /// `>3 …`: what the server sent by itself.
    Push(Items<'a>),
}

impl<'a> Reply<'a> {
    /// What this is, for an error's text: `an integer (42)`.
    #[cold]
    #[must_use]
    pub fn describe(&self) -> String {
        match self {
            Self::Nil => "nil".into(),
            Self::Int(value) => format!("the integer {value}"),
            Self::Double(value) => format!("the double {value}"),
            Self::Bool(value) => format!("the boolean {value}"),
            Self::Simple(text) | Self::Bulk(text) | Self::Verbatim(_, text) => format!("the string {text}"),
            Self::BigNumber(text) => format!("the big number {text}"),
            Self::Error(text) => format!("the error {text}"),
            Self::Array(items) => format!("an array of {}", items.len()),
            Self::Set(items) => format!("a set of {}", items.len()),
            Self::Map(items) => format!("a map of {}", items.len() / 2),
            Self::Push(items) => format!("a push message of {}", items.len()),
        }
    }

    /// The error to return where `expected` was wanted: the server's own if this is one.
    #[cold]
    #[must_use]
    pub fn mismatch(&self, expected: &str) -> DecodeError {
        match self {
            Self::Error(line) => DecodeError::server(ServerError::parse(&String::from_utf8_lossy(line))),
            Self::Nil => DecodeError::new(format!(
                "expected {expected}, found nil: the key or the element does not exist (decode as an `Option`)"
            )),
            other => DecodeError::expected(expected, other.describe()),
        }
    }

    /// The elements of an array, a set or a push message; the keys and values, in turn, of a map.
    ///
    /// # Errors
    /// Where this is not an aggregate; `expected` says what was wanted.
    #[inline]
    pub fn items(self, expected: &str) -> Result<Items<'a>, DecodeError> {
        match self {
            Self::Array(items) | Self::Set(items) | Self::Map(items) | Self::Push(items) => Ok(items),
            other => Err(other.mismatch(expected)),
        }
    }

    /// The bytes of a string of any form.
    ///
    /// # Errors
    /// Where this is not a string.
    #[inline]
    pub fn blob(self, expected: &str) -> Result<Blob<'a>, DecodeError> {
        match self {
            Self::Bulk(blob) | Self::Simple(blob) | Self::Verbatim(_, blob) | Self::BigNumber(blob) => {
                Ok(blob)
            }
            other => Err(other.mismatch(expected)),
        }
    }
}

/// Bytes of a reply, borrowed; taken out without a copy by [`Blob::to_bytes`] where the reply was large.
#[derive(Clone, Copy)]
pub struct Blob<'a> {
    bytes: &'a [u8],
    shared: Option<&'a Bytes>,
}

impl<'a> From<&'a str> for Blob<'a> {
    #[inline]
    fn from(text: &'a str) -> Self {
        Self { bytes: text.as_bytes(), shared: None }
    }
}

impl<'a> Blob<'a> {
    /// The bytes.
    #[inline]
    #[must_use]
    pub fn as_slice(&self) -> &'a [u8] {
        self.bytes
    }

    /// The bytes as text.
    ///
    /// # Errors
    /// Where they are not UTF-8.
    #[inline]
    pub fn as_str(&self) -> Result<&'a str, DecodeError> {
        // Several times as fast as the standard library's for long texts, and the same for short ones.
        simdutf8::basic::from_utf8(self.bytes).map_err(|_| self.no_text())
    }

    #[cold]
    fn no_text(&self) -> DecodeError {
        let valid = std::str::from_utf8(self.bytes).map_or_else(|error| error.valid_up_to(), str::len);
        DecodeError::new(format!(
            "expected text, found bytes that are not UTF-8 at {valid}: {self} (decode as `Vec<u8>` or `Bytes`)"
        ))
    }

    /// The bytes, owned: a slice of the read buffer where that is shared, else a copy.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        match self.shared {
            Some(shared) if !self.bytes.is_empty() => shared.slice_ref(self.bytes),
            _ => Bytes::copy_from_slice(self.bytes),
        }
    }
}

impl Deref for Blob<'_> {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.bytes
    }
}

impl fmt::Display for Blob<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.bytes[..self.bytes.len().min(60)];
        let more = if shown.len() < self.bytes.len() { "…" } else { "" };
        match std::str::from_utf8(shown) {
            Ok(text) => write!(f, "{text:?}{more}"),
            Err(_) => write!(f, "\"{}\"{more}", shown.escape_ascii()),
        }
    }
}

impl fmt::Debug for Blob<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The elements of an aggregate. What is not taken is passed over on drop.
pub struct Items<'a> {
    cursor: &'a Cursor<'a>,
    left: usize,
    /// The rest of the reply's bytes where they are known to be UTF-8, and where they start.
    text: Option<(&'a str, usize)>,
}

/// A list of so many values or more may be looked through for UTF-8 at once.
const MANY: usize = 8;
/// Only where the values are short: bytes a value.
const SHORT: usize = 256;

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
        self.left.min(self.cursor.rest() / 3)
    }

    /// Looks whether all that is left is UTF-8, once for all values, if they are many and short: then
    /// [`Items::take_text`] gives them. (The look at a string of 32 bytes by itself costs as much as its copy.)
    #[inline]
    pub(crate) fn read_as_text(&mut self) {
        if self.left >= MANY && self.cursor.rest() <= self.left.saturating_mul(SHORT) {
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
        let found = from.checked_add(length).and_then(|to| text.get(from..to)).ok_or_else(cut)?;
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

/// The replies of one command or of a batch, one after another.
#[derive(Debug)]
pub struct Replies<'a> {
    cursor: Cursor<'a>,
    /// Where the rest of them are, when they arrived in several pieces; each piece is whole replies.
    more: std::slice::Iter<'a, Bytes>,
    taken: usize,
    /// Where the replies of the command that is being decoded end.
    end: usize,
}

impl<'a> Replies<'a> {
    /// Over the bytes of whole replies.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            cursor: Cursor { bytes, shared: None, position: Cell::new(0) },
            more: [].iter(),
            taken: 0,
            end: usize::MAX,
        }
    }

    /// Over shared bytes: strings can be taken out without a copy.
    #[must_use]
    pub fn shared(bytes: &'a Bytes) -> Self {
        Self {
            cursor: Cursor { bytes, shared: Some(bytes), position: Cell::new(0) },
            more: [].iter(),
            taken: 0,
            end: usize::MAX,
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

    /// The next reply if it is a string of bytes, the most frequent of all; see [`Items::take_bulk`].
    #[inline]
    pub(crate) fn take_bulk(&mut self) -> Result<Option<Blob<'_>>, DecodeError> {
        if !self.cursor.at_string() {
            return Ok(None);
        }
        self.taken += 1;
        self.cursor.blob()
    }

    /// The next reply.
    ///
    /// # Errors
    /// Where there is none, or the bytes are no RESP.
    #[inline]
    pub fn take(&mut self) -> Result<Reply<'_>, DecodeError> {
        while self.cursor.rest() == 0 {
            match self.more.next() {
                Some(piece) => {
                    self.cursor = Cursor { bytes: piece, shared: Some(piece), position: Cell::new(0) };
                }
                None => return Err(DecodeError::new("expected one more reply, found none")),
            }
        }
        self.taken += 1;
        self.cursor.reply()
    }

    /// Whether there is one more reply for the command that is being decoded: for a decoder of as many replies as its
    /// command has parts.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.taken < self.end && (self.cursor.rest() > 0 || self.more.len() > 0)
    }

    /// Ends the replies of the command that is decoded next after so many (`None`: with the bytes).
    #[inline]
    pub(crate) fn limit(&mut self, parts: Option<u32>) {
        self.end = parts.map_or(usize::MAX, |parts| self.taken + parts as usize);
    }

    /// What was not taken, in pieces; of [shared](Self::shared) bytes only.
    pub(crate) fn rest(self) -> Vec<Bytes> {
        let Cursor { shared, position, .. } = &self.cursor;
        let current = shared.map(|bytes| bytes.slice(position.get()..));
        current.into_iter().filter(|bytes| !bytes.is_empty()).chain(self.more.cloned()).collect()
    }

    /// How many replies were taken so far.
    #[inline]
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// The count of elements in the header of the aggregate that starts here, and whether it is a map; its elements
    /// come as [`Replies::items`].
    pub(crate) fn header(&mut self) -> Result<(usize, bool), DecodeError> {
        let map = matches!(self.cursor.bytes.get(self.cursor.position.get()), Some(b'%'));
        let mut items = self.take()?.items("an aggregate")?;
        Ok((std::mem::take(&mut items.left), map))
    }

    /// So many values, next to each other.
    pub(crate) fn items(&self, count: usize) -> Items<'_> {
        self.cursor.items(count)
    }

    /// Steps into the next reply, an array, so that its elements come as the next replies; says how many they are, or
    /// `None` for nil.
    ///
    /// # Errors
    /// Where it is neither array nor nil.
    pub fn enter(&mut self) -> Result<Option<usize>, DecodeError> {
        match self.take()? {
            Reply::Nil => Ok(None),
            Reply::Array(mut items) => Ok(Some(std::mem::take(&mut items.left))),
            other => Err(other.mismatch("an array")),
        }
    }
}

/// A position in bytes that hold whole replies.
#[derive(Debug)]
struct Cursor<'a> {
    bytes: &'a [u8],
    shared: Option<&'a Bytes>,
    position: Cell<usize>,
}

impl<'a> Cursor<'a> {
    #[inline]
    fn rest(&self) -> usize {
        self.bytes.len() - self.position.get()
    }

    /// Whether a string of bytes starts here that is not null.
    #[inline(always)]
    fn at_string(&self) -> bool {
        matches!(self.bytes.get(self.position.get()..), Some([b'$', b'0'..=b'9', ..]))
    }

    #[inline]
    fn reply(&'a self) -> Result<Reply<'a>, DecodeError> {
        let kind = *self.bytes.get(self.position.get()).ok_or_else(cut)?;
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
            b'!' => Reply::Error(self.blob()?.ok_or_else(cut)?),
            b'_' => {
                self.line()?;
                Reply::Nil
            }
            b'#' => Reply::Bool(self.line()? == b"t"),
            b',' => Reply::Double(parse(self.line()?, "a double")?),
            b'(' => Reply::BigNumber(self.borrow(self.line()?)),
            b'=' => {
                let blob = self.blob()?.ok_or_else(cut)?;
                match blob.bytes {
                    [a, b, c, b':', text @ ..] => Reply::Verbatim([*a, *b, *c], self.borrow(text)),
                    _ => return Err(DecodeError::expected("a verbatim string with its format", blob)),
                }
            }
            _ => return Err(cut()),
        })
    }

    #[inline]
    fn items(&'a self, left: usize) -> Items<'a> {
        Items { cursor: self, left, text: None }
    }

    #[inline]
    fn borrow(&'a self, bytes: &'a [u8]) -> Blob<'a> {
        Blob { bytes, shared: self.shared }
    }

    /// The line behind the type byte; steps behind it.
    #[inline]
    fn line(&self) -> Result<&'a [u8], DecodeError> {
        let start = self.position.get() + 1;
        let length = memchr::memchr(b'\r', &self.bytes[start..]).ok_or_else(cut)?;
        self.position.set((start + length + 2).min(self.bytes.len()));
        Ok(&self.bytes[start..start + length])
    }

    /// The length or count behind the type byte, `None` for null; steps behind its line.
    #[inline(always)]
    fn count(&self) -> Result<Option<usize>, DecodeError> {
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
                _ => return Err(cut()),
            }
            position += 1;
        }
    }

    #[inline(always)]
    fn blob(&'a self) -> Result<Option<Blob<'a>>, DecodeError> {
        let Some(length) = self.count()? else { return Ok(None) };
        let start = self.position.get();
        let end = start.checked_add(length).filter(|end| end + 2 <= self.bytes.len()).ok_or_else(cut)?;
        self.position.set(end + 2);
        Ok(Some(self.borrow(&self.bytes[start..end])))
    }

    /// Passes over so many values, without recursion.
    #[cold]
    fn skip(&self, mut owed: usize) {
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
                None => return Err(cut()),
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

/// The scan has found these bytes whole, so this is met only where somebody decodes bytes that were not scanned.
#[cold]
fn cut() -> DecodeError {
    DecodeError::new("expected a whole RESP value, found bytes that are none")
}

#[inline]
fn parse<T: std::str::FromStr>(line: &[u8], expected: &str) -> Result<T, DecodeError> {
    std::str::from_utf8(line)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| DecodeError::expected(expected, format!("\"{}\"", line.escape_ascii())))
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
