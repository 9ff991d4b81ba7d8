//! What a command has besides its words: the parts of a batch, keys out of the row, and what few commands need.

use std::time::Duration;

use crate::value::Refused;

use super::{Flags, policy::Policy};

/// The longest body: the offsets in it have 32 bits.
pub(super) const LARGEST: usize = u32::MAX as usize;

/// What few commands have, and each batch.
#[derive(Clone, Default)]
pub(super) struct Extra {
    pub(super) refused: Refused,
    /// The part of a batch that is refused.
    pub(super) refused_part: usize,
    /// The commands of a batch.
    pub(super) parts: Vec<Part>,
    /// Keys that do not stand in the row of their part, in the order of the parts.
    pub(super) others: Vec<Other>,
    /// How long the server may keep the reply back.
    pub(super) block: Option<Block>,
}

/// A key that does not stand in the row of its part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Other {
    pub(super) part: u32,
    /// Its offset in the body.
    pub(super) key: u32,
}

/// One command of a batch, or a single command as if it were one of a batch.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Part {
    /// Where its bytes end in the body; they start where those of the part before end.
    pub(crate) end: u32,
    /// Offset of its first key in the body; without meaning where it has no keys.
    pub(crate) key: u32,
    /// How many keys stand in a row from the first on. [`Cmd::keys_of`] has those, too, that do not.
    pub(crate) keys: u16,
    pub(crate) flags: Flags,
    /// Each key of the row stands so many arguments behind the one before.
    pub(crate) step: u8,
    #[cfg_attr(not(test), expect(dead_code, reason = "what spreads a batch over nodes asks it"))]
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

/// How long the server may keep the reply back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Block {
    For(Duration),
    Forever,
}

impl Block {
    /// As the servers read a timeout: zero is for ever.
    pub(super) fn of(timeout: Duration) -> Self {
        if timeout.is_zero() { Self::Forever } else { Self::For(timeout) }
    }

    /// Of two commands, one after another.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::For(one), Self::For(other)) => Self::For(one.saturating_add(other)),
            _ => Self::Forever,
        }
    }
}
