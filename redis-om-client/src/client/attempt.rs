//! One attempt: a command over one connection, with its place in the queue of that connection and its deadline.
//!
//! Every command is sent by an attempt: those of the async client and of the blocking one, batches, blocking commands and
//! what runs on a watched connection. Only the first attempt of a plain command has no value of this type: it keeps the
//! same two parts, connection and ticket, inside its [`Request`](super::Request) (a boxed attempt costs 800 instructions;
//! row `instructions of one GET`).

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use crate::{
    command::{Block, Cmd},
    config::{Config, millis},
    error::{Error, ErrorKind, Execution, Result},
    route::{Exclusive, Link, Route, refusal},
    session::{Delivery, Outgoing, Received, ReplyBuf, Runs, Ticket},
};

use super::partial::PartialReplies;

/// Until when a request has time; `None`: for ever.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline(Option<Instant>);

impl Deadline {
    /// So long from now on.
    pub(super) fn after(time: Option<Duration>) -> Self {
        Self(time.and_then(|time| Instant::now().checked_add(time)))
    }

    /// The time left, zero where there is none.
    pub(super) fn left(self) -> Option<Duration> {
        self.0.map(|at| at.saturating_duration_since(Instant::now()))
    }
}

/// How long a blocking command may take: the server's own timeout, and a grace.
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
    /// One that others use, too.
    Shared(&'a Link),
    /// One of the pool.
    Pooled(Exclusive),
    /// A new one, for this command only.
    Own(Link),
}

impl<'a> Lane<'a> {
    /// The connection that a command of this kind takes.
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

    /// Whether the same connection serves the next attempt: a shared one is made again by itself.
    pub(super) fn is_shared(&self) -> bool {
        matches!(self, Self::Shared(_))
    }
}

/// What a single command says on the wire that does not block.
#[inline]
pub(super) fn plain(cmd: &Cmd, timeout: Option<u64>, delivery: Delivery) -> Outgoing<'_> {
    Outgoing {
        body: cmd.body(),
        args: cmd.argument_count(),
        parts: 1,
        runs: Runs::Whole,
        blocking: false,
        timeout,
        delivery,
    }
}

/// What a command says on the wire.
#[inline]
pub(crate) fn outgoing(cmd: &Cmd, timeout: Option<u64>) -> Outgoing<'_> {
    Outgoing {
        body: cmd.body(),
        args: cmd.argument_count(),
        parts: cmd.parts(),
        runs: if cmd.parts() == 1 || cmd.is_transaction() { Runs::Whole } else { Runs::Partly },
        blocking: cmd.is_blocking(),
        timeout,
        delivery: Delivery::No,
    }
}

/// Whether a reply says that the server no longer serves what it did.
pub(crate) fn needs_new_connection(reply: &ReplyBuf) -> bool {
    refusal(&reply.to_bytes(), true).is_some_and(|(refusal, _)| refusal.needs_new_connection())
}

/// One command, or one batch, over one connection. Dropped early, it withdraws the command or leaves its reply to be
/// dropped.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    link: &'a Link,
    out: Outgoing<'a>,
    ticket: Ticket,
    /// Where the replies of a batch are put as they come.
    replies: Option<&'a PartialReplies>,
}

impl<'a> Attempt<'a> {
    pub(super) fn new(link: &'a Link, out: Outgoing<'a>, time: Option<Duration>) -> Self {
        let out = Outgoing { timeout: time.map(millis), ..out };
        Self { link, out, ticket: Ticket::New, replies: None }
    }

    /// The replies of the batch are put here as they come.
    pub(super) fn with_replies(mut self, replies: &'a PartialReplies) -> Self {
        self.out.delivery = Delivery::Replies;
        self.replies = Some(replies);
        self
    }

    /// How many of its bytes may have left when it failed.
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
        loop {
            match (ready!(this.link.poll(&mut this.ticket, &this.out, cx))?, this.replies) {
                (Received::Reply(reply), _) => return Poll::Ready(Ok(reply)),
                (Received::Replies(pieces, count), Some(replies)) => replies.add(pieces, count),
                (Received::Replies(..) | Received::Elements(_), _) => {
                    return Poll::Ready(Err(unexpected_part()));
                }
            }
        }
    }
}

/// A part of an answer that was wanted whole: the session never hands one out.
#[cold]
pub(super) fn unexpected_part() -> Error {
    Error::new(
        ErrorKind::Protocol,
        Execution::MaybeExecuted,
        "a part of the reply was handed over where the whole reply was wanted: please report this",
    )
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if matches!(self.ticket, Ticket::Queued(_) | Ticket::Waiting(_)) {
            self.link.cancel(&mut self.ticket);
        }
    }
}
