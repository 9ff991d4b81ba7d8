//! The reading half of a connection: the socket, the read buffer, and where in it replies end.
//!
//! It knows nothing of who waits for replies: module `reading` hands them over.

use std::task::{Context, Poll, Waker};

use bytes::BytesMut;

use crate::{
    error::{Error, ErrorKind, Execution},
    resp::Limits,
    session::{Notices, ReplyDemux},
};

use super::stream::Reader;

/// What one read asks the kernel for.
const READ: usize = 64 << 10;
/// A buffer that grew larger than this for one reply is not kept for the next.
const LARGEST_KEPT: usize = 4 << 20;

/// The reading half of a connection.
#[derive(Debug)]
pub(super) struct ReadHalf {
    pub(super) reader: Reader,
    pub(super) buffer: BytesMut,
    pub(super) demux: ReplyDemux,
    /// Wakers to be called once the lock on the session is released.
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

    /// Reads what is there into the buffer. Ready with an error when nothing more will come.
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
        // Room for what surely comes, but never more than twice what is there: a length is only a claim.
        let missing = self.demux.missing(&self.buffer);
        let room = missing.clamp(READ / 4, self.buffer.len().max(1 << 20));
        if self.buffer.is_empty() {
            // If nothing refers to what was read before, the same memory is used again, which the processor has in its
            // cache. Else there is room behind it, or more is allocated below.
            let _reclaimed = self.buffer.try_reclaim(READ);
            if self.buffer.capacity() > LARGEST_KEPT {
                self.buffer = BytesMut::with_capacity(READ);
            }
        }
        if self.buffer.capacity() - self.buffer.len() < room.min(READ / 4).max(missing.min(room)) {
            self.buffer.reserve(room.max(READ));
        }
    }

    /// Only after the lock on the session was released: the tasks that are woken need it.
    pub(super) fn wake_all(&mut self) {
        self.wakers.drain(..).for_each(Waker::wake);
    }
}

/// The error of a connection that broke. Whether a command on it may have run is said by the session.
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
