//! May this be tried again? A pure decision.

use crate::{
    command::Flags,
    error::{Error, ErrorKind, Execution},
};

/// Whether a command with these flags may be tried again after this error.
///
/// Never what may have run, unless running twice is the same as once. Never what timed out: its time is up.
pub(super) fn may_repeat(error: &Error, flags: Flags) -> bool {
    let passing = match error.kind() {
        ErrorKind::Disconnected | ErrorKind::Io => true,
        // Garbage on the connection: what had not been sent has no part in it. A read that was answered with garbage
        // (or with more than the limits allow) would be again.
        ErrorKind::Protocol => error.execution() == Execution::NotSent,
        ErrorKind::Server(server) => return server.code().is_transient(),
        _ => false,
    };
    passing
        && match error.execution() {
            Execution::NotSent => true,
            Execution::MaybeExecuted => flags.repeatable(),
            Execution::Answered => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ServerError, TimeoutKind};

    #[test]
    fn only_what_cannot_have_run_or_may_run_twice() {
        let write = Flags::default();
        let lost = Error::new(ErrorKind::Disconnected, Execution::NotSent, "lost");
        assert!(may_repeat(&lost, write));
        let maybe = lost.with_execution(Execution::MaybeExecuted);
        assert!(!may_repeat(&maybe, write));
        assert!(may_repeat(&maybe, Flags::READONLY));
        assert!(may_repeat(&maybe, Flags::IDEMPOTENT));
        let garbage = Error::new(ErrorKind::Protocol, Execution::NotSent, "garbage");
        assert!(may_repeat(&garbage, write));
        assert!(!may_repeat(&garbage.with_execution(Execution::MaybeExecuted), Flags::READONLY));
        let late = Error::new(ErrorKind::Timeout(TimeoutKind::Command), Execution::NotSent, "late");
        assert!(!may_repeat(&late, Flags::READONLY));
        assert!(may_repeat(&Error::server(ServerError::parse("LOADING wait")), write));
        assert!(!may_repeat(&Error::server(ServerError::parse("WRONGTYPE no")), Flags::READONLY));
    }
}
