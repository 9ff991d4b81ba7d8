//! What a command declares about itself, as bits.

/// A set of flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Flags(u8);

impl Flags {
    /// Writes nothing.
    pub(crate) const READONLY: Self = Self(1);
    /// Doing it twice is the same as doing it once.
    pub(crate) const IDEMPOTENT: Self = Self(2);
    /// The server may keep the reply back, so it needs a connection of its own.
    pub(crate) const BLOCKING: Self = Self(4);
    /// Its words were written by the user: whether a shared connection may run them is looked up before.
    pub(crate) const RAW: Self = Self(8);

    /// Its error replies may be texts of a script.
    pub(crate) const SCRIPT: Self = Self(16);
    /// It belongs to the command before it in a batch: they go together.
    pub(crate) const JOINED: Self = Self(32);
    /// It ends other commands, so it must not wait behind them: it needs a new connection.
    pub(crate) const OWN_CONNECTION: Self = Self(64);
    /// The batch is a transaction.
    pub(crate) const TRANSACTION: Self = Self(128);

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
    pub(crate) fn with(self, flags: Self) -> Self {
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
