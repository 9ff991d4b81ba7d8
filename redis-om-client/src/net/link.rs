//! The handle to one connection: commands go in, replies come out.

use std::{
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use crate::{
    config::Config,
    error::{Error, Result},
    session::{Bounds, Mode, Outgoing, Received, Session, Sink, Submitted, Ticket},
};

use super::{
    connect::connect,
    driver::Driver,
    runtime::Runtime,
    shared::{Flushed, Lifetime, Shared},
};

/// A caller that queued so many commands, or so many bytes, writes them itself instead of leaving it to the driver.
///
/// The threshold is a part of the concurrency: the server works on one part while the next is being made, and a high
/// concurrency saves system calls by larger writes. (Measured: 64 tasks are fastest with 8 to 16 commands to a write, 256
/// tasks with 32 to 64.)
const WRITES_PER_ROUND: usize = 6;
const SMALLEST_FLUSH: usize = 8;
const LARGEST_FLUSH: usize = 64;
const FLUSH_BYTES: usize = 64 << 10;

/// What listens on a connection.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) mode: Mode,
    pub(crate) sink: Arc<dyn Sink>,
}

/// The handle to one connection; dropping it closes the connection.
#[derive(Debug)]
pub(crate) struct Link {
    shared: Arc<Shared>,
}

impl Link {
    /// Connects, once, and starts the task that drives the connection, in this runtime. If this fails, the sink is told
    /// nothing.
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
        runtime.spawn(Driver::new(shared.clone(), config, lifetime, first).run());
        Ok(Self { shared })
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
        if let Ticket::Queued(_) = *ticket {
            let outcome = state.session.reply(ticket, cx.waker());
            if state.session.has_spent() {
                let spent = state.session.spent();
                drop(state);
                drop(spent);
            }
            return outcome.map_or(Poll::Pending, Poll::Ready);
        }
        // The first command of a write looks at the clock for all, unless the write is stuck.
        if !state.session.has_output() || state.rest.is_some() {
            state.now = self.shared.now();
        }
        let now = state.now;
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
            // What cannot be written now, the driver writes later.
            let left = self.shared.flush(state) != Flushed::Done;
            if early || left {
                self.shared.notify_if(self.shared.lock(), true);
            }
        } else {
            self.shared.notify_if(state, true);
        }
        Poll::Pending
    }

    /// How long a command that is done would still have had, of `timeout` milliseconds; `None`: for ever.
    pub(crate) fn time_left(&self, ticket: &Ticket, timeout: Option<u64>) -> Option<Duration> {
        ticket.time_left(self.shared.now(), timeout).map(Duration::from_millis)
    }

    /// The future is gone: withdraws the command, or leaves its reply to be dropped.
    #[cold]
    pub(crate) fn cancel(&self, ticket: &mut Ticket) {
        let mut state = self.shared.lock();
        let mut wakers = Vec::new();
        state.session.cancel(ticket);
        // Room may have come free that was kept for this one.
        state.session.admit(&mut wakers);
        let spent = state.session.spent();
        let offers = state.session.offers_room();
        self.shared.notify_if(state, offers);
        drop(spent);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Hands over a command whose reply nobody waits for. It needs no runtime and does not wait.
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

    /// Whether another user can have this connection.
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

    /// Why no connection will be made any more: its runtime has ended, or the policy allows no further attempt.
    pub(crate) fn closed(&self) -> Option<Error> {
        self.shared.lock().closed.clone()
    }

    /// The server at the other end no longer serves what it did: once the commands in flight are answered, a new connection
    /// is made, to the address that the name has then. Commands wait for it.
    ///
    /// A connection that is younger than a second is kept: a new one would most likely find the same server.
    #[cold]
    pub(crate) fn redial(&self) {
        /// Milliseconds.
        const YOUNG: u64 = 1000;
        let mut state = self.shared.lock();
        if self.shared.now().saturating_sub(state.since) < YOUNG || state.redial {
            return;
        }
        state.redial = true;
        state.session.hold();
        self.shared.notify_if(state, true);
    }

    /// The sink has something to be written: it is asked for it. Not from within the sink, since this takes the lock that
    /// the sink is called under. While there is no connection nothing is asked: the sink is asked when it is connected.
    #[cfg_attr(not(all(test, feature = "testing")), expect(dead_code, reason = "for subscriptions"))]
    pub(crate) fn take_sink_output(&self) {
        self.shared.take_sink_output();
    }

    /// Fails the commands that nobody has begun to write, as not sent, so that they can take another connection.
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
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Ends the connection at once: its socket is shut down when this returns, and what is in flight on it fails.
    #[cold]
    pub(crate) fn abandon(&self) {
        self.shared.abandon();
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.abandon();
    }
}
