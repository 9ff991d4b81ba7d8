//! Connections that listen, and what a server sends without a request.
//!
//! A [`Sink`] receives it. On a shared connection the sink receives the frames that RESP3 marks as pushes, and the
//! replies to replayed commands. A connection for subscriptions or for `MONITOR` is used by the sink alone. There the
//! sink receives every frame in the order of the wire, over RESP2 and RESP3: confirmations, errors and pongs tell it
//! the state of its subscriptions.
//!
//! The sink receives all its frames of a read before a caller can take a reply of the same read. So when a caller has a
//! reply, the sink already has the frames that came with it or before it.

use std::{fmt, sync::Arc, task::Waker};

use bytes::Bytes;

use crate::{config::Protocol, error::Error};

use super::{NEVER, Outgoing, Phase, Runs, Session};

/// The use of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Commands of many callers.
    Shared,
    /// Subscriptions to channels.
    #[cfg_attr(not(test), expect(dead_code, reason = "for subscriptions"))]
    Subscriber,
    /// `MONITOR`.
    Monitor,
}

impl Mode {
    /// Whether the sink receives every frame, and commands are refused.
    pub(super) fn listens(self) -> bool {
        self != Self::Shared
    }
}

/// One frame from the server, for the sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) kind: NoticeKind,
    /// The whole frame, from its type byte on. It is a slice of the read buffer: a sink must copy what it keeps for
    /// long.
    pub(crate) bytes: Bytes,
}

/// The kind of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoticeKind {
    /// A message, a confirmation or an invalidation: `>…`, or `*…` under RESP2.
    Push,
    /// The reply to a command of the sink: `+OK`, an error or a pong.
    Reply,
    /// A line of `MONITOR`.
    Line,
}

/// Receives what the server sends without a request, and gives the commands to send again on a new connection.
///
/// It is called under the lock of the session: it must not block, and it must not use the connection. The wakers that
/// it adds to `wakers` are woken after the lock was released. It must not own its connection.
pub(crate) trait Sink: fmt::Debug + Send + Sync {
    /// A new connection was made. Returns the commands to write on it before any other. The sink is connected from this
    /// call on, until [`Sink::lost`] is called.
    fn connected(&self, protocol: Protocol) -> Replay;

    /// Takes the frames that were received, in the order of the wire. The frames that are left in the vector are
    /// dropped.
    ///
    /// # Errors
    ///
    /// The sink cannot continue with this connection. The connection ends with this error, and a new one is made.
    fn receive(&self, notices: &mut Vec<Notice>, wakers: &mut Vec<Waker>) -> Result<(), Error>;

    /// Appends the encoded commands to write now, on a connection that listens. It is called after each
    /// [`Sink::receive`], and when the handle of the connection is told that there are such commands. It is called only
    /// while the sink is connected.
    fn output(&self, out: &mut Vec<u8>) {
        let _nothing = out;
    }

    /// The connection is lost. This is called before the futures of the failed commands are woken. `again` is true if a
    /// new connection is going to be made. The call with `again` false is the last call.
    fn lost(&self, error: &Error, again: bool, wakers: &mut Vec<Waker>);
}

/// Commands that are written on a new connection before any other: subscriptions, tracking, new credentials.
#[derive(Debug, Default)]
pub(crate) struct Replay {
    /// The encoded commands, one after another.
    pub(crate) bytes: Vec<u8>,
    /// The number of their replies on a shared connection, pushes not included. The sink receives each as
    /// [`NoticeKind::Reply`]. Not used on a connection that listens: the sink receives all frames there.
    pub(crate) replies: u32,
}

/// Collects the frames for the sink, and passes them to it.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    sink: Option<Arc<dyn Sink>>,
    found: Vec<Notice>,
    has_output: bool,
}

impl Notices {
    /// With `None`, the frames are dropped.
    pub(crate) fn new(sink: Option<Arc<dyn Sink>>) -> Self {
        Self { sink, found: Vec::new(), has_output: false }
    }

    pub(super) fn add(&mut self, kind: NoticeKind, bytes: Bytes) {
        self.found.push(Notice { kind, bytes });
    }

    /// Passes the collected frames to the sink, and queues the commands that it sends then.
    pub(super) fn hand_over(&mut self, session: &mut Session, wakers: &mut Vec<Waker>) -> Result<(), Error> {
        if self.found.is_empty() {
            return Ok(());
        }
        let outcome = match &self.sink {
            Some(sink) => sink.receive(&mut self.found, wakers),
            None => {
                tracing::trace!(frames = self.found.len(), "push messages on a connection without a sink");
                Ok(())
            }
        };
        self.found.clear();
        if let (Ok(()), Some(sink)) = (&outcome, &self.sink) {
            self.has_output |= session.take_output(&**sink);
        }
        outcome
    }

    /// Whether the sink has queued commands since the last call.
    #[inline]
    pub(crate) fn has_output(&mut self) -> bool {
        std::mem::take(&mut self.has_output)
    }
}

/// The `PING` of a connection that listens. The server returns its argument, so its reply differs from all others.
pub(super) const PROBE: &[u8] = b"*2\r\n$4\r\nPING\r\n$8\r\nredis-om\r\n";
const PROBE_REPLY: &[u8] = b"$8\r\nredis-om\r\n";
/// The same reply over RESP2, while the connection has a subscription.
const PROBE_REPLY_IN_RESP2: &[u8] = b"*2\r\n$4\r\npong\r\n$8\r\nredis-om\r\n";

/// The first words of messages and confirmations that a subscriber receives over RESP2.
const MESSAGES: [&[u8]; 9] = [
    b"message",
    b"pmessage",
    b"smessage",
    b"subscribe",
    b"psubscribe",
    b"ssubscribe",
    b"unsubscribe",
    b"punsubscribe",
    b"sunsubscribe",
];

/// The receiver of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Addressee {
    /// The next command: the frame is its reply.
    Command,
    Sink(NoticeKind),
    /// The session: the frame is the reply to its own `PING`.
    Session,
}

impl Session {
    /// Returns the receiver of a frame that is not marked as a push, on a connection that listens.
    pub(super) fn addressee(&self, frame: &[u8]) -> Addressee {
        match frame {
            PROBE_REPLY | PROBE_REPLY_IN_RESP2 => Addressee::Session,
            // `+1700000000.123456 [0 127.0.0.1:50000] "GET" "k"`
            [b'+', b'0'..=b'9', ..] if self.mode == Mode::Monitor => Addressee::Sink(NoticeKind::Line),
            [b'*', ..] if first_word(frame).is_some_and(|word| MESSAGES.contains(&word)) => {
                Addressee::Sink(NoticeKind::Push)
            }
            _ => Addressee::Sink(NoticeKind::Reply),
        }
    }

    /// Queues the commands that are written first on a new connection.
    pub(super) fn queue_replay(&mut self, replay: &Replay) {
        if self.mode.listens() || replay.replies == 0 {
            self.queue.extend_from_slice(&replay.bytes);
            return;
        }
        let out = Outgoing {
            body: &replay.bytes,
            args: 0,
            parts: replay.replies,
            runs: Runs::Partly,
            blocking: false,
            timeout: None,
            for_sink: true,
            large: None,
        };
        let id = self.enqueue(&out, NEVER, Waker::noop().clone());
        self.pending.release(id, &mut self.spent);
        self.special += 1;
        self.for_sink += 1;
    }

    /// Queues the commands that the sink of a connection that listens has at this moment. `true` if there are any.
    pub(crate) fn take_output(&mut self, sink: &dyn Sink) -> bool {
        if !matches!(self.phase, Phase::Listening) || self.held {
            return false;
        }
        let mut out = Vec::new();
        sink.output(&mut out);
        self.queue.extend_from_slice(&out);
        !out.is_empty()
    }

    /// The error of a command on a connection that listens.
    #[cold]
    pub(super) fn listens() -> Error {
        Error::argument("this connection only receives messages: send commands on another connection")
    }
}

/// The first element of an array, if it is a string.
fn first_word(frame: &[u8]) -> Option<&[u8]> {
    let mut lines = frame.split(|byte| *byte == b'\n');
    let (_array, length, word) = (lines.next()?, lines.next()?, lines.next()?);
    let word = word.strip_suffix(b"\r")?;
    length.starts_with(b"$").then_some(word)
}

#[cfg(test)]
mod tests;
