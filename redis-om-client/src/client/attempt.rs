//! One attempt: a command over one connection, with its place in the queue of that connection and its deadline.
//!
//! Every command is sent by an attempt: the commands of the async and of the blocking client, batches, blocking
//! commands and the commands on a watched connection. The first attempt of a plain command has no value of this type.
//! It keeps the same two parts, connection and ticket, inside its [`Request`](super::Request), because a boxed attempt
//! costs 800 instructions (row `instructions of one GET`).

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    command::{Block, Cmd},
    config::{Config, millis},
    error::{Error, ErrorKind, Execution, Result, TimeoutKind},
    route::{Exclusive, Link, Route, refusal},
    session::{Outgoing, Pieces, ReplyBuf, Runs, Ticket},
};

/// The deadline of a request; `None`: no deadline.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline(Option<Instant>);

impl Deadline {
    /// The deadline that lies `time` ahead.
    pub(super) fn after(time: Option<Duration>) -> Self {
        Self(time.and_then(|time| Instant::now().checked_add(time)))
    }

    /// Fails if no time is left.
    pub(super) fn check(self) -> Result<()> {
        if self.left().is_none_or(|left| !left.is_zero()) {
            return Ok(());
        }
        Err(not_in_time())
    }

    /// Awaits work that sends nothing of the command, such as connecting, no longer than until the deadline.
    pub(super) async fn limit<T>(self, work: impl Future<Output = Result<T>>) -> Result<T> {
        match self.left() {
            None => work.await,
            Some(left) => tokio::time::timeout(left, work).await.unwrap_or_else(|_| Err(not_in_time())),
        }
    }

    /// The time left; zero after the deadline.
    pub(super) fn left(self) -> Option<Duration> {
        self.0.map(|at| at.saturating_duration_since(Instant::now()))
    }
}

#[cold]
fn not_in_time() -> Error {
    Error::new(
        ErrorKind::Timeout(TimeoutKind::Command),
        Execution::NotSent,
        "timed out before it could be sent: its connection was not ready in time",
    )
}

/// The time limit of a blocking command: the timeout that the server was told, plus the grace.
pub(super) fn time_of(config: &Config, cmd: &Cmd) -> Option<Duration> {
    match cmd.block() {
        Some(Block::For(timeout)) => Some(timeout.saturating_add(config.blocking_grace)),
        Some(Block::Forever) => None,
        None if cmd.is_blocking() => None,
        None => config.command_timeout,
    }
}

/// The connection of an attempt.
#[derive(Debug)]
pub(super) enum Lane<'a> {
    /// A connection that other commands use, too.
    Shared(&'a Link),
    /// A connection of the pool.
    Pooled(Exclusive),
    /// A new connection, for this command only.
    Own(Link),
}

impl<'a> Lane<'a> {
    /// The connection for a command of this kind.
    pub(super) async fn of(route: &'a Route, cmd: &Cmd) -> Result<Self> {
        if cmd.needs_own_connection() {
            return route.while_nothing_is_sent(route.node().own()).await.map(Self::Own);
        }
        if cmd.is_blocking() {
            return route.while_nothing_is_sent(route.node().exclusive()).await.map(Self::Pooled);
        }
        Ok(Self::Shared(route.link()))
    }

    pub(super) fn link(&self) -> &Link {
        match self {
            Self::Shared(link) => link,
            Self::Pooled(exclusive) => exclusive.link(),
            Self::Own(link) => link,
        }
    }

    /// Whether the next attempt uses the same connection. A shared connection reconnects by itself.
    pub(super) fn is_shared(&self) -> bool {
        matches!(self, Self::Shared(_))
    }
}

/// What is sent for a single command that does not block.
#[inline]
pub(super) fn plain(cmd: &Cmd, timeout: Option<u64>) -> Outgoing<'_> {
    Outgoing {
        body: cmd.body(),
        args: cmd.argument_count(),
        parts: 1,
        runs: Runs::Whole,
        blocking: false,
        timeout,
        for_sink: false,
        large: None,
    }
}

/// What is sent for a command.
#[inline]
pub(crate) fn outgoing(cmd: &Cmd, timeout: Option<u64>) -> Outgoing<'_> {
    Outgoing {
        body: cmd.body(),
        args: cmd.argument_count(),
        parts: cmd.parts(),
        runs: if cmd.parts() == 1 || cmd.is_transaction() { Runs::Whole } else { Runs::Partly },
        blocking: cmd.is_blocking(),
        timeout,
        for_sink: false,
        large: cmd.large(),
    }
}

/// Whether a reply shows that the server no longer has its former role (such as a primary that became a replica).
pub(crate) fn needs_new_connection(cmd: &Cmd, reply: &ReplyBuf) -> bool {
    refusal(&reply.to_bytes(), cmd.author(0)).is_some_and(|(refusal, _)| refusal.needs_new_connection())
}

/// One command or one batch over one connection. An early drop withdraws a command that was not sent. If it was sent,
/// its reply is discarded when it arrives.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    link: &'a Link,
    out: Outgoing<'a>,
    ticket: Ticket,
    /// The replies of a batch that failed before the last reply came.
    came: Pieces,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(link: &'a Link, out: Outgoing<'a>, time: Option<Duration>) -> Self {
        let out = Outgoing { timeout: time.map(millis), ..out };
        Self { link, out, ticket: Ticket::New, came: Pieces::default() }
    }

    /// Takes the replies that came before the batch failed.
    pub(super) fn take_came(&mut self) -> Pieces {
        std::mem::take(&mut self.came)
    }

    /// How many bytes of the command may have been sent before it failed.
    pub(super) fn written(&self) -> usize {
        match self.ticket {
            Ticket::Done(ended) => ended.written,
            Ticket::New | Ticket::Waiting(_) | Ticket::Queued(_) => 0,
        }
    }
}

impl Future for Attempt<'_> {
    type Output = Result<ReplyBuf>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let reply = ready!(this.link.poll(&mut this.ticket, &this.out, cx))?;
        if let ReplyBuf::Partly(mut partly) = reply {
            let Some(error) = partly.lost.take() else { return Poll::Ready(Ok(ReplyBuf::Partly(partly))) };
            this.came = *partly;
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(reply))
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if matches!(self.ticket, Ticket::Queued(_) | Ticket::Waiting(_)) {
            self.link.cancel(&mut self.ticket);
        }
    }
}
