//! The bytes of one write: a buffer, and perhaps a large argument that stays in its own memory.
//!
//! A bypass of the queue: a large argument is written from where it is. It serves the benchmark rows `set-64kib` to
//! `set-64mib`; the value is not copied into the queue.

use std::{io::IoSlice, task::Waker};

use bytes::Bytes;

use super::{NEVER, Outgoing, Session, Tick, Ticket};

/// Bytes that are handed to a writer.
#[derive(Debug)]
pub(crate) struct Output {
    buffer: Vec<u8>,
    /// An argument that is written at this offset of the buffer.
    large: Option<(usize, Bytes)>,
}

impl From<Vec<u8>> for Output {
    #[inline]
    fn from(buffer: Vec<u8>) -> Self {
        Self { buffer, large: None }
    }
}

impl Output {
    /// The bytes of one command. Its large argument is shared and not copied.
    pub(crate) fn of(out: &Outgoing<'_>) -> Self {
        let small = Outgoing { large: None, ..*out };
        let mut buffer = Vec::with_capacity(small.len() + 16);
        small.append_to(&mut buffer);
        let header = buffer.len() - out.body.len();
        Self { buffer, large: out.large.map(|large| (header + large.at(), large.bytes().clone())) }
    }

    /// How many bytes go over the wire.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.buffer.len() + self.large.as_ref().map_or(0, |(_, bytes)| bytes.len())
    }

    /// The bytes from `position` on, if they lie in one piece.
    #[inline]
    pub(crate) fn whole(&self, position: usize) -> Option<&[u8]> {
        if self.large.is_some() { None } else { self.buffer.get(position..) }
    }

    /// The pieces from `position` on, in their order, for a vectored write. Some of them may be empty.
    pub(crate) fn pieces(&self, position: usize) -> [IoSlice<'_>; 3] {
        self.slices(position).map(IoSlice::new)
    }

    /// The first piece from `position` on that has bytes; empty at the end.
    pub(crate) fn next_piece(&self, position: usize) -> &[u8] {
        self.slices(position).into_iter().find(|piece| !piece.is_empty()).unwrap_or_default()
    }

    fn slices(&self, position: usize) -> [&[u8]; 3] {
        let (at, bytes) =
            self.large.as_ref().map_or((self.buffer.len(), &[][..]), |(at, bytes)| (*at, bytes));
        let (before, behind) = self.buffer.split_at(at.min(self.buffer.len()));
        let mut skip = position;
        [before, bytes, behind].map(|piece| {
            let here = skip.min(piece.len());
            skip -= here;
            &piece[here..]
        })
    }

    /// The buffer, to be used again.
    #[inline]
    pub(crate) fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }
}

impl Session {
    /// Whether the command can be handed to a writer now, before all others: nothing is queued and nobody writes.
    pub(crate) fn takes_at_once(&self, ticket: &Ticket, out: &Outgoing<'_>) -> bool {
        matches!(ticket, Ticket::New)
            && self.queue.is_empty()
            && !self.writing
            && self.is_open()
            && self.wait_queue.is_empty()
            && self.has_room(out.len())
    }

    /// Hands the command to a writer, past the empty queue. The writer reports by [`Session::wrote`]. Call it only if
    /// [`Session::takes_at_once`].
    pub(crate) fn submit_at_once(
        &mut self,
        ticket: &mut Ticket,
        out: &Outgoing<'_>,
        now: Tick,
        waker: &Waker,
    ) -> Output {
        let deadline = out.timeout.map_or(NEVER, |timeout| now.saturating_add(timeout));
        let output = Output::of(out);
        let place = (self.handed, output.len());
        *ticket = Ticket::Queued(self.await_reply(out, place, deadline, waker.clone()));
        self.handed += output.len() as u64;
        self.writing = true;
        output
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::encode::{Body, attach, bulk};

    #[test]
    fn the_pieces_are_the_bytes_from_every_position() {
        let mut body = Body::new();
        bulk(&mut body, b"SET");
        let large = attach(&mut body, Bytes::from_static(b"0123456789"));
        bulk(&mut body, b"NX");
        let out = Outgoing { body: &body, args: 3, large: Some(&large), ..super::super::tests::get("") };
        let expected = b"*3\r\n$3\r\nSET\r\n$10\r\n0123456789\r\n$2\r\nNX\r\n";
        let mut copied = Vec::new();
        out.append_to(&mut copied);
        assert_eq!(copied, expected);
        let output = Output::of(&out);
        assert_eq!((output.len(), out.len()), (expected.len(), expected.len() - 4));
        for position in 0..=expected.len() {
            let pieces = output.pieces(position).map(|piece| piece.to_vec()).concat();
            assert_eq!(pieces, &expected[position..]);
            let mut from = position;
            let mut joined = Vec::new();
            while from < output.len() {
                let piece = output.next_piece(from);
                assert!(!piece.is_empty());
                joined.extend_from_slice(piece);
                from += piece.len();
            }
            assert_eq!(joined, &expected[position..]);
        }
        assert!(output.whole(0).is_none());
        assert_eq!(Output::from(b"abc".to_vec()).whole(1), Some(&b"bc"[..]));
        assert_eq!(Output::from(b"abc".to_vec()).next_piece(1), b"bc");
    }
}
