//! The options of commands on lists.

use crate::{
    command::Decoder,
    error::DecodeError,
    resp::Replies,
    value::{Arg, Args, FromRedis, ToArg, ToArgs, Written},
};

/// An end of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListEnd {
    /// The head.
    Left,
    /// The tail.
    Right,
}

impl ToArg for ListEnd {
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        arg.bytes(match self {
            Self::Left => b"LEFT",
            Self::Right => b"RIGHT",
        })
    }
}

/// A position beside an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListSide {
    /// Before it, nearer to the head.
    Before,
    /// After it, nearer to the tail.
    After,
}

impl ToArg for ListSide {
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        arg.bytes(match self {
            Self::Before => b"BEFORE",
            Self::After => b"AFTER",
        })
    }
}

/// The matches that [`lpos_with`](super::ListCommands::lpos_with) searches for. The reply is one index or `None`; with
/// [`count`](Self::count) it is a list.
///
/// ```
/// # use redis_om_client::{Command, commands::LPosOptions, prelude::*};
/// let second: Command<Option<u64>> = cmd().lpos_with("k", "a", LPosOptions::new().rank(2));
/// let all: Command<Vec<u64>> = cmd().lpos_with("k", "a", LPosOptions::new().count(0));
/// assert_eq!(second.to_string(), "LPOS k a RANK 2");
/// assert_eq!(all.to_string(), "LPOS k a COUNT 0");
/// ```
#[derive(Debug, Clone, Copy)]
#[must_use]
#[non_exhaustive]
pub struct LPosOptions<R = Option<u64>> {
    rank: Option<i64>,
    count: Option<u64>,
    maxlen: Option<u64>,
    pub(super) decoder: Decoder<R>,
}

impl LPosOptions {
    /// Searches for the first match.
    pub fn new() -> Self {
        Self { rank: None, count: None, maxlen: None, decoder: Decoder::of() }
    }
}

impl Default for LPosOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl<R> LPosOptions<R> {
    /// Starts with the match of this rank: 1 is the first; -1 is the last, and then the search goes towards the head.
    pub fn rank(self, rank: i64) -> Self {
        Self { rank: Some(rank), ..self }
    }

    /// Returns up to `count` matches, 0 for all. The reply is a list, empty if there is no match.
    pub fn count(self, count: u64) -> LPosOptions<Vec<u64>> {
        LPosOptions { rank: self.rank, count: Some(count), maxlen: self.maxlen, decoder: Decoder::of() }
    }

    /// Compares at most `length` elements, 0 for all.
    pub fn maxlen(self, length: u64) -> Self {
        Self { maxlen: Some(length), ..self }
    }
}

impl<R> ToArgs for LPosOptions<R> {
    fn to_args(&self, args: &mut Args<'_>) {
        if let Some(rank) = self.rank {
            args.arg("RANK").arg(&rank);
        }
        if let Some(count) = self.count {
            args.arg("COUNT").arg(&count);
        }
        if let Some(length) = self.maxlen {
            args.arg("MAXLEN").arg(&length);
        }
    }
}

/// How many elements [`lmovem`](super::ListCommands::lmovem) moves, and in which order. They keep their order, unless
/// [`one_by_one`](Self::one_by_one) is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct LMoveM {
    amount: &'static str,
    count: u64,
    order: &'static str,
}

impl LMoveM {
    /// Moves `count` elements, or all if there are fewer.
    pub fn up_to(count: u64) -> Self {
        Self { amount: "COUNT", count, order: "BULK" }
    }

    /// Moves `count` elements, or none if there are fewer.
    pub fn exactly(count: u64) -> Self {
        Self { amount: "EXACTLY", count, order: "BULK" }
    }

    /// Moves one element after another. If they go to the same kind of end, their order is reversed.
    pub fn one_by_one(self) -> Self {
        Self { order: "OBO", ..self }
    }
}

impl ToArgs for LMoveM {
    fn to_args(&self, args: &mut Args<'_>) {
        args.arg(self.amount).arg(&self.count).arg(self.order);
    }
}

/// `LINSERT`: a length, or 0 (no list) or -1 (no such element).
pub(super) fn length_unless_missing(replies: &mut Replies<'_>) -> Result<Option<u64>, DecodeError> {
    i64::from_redis(replies.take()?).map(|length| u64::try_from(length).ok().filter(|length| *length > 0))
}
