//! The handle to one connection.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use crate::{
    config::{Config, millis},
    error::{Error, ErrorKind, Execution, Result},
    session::{Bounds, NEVER, Outgoing, Received, Session, Submitted, Tick, Ticket},
};

use super::{connect::connect, driver::Driver, read_half::ReadHalf, stream::Writer};

/// Whoever queues a bunch of commands, or so many bytes, writes them itself instead of leaving it to the driver.
///
/// A bunch is a part of the concurrency: the server works on one while the next is being made, and a large concurrency saves system
/// calls by larger bunches. (Measured: 64 tasks are fastest with 8 to 16 to a write, 256 with 32 to 64.)
const WRITES_PER_ROUND: usize = 6;
const SMALLEST_FLUSH: usize = 8;
const LARGEST_FLUSH: usize = 64;
const FLUSH_BYTES: usize = 64 << 10;

/// The handle to one connection; dropping it closes the connection.
#[derive(Debug)]
pub(crate) struct Link {
    shared: Arc<Shared>,
}

/// What the callers and the driver share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// The reading half, while there is a connection. Locked before the state, where both are.
    read_half: Mutex<Option<ReadHalf>>,
    /// Ticks are counted from here.
    epoch: Instant,
    /// How long a command may take.
    timeout: Option<u64>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) session: Session,
    /// Where to write; none while somebody writes, while there is no connection, and with TLS.
    pub(super) writer: Option<Writer>,
    /// What a writer could not get rid of, and from where on.
    pub(super) rest: Option<(Vec<u8>, usize)>,
    /// A writer found the connection broken.
    pub(super) broken: Option<std::io::Error>,
    /// Which connection this is: a writer must not give its half back to the next one.
    pub(super) generation: u64,
    pub(super) driver: Option<Waker>,
    /// The command that was sent alone: whoever waits for it reads for itself when the read_waker rings.
    inline_reader: Option<u32>,
    /// The read_waker has rung for this one's waiter, who has not come yet.
    inline_woken: Option<u32>,
    /// The driver is going to be polled.
    pub(super) notified: bool,
    /// When the driver looks at the deadlines next.
    pub(super) armed: Tick,
    /// How many commands the last write had.
    pub(super) last_write: usize,
    /// How many commands were lately under way at once.
    pub(super) concurrency: usize,
    /// The time as of the last look at the clock.
    pub(super) now: Tick,
    /// The handle is gone.
    pub(super) closing: bool,
}

/// What became of an attempt to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flushed {
    /// Nothing is left, or somebody else is writing.
    Done,
    /// The kernel takes no more for now.
    Blocked,
}

impl Link {
    /// Connects, once, and starts the task that drives the connection. With `reconnect` the task makes a new one
    /// whenever it is lost; without, the link is closed then.
    pub(crate) async fn connect(config: Arc<Config>, reconnect: bool) -> Result<Self> {
        let stream = connect(&config).await?;
        let bounds = Bounds {
            bytes: config.queue_budget,
            commands: config.queue_commands,
            when_full: config.when_full,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                session: Session::new(bounds),
                writer: None,
                rest: None,
                broken: None,
                generation: 0,
                driver: None,
                inline_reader: None,
                inline_woken: None,
                notified: false,
                armed: 0,
                last_write: 0,
                concurrency: 0,
                now: 0,
                closing: false,
            }),
            read_half: Mutex::new(None),
            epoch: Instant::now(),
            timeout: config.command_timeout.map(millis),
        });
        let driver = Driver::new(shared.clone(), config, reconnect, stream);
        tokio::spawn(driver.run());
        Ok(Self { shared })
    }

    /// The default time a command may take, in milliseconds.
    #[inline]
    pub(crate) fn timeout(&self) -> Option<u64> {
        self.shared.timeout
    }

    /// Sends the command, at the first call, and waits for its reply.
    #[inline]
    pub(crate) fn poll(
        &self,
        ticket: &mut Ticket,
        out: &Outgoing<'_>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Received>> {
        let mut state = self.shared.lock();
        if let Ticket::Queued(id) = *ticket {
            if state.inline_woken == Some(id) {
                state = self.read_alone(state, id);
            }
            return match state.session.reply(ticket, cx.waker()) {
                Some(outcome) => Poll::Ready(outcome),
                None => Poll::Pending,
            };
        }
        // Another command comes: from here on the driver reads. The one who was to read alone may be held by somebody who
        // polls it no more, and the read_waker does not ring twice for what nobody reads.
        state.inline_reader = None;
        let unread = state.inline_woken.take().is_some();
        // The first of a bunch looks at the clock for all.
        if !state.session.has_output() {
            state.now = self.shared.now();
        }
        let now = state.now;
        match state.session.submit(ticket, *out, now, cx.waker()) {
            Err(error) => {
                self.shared.notify_if(state, unread);
                return Poll::Ready(Err(error));
            }
            Ok(Submitted::Queued) => {}
            Ok(Submitted::Waiting) => {
                let early = self.shared.arm(&mut state, out, now);
                self.shared.notify_if(state, early || unread);
                return Poll::Pending;
            }
        }
        let early = self.shared.arm(&mut state, out, now);
        let session = &state.session;
        let enough = (state.concurrency / WRITES_PER_ROUND).clamp(SMALLEST_FLUSH, LARGEST_FLUSH);
        let bunch = session.queued() >= enough || session.pending_bytes() >= FLUSH_BYTES;
        let alone = session.is_only_command() && state.last_write <= 1;
        if (bunch || alone) && state.writer.is_some() && state.rest.is_none() {
            if alone && let Ticket::Queued(id) = *ticket {
                state.inline_reader = Some(id);
            }
            // What the kernel does not take now, the driver writes when it does.
            let blocked = self.shared.flush(state) == Flushed::Blocked;
            if early || blocked || unread {
                self.shared.notify_if(self.shared.lock(), true);
            }
        } else {
            self.shared.notify_if(state, true);
        }
        Poll::Pending
    }

    /// The read_waker has rung for a command that was sent alone: its waiter reads.
    fn read_alone<'a>(&'a self, mut state: MutexGuard<'a, State>, id: u32) -> MutexGuard<'a, State> {
        state.inline_woken = None;
        let waits = state.session.take_waker(id);
        drop(state);
        match self.shared.read_half.try_lock() {
            Ok(mut read_half) if waits => {
                if let Some(read_half) = read_half.as_mut()
                    && let Poll::Ready(error) = read_half.read(&self.shared, self.shared.now())
                {
                    // The driver ends the connection, and tells everybody.
                    read_half.ended = Some(error);
                    self.shared.notify_if(self.shared.lock(), true);
                }
            }
            // The driver may have looked before the read_waker rang: it looks again. So it does where there is nothing to wait
            // for any more, since what rang the read_waker is still to be read.
            _ => self.shared.notify_if(self.shared.lock(), true),
        }
        let mut state = self.shared.lock();
        // What came was not all: it goes on like this, as long as nobody else is there.
        if waits && state.session.is_only_command() && state.writer.is_some() {
            state.inline_reader = Some(id);
        }
        state
    }

    /// How long a command that is done would still have had, of `timeout` milliseconds; `None`: for ever.
    pub(crate) fn time_left(&self, ticket: &Ticket, timeout: Option<u64>) -> Option<Duration> {
        let left = match ticket {
            Ticket::Done(NEVER) => None,
            Ticket::Done(deadline) => Some(deadline.saturating_sub(self.shared.now())),
            // Refused before its time began.
            Ticket::New | Ticket::Queued(_) | Ticket::Waiting(_) => timeout,
        };
        left.map(Duration::from_millis)
    }

    /// The future is gone: withdraws the command, or leaves its reply to be dropped.
    #[cold]
    pub(crate) fn cancel(&self, ticket: &mut Ticket) {
        let mut state = self.shared.lock();
        if let Ticket::Queued(id) = *ticket
            && state.inline_woken == Some(id)
        {
            // It was to read what has come.
            state.inline_woken = None;
            self.shared.notify_if(state, true);
            state = self.shared.lock();
        }
        state.session.cancel(ticket);
        // Room may have come free that was kept for this one.
        let mut wakers = Vec::new();
        state.session.admit(&mut wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Whether another user can have this connection.
    pub(crate) fn is_clean(&self) -> bool {
        let state = self.shared.lock();
        state.session.is_clean() && state.broken.is_none() && state.rest.is_none()
    }

    /// Closes the connection at once: whatever is under way on it fails.
    pub(crate) fn close(&self) {
        let mut state = self.shared.lock();
        state.closing = true;
        self.shared.notify_if(state, true);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    #[inline]
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline]
    pub(super) fn read_half(&self) -> MutexGuard<'_, Option<ReadHalf>> {
        self.read_half.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is something to read: calls the one who waits alone, else the driver.
    pub(super) fn wake_reader(&self) {
        let mut state = self.lock();
        if let Some(id) = state.inline_reader.take()
            && let Some(waker) = state.session.waiter(id)
        {
            state.inline_woken = Some(id);
            drop(state);
            waker.wake();
            return;
        }
        self.notify_if(state, true);
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
    fn arm(&self, state: &mut State, out: &Outgoing<'_>, now: Tick) -> bool {
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
        let (buffer, mut position) = match state.rest.take() {
            Some(rest) => rest,
            None if state.session.has_output() => {
                state.last_write = state.session.queued();
                (state.session.output(), 0)
            }
            None => {
                state.writer = Some(writer);
                return Flushed::Done;
            }
        };
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
                let blocked = error.kind() == std::io::ErrorKind::WouldBlock;
                if blocked {
                    // The caller sees to it that the driver waits for room. Waking it here would have the driver, when it
                    // is the caller, wake itself for ever.
                    return Flushed::Blocked;
                }
                state.broken = Some(error);
                self.notify_if(state, true);
                Flushed::Done
            }
        }
    }

    /// No connection will be made any more.
    pub(super) fn close(&self, error: &Error) {
        let mut wakers = Vec::new();
        let mut state = self.lock();
        state.generation += 1;
        state.writer = None;
        state.rest = None;
        state.session.close(error, &mut wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// What a link that nobody drives any more says.
pub(super) fn closed(why: &str) -> Error {
    Error::new(ErrorKind::Disconnected, Execution::NotSent, why)
}
