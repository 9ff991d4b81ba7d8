//! The bytes of one write: a buffer, and perhaps large arguments that stay in their own memory.
//!
//! A bypass of the queue: large arguments are written from where they are. It serves the benchmark rows `set-64kib` to
//! `set-64mib`, `mset-1mib`, `hset-1mib` and `pipe-set-1mib`; the values are not copied into the queue.

use std::{io::IoSlice, task::Waker};

use crate::resp::large::Larges;

use super::{NEVER, Outgoing, Session, Tick, Ticket};

/// The most pieces of one vectored write. With large arguments of the smallest size, that is more than 256 KiB, which is
/// about as much as a socket takes at once.
pub(crate) const PIECES: usize = 16;

/// Bytes that are handed to a writer.
#[derive(Debug)]
pub(crate) struct Output {
    buffer: Vec<u8>,
    /// The arguments that are written at their offsets of the buffer.
    larges: Larges,
}

impl From<Vec<u8>> for Output {
    #[inline]
    fn from(buffer: Vec<u8>) -> Self {
        Self { buffer, larges: Larges::new() }
    }
}

impl Output {
    /// The bytes of one command or batch. Its large arguments are shared and not copied.
    pub(crate) fn of(out: &Outgoing<'_>) -> Self {
        let small = Outgoing { large: None, ..*out };
        let mut buffer = Vec::with_capacity(small.len() + 16);
        small.append_to(&mut buffer);
        let mut larges = Larges::new();
        if let Some(of_body) = out.large {
            larges.append(of_body, buffer.len() - out.body.len());
        }
        Self { buffer, larges }
    }

    /// How many bytes go over the wire.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.buffer.len() + self.larges.size()
    }

    /// The bytes from `position` on, if they lie in one piece.
    #[inline]
    pub(crate) fn whole(&self, position: usize) -> Option<&[u8]> {
        if self.larges.is_empty() { self.buffer.get(position..) } else { None }
    }

    /// The first pieces from `position` on, in their order, for a vectored write. Those behind the last one are empty.
    pub(crate) fn pieces(&self, position: usize) -> [IoSlice<'_>; PIECES] {
        let mut pieces = [IoSlice::new(&[]); PIECES];
        pieces.iter_mut().zip(self.slices(position)).for_each(|(piece, bytes)| *piece = IoSlice::new(bytes));
        pieces
    }

    /// The first piece from `position` on; empty at the end.
    pub(crate) fn next_piece(&self, position: usize) -> &[u8] {
        self.slices(position).next().unwrap_or_default()
    }

    /// The pieces from `position` on that are not empty.
    fn slices(&self, position: usize) -> impl Iterator<Item = &[u8]> {
        let mut skip = position;
        let left = move |piece: &'_ [u8]| -> usize {
            let here = skip.min(piece.len());
            skip -= here;
            here
        };
        self.larges
            .pieces(&self.buffer)
            .scan(left, |left, piece| Some(&piece[left(piece)..]))
            .filter(|piece| !piece.is_empty())
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
    use crate::resp::encode::{Body, bulk};

    #[test]
    fn the_pieces_are_the_bytes_from_every_position() {
        let (mut body, mut larges) = (Body::new(), Larges::new());
        bulk(&mut body, b"MSET");
        let mut expected = b"*21\r\n$4\r\nMSET\r\n".to_vec();
        for key in b'a'..=b'j' {
            bulk(&mut body, &[key]);
            larges.attach(&mut body, vec![key; 10].into());
            let (key, value) = (char::from(key), char::from(key).to_string().repeat(10));
            expected.extend_from_slice(format!("$1\r\n{key}\r\n$10\r\n{value}\r\n").as_bytes());
        }
        let out = Outgoing { body: &body, args: 21, large: Some(&larges), ..super::super::tests::get("") };
        let mut copied = Vec::new();
        out.append_to(&mut copied);
        assert_eq!(copied, expected);
        let output = Output::of(&out);
        assert_eq!((output.len(), out.len()), (expected.len(), expected.len() - 5));
        for position in 0..=expected.len() {
            let pieces = output.pieces(position).map(|piece| piece.to_vec());
            let rest = &expected[position..];
            assert!(rest.starts_with(&pieces.concat()));
            // A write makes progress, and takes as many pieces as it can.
            assert!(pieces.iter().all(|piece| !piece.is_empty()) || pieces.concat() == rest);
            let mut from = position;
            let mut joined = Vec::new();
            while from < output.len() {
                let piece = output.next_piece(from);
                assert!(!piece.is_empty());
                joined.extend_from_slice(piece);
                from += piece.len();
            }
            assert_eq!(joined, rest);
        }
        assert!(output.whole(0).is_none());
        assert_eq!(Output::from(b"abc".to_vec()).whole(1), Some(&b"bc"[..]));
        assert_eq!(Output::from(b"abc".to_vec()).next_piece(1), b"bc");
    }
}
