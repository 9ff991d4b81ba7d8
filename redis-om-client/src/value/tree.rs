//! A reply of any shape, as a tree.

use bytes::Bytes;

use crate::{
    error::{DecodeError, ServerError},
    resp::{Items, Reply},
};

use super::FromRedis;

/// The deepest nesting of a tree. A tree is decoded, displayed, compared and dropped by recursion. This number of levels
/// fits into 1 MiB of stack in a build without optimizations, half of the stack of a thread.
const DEEPEST: usize = 256;

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
    /// An error inside an aggregate, such as one that a script returns. If the whole reply is an error, it is the error of
    /// the command.
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

    fn read(reply: Reply<'_>, depth: usize) -> Result<Self, DecodeError> {
        if depth > DEEPEST {
            return Err(DecodeError::new(format!(
                "expected a reply nested at most {DEEPEST} deep, found a deeper one: read it as a type of its shape, or by \
                 `Reply`"
            )));
        }
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
            Reply::Array(items) => Self::Array(list(items, depth)?),
            Reply::Set(items) => Self::Set(list(items, depth)?),
            Reply::Push(items) => Self::Push(list(items, depth)?),
            Reply::Map(mut items) => {
                let mut pairs = Vec::with_capacity(items.capacity() / 2);
                while !items.is_empty() {
                    let key = Self::read(items.take()?, depth + 1)?;
                    pairs.push((key, Self::read(items.take()?, depth + 1)?));
                }
                Self::Map(pairs)
            }
        })
    }
}

fn list(mut items: Items<'_>, depth: usize) -> Result<Vec<Value>, DecodeError> {
    let mut out = Vec::with_capacity(items.capacity());
    while !items.is_empty() {
        out.push(Value::read(items.take()?, depth + 1)?);
    }
    Ok(out)
}

impl FromRedis for Value {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        match reply {
            error @ Reply::Error(_) => Err(error.mismatch("a value")),
            other => Self::read(other, 0),
        }
    }

    fn from_element(reply: Reply<'_>) -> Result<Self, DecodeError> {
        Self::read(reply, 0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::{error::Error, resp::Replies};

    fn decode<T: FromRedis>(bytes: &[u8]) -> Result<T, DecodeError> {
        T::from_redis(Replies::new(bytes).take()?)
    }

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

    #[test]
    fn an_error_inside_is_a_value_of_what_can_hold_one() {
        let bytes = b"*3\r\n:1\r\n-MYERR boom\r\n+x\r\n";
        let boom = ServerError::parse("MYERR boom");
        let expected = [Value::Int(1), Value::Error(boom.clone()), Value::Simple("x".into())];
        assert_eq!(decode::<Vec<Value>>(bytes).unwrap(), expected);
        assert_eq!(decode::<Value>(bytes).unwrap(), Value::Array(expected.to_vec()));
        assert_eq!(decode::<[Option<Box<Value>>; 3]>(bytes).unwrap()[1], Some(Box::new(expected[1].clone())));
        assert_eq!(decode::<(i64, Value, String)>(bytes).unwrap().1, expected[1]);
        let found = decode::<(i64, Result<String, ServerError>, String)>(bytes).unwrap();
        assert_eq!(found.1, Err(boom));
        // A type that cannot hold an error gives an error with the position.
        for error in [
            decode::<Vec<String>>(bytes).unwrap_err(),
            decode::<(i64, String, String)>(bytes).unwrap_err(),
            decode::<Vec<(i64, i64)>>(b"%2\r\n:3\r\n:1\r\n:1\r\n-MYERR boom\r\n").unwrap_err(),
        ] {
            assert!(error.server_error().is_some(), "{error}");
            let error = Error::from(error);
            assert!(error.to_string().contains("at `"), "{error}");
        }
        for bytes in [&b"%1\r\n+a\r\n-MYERR boom\r\n"[..], b"*1\r\n*2\r\n+a\r\n-MYERR boom\r\n"] {
            let found = decode::<HashMap<String, Value>>(bytes).unwrap();
            assert_eq!(found["a"], expected[1]);
            assert_eq!(decode::<Vec<(String, Value)>>(bytes).unwrap()[0].1, expected[1]);
            let error = Error::from(decode::<HashMap<String, String>>(bytes).unwrap_err());
            assert_eq!(error.to_string(), "at `0`: MYERR boom");
        }
    }

    proptest::proptest! {
        /// Bytes that were not scanned give a value or an error, never a panic.
        #[test]
        fn any_bytes(bytes in "([-+:$*%~>=!#_,(][0-9]{0,20}(\r\n)?[a-z]{0,3}(\r\n)?){0,12}") {
            let mut replies = Replies::new(bytes.as_bytes());
            while let Ok(reply) = replies.take() {
                let _either = Value::from_redis(reply);
            }
        }
    }

    #[test]
    fn a_deep_tree_fits_into_the_stack_and_a_deeper_one_is_refused() {
        let nested = |depth: usize| {
            ["*1\r\n", "%1\r\n+k\r\n"].into_iter().cycle().take(depth).collect::<String>() + ":1\r\n"
        };
        let work = move || {
            let bytes = nested(DEEPEST);
            let value = decode::<Value>(bytes.as_bytes()).unwrap();
            let copy = value.clone();
            assert!(format!("{value:#?}").len() > format!("{value:?}").len());
            assert!(copy == value);
            drop((value, copy));
            for depth in [DEEPEST + 1, 1_000_000] {
                let error = decode::<Value>(nested(depth).as_bytes()).unwrap_err();
                assert!(error.to_string().contains("nested at most 256 deep"), "{error}");
            }
        };
        // Half of a thread's stack.
        std::thread::Builder::new().stack_size(1 << 20).spawn(work).unwrap().join().unwrap();
    }
}
