//! One command over one connection, as a future.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use crate::{
    command::Cmd,
    error::{Error, ErrorKind, Result},
    net::Link,
    session::{Arrived, Outgoing, Partly, ReplyBuf, Ticket},
};

use super::early::Early;

/// One command over one connection; dropped early, it withdraws the command or leaves its reply to be dropped.
#[derive(Debug)]
pub(super) struct Exchange<'a> {
    link: &'a Link,
    cmd: &'a Cmd,
    timeout: Option<u64>,
    ticket: Ticket,
    /// Where the first replies of a batch are put before the last have come.
    early: Option<&'a Early>,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(link: &'a Link, cmd: &'a Cmd, timeout: Option<Duration>) -> Self {
        Self {
            link,
            cmd,
            timeout: timeout.map(|timeout| timeout.as_millis() as u64),
            ticket: Ticket::New,
            early: None,
        }
    }

    /// The first replies of the batch are put here as they come.
    pub(super) fn with_early(mut self, early: Option<&'a Early>) -> Self {
        if let Some(early) = early {
            early.restart();
        }
        self.early = early;
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
    Outgoing { body: cmd.body(), args: cmd.argument_count(), parts: cmd.parts(), timeout, partly: Partly::No }
}

impl Future for Exchange<'_> {
    type Output = Result<ReplyBuf>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let partly = if this.early.is_some() { Partly::Replies } else { Partly::No };
        let out = Outgoing { partly, ..outgoing(this.cmd, this.timeout) };
        loop {
            match (std::task::ready!(this.link.poll(&mut this.ticket, &out, cx))?, this.early) {
                (Arrived::Reply(reply), _) => return Poll::Ready(Ok(reply)),
                (Arrived::Replies(pieces, replies), Some(early)) => early.add(pieces, replies),
                (Arrived::Replies(..) | Arrived::Elements(_), _) => return Poll::Ready(Err(unasked())),
            }
        }
    }
}

/// A part of an answer that was wanted whole: the session never hands one out.
#[cold]
pub(super) fn unasked() -> Error {
    Error::new(
        ErrorKind::Protocol,
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
