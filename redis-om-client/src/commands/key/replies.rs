//! Replies of the key commands with a structure.

use std::time::Duration;

use crate::{error::DecodeError, resp::Replies, value::FromRedis};

/// Whole seconds, or nil.
pub(super) fn seconds(replies: &mut Replies<'_>) -> Result<Option<Duration>, DecodeError> {
    Ok(Option::<u64>::from_redis(replies.take()?)?.map(Duration::from_secs))
}

/// `MIGRATE`: `OK`, or `NOKEY` if there was no key to move.
pub(super) fn migrated(replies: &mut Replies<'_>) -> Result<bool, DecodeError> {
    let status = replies.take()?.blob("OK or NOKEY")?;
    match &*status {
        b"OK" => Ok(true),
        b"NOKEY" => Ok(false),
        _ => Err(DecodeError::expected("OK or NOKEY", status)),
    }
}
