//! The only match of a path: a list with one element.

use std::ops::Deref;

use serde::de::DeserializeOwned;

use crate::{
    error::DecodeError,
    resp::{Replies, Reply},
    value::{FromRedis, Json},
};

/// The only match of a path that starts with `$`, whose reply is a list: any serde type.
///
/// Zero or several matches are an error. If there may be none, use [`json_get_one`](super::JsonCommands::json_get_one).
///
/// ```
/// # use redis_om_client::{commands::JsonOne, prelude::*};
/// let names = cmd().json_mget::<Vec<Option<JsonOne<String>>>>(["user:1", "user:2"], "$.name");
/// assert_eq!(names.to_string(), "JSON.MGET user:1 user:2 $.name");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JsonOne<T>(pub T);

impl<T> JsonOne<T> {
    /// The value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for JsonOne<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned> FromRedis for JsonOne<T> {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        let Json(found) = Json::<Vec<T>>::from_redis(reply)?;
        let count = found.len();
        only(found).map(Self).ok_or_else(|| mismatch(count))
    }
}

/// The only match; `None` if there is no key or no match.
pub(super) fn one<T: DeserializeOwned>(replies: &mut Replies<'_>) -> Result<Option<T>, DecodeError> {
    let Some(Json(found)) = Option::<Json<Vec<T>>>::from_redis(replies.take()?)? else { return Ok(None) };
    match found.len() {
        0 | 1 => Ok(only(found)),
        several => Err(mismatch(several)),
    }
}

fn only<T>(found: Vec<T>) -> Option<T> {
    let mut found = found.into_iter();
    found.next().filter(|_| found.len() == 0)
}

fn mismatch(count: usize) -> DecodeError {
    DecodeError::expected(
        "one match of the path",
        format!("{count} (if there may be none or several, decode as `Json<Vec<_>>`)"),
    )
}
