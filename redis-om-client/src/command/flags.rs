//! What a command declares about itself, as bits.

/// A set of flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Flags(u16);

impl Flags {
    /// Writes nothing.
    pub(crate) const READONLY: Self = Self(1);
    /// Doing it twice is the same as doing it once.
    pub(crate) const IDEMPOTENT: Self = Self(1 << 1);
    /// The server may keep the reply back, so it needs a connection of its own.
    pub(crate) const BLOCKING: Self = Self(1 << 2);
    /// Its words were written by the user: whether a shared connection may run them is looked up before.
    pub(crate) const RAW: Self = Self(1 << 3);
    /// Its error reply may be a script's own text.
    pub(crate) const SCRIPT: Self = Self(1 << 4);
    /// It belongs to the command before it in a batch: they go together.
    pub(crate) const JOINED: Self = Self(1 << 5);
    /// It ends other commands, so it must not wait behind them: it needs a new connection.
    pub(crate) const OWN_CONNECTION: Self = Self(1 << 6);
    /// It speaks of the commands before it on its connection: alone it says nothing.
    pub(crate) const FOLLOWS: Self = Self(1 << 7);
    /// The batch is sent from `MULTI` to `EXEC`.
    pub(crate) const TRANSACTION: Self = Self(1 << 8);
    /// All of the batch goes over one connection, with no other command between.
    pub(crate) const TOGETHER: Self = Self(1 << 9);
    /// What is said of a whole batch, and not of a batch that it is put into.
    pub(crate) const OF_BATCH: Self = Self::TRANSACTION.with(Self::TOGETHER);

    /// Whether it has one of these.
    #[inline]
    pub(crate) fn has_any(self, flags: Self) -> bool {
        self.0 & flags.0 != 0
    }

    #[inline]
    pub(crate) fn has(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    #[inline]
    pub(crate) const fn with(self, flags: Self) -> Self {
        Self(self.0 | flags.0)
    }

    #[inline]
    pub(crate) fn without(self, flags: Self) -> Self {
        Self(self.0 & !flags.0)
    }

    /// Of two commands as one: what holds of both, or matters of either.
    pub(crate) fn both(self, other: Self) -> Self {
        let of_both = Self::READONLY.with(Self::IDEMPOTENT);
        Self((self.0 & other.0 & of_both.0) | ((self.0 | other.0) & !of_both.0))
    }

    /// May it be repeated when nobody knows whether it ran?
    #[inline]
    pub(crate) fn repeatable(self) -> bool {
        self.0 & (Self::READONLY.0 | Self::IDEMPOTENT.0) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_repeatable_only_if_each_part_is() {
        let read = Flags::READONLY;
        let raw = Flags::READONLY.with(Flags::RAW);
        assert!(read.both(raw).has(Flags::READONLY) && read.both(raw).has(Flags::RAW));
        assert!(!read.both(Flags::default()).repeatable());
    }
}
