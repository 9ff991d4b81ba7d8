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

/// One command over one connection; dropped early, it withdraws the command or leaves its reply to be dropped.
#[derive(Debug)]
pub(super) struct Exchange<'a> {
    link: &'a Link,
    cmd: &'a Cmd,
    timeout: Option<u64>,
    ticket: Ticket,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(link: &'a Link, cmd: &'a Cmd, timeout: Option<Duration>) -> Self {
        Self { link, cmd, timeout: timeout.map(|timeout| timeout.as_millis() as u64), ticket: Ticket::New }
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
        this.link.poll(&mut this.ticket, &outgoing(this.cmd, this.timeout), cx)
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        if matches!(self.ticket, Ticket::Queued(_) | Ticket::Waiting(_)) {
            self.link.cancel(&mut self.ticket);
        }
    }
}
