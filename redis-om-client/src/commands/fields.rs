//! Decodes replies that are names with values: a map, or in RESP2 an array of names and values in turn.

use crate::{error::DecodeError, resp::Reply};

/// Calls `each` with each name and its value. `each` may ignore a value that it does not know.
pub(super) fn fields(
    reply: Reply<'_>,
    expected: &str,
    mut each: impl FnMut(&str, Reply<'_>) -> Result<(), DecodeError>,
) -> Result<(), DecodeError> {
    let mut items = reply.items(expected)?;
    while !items.is_empty() {
        let name = items.take()?.blob("the name of a field")?.as_str()?;
        each(name, items.take()?).map_err(|error| error.at(name))?;
    }
    Ok(())
}

/// The value of a required field.
pub(super) fn present<T>(value: Option<T>, name: &str) -> Result<T, DecodeError> {
    value.ok_or_else(|| DecodeError::expected(format!("a field `{name}`"), "a reply without it"))
}
