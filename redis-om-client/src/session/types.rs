//! The values that go into a session and come out of it.

use bytes::Bytes;

use crate::{config::WhenFull, error::Error, resp::Replies};

/// Milliseconds since some moment that the owner of the session chose.
pub(crate) type Tick = u64;

/// No deadline.
pub(crate) const NEVER: Tick = Tick::MAX;

/// What a session may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Bytes that are queued and not yet written.
    pub(crate) bytes: usize,
    /// Commands that wait for their replies.
    pub(crate) commands: usize,
    /// What happens to a command that finds no room.
    pub(crate) when_full: WhenFull,
}

/// A command on its way into a session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outgoing<'a> {
    /// Arguments as they go over the wire.
    pub(crate) body: &'a [u8],
    /// Arguments in the body; 0 where it has its own headers.
    pub(crate) args: u32,
    /// Replies that it gets; at least 1.
    pub(crate) parts: u32,
    /// From which byte on it may run.
    pub(crate) runs: Runs,
    /// The server may hold its reply back for as long as the command says.
    pub(crate) blocking: bool,
    /// Milliseconds from its first submission until it has failed.
    pub(crate) timeout: Option<u64>,
    /// No future waits for its replies: they go to the sink of the connection.
    pub(crate) for_sink: bool,
}

/// What a server does with a command of which only the first bytes arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runs {
    /// Nothing: a single command, or a transaction from `MULTI` to `EXEC`.
    Whole,
    /// It runs the parts that arrived: a pipeline.
    Partly,
}

/// Replies of a batch.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    /// As they were received; each piece is whole replies.
    pub(crate) pieces: Vec<Bytes>,
    /// The errors of replies that could not be read, by the number of the reply in the batch. In their place stands
    /// [`FAILED`](crate::resp::FAILED).
    pub(crate) failures: Vec<(usize, Error)>,
    /// Why the other replies did not come, if they did not.
    pub(crate) lost: Option<Error>,
}

/// A command's place in a session; belongs to the future that waits.
#[derive(Debug, Default)]
pub(crate) enum Ticket {
    /// Not seen by the session yet.
    #[default]
    New,
    /// Waiting for room.
    Waiting(u64),
    /// In the queue, or sent.
    Queued(u32),
    /// Answered, refused, failed or cancelled.
    Done(Ended),
}

/// What is known of a command that has come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended {
    /// Until when it has time, counted from its first submission; [`NEVER`] if it has no deadline.
    pub(crate) deadline: Tick,
    /// How many of its bytes may have left when it failed; 0 where it was refused or not sent, all where it was
    /// answered.
    pub(crate) written: usize,
}

impl Ticket {
    /// How long a command that is done would still have had at `now`, of `timeout` milliseconds; `None`: for ever.
    pub(crate) fn time_left(&self, now: Tick, timeout: Option<u64>) -> Option<u64> {
        match self {
            Self::Done(Ended { deadline: NEVER, .. }) => None,
            Self::Done(ended) => Some(ended.deadline.saturating_sub(now)),
            Self::New | Self::Waiting(_) | Self::Queued(_) => timeout,
        }
    }
}

/// The reply of a command, as bytes.
#[derive(Debug)]
pub(crate) enum ReplyBuf {
    /// A short one, copied.
    Small(u8, [u8; SMALL]),
    /// A slice of the read buffer.
    Whole(Bytes),
    /// The replies of a batch, as they were received.
    Pieces(Vec<Bytes>),
    /// The same, if not all of them were received, or if one of them could not be read.
    Partly(Box<Pieces>),
}

/// Replies up to here are copied into their slot.
pub(crate) const SMALL: usize = 79;

impl From<Vec<Bytes>> for Pieces {
    fn from(pieces: Vec<Bytes>) -> Self {
        Self { pieces, ..Self::default() }
    }
}

impl From<Pieces> for ReplyBuf {
    fn from(all: Pieces) -> Self {
        if all.failures.is_empty() && all.lost.is_none() {
            Self::Pieces(all.pieces)
        } else {
            Self::Partly(Box::new(all))
        }
    }
}

impl ReplyBuf {
    /// A copy of a reply of up to [`SMALL`] bytes.
    #[inline]
    pub(crate) fn small(bytes: &[u8]) -> Self {
        let mut copy = [0; SMALL];
        copy[..bytes.len()].copy_from_slice(bytes);
        Self::Small(bytes.len() as u8, copy)
    }

    /// Whether it is the error reply of a single command.
    #[inline]
    pub(crate) fn is_error(&self) -> bool {
        match self {
            Self::Small(_, bytes) => bytes[0] == b'-',
            Self::Whole(bytes) => bytes.first() == Some(&b'-'),
            Self::Pieces(_) | Self::Partly(_) => false,
        }
    }

    /// The bytes of a single reply.
    pub(crate) fn to_bytes(&self) -> Bytes {
        match self {
            Self::Small(length, bytes) => Bytes::copy_from_slice(&bytes[..usize::from(*length)]),
            Self::Whole(bytes) => bytes.clone(),
            Self::Pieces(pieces) => pieces.concat().into(),
            Self::Partly(partly) => partly.pieces.concat().into(),
        }
    }

    /// The replies of a batch.
    pub(crate) fn into_pieces(self) -> Pieces {
        match self {
            Self::Pieces(pieces) => pieces.into(),
            Self::Partly(partly) => *partly,
            Self::Small(..) | Self::Whole(_) => vec![self.to_bytes()].into(),
        }
    }

    /// To read from.
    #[inline]
    pub(crate) fn replies(&self) -> Replies<'_> {
        match self {
            Self::Small(length, bytes) => Replies::new(&bytes[..usize::from(*length)]),
            Self::Whole(bytes) => Replies::shared(bytes),
            Self::Pieces(pieces) => Replies::pieces(pieces),
            Self::Partly(partly) => Replies::pieces(&partly.pieces).with_failures(&partly.failures),
        }
    }
}

/// What a submitted command needs next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Submitted {
    /// It is in the queue: see that it is written.
    Queued,
    /// It waits for room, or for a connection; its waker will be called.
    Waiting,
}
