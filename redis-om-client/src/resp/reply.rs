//! One value of a reply, as a decoder receives it.

use crate::error::{DecodeError, ServerError};

use super::{Blob, Items};

/// One value of a reply, from which [`crate::FromRedis`] decodes.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reply<'a> {
    /// Null, in any of its three encodings.
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
    /// `=15 txt:Some string`: a text and its format. The format has three bytes, such as `txt` or `mkd`.
    Verbatim([u8; 3], Blob<'a>),
    /// `(3492890328409238509324850943850943825024385`: the digits of a big number.
    BigNumber(Blob<'a>),
    /// `-ERR …`: an error in the place of a value.
    Error(Blob<'a>),
    /// `*3 …`
    Array(Items<'a>),
    /// `~3 …`
    Set(Items<'a>),
    /// `%3 …`: keys and values alternate.
    Map(Items<'a>),
    /// `>3 …`: a message that the server sent without a request.
    Push(Items<'a>),
}

impl<'a> Reply<'a> {
    /// Describes the value for an error text, such as `the integer 42`.
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

    /// The error of a decoder that wanted `expected` and received this value. If this value is an error of the server,
    /// that error is returned.
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

    /// The elements of an array, a set, a map or a push message. The keys and values of a map alternate.
    ///
    /// # Errors
    /// The value is not an aggregate. `expected` names the wanted value in the error text.
    #[inline]
    pub fn items(self, expected: &str) -> Result<Items<'a>, DecodeError> {
        match self {
            Self::Array(items) | Self::Set(items) | Self::Map(items) | Self::Push(items) => Ok(items),
            other => Err(other.mismatch(expected)),
        }
    }

    /// The bytes of a string of any form, or the digits of a big number.
    ///
    /// # Errors
    /// The value is neither a string nor a big number. `expected` names the wanted value in the error text.
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
