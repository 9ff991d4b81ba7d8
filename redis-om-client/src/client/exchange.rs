//! One command over one connection, as a future.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use crate::{
    command::Cmd,
    error::Result,
    net::Link,
    session::{Outgoing, ReplyBuf, Ticket},
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
}

/// What a command says on the wire.
#[inline]
pub(crate) fn outgoing(cmd: &Cmd, timeout: Option<u64>) -> Outgoing<'_> {
    Outgoing { body: cmd.body(), args: cmd.argument_count(), parts: cmd.parts(), timeout, gathers: false }
}

impl Future for Exchange<'_> {
    type Output = Result<ReplyBuf>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let out = Outgoing { gathers: this.early.is_some(), ..outgoing(this.cmd, this.timeout) };
        loop {
            let arrived = this.link.poll(&mut this.ticket, &out, cx);
            match (this.early, arrived) {
                (Some(early), Poll::Ready(Ok(ReplyBuf::Early(pieces, replies)))) => {
                    early.add(pieces, replies)
                }
                (_, arrived) => return arrived,
            }
        }
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        if matches!(self.ticket, Ticket::Queued(_) | Ticket::Waiting(_)) {
            self.link.cancel(&mut self.ticket);
        }
    }
}
