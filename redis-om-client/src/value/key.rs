//! The name of a key in a reply.

use std::{borrow::Borrow, fmt, ops::Deref, str::Utf8Error, string::FromUtf8Error};

use crate::{error::DecodeError, resp::Reply};

use super::{Arg, Args, FromRedis, ToArg, ToArgs, Written};

/// The name of a key in the reply of a command such as `BLPOP`, `SCAN` or `KEYS`.
///
/// A key in Redis can have any bytes. This type holds bytes, so a key that is not text cannot make decoding fail. It
/// can be compared with text and with bytes, is displayed as text, and is an argument for further commands.
///
/// ```
/// use redis_om_client::{KeyName, prelude::*};
///
/// let key = KeyName::from("jobs");
/// assert!(key == "jobs");
/// assert_eq!(key.to_string(), "jobs");
/// assert_eq!(key.to_str(), Ok("jobs"));
/// assert_eq!(cmd().llen(&key).to_string(), "LLEN jobs");
///
/// let binary = KeyName::from(&b"q\xff"[..]);
/// assert_eq!(binary.to_string(), r"q\xff");
/// assert!(binary.to_str().is_err());
/// assert_eq!(binary.as_bytes(), b"q\xff");
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(Vec<u8>);

impl KeyName {
    /// The bytes of the name.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name as text.
    ///
    /// # Errors
    /// The bytes are not UTF-8.
    pub fn to_str(&self) -> Result<&str, Utf8Error> {
        std::str::from_utf8(&self.0)
    }

    /// The bytes of the name, owned, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// The text, if the bytes are UTF-8; otherwise the bytes, with those escaped that are not printable ASCII (`q\xff`).
impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_str() {
            Ok(text) => f.pad(text),
            Err(_) => fmt::Display::fmt(&self.0.escape_ascii(), f),
        }
    }
}

/// The text in quotes.
impl fmt::Debug for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_str() {
            Ok(text) => fmt::Debug::fmt(text, f),
            Err(_) => write!(f, "\"{}\"", self.0.escape_ascii()),
        }
    }
}

impl Deref for KeyName {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for KeyName {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Equality, order and hash are those of the bytes, so a map or a set of names can be searched with bytes.
impl Borrow<[u8]> for KeyName {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl From<&str> for KeyName {
    fn from(name: &str) -> Self {
        Self(name.as_bytes().to_vec())
    }
}

impl From<String> for KeyName {
    fn from(name: String) -> Self {
        Self(name.into_bytes())
    }
}

impl From<&[u8]> for KeyName {
    fn from(name: &[u8]) -> Self {
        Self(name.to_vec())
    }
}

impl From<Vec<u8>> for KeyName {
    fn from(name: Vec<u8>) -> Self {
        Self(name)
    }
}

impl From<KeyName> for Vec<u8> {
    fn from(name: KeyName) -> Self {
        name.0
    }
}

/// Fails if the bytes are not UTF-8. The error holds them.
impl TryFrom<KeyName> for String {
    type Error = FromUtf8Error;

    fn try_from(name: KeyName) -> Result<Self, FromUtf8Error> {
        Self::from_utf8(name.0)
    }
}

impl ToArg for KeyName {
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        arg.bytes(&self.0)
    }
}

impl ToArgs for KeyName {
    fn to_args(&self, args: &mut Args<'_>) {
        args.arg(self);
    }
}

impl FromRedis for KeyName {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        Vec::from_redis(reply).map(Self)
    }
}

/// Equality with text and byte types, in both directions.
macro_rules! equal_to {
    ($([$($generics:tt)*] $type:ty),* $(,)?) => { $(
        impl<$($generics)*> PartialEq<$type> for KeyName {
            fn eq(&self, other: &$type) -> bool {
                let other: &[u8] = other.as_ref();
                self.0 == other
            }
        }
        impl<$($generics)*> PartialEq<KeyName> for $type {
            fn eq(&self, other: &KeyName) -> bool {
                other == self
            }
        }
    )* };
}

equal_to!([] str, [] &str, [] String, [] [u8], [] &[u8], [] Vec<u8>, [const N: usize] [u8; N], [const N: usize] &[u8; N]);

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashSet};

    use super::*;
    use crate::{command::Cmd, resp::Replies};

    fn decode<T: FromRedis>(bytes: &[u8]) -> Result<T, DecodeError> {
        T::from_redis(Replies::new(bytes).take()?)
    }

    #[test]
    fn any_bytes_are_a_name() {
        assert_eq!(decode::<KeyName>(b"$4\r\njobs\r\n").unwrap(), "jobs");
        assert_eq!(decode::<KeyName>(b"+jobs\r\n").unwrap(), "jobs");
        assert_eq!(decode::<KeyName>(b":42\r\n").unwrap(), "42");
        assert_eq!(decode::<KeyName>(b"$2\r\nq\xff\r\n").unwrap(), b"q\xff");
        assert_eq!(decode::<Vec<KeyName>>(b"*2\r\n$1\r\n\xff\r\n$0\r\n\r\n").unwrap(), [&b"\xff"[..], b""]);
        assert_eq!(decode::<Option<KeyName>>(b"_\r\n").unwrap(), None);
        assert!(decode::<KeyName>(b"$-1\r\n").is_err());
        assert!(decode::<KeyName>(b"-ERR no\r\n").unwrap_err().to_string().contains("ERR no"));
    }

    #[test]
    fn shows_as_text_or_as_escaped_bytes() {
        let text = KeyName::from("caf\u{e9} \"x\"");
        assert_eq!(
            (format!("{text}"), format!("{text:?}")),
            (r#"café "x""#.into(), r#""café \"x\"""#.into())
        );
        let binary = KeyName::from(b"a\"\xff\n".to_vec());
        assert_eq!(
            (format!("{binary}"), format!("{binary:?}")),
            (r#"a\"\xff\n"#.into(), r#""a\"\xff\n""#.into())
        );
        assert_eq!(format!("{:>4}|", KeyName::from("ab")), "  ab|");
    }

    #[test]
    fn compares_with_text_and_bytes_and_is_found_by_bytes() {
        let (key, owned, binary) = (KeyName::from("jobs"), String::from("jobs"), KeyName::from(vec![0xff]));
        assert_eq!(key, *"jobs");
        assert_eq!("jobs", key);
        assert_eq!(key, owned);
        assert_eq!(owned, key);
        assert!(key == b"jobs" && key == b"jobs"[..] && b"jobs".to_vec() == key && key != "job");
        assert!(key < binary && key != binary);
        assert!(HashSet::from([key.clone()]).contains(&b"jobs"[..]));
        assert_eq!(BTreeMap::from([(key.clone(), 1)]).get(&b"jobs"[..]), Some(&1));
        assert_eq!(String::try_from(key.clone()).unwrap(), "jobs");
        assert!(String::try_from(binary).is_err());
        assert!(key.starts_with(b"jo") && key.into_bytes() == b"jobs");
    }

    #[test]
    fn is_an_argument_again() {
        let key = KeyName::from(b"q\xff".to_vec());
        assert_eq!(Cmd::new("DEL").keys([&key]).body(), Cmd::new("DEL").key(b"q\xff").body());
        assert_eq!(Cmd::new("DEL").key(&key).body(), Cmd::new("DEL").keys(key).body());
    }
}
