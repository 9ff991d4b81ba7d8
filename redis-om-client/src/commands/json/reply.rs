//! Replies of the JSON commands. Their shape depends on the protocol and on the kind of the path.
//!
//! A path that starts with `$` can match any number of values: the reply is a list, with nil for a value of another
//! type. An old path (`.a`) has one match, and the reply is this value alone. In RESP3 some replies have one more list
//! around them. The functions here decode all of them as one list.

use crate::{
    error::DecodeError,
    resp::{Replies, Reply},
    value::FromRedis,
};

/// The type of a value in a JSON document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JsonType {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// A number without a fraction.
    Integer,
    /// A number with a fraction.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
    /// A type that this client does not know, by its name.
    Other(String),
}

impl FromRedis for JsonType {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        let name = reply.blob("the name of a JSON type")?;
        Ok(match name.as_slice() {
            b"null" => Self::Null,
            b"boolean" => Self::Boolean,
            b"integer" => Self::Integer,
            b"number" => Self::Number,
            b"string" => Self::String,
            b"array" => Self::Array,
            b"object" => Self::Object,
            _ => Self::Other(name.as_str()?.to_owned()),
        })
    }
}

/// Decodes types: one, a list, or a list in a list; nil is an empty list.
pub(super) fn types(replies: &mut Replies<'_>) -> Result<Vec<JsonType>, DecodeError> {
    let mut types = Vec::new();
    leaves(replies.take()?, 2, &mut |reply| {
        if let Some(found) = Option::from_redis(reply)? {
            types.push(found);
        }
        Ok(())
    })?;
    Ok(types)
}

/// Decodes one entry for each match, `None` for a value of another type; nil as a whole is an empty list.
pub(super) fn each<T: FromRedis>(replies: &mut Replies<'_>) -> Result<Vec<Option<T>>, DecodeError> {
    match replies.take()? {
        Reply::Nil => Ok(Vec::new()),
        list @ Reply::Array(_) => Vec::from_redis(list),
        one => T::from_redis(one).map(|one| vec![Some(one)]),
    }
}

/// The same for sizes, which are never nil.
pub(super) fn amounts(replies: &mut Replies<'_>) -> Result<Vec<u64>, DecodeError> {
    each(replies).map(|amounts| amounts.into_iter().flatten().collect())
}

/// Decodes numbers: a list in RESP3; in RESP2 JSON text such as `[4,null]` or, for an old path, `4`.
pub(super) fn numbers<T: FromRedis>(replies: &mut Replies<'_>) -> Result<Vec<Option<T>>, DecodeError> {
    let text = match replies.take()? {
        Reply::Nil => return Ok(Vec::new()),
        Reply::Bulk(text) | Reply::Simple(text) => text,
        list @ Reply::Array(_) => return Vec::from_redis(list),
        one => return T::from_redis(one).map(|one| vec![Some(one)]),
    };
    let list = text.as_str()?.trim();
    let list = list.strip_prefix('[').and_then(|list| list.strip_suffix(']')).unwrap_or(list);
    list.split(',')
        .map(str::trim)
        .filter(|number| !number.is_empty())
        .map(|number| match number {
            "null" => Ok(None),
            // Converted to a string reply: every numeric type can be decoded from it.
            digits => T::from_redis(Replies::new(format!("+{digits}\r\n").as_bytes()).take()?).map(Some),
        })
        .collect()
}

/// Whether it was set: `OK`, or nil.
pub(super) fn was_set(replies: &mut Replies<'_>) -> Result<bool, DecodeError> {
    Option::<()>::from_redis(replies.take()?).map(|set| set.is_some())
}

/// Confirms that it was set. Nil without a condition means that the path does not exist, which must be reported.
pub(super) fn set(replies: &mut Replies<'_>) -> Result<(), DecodeError> {
    if was_set(replies)? {
        return Ok(());
    }
    Err(DecodeError::new(
        "expected OK, found nil: nothing was set, since the parent of the path does not exist in this document (create it first)",
    ))
}

/// Passes on the leaves of nested lists.
fn leaves(
    reply: Reply<'_>,
    depth: u8,
    leaf: &mut dyn FnMut(Reply<'_>) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    match reply {
        Reply::Array(mut items) if depth > 0 => {
            while !items.is_empty() {
                leaves(items.take()?, depth - 1, leaf)?;
            }
            Ok(())
        }
        other => leaf(other),
    }
}
