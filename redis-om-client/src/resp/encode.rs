//! Encodes arguments: `$<length>\r\n<bytes>\r\n` for each, after a header `*<count>\r\n`.

use std::{fmt, ops::Deref};

/// The number of bytes that a [`Body`] holds without an allocation. A `GET` with a key of about 40 bytes fits.
const INLINE: usize = 63;

/// The encoded arguments of a command. The value itself holds the bytes of a short command.
///
/// The fields have a fixed order in memory, and so have those of the types that hold a body as their first field.
/// Commands are copied in steps of 16 bytes, and the inline part is read fastest in the same steps.
#[derive(Clone)]
#[repr(C)]
pub(crate) struct Body {
    inline: [u8; INLINE],
    /// The number of bytes of `inline` that are used; [`HEAP`] if the bytes are in `heap`.
    used: u8,
    heap: Vec<u8>,
}

/// The value of [`Body::used`] when the bytes are on the heap.
const HEAP: u8 = u8::MAX;

/// The size of the header of a command with fewer than ten arguments, in bytes.
const HEADER: usize = 4;

/// The most bytes that [`Body::reserve_commands`] reserves for later commands.
const MOST_AHEAD: usize = 1 << 20;

impl Body {
    #[inline]
    pub(crate) fn new() -> Self {
        Self { inline: [0; INLINE], used: 0, heap: Vec::new() }
    }

    /// An empty body whose bytes are on the heap from the start.
    pub(crate) fn on_heap() -> Self {
        Self { used: HEAP, ..Self::new() }
    }

    /// Appends the header for `args` arguments (none if `args` is 0), then the arguments in `body`. Returns the offset
    /// at which the arguments start. The result is always [on the heap](Self::on_heap).
    #[inline]
    pub(crate) fn append(&mut self, args: u32, body: &Self) -> usize {
        if self.used != HEAP {
            self.spill(body.len());
        }
        if args > 0 {
            header(&mut self.heap, args);
        }
        let start = self.heap.len();
        if body.used == HEAP {
            self.heap.extend_from_slice(&body.heap);
        } else {
            // The whole inline part is copied, because a copy of a constant size needs no call. Then the unused part is
            // cut off.
            self.heap.extend_from_slice(&body.inline);
            self.heap.truncate(start + usize::from(body.used));
        }
        start
    }

    /// A body that starts with the argument `name`. If the name is known at compile time, the body is a constant and is
    /// copied in a few wide stores. With narrow stores, a move of the body shortly after has to wait until they are
    /// done.
    #[inline(always)]
    pub(crate) fn starting_with(name: &[u8]) -> Self {
        let mut body = Self::new();
        let length = name.len();
        if length < 10 {
            let head = [b'$', b'0' + length as u8, b'\r', b'\n'];
            body.start(&head, name);
        } else if length < 20 {
            let head = [b'$', b'1', b'0' + (length - 10) as u8, b'\r', b'\n'];
            body.start(&head, name);
        } else {
            bulk(&mut body, name);
        }
        body
    }

    #[inline(always)]
    fn start(&mut self, head: &[u8], name: &[u8]) {
        let end = head.len() + name.len();
        self.inline[..head.len()].copy_from_slice(head);
        self.inline[head.len()..end].copy_from_slice(name);
        self.inline[end..end + 2].copy_from_slice(b"\r\n");
        self.used = (end + 2) as u8;
    }

    pub(crate) fn from_slice(bytes: &[u8]) -> Self {
        let mut body = Self::new();
        body.extend_from_slice(bytes);
        body
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        if self.used == HEAP {
            &self.heap
        } else {
            self.inline.get(..usize::from(self.used)).unwrap_or_default()
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        if self.used == HEAP { self.heap.len() } else { usize::from(self.used) }
    }

    /// Whether the body has more than `most` bytes. `most` must be at least [`INLINE`].
    #[inline]
    pub(crate) fn is_longer(&self, most: usize) -> bool {
        self.used == HEAP && self.heap.len() > most
    }

    /// Reserves room to [append](Self::append) `count` commands of the size of `like`. The room is limited by
    /// [`MOST_AHEAD`], because `count` may be an estimate that is far too high.
    pub(crate) fn reserve_commands(&mut self, like: &Self, count: usize) {
        let bytes = (HEADER + like.len()).saturating_mul(count).min(MOST_AHEAD);
        self.reserve(bytes + INLINE);
    }

    /// Reserves room for `more` more bytes.
    #[inline]
    pub(crate) fn reserve(&mut self, more: usize) {
        if self.used == HEAP {
            self.heap.reserve(more);
        } else if usize::from(self.used) + more > INLINE {
            self.spill(more);
        }
    }

    #[cold]
    fn spill(&mut self, more: usize) {
        let mut heap = Vec::with_capacity((usize::from(self.used) + more).max(2 * INLINE));
        heap.extend_from_slice(self.as_slice());
        self.heap = heap;
        self.used = HEAP;
    }

    /// Appends bytes.
    #[inline]
    pub(crate) fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        match self.free(bytes.len()) {
            Some(room) => room.copy_from_slice(bytes),
            None => self.heap.extend_from_slice(bytes),
        }
    }

    /// Marks the next `bytes` bytes of the inline part as used, and returns them. `None` if the bytes are on the heap.
    /// The room must have been reserved.
    #[inline(always)]
    fn free(&mut self, bytes: usize) -> Option<&mut [u8]> {
        if self.used == HEAP {
            return None;
        }
        let start = usize::from(self.used);
        self.used += bytes as u8;
        self.inline.get_mut(start..start + bytes)
    }

    /// Whether the bytes are on the heap.
    #[cfg(test)]
    pub(crate) fn spilled(&self) -> bool {
        self.used == HEAP
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Body {}

impl Deref for Body {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({})", self.as_slice().escape_ascii())
    }
}

/// Appends one argument.
#[inline]
pub(crate) fn bulk(out: &mut Body, bytes: &[u8]) {
    let length = bytes.len();
    if length < 10 {
        put(out, &[b'$', b'0' + length as u8, b'\r', b'\n'], bytes);
    } else if length < 100 {
        put(out, &[b'$', b'0' + (length / 10) as u8, b'0' + (length % 10) as u8, b'\r', b'\n'], bytes);
    } else {
        long(out, bytes);
    }
}

#[inline(always)]
fn put<const N: usize>(out: &mut Body, head: &[u8; N], bytes: &[u8]) {
    let size = N + bytes.len() + 2;
    out.reserve(size);
    match out.free(size) {
        Some(room) => {
            let (start, rest) = room.split_at_mut(N);
            let (middle, end) = rest.split_at_mut(bytes.len());
            start.copy_from_slice(head);
            middle.copy_from_slice(bytes);
            end.copy_from_slice(b"\r\n");
        }
        None => {
            out.heap.extend_from_slice(head);
            out.heap.extend_from_slice(bytes);
            out.heap.extend_from_slice(b"\r\n");
        }
    }
}

fn long(out: &mut Body, bytes: &[u8]) {
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(bytes.len()).as_bytes();
    out.reserve(digits.len() + bytes.len() + 5);
    out.extend_from_slice(b"$");
    out.extend_from_slice(digits);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

/// Appends the header of a command with `count` arguments.
#[inline]
pub(crate) fn header(out: &mut Vec<u8>, count: u32) {
    if count < 10 {
        out.extend_from_slice(&[b'*', b'0' + count as u8, b'\r', b'\n']);
    } else {
        out.extend_from_slice(b"*");
        out.extend_from_slice(itoa::Buffer::new().format(count).as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

/// The header or argument at the start of encoded bytes, and its length in them. `None` at their end, and where they are
/// malformed, which does not occur, because this module has encoded them.
pub(crate) fn first(bytes: &[u8]) -> Option<(Part<'_>, usize)> {
    let line = memchr::memchr(b'\r', bytes)?;
    let length = std::str::from_utf8(bytes.get(1..line)?).ok()?.parse::<usize>().ok()?;
    let start = line + 2;
    if bytes[0] == b'*' {
        return Some((Part::Header, start));
    }
    let argument = bytes.get(start..start.checked_add(length)?)?;
    Some((Part::Argument(argument), start + length + 2))
}

/// One item of encoded bytes.
pub(crate) enum Part<'a> {
    /// The header of a command.
    Header,
    /// One argument.
    Argument(&'a [u8]),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_every_length_inline_and_on_the_heap() {
        for first in 0..70 {
            for second in [0, 1, 9, 10, 40, 99, 100, 1000] {
                let mut body = Body::new();
                let (one, two) = (vec![b'a'; first], vec![b'b'; second]);
                bulk(&mut body, &one);
                bulk(&mut body, &two);
                let expected = format!(
                    "${first}\r\n{}\r\n${second}\r\n{}\r\n",
                    String::from_utf8_lossy(&one),
                    String::from_utf8_lossy(&two)
                );
                assert_eq!(body.as_slice(), expected.as_bytes());
                assert_eq!(body.len(), expected.len());
            }
        }
    }
}
