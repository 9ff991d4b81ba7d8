//! A command in progress: the future that `client.get(…)` returns.
//!
//! Knows nothing of sockets and of retries: the dispatch does what follows a failed attempt. The promise kept here: a
//! reply goes to its own caller or is discarded, never to another caller.
//!
//! The first attempt of a plain command is a bypass of the plain path: it runs inside the future itself, without the
//! dispatch and its allocations. It serves the benchmark rows `instructions` and `allocations`. A `GET` takes 2,056
//! instructions and one allocation, and 3,411 and two without the bypass.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use crate::{
    command::{Cmd, Command, Plan},
    error::{Error, Result},
    route::Link,
    session::{ReplyBuf, Ticket},
};

use super::{
    Client, Connection,
    answer::Answer,
    attempt::{Attempt, Deadline, outgoing, plain, time_of},
    dispatch::{repeat, send},
};

/// The future of a command's reply.
///
/// Nothing is sent before the first poll. Dropping the future before the command was sent withdraws the command.
/// Dropping it later discards the reply; the command runs, and no other caller sees its reply.
#[must_use = "a command is not sent until its future is awaited"]
pub struct Request<'a, R> {
    target: Target<'a>,
    command: Command<R>,
    state: State<'a>,
}

/// Where a command goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target<'a> {
    Client(&'a Client),
    Connection(&'a Connection),
}

/// A first attempt that succeeds is the common case and needs no allocation. All other cases go through the dispatch
/// loop.
enum State<'a> {
    Start,
    First(&'a Link, Ticket),
    Slow(Pin<Box<dyn Future<Output = Result<Answer>> + Send + 'a>>),
    Done,
}

impl<'a, R> Request<'a, R> {
    #[inline]
    pub(super) fn new(target: Target<'a>, command: Command<R>) -> Self {
        Self { target, command, state: State::Start }
    }

    /// Makes the first attempt.
    #[inline]
    fn start(&mut self) {
        self.state = match self.target {
            Target::Client(client) if self.cmd().is_plain() && self.cmd().parts() == 1 => {
                State::First(client.route().link(), Ticket::New)
            }
            target => State::Slow(Box::pin(slow(target, self.cmd().clone()))),
        };
    }

    #[inline]
    fn cmd(&self) -> &Cmd {
        self.command.cmd()
    }

    #[inline]
    fn decode(&self, reply: &ReplyBuf) -> Result<R> {
        let mut replies = reply.replies();
        let decoded = self.command.decoder().decode(&mut replies);
        decoded.map_err(|error| self.in_context(error.into(), replies.taken()))
    }

    /// Decodes the reply of the slow path. If the request is several commands, some of them may have failed without a
    /// reply.
    fn decode_answer(&self, answer: &Answer) -> Result<R> {
        if let Some((part, error)) = answer.failures.first() {
            return Err(self.cmd().in_context_of_part(error.clone(), *part));
        }
        self.command.read(&mut answer.replies())
    }

    /// Enters the dispatch loop after a first attempt that failed or was answered with an error.
    #[cold]
    fn go_on(&mut self, ended: Result<ReplyBuf>, left: Option<Duration>) {
        let Target::Client(client) = self.target else { return };
        let cmd = self.cmd().clone();
        let deadline = Deadline::after(left);
        self.state = State::Slow(Box::pin(async move {
            repeat(client, &cmd, Some(ended), deadline).await.map(Answer::from)
        }));
    }

    /// If the request is several commands, the failed command is the last one whose reply was taken.
    #[cold]
    fn in_context(&self, error: Error, taken: usize) -> Error {
        self.cmd().in_context(error, taken.saturating_sub(1))
    }
}

impl<'a> Target<'a> {
    fn client(self) -> &'a Client {
        match self {
            Self::Client(client) => client,
            Self::Connection(connection) => connection.client(),
        }
    }
}

async fn slow(target: Target<'_>, cmd: Cmd) -> Result<Answer> {
    match target {
        Target::Client(client) => send(client, &cmd).await,
        Target::Connection(connection) => {
            cmd.check()?;
            connection.allow(&cmd)?;
            if cmd.has_frames() {
                let why = "a transaction would end the watch of this connection: return it from the closure, so that \
                           it runs only if the watched keys did not change";
                return Err(cmd.in_context_of_all(Error::argument(why)));
            }
            if cmd.parts() == 0 {
                return Ok(ReplyBuf::Pieces(Vec::new()).into());
            }
            let link = connection.link()?;
            let time = time_of(connection.client().config(), &cmd);
            let ended = Attempt::new(&link, outgoing(&cmd, None), time).await;
            ended.map(Answer::from).map_err(|error| cmd.in_context_of_all(error))
        }
    }
}

impl<R> Future for Request<'_, R> {
    type Output = Result<R>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<R>> {
        let this = &mut *self;
        if let State::Start = this.state {
            this.start();
        }
        if let State::First(link, ticket) = &mut this.state {
            let timeout = this.target.client().timeout();
            let out = plain(this.command.cmd(), timeout);
            let ended = match link.poll(ticket, &out, cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(reply)) if !reply.is_error() => {
                    this.state = State::Done;
                    return Poll::Ready(this.decode(&reply));
                }
                Poll::Ready(ended) => ended,
            };
            let left = link.time_left(ticket, timeout);
            this.state = State::Done;
            this.go_on(ended, left);
        }
        match &mut this.state {
            State::Slow(future) => {
                let answer = ready!(this.target.client().route().poll(future.as_mut(), cx))?;
                this.state = State::Done;
                Poll::Ready(this.decode_answer(&answer))
            }
            State::Start | State::First(..) | State::Done => {
                Poll::Ready(Err(Error::argument("the request was polled after it had ended")))
            }
        }
    }
}

impl<R> Drop for Request<'_, R> {
    #[inline]
    fn drop(&mut self) {
        if let State::First(link, ticket @ (Ticket::Queued(_) | Ticket::Waiting(_))) = &mut self.state {
            link.cancel(ticket);
        }
    }
}

impl<R> fmt::Debug for Request<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({})", self.cmd())
    }
}
