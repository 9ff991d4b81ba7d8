//! Reading the value of one field from a reply.

use redis_om_client::{DecodeError, FromRedis, Reply, ToArg};

/// A type that is the value of a field without conversion: one argument, readable from one reply.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of a field in a hash",
    label = "not the value of a field",
    note = "strings, bytes, numbers, bool, date-times, `Uuid`, `Ulid` and `Option`s of them can; for an enum or a \
            newtype add `#[derive(RedisValue)]` to it, for a struct `#[derive(RedisEmbedded)]` and `#[redis(embed)]` \
            on the field; `#[redis(json)]` stores any serde type as JSON text, and `#[redis(skip)]` stores nothing",
    note = "`Option` and lists are recognized by name; an alias of one is not"
)]
pub trait FieldValue: ToArg + FromRedis {}

#[diagnostic::do_not_recommend]
impl<T: ToArg + FromRedis> FieldValue for T {}

/// Reads the value of a field. An error names the field.
#[inline]
pub fn read<T: FieldValue>(value: Reply<'_>, label: &'static str) -> Result<T, DecodeError> {
    T::from_redis(value).map_err(|error| error.at(label))
}

/// Reads a field of type `u8`: a number, although a list of `u8` is bytes.
pub fn read_byte(value: Reply<'_>, label: &'static str) -> Result<u8, DecodeError> {
    byte(value).map_err(|error| error.at(label))
}

/// A `u8` from a number.
pub fn byte(value: Reply<'_>) -> Result<u8, DecodeError> {
    let wide = i64::from_redis(value)?;
    u8::try_from(wide).map_err(|_| DecodeError::expected("an integer (u8)", wide))
}

/// The error for a name that no variant has.
#[cold]
pub fn unknown_name(expected: &str, text: &[u8]) -> DecodeError {
    DecodeError::expected(expected, format_args!("\"{}\"", text.escape_ascii()))
}

/// The value of a required field.
#[inline]
pub fn required<T>(value: Option<T>, label: &'static str, name: &'static str) -> Result<T, DecodeError> {
    match value {
        Some(value) => Ok(value),
        None => Err(missing(label, name)),
    }
}

#[cold]
fn missing(label: &'static str, name: &'static str) -> DecodeError {
    DecodeError::new(format!(
        "the hash has no field `{name}` (make it an `Option`, or give it `#[redis(default)]`)"
    ))
    .at(label)
}
