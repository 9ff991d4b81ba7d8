//! Replies to Rust types.

use std::{rc::Rc, sync::Arc};

use bytes::{Bytes, BytesMut};

use crate::{
    error::{DecodeError, Error, ServerError},
    resp::{Blob, Items, Reply},
};

/// A type that can be decoded from one value of a reply.
///
/// ```
/// use redis_om_client::{DecodeError, FromRedis, Reply};
///
/// #[derive(Debug, PartialEq)]
/// enum Level { Low, High }
///
/// impl FromRedis for Level {
///     fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
///         match &*reply.blob("a level")? {
///             b"low" => Ok(Level::Low),
///             b"high" => Ok(Level::High),
///             other => Err(DecodeError::expected("`low` or `high`", other.escape_ascii())),
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a Redis reply",
    label = "no reply is of this type",
    note = "a variable without a type, or with `!` or `()`, needs the type of the reply: \
            `let x: Option<String> = client.get(\"k\").await?`",
    note = "strings, bytes, numbers, bool, `Option`, `Vec`, sets, maps, tuples, `Value`, uuid and chrono types are; \
            any serde type can be read as `Json<T>`"
)]
pub trait FromRedis: Sized {
    /// Whether this is a pair. A list of pairs can also be decoded from a flat list of keys and values.
    #[doc(hidden)]
    const PAIR: bool = false;

    /// Decodes the value.
    ///
    /// # Errors
    /// The value does not fit this type, or it is an error reply ([`Reply::mismatch`] makes the right error of both).
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError>;

    /// Decodes an element of an aggregate. It differs from [`FromRedis::from_redis`] only for a type that can hold an error:
    /// there an error reply is the error of the whole command, here it is a value.
    ///
    /// # Errors
    /// The value does not fit this type.
    #[doc(hidden)]
    #[inline(always)]
    fn from_element(reply: Reply<'_>) -> Result<Self, DecodeError> {
        Self::from_redis(reply)
    }

    /// Decodes the result of a script. It differs from [`FromRedis::from_redis`] only for `bool`: the servers convert `false`
    /// of Lua into nil.
    ///
    /// # Errors
    /// The value does not fit this type, or it is an error reply.
    #[doc(hidden)]
    fn from_script(reply: Reply<'_>) -> Result<Self, DecodeError> {
        Self::from_redis(reply)
    }

    /// Whether this type is plain text. A list of it is checked for UTF-8 in one pass.
    #[doc(hidden)]
    const TEXT: bool = false;

    /// Decodes a string that is known to be UTF-8.
    ///
    /// # Errors
    /// The value does not fit this type.
    #[doc(hidden)]
    #[inline]
    fn from_text(text: &str) -> Result<Self, DecodeError> {
        Self::from_redis(Reply::Bulk(Blob::from(text)))
    }

    /// Decodes a pair from two values in turn.
    #[doc(hidden)]
    fn from_pair(items: &mut Items<'_>) -> Result<Self, DecodeError> {
        Self::from_element(items.take()?)
    }
}

/// Any reply but an error: for commands whose reply only confirms success.
impl FromRedis for () {
    #[inline]
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        match reply {
            error @ Reply::Error(_) => Err(error.mismatch("OK")),
            _ => Ok(()),
        }
    }
}

impl FromRedis for String {
    const TEXT: bool = true;

    #[inline]
    fn from_text(text: &str) -> Result<Self, DecodeError> {
        Ok(text.to_owned())
    }

    #[inline]
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        match reply {
            Reply::Bulk(blob) | Reply::Simple(blob) => blob.as_str().map(str::to_owned),
            other => text(other),
        }
    }
}

#[cold]
fn text(reply: Reply<'_>) -> Result<String, DecodeError> {
    match reply {
        Reply::Int(value) => Ok(value.to_string()),
        Reply::Double(value) => Ok(value.to_string()),
        other => other.blob("a string")?.as_str().map(str::to_owned),
    }
}

impl FromRedis for Box<str> {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        String::from_redis(reply).map(String::into_boxed_str)
    }
}

impl FromRedis for Arc<str> {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        String::from_redis(reply).map(Self::from)
    }
}

impl FromRedis for Rc<str> {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        String::from_redis(reply).map(Self::from)
    }
}

impl FromRedis for char {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        let blob = reply.blob("a character")?;
        let mut chars = blob.as_str()?.chars();
        match (chars.next(), chars.next()) {
            (Some(char), None) => Ok(char),
            _ => Err(DecodeError::expected("one character", blob)),
        }
    }
}

// Bytes are a list of `u8` in Rust but one string in Redis. So `u8` itself does not implement `FromRedis`.
impl FromRedis for Vec<u8> {
    #[inline]
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        match reply {
            Reply::Int(value) => Ok(value.to_string().into_bytes()),
            other => other.blob("a string").map(|blob| blob.to_vec()),
        }
    }
}

/// A large reply is not copied.
impl FromRedis for Bytes {
    #[inline]
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        match reply {
            Reply::Int(value) => Ok(Self::from(value.to_string())),
            other => other.blob("a string").map(|blob| blob.to_bytes()),
        }
    }
}

impl FromRedis for BytesMut {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        reply.blob("a string").map(|blob| Self::from(blob.as_slice()))
    }
}

impl FromRedis for bool {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        match reply {
            Reply::Bool(value) => Ok(value),
            Reply::Int(0) => Ok(false),
            Reply::Int(1) => Ok(true),
            Reply::Bulk(blob) | Reply::Simple(blob) => match &*blob {
                b"1" | b"true" | b"OK" => Ok(true),
                b"0" | b"false" => Ok(false),
                _ => Err(DecodeError::expected("a boolean (1 or 0)", blob)),
            },
            other => Err(other.mismatch("a boolean")),
        }
    }

    fn from_script(reply: Reply<'_>) -> Result<Self, DecodeError> {
        match reply {
            Reply::Nil => Ok(false),
            other => Self::from_redis(other),
        }
    }
}

/// The outcome of one command of a batch, or an element of a reply. An error is a value here, so that it does not affect
/// the other replies or elements.
impl<T: FromRedis> FromRedis for Result<T, Error> {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        <Result<T, ServerError>>::from_redis(reply).map(|outcome| outcome.map_err(Error::server))
    }

    fn from_script(reply: Reply<'_>) -> Result<Self, DecodeError> {
        <Result<T, ServerError>>::from_script(reply).map(|outcome| outcome.map_err(Error::server))
    }
}

/// The same, with the server's error.
///
/// ```
/// use redis_om_client::{FromRedis, Replies, ServerError};
///
/// let mut replies = Replies::new(b"*2\r\n:1\r\n-MYERR boom\r\n");
/// let found = Vec::<Result<i64, ServerError>>::from_redis(replies.take()?)?;
/// assert_eq!(found, [Ok(1), Err(ServerError::parse("MYERR boom"))]);
/// # Ok::<(), redis_om_client::DecodeError>(())
/// ```
impl<T: FromRedis> FromRedis for Result<T, ServerError> {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        match reply {
            Reply::Error(line) => Ok(Err(ServerError::parse(&String::from_utf8_lossy(&line)))),
            other => T::from_redis(other).map(Ok),
        }
    }

    fn from_script(reply: Reply<'_>) -> Result<Self, DecodeError> {
        match reply {
            error @ Reply::Error(_) => Self::from_redis(error),
            other => T::from_script(other).map(Ok),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::Replies;

    fn decode<T: FromRedis>(bytes: &[u8]) -> Result<T, DecodeError> {
        T::from_redis(Replies::new(bytes).take()?)
    }

    #[test]
    fn strings_and_bytes() {
        assert_eq!(decode::<String>(b"$5\r\nhello\r\n").unwrap(), "hello");
        assert_eq!(decode::<String>(b":42\r\n").unwrap(), "42");
        assert_eq!(decode::<Vec<u8>>(b"$2\r\n\x00\xff\r\n").unwrap(), [0, 255]);
        assert_eq!(decode::<Option<String>>(b"_\r\n").unwrap(), None);
        let error = decode::<String>(b"$2\r\n\x00\xff\r\n").unwrap_err();
        assert!(error.to_string().contains("not UTF-8 at 1"), "{error}");
        let error = decode::<String>(b"$-1\r\n").unwrap_err();
        assert!(error.to_string().contains("decode as an `Option`"), "{error}");
    }

    #[test]
    fn an_error_reply_is_the_servers_error() {
        let error = decode::<String>(b"-WRONGTYPE no\r\n").unwrap_err();
        assert!(error.server_error().is_some());
        assert!(decode::<()>(b"-ERR x\r\n").is_err());
        assert!(decode::<Result<String, Error>>(b"-ERR x\r\n").unwrap().is_err());
    }

    #[test]
    fn booleans() {
        assert!(decode::<bool>(b":1\r\n").unwrap());
        assert!(!decode::<bool>(b"#f\r\n").unwrap());
        assert!(decode::<bool>(b":2\r\n").is_err());
    }
}
