//! Whole replies one after another, taken apart.

use bytes::Bytes;

use crate::error::Error;

use super::{Limits, Scanner};

/// What stands in the place of a reply that did not come or could not be read: the error itself is kept beside it.
pub(crate) const FAILED: &[u8] = b"-CLIENT failed\r\n";

/// Appends each reply of a piece that holds whole replies.
///
/// # Errors
///
/// The bytes are no replies.
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

/// Whether one of the replies may be an error. `false` is certain; `true` may be the content of a string.
#[inline]
pub(crate) fn may_have_error(piece: &[u8]) -> bool {
    piece.first() == Some(&b'-') || memchr::memmem::find(piece, b"\r\n-").is_some()
}
