//! One command over one connection, as a future.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use crate::{
    command::Cmd,
    config::millis,
    error::{Error, ErrorKind, Execution, Result},
    net::Link,
    session::{Delivery, Outgoing, Received, ReplyBuf, Ticket},
};

use super::partial::PartialReplies;

/// One command over one connection; dropped partial, it withdraws the command or leaves its reply to be dropped.
#[derive(Debug)]
pub(super) struct Exchange<'a> {
    link: &'a Link,
    cmd: &'a Cmd,
    timeout: Option<u64>,
    ticket: Ticket,
    /// Where the first replies of a batch are put before the last have come.
    partial: Option<&'a PartialReplies>,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(link: &'a Link, cmd: &'a Cmd, timeout: Option<Duration>) -> Self {
        Self { link, cmd, timeout: timeout.map(millis), ticket: Ticket::New, partial: None }
    }

    /// The first replies of the batch are put here as they come.
    pub(super) fn with_partial(mut self, partial: Option<&'a PartialReplies>) -> Self {
        if let Some(partial) = partial {
            partial.restart();
        }
        self.partial = partial;
        self
    }

    /// How long it would still have had, when it is done; `None`: for ever.
    pub(super) fn time_left(&self) -> Option<Duration> {
        self.link.time_left(&self.ticket, self.timeout)
    }
}

/// What a command says on the wire.
#[inline]
pub(crate) fn outgoing(cmd: &Cmd, timeout: Option<u64>) -> Outgoing<'_> {
    Outgoing {
        body: cmd.body(),
        args: cmd.argument_count(),
        parts: cmd.parts(),
        timeout,
        delivery: Delivery::No,
    }
}

impl Future for Exchange<'_> {
    type Output = Result<ReplyBuf>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let delivery = if this.partial.is_some() { Delivery::Replies } else { Delivery::No };
        let out = Outgoing { delivery, ..outgoing(this.cmd, this.timeout) };
        loop {
            match (std::task::ready!(this.link.poll(&mut this.ticket, &out, cx))?, this.partial) {
                (Received::Reply(reply), _) => return Poll::Ready(Ok(reply)),
                (Received::Replies(pieces, replies), Some(partial)) => partial.add(pieces, replies),
                (Received::Replies(..) | Received::Elements(_), _) => return Poll::Ready(Err(unasked())),
            }
        }
    }
}

/// A part of an answer that was wanted whole: the session never hands one out.
#[cold]
pub(super) fn unasked() -> Error {
    Error::new(
        ErrorKind::Protocol,
        Execution::NotSent,
        "a part of the answer was handed to who wants it whole: please report this",
    )
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        if matches!(self.ticket, Ticket::Queued(_) | Ticket::Waiting(_)) {
            self.link.cancel(&mut self.ticket);
        }
    }
}
