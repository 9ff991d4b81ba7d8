//! What a command has besides its words: the parts of a batch, keys outside of the row, and rarely used fields.

use std::time::Duration;

use crate::{resp::large::Attached, value::Refused};

use super::{Flags, policy::Policy};

/// The longest body, in bytes: its offsets have 32 bits.
pub(super) const LARGEST: usize = u32::MAX as usize;

/// Fields that only a few commands need, and every batch.
#[derive(Clone, Default)]
pub(super) struct Extra {
    pub(super) refused: Refused,
    /// The index of the refused part of a batch.
    pub(super) refused_part: usize,
    /// The commands of a batch.
    pub(super) parts: Vec<Part>,
    /// Keys outside of the row of their part, in the order of the parts.
    pub(super) others: Vec<Other>,
    /// How long the server may delay the reply.
    pub(super) block: Option<Block>,
    /// The arguments that stand beside the body; those of a batch are the arguments of its commands.
    pub(super) attached: Attached,
}

/// A key outside of the row of its part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Other {
    pub(super) part: u32,
    /// Its offset in the body.
    pub(super) key: u32,
}

/// One command of a batch, or a single command in the same form.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Part {
    /// The end of its bytes in the body. They start at the end of the part before.
    pub(crate) end: u32,
    /// The offset of its first key in the body; without meaning if it has no key.
    pub(crate) key: u32,
    /// The number of keys in the row. [`Cmd::keys_of`](super::Cmd::keys_of) also returns the keys outside of the row.
    pub(crate) keys: u16,
    pub(crate) flags: Flags,
    /// Each key of the row stands this number of arguments behind the one before.
    pub(crate) step: u8,
    #[cfg_attr(not(test), expect(dead_code, reason = "used when a batch is spread over nodes"))]
    pub(crate) policy: Policy,
}

impl Part {
    #[inline]
    pub(crate) fn flags(self) -> Flags {
        self.flags
    }

    pub(super) fn behind(self, start: u32) -> Self {
        Self { end: start + self.end, key: start + self.key, ..self }
    }
}

/// How long the server may delay the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Block {
    For(Duration),
    Forever,
}

impl Block {
    /// The value of a server timeout: zero means no limit.
    pub(super) fn of(timeout: Duration) -> Self {
        if timeout.is_zero() { Self::Forever } else { Self::For(timeout) }
    }

    /// The total of two commands that run one after another.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::For(one), Self::For(other)) => Self::For(one.saturating_add(other)),
            _ => Self::Forever,
        }
    }
}
