//! Connections that listen, and what a server sends without being asked.
//!
//! A [`Sink`] receives it. On a shared connection that is what RESP3 marks as a push, and the replies to what was
//! replayed. A connection for subscriptions or for `MONITOR` belongs to the sink alone: it receives every frame, in the
//! order of the wire, over RESP2 and RESP3 alike, since confirmations, refusals and pongs tell it what its subscriptions
//! have become.
//!
//! The sink has everything of a read before any reply of the same read can be taken: a caller that has a reply never finds
//! the sink behind it.

use std::{fmt, sync::Arc, task::Waker};

use bytes::Bytes;

use crate::{config::Protocol, error::Error};

use super::{NEVER, Outgoing, Phase, Runs, Session};

/// What a connection is for.
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
    /// Whether the sink receives every frame, and no command is taken.
    pub(super) fn listens(self) -> bool {
        self != Self::Shared
    }
}

/// What the sink receives: one frame of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) kind: NoticeKind,
    /// The whole frame, from its type byte on. A slice of the read buffer: what is kept for long is to be copied.
    pub(crate) bytes: Bytes,
}

/// What kind of frame it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoticeKind {
    /// A message, a confirmation or an invalidation: `>…`, or `*…` under RESP2.
    Push,
    /// The reply to a command of the sink: `+OK`, an error, a pong.
    Reply,
    /// A line of `MONITOR`.
    Line,
}

/// Receives what the server sends by itself, and knows what has to be sent again on a new connection.
///
/// It is called under the lock of the session: it must not block, and must not use the connection. Wakers come out in the
/// vector and are woken after the lock was released. It must not own the connection that it belongs to.
pub(crate) trait Sink: fmt::Debug + Send + Sync {
    /// A new connection stands: what is to be written on it before anything else. Between this and [`Sink::lost`] the
    /// sink is connected.
    fn connected(&self, protocol: Protocol) -> Replay;

    /// Takes what was received, in the order of the wire. What is left in the vector is dropped.
    ///
    /// # Errors
    ///
    /// The sink cannot go on with this connection. It is lost with this error, and a new one is made.
    fn receive(&self, notices: &mut Vec<Notice>, wakers: &mut Vec<Waker>) -> Result<(), Error>;

    /// Appends the encoded commands that are to be written now, on a connection that listens. Asked after each
    /// [`Sink::receive`] and whenever the handle of the connection is told that there is something; only while the sink is
    /// connected.
    fn output(&self, out: &mut Vec<u8>) {
        let _nothing = out;
    }

    /// The connection is lost. Called before the futures of the commands that failed with it are woken. `again`: a new
    /// connection is going to be made. The last call is the one without it.
    fn lost(&self, error: &Error, again: bool, wakers: &mut Vec<Waker>);
}

/// Commands that are written on a new connection before any other: subscriptions, tracking, fresh credentials.
#[derive(Debug, Default)]
pub(crate) struct Replay {
    /// The commands, encoded, one after another.
    pub(crate) bytes: Vec<u8>,
    /// How many replies they get on a shared connection, pushes not counted. Each comes to the sink as
    /// [`NoticeKind::Reply`], and to no command. Not used on a connection that listens: all is the sink's there.
    pub(crate) replies: u32,
}

/// What was read for the sink, on its way there.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    sink: Option<Arc<dyn Sink>>,
    found: Vec<Notice>,
    has_output: bool,
}

impl Notices {
    /// For this sink; without one they are dropped.
    pub(crate) fn new(sink: Option<Arc<dyn Sink>>) -> Self {
        Self { sink, found: Vec::new(), has_output: false }
    }

    pub(super) fn add(&mut self, kind: NoticeKind, bytes: Bytes) {
        self.found.push(Notice { kind, bytes });
    }

    /// Hands all that was found to the sink, and queues what it answers.
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

    /// Whether the sink has queued something since this was last asked.
    #[inline]
    pub(crate) fn has_output(&mut self) -> bool {
        std::mem::take(&mut self.has_output)
    }
}

/// The `PING` of a connection that listens. Its argument comes back, so that its reply is told from all others.
pub(super) const PROBE: &[u8] = b"*2\r\n$4\r\nPING\r\n$8\r\nredis-om\r\n";
const PROBE_REPLY: &[u8] = b"$8\r\nredis-om\r\n";
/// The same, where something is subscribed to under RESP2.
const PROBE_REPLY_IN_RESP2: &[u8] = b"*2\r\n$4\r\npong\r\n$8\r\nredis-om\r\n";

/// What RESP2 sends to a subscriber without being asked, and as confirmations.
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

/// What a frame is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Addressee {
    /// It is the reply of the next command.
    Command,
    Sink(NoticeKind),
    /// The reply to the session's own `PING`.
    Session,
}

impl Session {
    /// What a frame of a connection that listens is, where it is not marked as a push.
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

    /// Queues what is written before anything else on a new connection.
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
        };
        let id = self.enqueue(&out, NEVER, Waker::noop().clone());
        self.pending.release(id, &mut self.spent);
        self.special += 1;
        self.for_sink += 1;
    }

    /// Queues the commands that the sink of a connection that listens has at this moment; `true` if there are any.
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
        Error::argument("this connection receives messages and takes no commands: send them on another one")
    }
}

/// The first element of an array, where it is a string.
fn first_word(frame: &[u8]) -> Option<&[u8]> {
    let mut lines = frame.split(|byte| *byte == b'\n');
    let (_array, length, word) = (lines.next()?, lines.next()?, lines.next()?);
    let word = word.strip_suffix(b"\r")?;
    length.starts_with(b"$").then_some(word)
}

#[cfg(test)]
mod tests;
