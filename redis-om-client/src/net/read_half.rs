//! The reading half of a connection: the socket, the read buffer, and where in it replies end.
//!
//! It does not know which commands wait for replies: module `reading` delivers the replies.

use std::task::{Context, Poll, Waker};

use bytes::BytesMut;

use crate::{
    error::{Error, ErrorKind, Execution},
    resp::Limits,
    session::{Notices, ReplyDemux},
};

use super::stream::Reader;

/// The number of bytes that one read asks the kernel for.
const READ: usize = 64 << 10;
/// In bytes. A buffer that grew larger than this for one reply is not kept for the next reply.
const LARGEST_KEPT: usize = 4 << 20;

/// The reading half of a connection.
#[derive(Debug)]
pub(super) struct ReadHalf {
    pub(super) reader: Reader,
    pub(super) buffer: BytesMut,
    pub(super) demux: ReplyDemux,
    /// Wakers that are woken once the lock on the session is released.
    pub(super) wakers: Vec<Waker>,
    pub(super) notices: Notices,
}

impl ReadHalf {
    pub(super) fn new(reader: Reader, limits: Limits, notices: Notices) -> Self {
        Self {
            reader,
            buffer: BytesMut::with_capacity(READ),
            demux: ReplyDemux::new(limits),
            wakers: Vec::new(),
            notices,
        }
    }

    /// Reads the available bytes into the buffer. Ready with an error when the connection has ended.
    #[inline]
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.make_room();
        match self.reader.poll_read(cx, &mut self.buffer) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(0)) => Poll::Ready(Err(closed("the server closed the connection"))),
            Poll::Ready(Ok(_)) => Poll::Ready(Ok(())),
            Poll::Ready(Err(error)) => Poll::Ready(Err(lost(error))),
        }
    }

    fn make_room(&mut self) {
        // Room for the rest of the reply. The length that a server sends may be wrong, so the room is at most as large
        // as what has already come, or 1 MiB.
        let missing = self.demux.missing(&self.buffer);
        let room = missing.clamp(READ / 4, self.buffer.len().max(1 << 20));
        if self.buffer.is_empty() {
            // If no reply refers to the bytes that were read before, the same memory is used again: it is in the
            // processor's cache. Otherwise the free room behind those bytes is used, or more is allocated below.
            let _reclaimed = self.buffer.try_reclaim(READ);
            if self.buffer.capacity() > LARGEST_KEPT {
                self.buffer = BytesMut::with_capacity(READ);
            }
        }
        if self.buffer.capacity() - self.buffer.len() < room.min(READ / 4).max(missing.min(room)) {
            self.buffer.reserve(room.max(READ));
        }
    }
}

/// The error of a connection that broke. The session adds whether a command on it may have run.
#[cold]
pub(super) fn lost(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Disconnected, Execution::NotSent, format!("the connection broke: {error}"))
        .with_source(error)
}

/// The error of a connection that was closed.
#[cold]
pub(super) fn closed(why: &str) -> Error {
    Error::new(ErrorKind::Disconnected, Execution::NotSent, why)
}
