//! Splits bytes into whole replies.

use bytes::Bytes;

use crate::error::Error;

use super::{Limits, Scanner};

/// The bytes that replace a reply which did not come or could not be read. The error itself is stored separately.
pub(crate) const FAILED: &[u8] = b"-CLIENT failed\r\n";

/// Appends each reply in `piece` to `frames`. The piece must hold whole replies only.
///
/// # Errors
///
/// The bytes are not valid replies.
pub(crate) fn split(piece: &Bytes, limits: Limits, frames: &mut Vec<Bytes>) -> Result<(), Error> {
    let mut scanner = Scanner::new(limits);
    let mut start = 0;
    while start < piece.len() {
        let Some(frame) = scanner.frame(&piece[start..])? else { break };
        frames.push(piece.slice(start..start + frame.end));
        start += frame.end;
    }
    Ok(())
}

/// Whether one of the replies may be an error. `false` is certain. `true` may be caused by the content of a string.
#[inline]
pub(crate) fn may_have_error(piece: &[u8]) -> bool {
    piece.first() == Some(&b'-') || memchr::memmem::find(piece, b"\r\n-").is_some()
}
