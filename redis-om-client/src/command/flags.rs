//! What a command declares about itself, as bits.

/// A set of flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Flags(u16);

impl Flags {
    /// It writes nothing.
    pub(crate) const READONLY: Self = Self(1);
    /// Running it twice has the same effect as running it once.
    pub(crate) const IDEMPOTENT: Self = Self(1 << 1);
    /// The server may delay the reply, so it needs a connection of its own.
    pub(crate) const BLOCKING: Self = Self(1 << 2);
    /// The user wrote its words: before it runs, the guard checks whether a shared connection may run it.
    pub(crate) const RAW: Self = Self(1 << 3);
    /// Its error reply may be the text of a script.
    pub(crate) const SCRIPT: Self = Self(1 << 4);
    /// It stays together with the command before it in a batch.
    pub(crate) const JOINED: Self = Self(1 << 5);
    /// It ends other commands. It must not wait behind them, so it needs a new connection.
    pub(crate) const OWN_CONNECTION: Self = Self(1 << 6);
    /// It refers to the commands before it on its connection: alone it has no meaning.
    pub(crate) const FOLLOWS: Self = Self(1 << 7);
    /// The batch is sent from `MULTI` to `EXEC`.
    pub(crate) const TRANSACTION: Self = Self(1 << 8);
    /// The whole batch goes over one connection, with no other command between.
    pub(crate) const TOGETHER: Self = Self(1 << 9);
    /// It is `MULTI` or `EXEC` around the commands of a transaction. A batch that contains one has the flag, too.
    pub(crate) const FRAME: Self = Self(1 << 10);
    /// The flags of a whole batch. A batch does not pass them to a batch that contains it.
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

    /// The flags of two commands as one: the flags that both must have, and the flags that one of them suffices for.
    pub(crate) fn both(self, other: Self) -> Self {
        let of_both = Self::READONLY.with(Self::IDEMPOTENT);
        Self((self.0 & other.0 & of_both.0) | ((self.0 | other.0) & !of_both.0))
    }

    /// Whether it may be repeated when it is unknown whether it ran.
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
