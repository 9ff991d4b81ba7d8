//! The state that the callers and the driver of one connection share: the session, the writing half, and the driver's
//! waker.
//!
//! Callers encode commands into the session under a short lock. A caller may also write by itself ([`Shared::flush`]),
//! so that a single task needs no switch to the driver.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    config::Protocol,
    error::Error,
    session::{Liveness, NEVER, Notices, Outgoing, Output, Replay, Session, Sink, Tick},
};

use super::{
    read_half::ReadHalf,
    stream::{Shutdown, Waiting, Writer},
    wake::wake_all,
};

/// Milliseconds. If nothing was read or written for longer than this, the socket is checked before the next write: the
/// server may have closed it.
const IDLE: Tick = 100;

/// Whether a lost connection is made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// A new connection is made whenever one is lost.
    Reconnecting,
    /// The link is closed when its connection is lost. When the link is abandoned, the socket is shut down at once.
    One,
}

/// The state that the callers and the driver share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// The reading half, while there is a connection. Where both are locked, it is locked before the state.
    read_half: Mutex<Option<ReadHalf>>,
    /// Receives the frames that are not replies to the callers' commands.
    sink: Option<Arc<dyn Sink>>,
    /// Ticks are counted from here.
    epoch: Instant,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) session: Session,
    /// The writing half. `None` while a thread writes, while there is no connection, and where only the driver writes
    /// (TLS and custom streams).
    pub(super) writer: Option<Writer>,
    /// Bytes that the kernel has not taken completely, and the position of the first byte that was not taken.
    pub(super) rest: Option<(Output, usize)>,
    /// The error of a connection that broke. The driver takes it and ends the connection.
    pub(super) broken: Option<std::io::Error>,
    /// Shuts the socket down from any thread.
    pub(super) shutdown: Option<Shutdown>,
    /// The number of this connection. A writer compares it, so that it does not give its half back to a later
    /// connection.
    pub(super) generation: u64,
    /// The tick at which this connection was made.
    pub(super) since: Tick,
    pub(super) driver: Option<Waker>,
    /// The driver was woken and has not been polled since.
    pub(super) notified: bool,
    /// The tick at which the driver checks the deadlines next.
    pub(super) armed: Tick,
    /// The number of commands in the last write.
    pub(super) last_write: usize,
    /// The number of commands that were recently in flight at once: see [`State::note_concurrency`].
    pub(super) concurrency: usize,
    /// The tick of the last clock reading.
    pub(super) now: Tick,
    /// The tick of the last read or write.
    last_used: Tick,
    /// The socket is checked before the next write, even after a short pause.
    look_first: bool,
    /// Whether a reply has come on this connection.
    pub(super) has_answered: bool,
    /// Decides when a silent peer gets a `PING`, and when it is given up.
    pub(super) liveness: Liveness,
    /// The socket of an idle connection has unread bytes. They are read before anything is written.
    pub(super) read_first: bool,
    /// A new connection is to replace this one.
    pub(super) redial: bool,
    /// The handle was dropped.
    pub(super) closing: bool,
    /// The error of a link that is closed for good.
    pub(super) closed: Option<Error>,
}

impl State {
    #[inline]
    pub(super) fn note_read(&mut self, now: Tick) {
        self.last_used = now;
        self.liveness.read(now);
    }

    /// Resets the state for a new connection.
    pub(super) fn begin(&mut self, now: Tick, liveness: Liveness) {
        self.liveness = liveness;
        (self.now, self.since, self.last_used) = (now, now, now);
        self.has_answered = false;
        self.broken = None;
        self.redial = false;
        self.last_write = 0;
        self.armed = 0;
    }

    /// Updates the recent concurrency. It rises at once and falls by an eighth for each read.
    #[inline]
    pub(super) fn note_concurrency(&mut self) {
        self.concurrency = self.session.inflight().max(self.concurrency - self.concurrency / 8);
    }

    /// Whether no reply is awaited, and either nothing was read or written for longer than [`IDLE`], or a check was
    /// requested.
    #[inline]
    fn is_idle(&self) -> bool {
        (self.look_first || self.now.saturating_sub(self.last_used) > IDLE)
            && self.session.inflight() == self.session.queued()
    }

    /// Requests a check of the socket before the next write. It is made if no reply is awaited. A command without an
    /// awaited reply is not sent again, so it needs the check.
    pub(super) fn look_before_writing(&mut self) {
        self.look_first = true;
    }

    /// Checks an idle connection before a write. Returns `false` if nothing must be written now.
    pub(super) fn may_write(&mut self, waiting: impl FnOnce() -> Waiting) -> bool {
        if !self.is_idle() {
            return true;
        }
        self.look_first = false;
        match waiting() {
            Waiting::Nothing => true,
            // A push message, or the end of the TLS session: the driver reads it first.
            Waiting::Bytes => {
                self.read_first = true;
                false
            }
            Waiting::Closed => {
                let why = "the server closed it while it was idle";
                self.broken = Some(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, why));
                false
            }
        }
    }
}

/// The outcome of an attempt to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flushed {
    /// Nothing is left to write, or another thread is writing, or there is no connection.
    Done,
    /// The kernel takes no more bytes for now.
    Blocked,
    /// The connection cannot be written to. The driver has to read from it first, or has to end it.
    Unusable,
}

#[cold]
fn write_pieces(writer: &Writer, output: &Output, position: usize) -> std::io::Result<usize> {
    writer.try_write_vectored(&output.pieces(position))
}

impl Shared {
    pub(super) fn new(session: Session, sink: Option<Arc<dyn Sink>>) -> Self {
        Self {
            sink,
            state: Mutex::new(State {
                session,
                writer: None,
                rest: None,
                broken: None,
                shutdown: None,
                generation: 0,
                since: 0,
                driver: None,
                notified: false,
                armed: 0,
                last_write: 0,
                concurrency: 0,
                now: 0,
                last_used: 0,
                look_first: false,
                has_answered: false,
                liveness: Liveness::new(None, NEVER, 0),
                read_first: false,
                redial: false,
                closing: false,
                closed: None,
            }),
            read_half: Mutex::new(None),
            epoch: Instant::now(),
        }
    }

    /// Returns an empty collector for the frames that a new connection receives for the sink.
    pub(super) fn notices(&self) -> Notices {
        Notices::new(self.sink.clone())
    }

    /// Tells the sink that a new connection was made. Returns the commands that the sink wants to be written first.
    pub(super) fn replay(&self, protocol: Protocol) -> Replay {
        self.sink.as_ref().map_or_else(Replay::default, |sink| sink.connected(protocol))
    }

    /// Tells the sink that the connection is lost. It is called under the lock, before the commands in flight fail.
    pub(super) fn lose_sink(&self, error: &Error, again: bool, wakers: &mut Vec<Waker>) {
        if let Some(sink) = &self.sink {
            sink.lost(error, again, wakers);
        }
    }

    /// Queues the commands that the sink wants to be written now.
    pub(super) fn take_sink_output(&self) {
        let mut state = self.lock();
        let queued = self.sink.as_ref().is_some_and(|sink| state.session.take_output(&**sink));
        self.notify_if(state, queued);
    }

    #[inline]
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| self.recover(poisoned))
    }

    /// Takes the lock after a thread panicked while it held the lock. (A user's waker can run code when it is cloned
    /// under the lock.) The state of the session may be wrong, so the driver is woken and ends the connection.
    #[cold]
    fn recover<'a>(&'a self, poisoned: PoisonError<MutexGuard<'a, State>>) -> MutexGuard<'a, State> {
        self.state.clear_poison();
        let mut state = poisoned.into_inner();
        state.broken = Some(std::io::Error::other("a thread panicked while it used the connection"));
        state.notified = true;
        if let Some(driver) = state.driver.take() {
            driver.wake();
        }
        state
    }

    #[inline]
    pub(super) fn read_half(&self) -> MutexGuard<'_, Option<ReadHalf>> {
        self.read_half.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds since the link was made.
    #[inline]
    pub(super) fn now(&self) -> Tick {
        self.epoch.elapsed().as_millis() as Tick
    }

    /// Returns the instant of a tick. `None` for [`NEVER`].
    pub(super) fn instant(&self, tick: Tick) -> Option<Instant> {
        if tick == NEVER { None } else { self.epoch.checked_add(Duration::from_millis(tick)) }
    }

    /// Notes the deadline of a command. Returns `true` if the driver has to set its timer earlier because of it.
    #[inline]
    pub(super) fn arm(&self, state: &mut State, out: &Outgoing<'_>, now: Tick) -> bool {
        match out.timeout {
            Some(timeout) if now.saturating_add(timeout) < state.armed => {
                state.armed = now.saturating_add(timeout);
                true
            }
            _ => false,
        }
    }

    /// Wakes the driver if this is needed and the driver has not been woken already.
    #[inline]
    pub(super) fn notify_if(&self, mut state: MutexGuard<'_, State>, needed: bool) {
        if !needed || state.notified {
            return;
        }
        state.notified = true;
        let waker = state.driver.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Writes the queue until it is empty or the kernel takes no more.
    pub(super) fn flush(&self, mut state: MutexGuard<'_, State>) -> Flushed {
        let Some(writer) = state.writer.take() else { return Flushed::Done };
        if !state.may_write(|| writer.waiting()) {
            state.writer = Some(writer);
            return Flushed::Unusable;
        }
        let (output, position) = match state.rest.take() {
            Some(rest) => {
                state.session.resume_write();
                rest
            }
            None if state.session.has_output() => {
                state.last_write = state.session.queued();
                (state.session.output().into(), 0)
            }
            None => {
                state.writer = Some(writer);
                return Flushed::Done;
            }
        };
        self.write(state, writer, output, position)
    }

    /// Writes these bytes from `position` on. The session has handed them out.
    #[inline]
    pub(super) fn write(
        &self,
        mut state: MutexGuard<'_, State>,
        writer: Writer,
        output: Output,
        mut position: usize,
    ) -> Flushed {
        state.last_used = state.now;
        let generation = state.generation;
        drop(state);

        let from = position;
        let failure = loop {
            let outcome = match output.whole(position) {
                Some(bytes) => writer.try_write(bytes),
                None => write_pieces(&writer, &output, position),
            };
            match outcome {
                Ok(written) => position += written,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => break Some(error),
            }
            if position == output.len() {
                break None;
            }
        };

        let mut state = self.lock();
        if state.generation != generation {
            // The connection was lost meanwhile, and its commands have failed.
            drop(state);
            return Flushed::Done;
        }
        state.writer = Some(writer);
        match failure {
            None => {
                state.session.wrote(position - from, Some(output.into_buffer()));
                let more = state.session.has_output();
                self.notify_if(state, more);
                Flushed::Done
            }
            Some(error) => {
                state.session.wrote(position - from, None);
                state.rest = Some((output, position));
                if error.kind() == std::io::ErrorKind::WouldBlock {
                    // The caller of this function has to make the driver wait until the socket is writable. The driver
                    // is not woken here, because it may be the caller: it would wake itself again and again.
                    return Flushed::Blocked;
                }
                state.broken = Some(error);
                Flushed::Unusable
            }
        }
    }

    /// Ends the connection. If the link has a [`Shutdown`], both directions of the socket are shut down when this
    /// returns. Otherwise the driver drops the stream.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        let shutdown = state.shutdown.take();
        let is_waited_on = state.session.inflight() > 0;
        state.closing = true;
        self.notify_if(state, true);
        match shutdown {
            Some(shutdown) if is_waited_on => shutdown.now_and_noticed(),
            Some(shutdown) => shutdown.now(),
            None => {}
        }
    }

    /// Ends a connection that was lost: the commands in flight fail, and those that were not sent wait for the next one.
    pub(super) fn lose(&self, error: &Error) {
        let mut wakers = Vec::new();
        let mut state = self.lock();
        state.generation += 1;
        let ended = (state.writer.take(), state.rest.take(), state.broken.take(), state.shutdown.take());
        state.redial = false;
        state.read_first = false;
        self.lose_sink(error, true, &mut wakers);
        state.session.lose(error, &mut wakers);
        drop(state);
        drop(ended);
        wake_all(&mut wakers);
    }

    /// Whether the handle exists and the link is not closed.
    pub(super) fn is_wanted(&self) -> bool {
        let state = self.lock();
        !state.closing && state.closed.is_none()
    }

    /// Closes the link for good. All its commands fail with this error, and no new connection is made.
    pub(super) fn close(&self, error: &Error) {
        let mut wakers = Vec::new();
        let mut state = self.lock();
        if state.closed.is_some() {
            return;
        }
        state.closed = Some(error.clone());
        state.generation += 1;
        let ended = (state.writer.take(), state.rest.take(), state.shutdown.take(), state.driver.take());
        self.lose_sink(error, false, &mut wakers);
        state.session.close(error, &mut wakers);
        drop(state);
        drop(ended);
        wake_all(&mut wakers);
    }
}
