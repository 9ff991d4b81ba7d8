//! The bytes of a string in a reply.

use std::{fmt, ops::Deref};

use bytes::Bytes;

use crate::error::DecodeError;

/// The bytes of a string in a reply, borrowed. [`Blob::to_bytes`] returns them as an owned value, without a copy if the
/// reply was large.
#[derive(Clone, Copy)]
pub struct Blob<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) shared: Option<&'a Bytes>,
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
    /// The bytes are not UTF-8.
    #[inline]
    pub fn as_str(&self) -> Result<&'a str, DecodeError> {
        // `simdutf8` is several times as fast as the standard library for long texts, and as fast for short ones.
        simdutf8::basic::from_utf8(self.bytes).map_err(|_| self.no_text())
    }

    #[cold]
    fn no_text(&self) -> DecodeError {
        let valid = std::str::from_utf8(self.bytes).map_or_else(|error| error.valid_up_to(), str::len);
        DecodeError::new(format!(
            "expected text, found bytes that are not UTF-8 at {valid}: {self} (decode as `Vec<u8>` or `Bytes`)"
        ))
    }

    /// The bytes as an owned value. It is a slice of the read buffer if the reply shares that buffer, and a copy
    /// otherwise.
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
