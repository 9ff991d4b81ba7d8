//! The values that a session takes and returns.

use bytes::Bytes;

use crate::{
    config::WhenFull,
    error::Error,
    resp::{Replies, encode::header, large::Larges},
};

/// Milliseconds since a moment that the owner of the session has chosen.
pub(crate) type Tick = u64;

/// No deadline.
pub(crate) const NEVER: Tick = Tick::MAX;

/// The limits of a session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// The number of bytes that are queued and not written yet.
    pub(crate) bytes: usize,
    /// The number of commands that wait for their replies.
    pub(crate) commands: usize,
    /// What a command does if there is no room.
    pub(crate) when_full: WhenFull,
}

/// A command that is submitted to a session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outgoing<'a> {
    /// The encoded arguments.
    pub(crate) body: &'a [u8],
    /// The number of arguments in the body; 0 if the body contains its headers.
    pub(crate) args: u32,
    /// The number of its replies; at least 1.
    pub(crate) parts: u32,
    /// What the server runs if only the first bytes arrive.
    pub(crate) runs: Runs,
    /// It is a blocking command: the server may delay its reply.
    pub(crate) blocking: bool,
    /// Milliseconds from its first submission to its deadline. `None`: it has no deadline.
    pub(crate) timeout: Option<u64>,
    /// Its replies go to the sink of the connection, and not to a future.
    pub(crate) for_sink: bool,
    /// The arguments whose bytes stand beside the body. `None` if there are none.
    pub(crate) large: Option<&'a Larges>,
}

impl Outgoing<'_> {
    /// The length of its arguments, with the large ones.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.body.len() + self.large.map_or(0, Larges::size)
    }

    /// Appends its bytes as they go over the wire.
    #[inline]
    pub(super) fn append_to(&self, out: &mut Vec<u8>) {
        if self.args > 0 {
            header(out, self.args);
        }
        match self.large {
            None => out.extend_from_slice(self.body),
            Some(large) => large.append_to(out, self.body),
        }
    }
}

/// What a server runs if only the first bytes of a command arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runs {
    /// Nothing: a single command, or a transaction from `MULTI` to `EXEC`.
    Whole,
    /// The parts that arrived completely: a pipeline.
    Partly,
}

/// The replies of a batch.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    /// The replies as they were received. Each piece contains complete replies.
    pub(crate) pieces: Vec<Bytes>,
    /// The errors of replies that could not be read, with the index of the reply in the batch. In `pieces`, such a
    /// reply is replaced by [`FAILED`](crate::resp::FAILED).
    pub(crate) failures: Vec<(usize, Error)>,
    /// The error of the batch, if it failed before its last reply was received.
    pub(crate) lost: Option<Error>,
}

/// The state of a command in a session. The future of the command owns it.
#[derive(Debug, Default)]
pub(crate) enum Ticket {
    /// Not submitted yet.
    #[default]
    New,
    /// Waiting for room or for a connection.
    Waiting(u64),
    /// In the queue, or sent.
    Queued(u32),
    /// Answered, refused, failed or cancelled.
    Done(Ended),
}

/// What is known about a command that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended {
    /// Its deadline, which counts from its first submission; [`NEVER`] if it has none.
    pub(crate) deadline: Tick,
    /// The number of its bytes that may have been sent when it ended: 0 if it was refused or not sent, and all of them
    /// if it was answered.
    pub(crate) written: usize,
}

impl Ticket {
    /// The milliseconds from `now` to the deadline of a command that has ended. Before its end, this is `timeout`.
    /// `None`: it has no deadline.
    pub(crate) fn time_left(&self, now: Tick, timeout: Option<u64>) -> Option<u64> {
        match self {
            Self::Done(Ended { deadline: NEVER, .. }) => None,
            Self::Done(ended) => Some(ended.deadline.saturating_sub(now)),
            Self::New | Self::Waiting(_) | Self::Queued(_) => timeout,
        }
    }
}

/// The bytes of the reply of a command.
#[derive(Debug)]
pub(crate) enum ReplyBuf {
    /// A short reply, copied: its length and its bytes.
    Small(u8, [u8; SMALL]),
    /// A slice of the read buffer.
    Whole(Bytes),
    /// The replies of a batch, as they were received.
    Pieces(Vec<Bytes>),
    /// The replies of a batch of which one was not received or could not be read.
    Partly(Box<Pieces>),
}

/// Bytes. A reply that is not longer is copied into its slot.
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
    /// Copies a reply of at most [`SMALL`] bytes.
    #[inline]
    pub(crate) fn small(bytes: &[u8]) -> Self {
        let mut copy = [0; SMALL];
        copy[..bytes.len()].copy_from_slice(bytes);
        Self::Small(bytes.len() as u8, copy)
    }

    /// Whether this is the error reply of a single command.
    #[inline]
    pub(crate) fn is_error(&self) -> bool {
        match self {
            Self::Small(_, bytes) => bytes[0] == b'-',
            Self::Whole(bytes) => bytes.first() == Some(&b'-'),
            Self::Pieces(_) | Self::Partly(_) => false,
        }
    }

    /// Returns the bytes of a single reply.
    pub(crate) fn to_bytes(&self) -> Bytes {
        match self {
            Self::Small(length, bytes) => Bytes::copy_from_slice(&bytes[..usize::from(*length)]),
            Self::Whole(bytes) => bytes.clone(),
            Self::Pieces(pieces) => pieces.concat().into(),
            Self::Partly(partly) => partly.pieces.concat().into(),
        }
    }

    /// Returns the replies of a batch.
    pub(crate) fn into_pieces(self) -> Pieces {
        match self {
            Self::Pieces(pieces) => pieces.into(),
            Self::Partly(partly) => *partly,
            Self::Small(..) | Self::Whole(_) => vec![self.to_bytes()].into(),
        }
    }

    /// Returns a reader of the replies.
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

/// The outcome of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Submitted {
    /// The command is in the queue. The caller has to see that it is written.
    Queued,
    /// The command waits for room, for a connection or for its reply. Its waker will be woken.
    Waiting,
}
