//! Reads short strings, lengths, counts and lines at one position.

use crate::{
    error::{Error, ErrorKind, Execution},
    resp::scalar::{is_big_number, is_double, is_integer},
};

/// A string with fewer bytes than this has a length of one or two digits.
pub(super) const SHORT: usize = 100;

/// The end of the string that starts at `at`, if it is complete and shorter than [`SHORT`].
#[inline(always)]
pub(super) fn short_string(bytes: &[u8], at: usize) -> Option<usize> {
    let (start, length) = match bytes.get(at..at + 5)? {
        [b'$', a @ b'0'..=b'9', b'\r', b'\n', _] => (at + 4, usize::from(a - b'0')),
        [b'$', a @ b'0'..=b'9', b @ b'0'..=b'9', b'\r', b'\n'] => {
            (at + 5, usize::from(a - b'0') * 10 + usize::from(b - b'0'))
        }
        _ => return None,
    };
    let end = start + length;
    (bytes.get(end..end + 2)? == b"\r\n").then_some(end + 2)
}

/// A length or a count.
pub(super) enum Number {
    Count(u64),
    /// `-1`
    Null,
    /// `?`
    Open,
}

/// Reads the length or count after the type byte. Returns it with the offset after its line; `None` if a part is
/// missing.
#[inline(always)]
pub(super) fn number(bytes: &[u8], at: usize) -> Result<Option<(Number, usize)>, Error> {
    let mut position = at + 1;
    let mut value = 0u64;
    #[cfg(test)]
    super::work::add(bytes.len().min(at + 24) - at);
    while let Some(&byte) = bytes.get(position) {
        match byte {
            b'0'..=b'9' if position - at <= 18 => value = value * 10 + u64::from(byte - b'0'),
            b'\r' if position > at + 1 => {
                return match bytes.get(position + 1) {
                    Some(b'\n') => Ok(Some((Number::Count(value), position + 2))),
                    Some(_) => Err(unexpected("a line end", bytes, position)),
                    None => Ok(None),
                };
            }
            _ => return odd_number(bytes, at),
        }
        position += 1;
    }
    Ok(None)
}

/// Reads a number that is not a plain count: `-1` or `?`. Anything else is an error.
#[cold]
fn odd_number(bytes: &[u8], at: usize) -> Result<Option<(Number, usize)>, Error> {
    for (text, number) in [(&b"-1\r\n"[..], Number::Null), (&b"?\r\n"[..], Number::Open)] {
        let rest = &bytes[at + 1..];
        if rest.starts_with(text) {
            return Ok(Some((number, at + 1 + text.len())));
        }
        if text.starts_with(rest) {
            return Ok(None);
        }
    }
    Err(unexpected("a length or a count", bytes, at))
}

/// Returns the offset after the line that starts at `at`; `None` if its end is missing. The line does not end before
/// `from`.
#[inline(always)]
pub(super) fn line(bytes: &[u8], at: usize, from: usize) -> Result<Option<usize>, Error> {
    let found = memchr::memchr(b'\r', &bytes[from..]);
    #[cfg(test)]
    super::work::add(found.unwrap_or(bytes.len() - from));
    let Some(length) = found else { return Ok(None) };
    match bytes.get(from + length + 1) {
        Some(b'\n') => Ok(Some(from + length + 2)),
        Some(_) => Err(unexpected("a line end", bytes, (from + length).saturating_sub(20).max(at))),
        None => Ok(None),
    }
}

/// The same for the line of a value. Its content is checked.
#[inline(always)]
pub(super) fn value_line(kind: u8, bytes: &[u8], at: usize, from: usize) -> Result<Option<usize>, Error> {
    let (is_valid, expected): (fn(&[u8]) -> bool, _) = match kind {
        b'_' => return exact(b"_\r\n", "null (`_`)", bytes, at),
        b'#' if bytes.get(at + 1) == Some(&b'f') => return exact(b"#f\r\n", BOOLEAN, bytes, at),
        b'#' => return exact(b"#t\r\n", BOOLEAN, bytes, at),
        b':' => (is_integer, "an integer of 64 bits (`:`)"),
        b',' => (is_double, "a double (`,`)"),
        b'(' => (is_big_number, "a big number (`(`)"),
        _ => return line(bytes, at, from),
    };
    match line(bytes, at, from)? {
        Some(end) if !is_valid(&bytes[at + 1..end - 2]) => Err(unexpected(expected, bytes, at)),
        end => Ok(end),
    }
}

const BOOLEAN: &str = "a boolean (`#t` or `#f`)";

/// Returns the offset after `line`, which must start at `at`; `None` if a part of it is missing.
#[inline(always)]
pub(super) fn exact(line: &[u8], expected: &str, bytes: &[u8], at: usize) -> Result<Option<usize>, Error> {
    let found = &bytes[at..bytes.len().min(at + line.len())];
    match found.len() == line.len() {
        _ if !line.starts_with(found) => Err(unexpected(expected, bytes, at)),
        true => Ok(Some(at + line.len())),
        false => Ok(None),
    }
}

#[cold]
pub(super) fn unexpected(expected: &str, bytes: &[u8], at: usize) -> Error {
    let found = &bytes[at..bytes.len().min(at + 40)];
    broken(format!("expected {expected}, found \"{}\"", found.escape_ascii()))
}

#[cold]
pub(super) fn broken(what: String) -> Error {
    Error::new(
        ErrorKind::Protocol,
        Execution::NotSent,
        format!("the server sent bytes that are not a valid reply: {what}"),
    )
}
