//! Arguments to bytes: `$<length>\r\n<bytes>\r\n`, after a header `*<count>\r\n`.

use smallvec::SmallVec;

/// The bytes of a command's arguments. A short command (a `GET`) lives in the value itself, without an allocation.
pub(crate) type Body = SmallVec<[u8; 64]>;

/// Appends one argument.
#[inline]
pub(crate) fn bulk(out: &mut Body, bytes: &[u8]) {
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(bytes.len()).as_bytes();
    out.reserve(digits.len() + bytes.len() + 5);
    out.push(b'$');
    out.extend_from_slice(digits);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

/// Appends the header of a command of `count` arguments.
#[inline]
pub(crate) fn header(out: &mut Vec<u8>, count: u32) {
    out.push(b'*');
    if count < 10 {
        out.push(b'0' + count as u8);
    } else {
        out.extend_from_slice(itoa::Buffer::new().format(count).as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}

/// The arguments in encoded bytes, one after another; headers are passed over. What is malformed ends the walk: these
/// bytes are our own.
pub(crate) fn arguments(mut bytes: &[u8]) -> impl Iterator<Item = Part<'_>> {
    std::iter::from_fn(move || {
        let end = memchr::memchr(b'\r', bytes)?;
        let length = std::str::from_utf8(bytes.get(1..end)?).ok()?.parse::<usize>().ok()?;
        let rest = bytes.get(end + 2..)?;
        if bytes[0] == b'*' {
            bytes = rest;
            return Some(Part::Header);
        }
        let argument = rest.get(..length)?;
        bytes = rest.get(length + 2..)?;
        Some(Part::Argument(argument))
    })
}

/// What [`arguments`] meets.
pub(crate) enum Part<'a> {
    /// A command starts here.
    Header,
    /// One argument.
    Argument(&'a [u8]),
}
