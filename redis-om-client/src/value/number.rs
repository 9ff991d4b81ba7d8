//! Numbers, from integers, doubles and digits in strings.

use std::str::FromStr;

use crate::{error::DecodeError, resp::Reply};

use super::FromRedis;

#[inline]
fn integer<T: TryFrom<i64> + FromStr>(reply: Reply<'_>, name: &str) -> Result<T, DecodeError> {
    match reply {
        Reply::Int(value) => {
            T::try_from(value).map_err(|_| DecodeError::expected(format!("an integer ({name})"), value))
        }
        // In RESP3, JSON numbers can arrive as doubles.
        Reply::Double(value) if value.fract() == 0.0 && value.abs() < 9.0e15 => T::try_from(value as i64)
            .map_err(|_| DecodeError::expected(format!("an integer ({name})"), value)),
        Reply::Bulk(blob) | Reply::Simple(blob) | Reply::BigNumber(blob) => std::str::from_utf8(&blob)
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| DecodeError::expected(format!("an integer ({name})"), blob)),
        other => Err(other.mismatch("an integer")),
    }
}

#[inline]
fn float<T: FromStr>(reply: Reply<'_>, from: impl Fn(f64) -> T) -> Result<T, DecodeError> {
    match reply {
        Reply::Double(value) => Ok(from(value)),
        Reply::Int(value) => Ok(from(value as f64)),
        Reply::Bulk(blob) | Reply::Simple(blob) => std::str::from_utf8(&blob)
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| DecodeError::expected("a number", blob)),
        other => Err(other.mismatch("a number")),
    }
}

macro_rules! integers {
    ($($type:ident),*) => { $(
        impl FromRedis for $type {
            #[inline]
            fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
                integer(reply, stringify!($type))
            }
        }
    )* };
}

integers!(i8, i16, i32, i64, i128, isize, u16, u32, u64, u128, usize);

impl FromRedis for f64 {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        float(reply, |value| value)
    }
}

impl FromRedis for f32 {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        float(reply, |value| value as Self)
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
    fn integers() {
        assert_eq!(decode::<i64>(b":-5\r\n").unwrap(), -5);
        assert_eq!(decode::<u64>(b"$20\r\n18446744073709551615\r\n").unwrap(), u64::MAX);
        assert_eq!(decode::<i32>(b",3\r\n").unwrap(), 3);
        let error = decode::<u16>(b":70000\r\n").unwrap_err();
        assert_eq!(error.to_string(), "expected an integer (u16), found 70000");
        assert!(decode::<u64>(b":-1\r\n").is_err());
        assert!(decode::<i64>(b"$3\r\nabc\r\n").unwrap_err().to_string().contains("found \"abc\""));
    }

    #[test]
    fn floats() {
        assert_eq!(decode::<f64>(b"$3\r\n1.5\r\n").unwrap(), 1.5);
        assert_eq!(decode::<f64>(b"$3\r\ninf\r\n").unwrap(), f64::INFINITY);
        assert_eq!(decode::<f64>(b":2\r\n").unwrap(), 2.0);
        assert!(decode::<f64>(b"$1\r\nx\r\n").is_err());
    }
}
