//! Large arguments: they stand beside the encoded bytes of a command and are not copied into them.
//!
//! The body has the length and the line end of such an argument, and not its bytes. Offsets in a body do not count them.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;

use super::encode::{Body, Part, first};

/// The smallest argument that is attached beside the body instead of being copied into it, in bytes.
pub(crate) const LARGE: usize = 32 << 10;

/// An argument that stands beside the body.
#[derive(Clone, Debug)]
struct Large {
    /// The offset in the body of the line with the length.
    start: usize,
    /// The offset in the body at which the bytes belong.
    at: usize,
    bytes: Bytes,
}

/// The length of the line end that stands in the body behind the bytes.
const LINE_END: usize = 2;

/// The large arguments of a command or of a batch, in the order in which they stand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Larges {
    list: Vec<Large>,
    /// The number of all their bytes.
    size: usize,
}

/// The large arguments of a command, if it has any. It takes the room of one pointer, because most commands have none. The
/// drop of an [`Arc`] is short where there is none; that of a `Box` costs every command 8 instructions.
pub(crate) type Attached = Option<Arc<Larges>>;

/// The large arguments of a command, to add more of them.
#[cold]
pub(crate) fn more(attached: &mut Attached) -> &mut Larges {
    Arc::make_mut(attached.get_or_insert_default())
}

impl Larges {
    pub(crate) const fn new() -> Self {
        Self { list: Vec::new(), size: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The number of all their bytes.
    #[inline]
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// Appends the length and the line end of an argument to the body, and keeps its bytes.
    #[cold]
    pub(crate) fn attach(&mut self, body: &mut Body, bytes: Bytes) {
        let start = body.len();
        body.extend_from_slice(b"$");
        body.extend_from_slice(itoa::Buffer::new().format(bytes.len()).as_bytes());
        body.extend_from_slice(b"\r\n");
        let at = body.len();
        body.extend_from_slice(b"\r\n");
        self.size += bytes.len();
        self.list.push(Large { start, at, bytes });
    }

    /// Appends the arguments of another body, which was appended at this offset of the body of these.
    pub(crate) fn append(&mut self, others: &Self, offset: usize) {
        self.extend(&others.list, |at| at + offset);
    }

    /// The arguments in this part of the body, for a body that consists of this part.
    pub(crate) fn within(&self, part: &Range<usize>) -> Self {
        let mut within = Self::new();
        within
            .extend(&self.list[self.first_from(part.start)..self.first_from(part.end)], |at| at - part.start);
        within
    }

    fn extend(&mut self, others: &[Large], place: impl Fn(usize) -> usize) {
        self.list.extend(others.iter().map(|large| Large {
            start: place(large.start),
            at: place(large.at),
            bytes: large.bytes.clone(),
        }));
        self.size += others.iter().map(|large| large.bytes.len()).sum::<usize>();
    }

    /// The number of their bytes before this offset of the body.
    pub(crate) fn before(&self, offset: usize) -> usize {
        self.list[..self.first_from(offset)].iter().map(|large| large.bytes.len()).sum()
    }

    /// The index of the first one that starts at this offset of the body or behind it.
    fn first_from(&self, offset: usize) -> usize {
        self.list.partition_point(|large| large.start < offset)
    }

    /// The pieces that go over the wire, in their order. Some of them may be empty.
    pub(crate) fn pieces<'a>(&'a self, body: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let ends = self.list.iter().map(|large| large.at).chain([body.len()]);
        let starts = [0].into_iter().chain(self.list.iter().map(|large| large.at));
        let small = starts.zip(ends).map(|(start, end)| body.get(start..end).unwrap_or_default());
        let large = self.list.iter().map(|large| &large.bytes[..]).chain([&[][..]]);
        small.zip(large).flat_map(|(small, large)| [small, large])
    }

    /// Appends the body with the arguments in their places.
    #[cold]
    pub(crate) fn append_to(&self, out: &mut Vec<u8>, body: &[u8]) {
        out.reserve(body.len() + self.size);
        self.pieces(body).for_each(|piece| out.extend_from_slice(piece));
    }

    /// Iterates over the headers and arguments in this part of the body, with the large ones in their places. Malformed
    /// bytes end the iteration; they do not occur.
    pub(crate) fn arguments<'a>(&'a self, body: &'a [u8], part: Range<usize>) -> Arguments<'a> {
        Arguments { body, at: part.start, end: part.end, larges: &self.list[self.first_from(part.start)..] }
    }
}

/// The iterator over the [arguments](Larges::arguments).
pub(crate) struct Arguments<'a> {
    body: &'a [u8],
    at: usize,
    end: usize,
    larges: &'a [Large],
}

impl Arguments<'_> {
    /// The offset in the body of the next item.
    pub(crate) fn offset(&self) -> usize {
        self.at
    }
}

impl<'a> Iterator for Arguments<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        if let Some((large, others)) = self.larges.split_first()
            && large.start == self.at
        {
            if self.at >= self.end {
                return None;
            }
            self.larges = others;
            self.at = large.at + LINE_END;
            return Some(Part::Argument(&large.bytes));
        }
        let (part, length) = first(self.body.get(self.at..self.end)?)?;
        self.at += length;
        Some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::encode::bulk;

    #[test]
    fn the_pieces_are_the_body_with_its_arguments() {
        let (mut body, mut larges) = (Body::new(), Larges::new());
        bulk(&mut body, b"MSET");
        for (key, value) in [("a", "0123"), ("b", ""), ("c", "$1\r\nx\r\n")] {
            bulk(&mut body, key.as_bytes());
            larges.attach(&mut body, value.into());
        }
        let expected =
            b"$4\r\nMSET\r\n$1\r\na\r\n$4\r\n0123\r\n$1\r\nb\r\n$0\r\n\r\n$1\r\nc\r\n$7\r\n$1\r\nx\r\n\r\n";
        assert_eq!(larges.pieces(&body).collect::<Vec<_>>().concat(), expected);
        assert_eq!(body.len() + larges.size(), expected.len());
        let words = |larges: &Larges, body: &[u8], part: Range<usize>| -> Vec<String> {
            let texts = larges.arguments(body, part).map(|part| match part {
                Part::Header => "*".to_owned(),
                Part::Argument(word) => word.escape_ascii().to_string(),
            });
            texts.collect()
        };
        let all = ["MSET", "a", "0123", "b", "", "c", r"$1\r\nx\r\n"];
        assert_eq!(words(&larges, &body, 0..body.len()), all);
        // Each part by itself, and as a body of its own.
        let mut starts = vec![0];
        let mut walk = larges.arguments(&body, 0..body.len());
        while walk.next().is_some() {
            starts.push(walk.offset());
        }
        assert_eq!(starts.len(), all.len() + 1);
        for (from, to) in (0..starts.len()).flat_map(|to| (0..=to).map(move |from| (from, to))) {
            let part = starts[from]..starts[to];
            assert_eq!(words(&larges, &body, part.clone()), all[from..to]);
            let alone = larges.within(&part);
            assert_eq!(alone.size(), larges.before(part.end) - larges.before(part.start));
            assert_eq!(words(&alone, &body[part.clone()], 0..part.len()), all[from..to]);
            let mut joined = Larges::new();
            joined.append(&alone, part.start);
            assert_eq!(words(&joined, &body, part), all[from..to]);
        }
    }
}
