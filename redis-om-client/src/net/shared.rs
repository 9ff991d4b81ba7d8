//! What the callers and the driver of one connection share: the session, the writing half, and who is to be woken.
//!
//! Callers encode commands into the session under a short lock. A caller may write for itself ([`Shared::flush`]), so
//! that one task alone needs no switch to the driver.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
    time::{Duration, Instant},
};

use crate::{
    config::Protocol,
    error::Error,
    session::{Liveness, NEVER, Notices, Outgoing, Replay, Session, Sink, Tick},
};

use super::{
    read_half::ReadHalf,
    stream::{Shutdown, Waiting, Writer},
};

/// After so many milliseconds without a read or a write the socket is looked at before something is written: the server
/// may have closed it.
const IDLE: Tick = 100;

/// Whether a lost connection is made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// A new connection is made whenever one is lost.
    Reconnecting,
    /// The link is closed when its connection is lost; when it is abandoned, the socket is shut down at
    /// once.
    One,
}

/// What the callers and the driver share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// The reading half, while there is a connection. Locked before the state, where both are.
    read_half: Mutex<Option<ReadHalf>>,
    /// Receives what the server sends by itself.
    sink: Option<Arc<dyn Sink>>,
    /// Ticks are counted from here.
    epoch: Instant,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) session: Session,
    /// Where to write; none while somebody writes, while there is no connection, and where the driver alone writes (TLS).
    pub(super) writer: Option<Writer>,
    /// What a writer could not get rid of, and from where on.
    pub(super) rest: Option<(Vec<u8>, usize)>,
    /// A writer found the connection broken.
    pub(super) broken: Option<std::io::Error>,
    /// Ends the connection at once.
    pub(super) shutdown: Option<Shutdown>,
    /// The number of this connection: a writer must not give its half back to the next one.
    pub(super) generation: u64,
    /// When this connection was made.
    pub(super) since: Tick,
    pub(super) driver: Option<Waker>,
    /// The driver is going to be polled.
    pub(super) notified: bool,
    /// When the driver looks at the deadlines next.
    pub(super) armed: Tick,
    /// How many commands the last write had.
    pub(super) last_write: usize,
    /// How many commands were lately in flight at once.
    pub(super) concurrency: usize,
    /// The time as of the last look at the clock.
    pub(super) now: Tick,
    /// When something was last read or written.
    last_used: Tick,
    /// The socket is looked at before the next write, however short the pause was.
    look_first: bool,
    /// Whether a reply has come on this connection.
    pub(super) has_answered: bool,
    /// When the peer is asked whether it is there.
    pub(super) liveness: Liveness,
    /// Something lies unread in the socket of an idle connection: it is read before anything is written.
    pub(super) read_first: bool,
    /// A new connection is wanted in place of this one.
    pub(super) redial: bool,
    /// The handle is gone.
    pub(super) closing: bool,
    /// Why no connection will be made any more.
    pub(super) closed: Option<Error>,
}

impl State {
    #[inline]
    pub(super) fn note_read(&mut self, now: Tick) {
        self.last_used = now;
        self.liveness.read(now);
    }

    /// A new connection stands.
    pub(super) fn begin(&mut self, now: Tick, liveness: Liveness) {
        self.liveness = liveness;
        (self.now, self.since, self.last_used) = (now, now, now);
        self.has_answered = false;
        self.broken = None;
        self.last_write = 0;
        self.armed = 0;
    }

    /// The mean of late, which grows at once and shrinks slowly.
    #[inline]
    pub(super) fn note_concurrency(&mut self) {
        self.concurrency = self.session.inflight().max(self.concurrency - self.concurrency / 8);
    }

    /// Whether nothing was read or written for long, and no reply is awaited.
    #[inline]
    fn is_idle(&self) -> bool {
        (self.look_first || self.now.saturating_sub(self.last_used) > IDLE)
            && self.session.inflight() == self.session.queued()
    }

    /// The socket is looked at before the next write, if no reply is awaited: what is written then is not repeated.
    pub(super) fn look_before_writing(&mut self) {
        self.look_first = true;
    }

    /// Looks at an idle connection before it is written to. `false`: it must not be written to now.
    pub(super) fn may_write(&mut self, waiting: impl FnOnce() -> Waiting) -> bool {
        if !self.is_idle() {
            return true;
        }
        self.look_first = false;
        match waiting() {
            Waiting::Nothing => true,
            // A message of the server, or the end of TLS: the driver reads it first.
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

/// What became of an attempt to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flushed {
    /// Nothing is left, or somebody else is writing.
    Done,
    /// The kernel takes no more for now.
    Blocked,
    /// The connection cannot be written to: the driver has to look at it.
    Unusable,
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

    /// What of a new connection is for the sink, on its way there.
    pub(super) fn notices(&self) -> Notices {
        Notices::new(self.sink.clone())
    }

    /// A new connection stands: what its sink wants to be written first.
    pub(super) fn replay(&self, protocol: Protocol) -> Replay {
        self.sink.as_ref().map_or_else(Replay::default, |sink| sink.connected(protocol))
    }

    /// Tells the sink that the connection is lost. Under the lock, and before the commands in flight are told.
    pub(super) fn lose_sink(&self, error: &Error, again: bool, wakers: &mut Vec<Waker>) {
        if let Some(sink) = &self.sink {
            sink.lost(error, again, wakers);
        }
    }

    /// Queues what the sink wants to be written now.
    pub(super) fn take_sink_output(&self) {
        let mut state = self.lock();
        let queued = self.sink.as_ref().is_some_and(|sink| state.session.take_output(&**sink));
        self.notify_if(state, queued);
    }

    #[inline]
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| self.recover(poisoned))
    }

    /// A thread panicked while it held the lock (the code of a user's waker runs under it): what the session knows of the
    /// connection may be wrong, so the driver gives the connection up.
    #[cold]
    fn recover<'a>(&'a self, poisoned: PoisonError<MutexGuard<'a, State>>) -> MutexGuard<'a, State> {
        self.state.clear_poison();
        let mut state = poisoned.into_inner();
        state.broken = Some(std::io::Error::other("a thread panicked while it used the connection"));
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

    /// The moment of a tick.
    pub(super) fn instant(&self, tick: Tick) -> Option<Instant> {
        if tick == NEVER { None } else { self.epoch.checked_add(Duration::from_millis(tick)) }
    }

    /// Notes the command's deadline; `true` if the driver has to set its timer earlier for it.
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

    /// Has the driver polled, unless it is going to be.
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

    /// Writes what is queued, as far as the kernel takes it.
    pub(super) fn flush(&self, mut state: MutexGuard<'_, State>) -> Flushed {
        let Some(writer) = state.writer.take() else { return Flushed::Done };
        if !state.may_write(|| writer.waiting()) {
            state.writer = Some(writer);
            return Flushed::Unusable;
        }
        let (buffer, mut position) = match state.rest.take() {
            Some(rest) => {
                state.session.resume_write();
                rest
            }
            None if state.session.has_output() => {
                state.last_write = state.session.queued();
                (state.session.output(), 0)
            }
            None => {
                state.writer = Some(writer);
                return Flushed::Done;
            }
        };
        state.last_used = state.now;
        let generation = state.generation;
        drop(state);

        let from = position;
        let failure = loop {
            match writer.try_write(&buffer[position..]) {
                Ok(written) => position += written,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => break Some(error),
            }
            if position == buffer.len() {
                break None;
            }
        };

        let mut state = self.lock();
        if state.generation != generation {
            // The connection was lost meanwhile; its commands have been told.
            drop(state);
            return Flushed::Done;
        }
        state.writer = Some(writer);
        match failure {
            None => {
                state.session.wrote(position - from, Some(buffer));
                let more = state.session.has_output();
                self.notify_if(state, more);
                Flushed::Done
            }
            Some(error) => {
                state.session.wrote(position - from, None);
                state.rest = Some((buffer, position));
                if error.kind() == std::io::ErrorKind::WouldBlock {
                    // The caller sees to it that the driver waits for room. To notify it here would make the driver, if it is
                    // the caller, wake itself for ever.
                    return Flushed::Blocked;
                }
                state.broken = Some(error);
                Flushed::Unusable
            }
        }
    }

    /// Ends the connection at once: both directions of the socket are shut down when this returns.
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

    /// No connection will be made any more.
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
        wakers.into_iter().for_each(Waker::wake);
    }
}
