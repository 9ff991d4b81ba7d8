//! The reading half of a connection: bytes from the socket, replies to whoever waits for them.
//!
//! Usually the driver's task reads. But where one command alone is under way, the future that waits for it reads for
//! itself: it is woken by the socket, instead of by a task that was. To change who is woken nothing has to be registered
//! anew: the socket rings one [`ReadWaker`], which looks up who is to come. A future may be held and not polled, though: it
//! then holds up nobody, since with the next command, the next deadline, or its drop the driver reads again.

use std::{
    sync::{Arc, Weak},
    task::{Context, Poll, Wake, Waker, ready},
};

use bytes::{Bytes, BytesMut};

use crate::{
    error::{Error, ErrorKind, Execution},
    resp::Limits,
    session::{ReplyDemux, Tick},
};

use super::{
    link::{Shared, closed},
    stream::Reader,
};

/// What one read asks the kernel for.
const READ: usize = 64 << 10;
/// A buffer that grew larger than this for one reply is not kept for the next.
const LARGEST_KEPT: usize = 4 << 20;

/// What the socket rings when there is something to read.
#[derive(Debug)]
struct ReadWaker(Weak<Shared>);

impl Wake for ReadWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(shared) = self.0.upgrade() {
            shared.wake_reader();
        }
    }
}

/// The reading half of a connection.
#[derive(Debug)]
pub(super) struct ReadHalf {
    pub(super) reader: Reader,
    buffer: BytesMut,
    demux: ReplyDemux,
    read_waker: Waker,
    wakers: Vec<Waker>,
    pushes: Vec<Bytes>,
    /// When something last came.
    pub(super) last_read: Tick,
    /// When a `PING` was sent that nothing has come after.
    pub(super) probe: Option<Tick>,
    /// Why nothing more can be read; for the driver, who ends the connection.
    pub(super) ended: Option<Error>,
}

impl ReadHalf {
    pub(super) fn new(reader: Reader, limits: Limits, shared: &Arc<Shared>) -> Self {
        Self {
            reader,
            buffer: BytesMut::with_capacity(READ),
            demux: ReplyDemux::new(limits),
            read_waker: Waker::from(Arc::new(ReadWaker(Arc::downgrade(shared)))),
            wakers: Vec::new(),
            pushes: Vec::new(),
            last_read: shared.now(),
            probe: None,
            ended: None,
        }
    }

    /// Reads all that there is, and hands it over. Ready when nothing more will come, and why.
    pub(super) fn read(&mut self, shared: &Shared, now: Tick) -> Poll<Error> {
        if let Some(error) = self.ended.take() {
            return Poll::Ready(error);
        }
        loop {
            self.make_room();
            let read_waker = self.read_waker.clone();
            match ready!(self.reader.poll_read(&mut Context::from_waker(&read_waker), &mut self.buffer)) {
                Ok(0) => return Poll::Ready(closed("the server closed the connection")),
                Ok(_) => {}
                Err(error) => return Poll::Ready(lost(error)),
            }
            self.last_read = now;
            self.probe = None;
            if let Err(error) = self.deliver(shared) {
                return Poll::Ready(error);
            }
        }
    }

    fn make_room(&mut self) {
        // Room for what surely comes, but never more than doubles: a length is only a claim.
        let missing = self.demux.missing(&self.buffer);
        let room = missing.clamp(READ / 4, self.buffer.len().max(1 << 20));
        if self.buffer.is_empty() {
            // Where nobody holds what was read before, it is read over: memory that the processor has at hand. Where
            // somebody does, there is room behind it, or more is made below.
            let _reclaimed = self.buffer.try_reclaim(READ);
            if self.buffer.capacity() > LARGEST_KEPT {
                self.buffer = BytesMut::with_capacity(READ);
            }
        }
        if self.buffer.capacity() - self.buffer.len() < room.min(READ / 4).max(missing.min(room)) {
            self.buffer.reserve(room.max(READ));
        }
    }

    fn deliver(&mut self, shared: &Shared) -> Result<(), Error> {
        if self.demux.scan(&self.buffer)? {
            let mut state = shared.lock();
            state.concurrency = state.session.inflight().max(state.concurrency - state.concurrency / 8);
            let outcome =
                self.demux.deliver(&mut self.buffer, &mut state.session, &mut self.wakers, &mut self.pushes);
            state.session.admit(&mut self.wakers);
            drop(state);
            self.wake_all();
            outcome?;
            // Nobody has subscribed on this connection: what the server says by itself has no reader.
            for push in self.pushes.drain(..) {
                tracing::trace!(bytes = push.len(), "a push message that nobody asked for");
            }
        }
        if let Some(portion) = self.demux.portion() {
            let mut state = shared.lock();
            let waker = self.demux.deliver_portion(portion, &mut self.buffer, &mut state.session);
            drop(state);
            self.wakers.extend(waker);
            self.wake_all();
        }
        Ok(())
    }

    /// Only after the lock was let go: who is woken wants it.
    fn wake_all(&mut self) {
        self.wakers.drain(..).for_each(Waker::wake);
    }
}

/// The error of a connection that broke.
#[cold]
pub(super) fn lost(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Disconnected, Execution::NotSent, format!("the connection broke: {error}"))
        .with_source(error)
}
