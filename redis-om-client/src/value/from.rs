//! Replies to Rust types.

use std::{rc::Rc, sync::Arc};

use bytes::{Bytes, BytesMut};

use crate::{
    error::{DecodeError, Error, ServerError},
    resp::{Blob, Items, Reply},
};

use super::ChunkDecoder;

/// A type that one value of a reply can be read as.
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
    note = "strings, bytes, numbers, bool, `Option`, `Vec`, sets, maps, tuples, `Value`, uuid and chrono types are; \
            any serde type can be read as `Json<T>`"
)]
pub trait FromRedis: Sized {
    /// Whether this is a pair, so that a list of it is also read from keys and values in turn.
    #[doc(hidden)]
    const PAIR: bool = false;

    /// Reads the value.
    ///
    /// # Errors
    /// Where the value is not what this type needs; an error reply is one ([`Reply::mismatch`] makes the right error).
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError>;

    /// Reads an element of an aggregate. Only what can hold an error differs from [`FromRedis::from_redis`]: there an error
    /// reply is the error of the whole command, here it is a value.
    ///
    /// # Errors
    /// Where the value is not what this type needs.
    #[doc(hidden)]
    #[inline(always)]
    fn from_element(reply: Reply<'_>) -> Result<Self, DecodeError> {
        Self::from_redis(reply)
    }

    /// How this is read a portion at a time, if it can be: a list, a set or a map.
    #[doc(hidden)]
    const CHUNKS: Option<ChunkDecoder<Self>> = None;

    /// Whether this is made of text as it is, so that a list of it is looked through for UTF-8 at once.
    #[doc(hidden)]
    const TEXT: bool = false;

    /// Reads a string that is known to be UTF-8.
    ///
    /// # Errors
    /// Where the value is not what this type needs.
    #[doc(hidden)]
    #[inline]
    fn from_text(text: &str) -> Result<Self, DecodeError> {
        Self::from_redis(Reply::Bulk(Blob::from(text)))
    }

    /// Reads a pair of two values in turn.
    #[doc(hidden)]
    fn from_pair(items: &mut Items<'_>) -> Result<Self, DecodeError> {
        Self::from_element(items.take()?)
    }
}

/// Anything that is not an error: for commands whose reply says nothing more than that it worked.
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

// Bytes are lists of `u8` in Rust but one string in Redis; `u8` itself is therefore no `FromRedis`.
impl FromRedis for Vec<u8> {
    #[inline]
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        match reply {
            Reply::Int(value) => Ok(value.to_string().into_bytes()),
            other => other.blob("a string").map(|blob| blob.to_vec()),
        }
    }
}

/// Without a copy where the reply was large.
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
}

/// The outcome of one command of a batch, or an element of a reply, an error included, so that the others can be used
/// whatever this one said.
impl<T: FromRedis> FromRedis for Result<T, Error> {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        <Result<T, ServerError>>::from_redis(reply).map(|outcome| outcome.map_err(Error::server))
    }
}

/// The same, with the error as the server wrote it.
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
