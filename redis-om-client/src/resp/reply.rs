//! One value of a reply, as a decoder meets it.

use crate::error::{DecodeError, ServerError};

use super::{Blob, Items};

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
