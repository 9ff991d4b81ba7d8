//! A reply of any shape, as a tree.

use bytes::Bytes;

use crate::{
    error::{DecodeError, ServerError},
    resp::{Items, Reply},
};

use super::FromRedis;

/// A reply of any shape, such as that of a [`raw`](crate::raw) command.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Null.
    Nil,
    /// An integer.
    Int(i64),
    /// A double.
    Double(f64),
    /// A boolean.
    Bool(bool),
    /// An integer of any size, as its digits.
    BigNumber(String),
    /// A short text: `OK`.
    Simple(String),
    /// A string of bytes.
    Bulk(Bytes),
    /// A text with its format, such as `txt` or `mkd`.
    Verbatim(String, String),
    /// An array.
    Array(Vec<Value>),
    /// A set, in the order of the reply.
    Set(Vec<Value>),
    /// A map, in the order of the reply.
    Map(Vec<(Value, Value)>),
    /// A message that no command requested.
    Push(Vec<Value>),
    /// An error inside an aggregate, such as in the reply of a transaction. If the whole reply is an error, it is the
    /// error of the command.
    Error(ServerError),
}

impl Value {
    /// The bytes of a string of any form; `None` for other values.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bulk(bytes) => Some(bytes),
            Self::Simple(text) | Self::Verbatim(_, text) | Self::BigNumber(text) => Some(text.as_bytes()),
            _ => None,
        }
    }

    /// The text of a string of any form; `None` for other values and for bytes that are not UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.as_bytes().and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    /// The integer, also from its digits in a string; `None` for other values.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            other => other.as_str()?.parse().ok(),
        }
    }

    /// The elements of an array, a set or a push message; `None` for other values.
    #[must_use]
    pub fn as_slice(&self) -> Option<&[Value]> {
        match self {
            Self::Array(items) | Self::Set(items) | Self::Push(items) => Some(items),
            _ => None,
        }
    }

    fn read(reply: Reply<'_>) -> Result<Self, DecodeError> {
        Ok(match reply {
            Reply::Nil => Self::Nil,
            Reply::Int(value) => Self::Int(value),
            Reply::Double(value) => Self::Double(value),
            Reply::Bool(value) => Self::Bool(value),
            Reply::Simple(text) => Self::Simple(String::from_utf8_lossy(&text).into_owned()),
            Reply::BigNumber(text) => Self::BigNumber(String::from_utf8_lossy(&text).into_owned()),
            Reply::Bulk(blob) => Self::Bulk(blob.to_bytes()),
            Reply::Verbatim(format, text) => Self::Verbatim(
                String::from_utf8_lossy(&format).into_owned(),
                String::from_utf8_lossy(&text).into_owned(),
            ),
            Reply::Error(line) => Self::Error(ServerError::parse(&String::from_utf8_lossy(&line))),
            Reply::Array(items) => Self::Array(list(items)?),
            Reply::Set(items) => Self::Set(list(items)?),
            Reply::Push(items) => Self::Push(list(items)?),
            Reply::Map(mut items) => {
                let mut pairs = Vec::with_capacity(items.capacity() / 2);
                while !items.is_empty() {
                    let key = Self::read(items.take()?)?;
                    pairs.push((key, Self::read(items.take()?)?));
                }
                Self::Map(pairs)
            }
        })
    }
}

fn list(mut items: Items<'_>) -> Result<Vec<Value>, DecodeError> {
    let mut out = Vec::with_capacity(items.capacity());
    while !items.is_empty() {
        out.push(Value::read(items.take()?)?);
    }
    Ok(out)
}

impl FromRedis for Value {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        match reply {
            error @ Reply::Error(_) => Err(error.mismatch("a value")),
            other => Self::read(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::Replies;

    #[test]
    fn any_shape() {
        let bytes = b"%1\r\n+a\r\n*3\r\n:1\r\n_\r\n-ERR no\r\n";
        let value = Value::from_redis(Replies::new(bytes).take().unwrap()).unwrap();
        let error = Value::Error(ServerError::parse("ERR no"));
        assert_eq!(
            value,
            Value::Map(vec![(
                Value::Simple("a".into()),
                Value::Array(vec![Value::Int(1), Value::Nil, error])
            )])
        );
        assert!(Value::from_redis(Replies::new(b"-ERR no\r\n").take().unwrap()).is_err());
    }
}
