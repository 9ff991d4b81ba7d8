//! The handle to one connection. Commands are sent and replies are received through it.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use crate::{
    config::Config,
    error::{Error, Result},
    session::{Bounds, Mode, Outgoing, ReplyBuf, Session, Sink, Submitted, Ticket},
};

use super::{
    connect::connect,
    driver::Driver,
    runtime::Runtime,
    shared::{Flushed, Lifetime, Shared},
    wake::wake_all,
};

/// The divisor of the flush threshold. A caller writes the queue itself, instead of leaving it to the driver, once the
/// queue has this threshold of commands, or [`FLUSH_BYTES`].
///
/// The threshold is `concurrency / WRITES_PER_ROUND` commands, from [`SMALLEST_FLUSH`] to [`LARGEST_FLUSH`]. The server
/// works on one part of the commands while callers encode the next part. With a high concurrency, larger writes save
/// system calls. Measured: 64 tasks are fastest with 8 to 16 commands in a write, 256 tasks with 32 to 64.
const WRITES_PER_ROUND: usize = 6;
const SMALLEST_FLUSH: usize = 8;
const LARGEST_FLUSH: usize = 64;
const FLUSH_BYTES: usize = 64 << 10;

/// A sink, and the mode of the connection that it listens on.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) mode: Mode,
    pub(crate) sink: Arc<dyn Sink>,
}

/// The handle to one connection. Dropping it closes the connection.
#[derive(Debug)]
pub(crate) struct Link {
    pub(super) shared: Arc<Shared>,
}

impl Link {
    /// Connects, and starts the task that drives the connection in `runtime`. A failure is returned and not tried
    /// again, and the sink is not called.
    pub(crate) async fn connect(
        config: Arc<Config>,
        lifetime: Lifetime,
        runtime: &Runtime,
        listener: Option<Listener>,
    ) -> Result<Self> {
        let first = connect(&config).await?;
        let bounds = Bounds {
            bytes: config.queue_budget,
            commands: config.queue_commands,
            when_full: config.when_full,
        };
        let (mode, sink) =
            listener.map_or((Mode::Shared, None), |Listener { mode, sink }| (mode, Some(sink)));
        let shared = Arc::new(Shared::new(Session::with_mode(bounds, mode), sink));
        Driver::start(shared.clone(), config, lifetime, first, runtime);
        Ok(Self { shared })
    }

    /// Queues the command at the first call for which there is room, and returns its reply once the reply has come.
    #[inline]
    pub(crate) fn poll(
        &self,
        ticket: &mut Ticket,
        out: &Outgoing<'_>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<ReplyBuf>> {
        let mut state = self.shared.lock();
        if let Ticket::Queued(_) = *ticket {
            let outcome = state.session.reply(ticket, cx.waker());
            if state.session.has_spent() {
                let spent = state.session.spent();
                drop(state);
                drop(spent);
            }
            return outcome.map_or(Poll::Pending, Poll::Ready);
        }
        // The first command of a write reads the clock for all commands of the write. While a write is stuck, each
        // command reads the clock.
        if !state.session.has_output() || state.rest.is_some() {
            state.now = self.shared.now();
        }
        let now = state.now;
        if out.large.is_some() {
            match self.shared.write_large(state, ticket, out, cx.waker()) {
                None => return Poll::Pending,
                Some(lock) => state = lock,
            }
        }
        match state.session.submit(ticket, *out, now, cx.waker()) {
            Err(error) => return Poll::Ready(Err(error)),
            Ok(Submitted::Queued) => {}
            Ok(Submitted::Waiting) => {
                let early = self.shared.arm(&mut state, out, now);
                self.shared.notify_if(state, early);
                return Poll::Pending;
            }
        }
        let early = self.shared.arm(&mut state, out, now);
        let session = &state.session;
        let enough = (state.concurrency / WRITES_PER_ROUND).clamp(SMALLEST_FLUSH, LARGEST_FLUSH);
        let full = session.queued() >= enough || session.pending_bytes() >= FLUSH_BYTES;
        let alone = session.is_only_command() && state.last_write <= 1;
        if (full || alone) && state.writer.is_some() && state.rest.is_none() {
            // The driver writes later what the kernel does not take now.
            let left = self.shared.flush(state) != Flushed::Done;
            if early || left {
                self.shared.notify_if(self.shared.lock(), true);
            }
        } else {
            self.shared.notify_if(state, true);
        }
        Poll::Pending
    }

    /// Returns how much of its `timeout` a finished command has left. `timeout` is in milliseconds. `None` means no
    /// limit.
    pub(crate) fn time_left(&self, ticket: &Ticket, timeout: Option<u64>) -> Option<Duration> {
        ticket.time_left(self.shared.now(), timeout).map(Duration::from_millis)
    }

    /// Cancels a command whose future was dropped. The command is withdrawn if its write has not begun. Otherwise its
    /// reply is discarded.
    #[cold]
    pub(crate) fn cancel(&self, ticket: &mut Ticket) {
        let mut state = self.shared.lock();
        let mut wakers = Vec::new();
        state.session.cancel(ticket);
        // The room that the command held may be free now.
        state.session.admit(&mut wakers);
        let spent = state.session.spent();
        let offers = state.session.offers_room();
        self.shared.notify_if(state, offers);
        drop(spent);
        wake_all(&mut wakers);
    }

    /// Queues a command whose reply is discarded. It needs no runtime and does not wait.
    pub(crate) fn forget(&self, out: Outgoing<'_>) -> Result<()> {
        let mut state = self.shared.lock();
        state.now = self.shared.now();
        let now = state.now;
        state.session.submit_detached(out, now)?;
        state.look_before_writing();
        let _early = self.shared.arm(&mut state, &out, now);
        self.shared.notify_if(state, true);
        Ok(())
    }

    /// Whether the connection can be given to another user.
    pub(crate) fn is_clean(&self) -> bool {
        let state = self.shared.lock();
        state.session.is_clean()
            && state.broken.is_none()
            && state.rest.is_none()
            && !state.closing
            && !state.redial
    }

    /// Whether nothing is in flight and nothing waits to be sent.
    pub(crate) fn is_quiet(&self) -> bool {
        let state = self.shared.lock();
        state.session.inflight() == 0 && state.session.pending_bytes() == 0
    }

    /// Why no new connection will be made: the runtime has ended, or the reconnect policy allows no further attempt.
    /// `None` while the link is open.
    pub(crate) fn closed(&self) -> Option<Error> {
        self.shared.lock().closed.clone()
    }

    /// Replaces the connection, because its server no longer serves the commands (for example, it has become a
    /// replica). Once the commands in flight are answered, the name is resolved again and a new connection is made. New
    /// commands wait for that connection.
    ///
    /// A connection that is younger than a second is kept: a new one would most likely find the same server. While there
    /// is no connection, this does nothing.
    #[cold]
    pub(crate) fn redial(&self) {
        /// Milliseconds.
        const YOUNG: u64 = 1000;
        let mut state = self.shared.lock();
        let is_young = self.shared.now().saturating_sub(state.since) < YOUNG;
        if is_young || state.redial || !state.session.is_up() {
            return;
        }
        state.redial = true;
        state.session.hold();
        self.shared.notify_if(state, true);
    }

    /// Queues the commands that the sink wants to be written. The sink itself must not call this: it is called under
    /// the lock that this takes. While there is no connection, this does nothing. The sink gives its commands when a
    /// new connection is made.
    #[cfg_attr(not(all(test, feature = "testing")), expect(dead_code, reason = "for subscriptions"))]
    pub(crate) fn take_sink_output(&self) {
        self.shared.take_sink_output();
    }

    /// Fails the commands whose write has not begun, as not sent. They can take another connection then.
    #[cfg_attr(
        not(all(test, feature = "testing")),
        expect(dead_code, reason = "for routes with more than one node")
    )]
    #[cold]
    pub(crate) fn evict(&self, error: &Error) {
        let mut wakers = Vec::new();
        let mut state = self.shared.lock();
        state.session.evict(error, &mut wakers);
        let spent = state.session.spent();
        drop(state);
        drop(spent);
        wake_all(&mut wakers);
    }

    /// Ends the connection, and fails the commands in flight on it. With [`Lifetime::One`] the socket is shut down when
    /// this returns. A custom stream, and the connection of a link that reconnects, are dropped by the driver soon
    /// after.
    #[cold]
    pub(crate) fn abandon(&self) {
        self.shared.abandon();
    }
}

#[cfg(test)]
impl Link {
    /// Reports a queue that has more than its settings allow.
    pub(crate) fn check_bounds(&self, violated: &mut dyn FnMut(String)) {
        self.shared.lock().session.check_bounds(violated);
    }

    /// Reports what is left although nothing is in progress.
    pub(crate) fn check_idle(&self, violated: &mut dyn FnMut(String)) {
        self.shared.lock().session.check_idle(violated);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.abandon();
    }
}
