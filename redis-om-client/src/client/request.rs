//! A command under way: the future that `client.get(…)` is.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use crate::{
    command::{Cmd, Command},
    error::{DecodeError, Error, Result},
    net::Link,
    session::{Delivery, Elements, Outgoing, Received, ReplyBuf, Ticket},
    value::ChunkState,
};

use super::{
    Client, Connection,
    dispatch::{deadline, repeat, send, worth_repeating},
    exchange::{Exchange, outgoing, unasked},
    retry::may_repeat,
};

/// A command and its reply to come.
///
/// Nothing is sent before it is first polled. Dropped before it was sent, the command is withdrawn; dropped later, it
/// runs and its reply is thrown away: no other caller ever sees it.
#[must_use = "a command is not sent until its future is awaited"]
pub struct Request<'a, R> {
    target: Target<'a>,
    command: Command<R>,
    /// What has come of a long list whose end has not.
    chunks: Option<Box<ChunkState<R>>>,
    state: State<'a>,
}

/// Where a command goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target<'a> {
    Client(&'a Client),
    Connection(&'a Connection),
}

impl Target<'_> {
    /// The refusal that came for a reply, if there will be another attempt.
    #[inline]
    fn refusal(self, reply: &ReplyBuf, cmd: &Cmd) -> Option<Error> {
        match self {
            Self::Client(client) => worth_repeating(client, reply, cmd, 0),
            Self::Connection(_) => None,
        }
    }
}

/// The common case, a first attempt that succeeds, needs no allocation; all others go through the one dispatch loop.
enum State<'a> {
    Start,
    First(&'a Link, Ticket),
    Slow(Pin<Box<dyn Future<Output = Result<ReplyBuf>> + Send + 'a>>),
    Done,
}

impl<'a, R> Request<'a, R> {
    #[inline]
    pub(super) fn new(target: Target<'a>, command: Command<R>) -> Self {
        Self { target, command, chunks: None, state: State::Start }
    }

    /// Where the command goes first.
    #[inline]
    fn start(&mut self) {
        self.state = match self.target {
            Target::Client(client) if self.cmd().is_plain() && self.cmd().parts() > 0 => {
                State::First(client.inner.route.link(), Ticket::New)
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

    /// Some elements of a long list; the list, if they are the last.
    fn chunk_decoder(&mut self, Elements { bytes, count, last }: &Elements) -> Result<Option<R>> {
        let mut chunks = match (self.chunks.take(), self.command.chunk_decoder()) {
            (Some(chunks), _) => chunks,
            (None, Some(chunk_decoder)) => Box::new(ChunkState::new(chunk_decoder)),
            (None, None) => return Err(unasked()),
        };
        let in_context = |error: DecodeError| self.cmd().in_context(error.into(), 0);
        chunks.add(bytes, *count).map_err(in_context)?;
        if *last {
            return chunks.finish().map(Some).map_err(in_context);
        }
        self.chunks = Some(chunks);
        Ok(None)
    }

    /// What still comes of the reply is nobody's.
    #[cold]
    fn give_up(&mut self) {
        if let State::First(link, ticket @ (Ticket::Queued(_) | Ticket::Waiting(_))) = &mut self.state {
            link.cancel(ticket);
        }
        self.state = State::Done;
    }

    /// After a first attempt that failed: the dispatch loop, or the error.
    #[cold]
    fn again(&mut self, error: Error, left: Option<Duration>) -> Result<()> {
        // All of the list comes again.
        self.chunks = None;
        match self.target {
            Target::Client(client) if may_repeat(&error, self.cmd().flags()) => {
                let cmd = self.cmd().clone();
                self.state =
                    State::Slow(Box::pin(async move { repeat(client, &cmd, left, Some(error), None).await }));
                Ok(())
            }
            _ => Err(self.cmd().in_context_of_all(error)),
        }
    }

    /// Of several commands in one the failing one is the last whose reply was taken.
    #[cold]
    fn in_context(&self, error: Error, taken: usize) -> Error {
        self.cmd().in_context(error, taken.saturating_sub(1))
    }
}

async fn slow(target: Target<'_>, cmd: Cmd) -> Result<ReplyBuf> {
    match target {
        Target::Client(client) => send(client, &cmd, None).await,
        Target::Connection(connection) => {
            cmd.check()?;
            let link = connection.link()?;
            let timeout = deadline(connection.client(), &cmd);
            Exchange::new(link, &cmd, timeout).await.map_err(|error| cmd.in_context_of_all(error))
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
        while let State::First(link, ticket) = &mut this.state {
            let delivery =
                if this.command.chunk_decoder().is_some() { Delivery::Elements } else { Delivery::No };
            let out = Outgoing { delivery, ..outgoing(this.command.cmd(), link.timeout()) };
            let outcome = link.poll(ticket, &out, cx);
            let error = match &outcome {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(Received::Reply(reply))) => {
                    match this.target.refusal(reply, this.command.cmd()) {
                        None => return Poll::Ready(this.decode(reply)),
                        Some(error) => error,
                    }
                }
                Poll::Ready(Ok(Received::Elements(elements))) => match this.chunk_decoder(elements) {
                    Ok(None) => continue,
                    Ok(Some(list)) => return Poll::Ready(Ok(list)),
                    Err(error) => {
                        this.give_up();
                        return Poll::Ready(Err(error));
                    }
                },
                Poll::Ready(Ok(Received::Replies(..))) => return Poll::Ready(Err(unasked())),
                Poll::Ready(Err(error)) => error.clone(),
            };
            let left = link.time_left(ticket, link.timeout());
            this.state = State::Done;
            this.again(error, left)?;
        }
        match &mut this.state {
            State::Slow(future) => {
                let reply = std::task::ready!(future.as_mut().poll(cx))?;
                this.state = State::Done;
                Poll::Ready(this.decode(&reply))
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
        if let State::First(_, Ticket::Queued(_) | Ticket::Waiting(_)) = &self.state {
            self.give_up();
        }
    }
}

impl<R> fmt::Debug for Request<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({})", self.cmd())
    }
}
