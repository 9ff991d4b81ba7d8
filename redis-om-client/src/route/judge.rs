//! Judges how an attempt ended and what follows. Pure functions: they use no socket, no clock and no random numbers of
//! their own.
//!
//! The promise kept here: a command that may have run is sent again only if it reads or was declared idempotent. A
//! refusal proves that nothing ran only if the server itself produced it. A script can return any error code, so for a
//! script the whole error line is compared.
//!
//! Repeats (the command may have run) and refusals (it did not run) have separate counters: a server that loads its
//! data for seconds refuses often, and each refusal is harmless.

use std::time::Duration;

use bytes::Bytes;

use crate::{
    config::RetryPolicy,
    error::{Author, Error, ErrorKind, Execution, Refusal, ServerError},
};

/// What a command, or several commands that are sent together, declare about themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) writes: bool,
    /// Running it twice has the same effect as running it once.
    pub(crate) repeatable: bool,
    /// Who may have written its error replies.
    pub(crate) author: Author,
    /// It is sent from `MULTI` to `EXEC`.
    pub(crate) transaction: bool,
}

/// What happened in all attempts so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    repeats: u32,
    refusals: u32,
    /// An attempt of a command that writes may have run. Later attempts never reset this.
    pub(crate) may_have_run: bool,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The reply goes to the caller.
    Done,
    /// The command is sent again after this pause.
    Again {
        pause: Duration,
        /// The next attempt needs a new connection, because the server no longer has its former role.
        redial: bool,
    },
    /// No further attempt is made.
    Fail,
}

impl Tally {
    /// The error, extended by whether an earlier attempt may have run.
    pub(crate) fn told(&self, error: Error) -> Error {
        if self.may_have_run && error.execution() != Execution::MaybeExecuted {
            return error
                .context("an earlier attempt was sent and not answered; the last one ended with")
                .with_execution(Execution::MaybeExecuted);
        }
        error
    }

    fn again(&mut self, maybe: bool, redial: bool, policy: &RetryPolicy, random: f64) -> Verdict {
        let pause = if maybe {
            self.repeats += 1;
            policy.delay(self.repeats - 1, random)
        } else {
            self.refusals += 1;
            policy.refusal_delay(self.refusals - 1, random)
        };
        pause.map_or(Verdict::Fail, |pause| Verdict::Again { pause, redial })
    }
}

/// The verdict on the replies of a command. [`Verdict::Again`] and [`Verdict::Fail`] come with the error. If `Fail` has
/// none, the refusal is the reply, and decoding reports it.
pub(crate) fn judge_replies(
    replies: &[Bytes],
    facts: Facts,
    tally: &mut Tally,
    policy: &RetryPolicy,
    random: f64,
) -> (Verdict, Option<Error>) {
    let found = match replies {
        [only] => refusal(only, facts.author),
        several if facts.transaction => refusal_of_transaction(several),
        // Commands that stay together are sent again only if none of them ran.
        several => {
            let is_error = |reply: &Bytes| reply.first() == Some(&b'-');
            let none_ran = several.iter().all(|reply| match facts.author {
                Author::Server => is_error(reply),
                author => refusal(reply, author).is_some(),
            });
            several.first().filter(|_| none_ran).and_then(|first| refusal(first, facts.author))
        }
    };
    let Some((refusal, line)) = found else { return (Verdict::Done, None) };
    let error = || Error::server(ServerError::parse(&line));
    match tally.again(false, refusal.needs_new_connection(), policy, random) {
        Verdict::Fail if tally.may_have_run => (Verdict::Fail, Some(tally.told(error()))),
        Verdict::Fail => (Verdict::Fail, None),
        again => (again, Some(error())),
    }
}

/// The verdict on an attempt that got no reply.
pub(crate) fn judge_loss(
    error: &Error,
    facts: Facts,
    tally: &mut Tally,
    policy: &RetryPolicy,
    random: f64,
) -> Verdict {
    let maybe = match error.execution() {
        Execution::MaybeExecuted => true,
        Execution::NotSent => false,
        Execution::Answered => return Verdict::Fail,
    };
    tally.may_have_run |= maybe && facts.writes;
    let passes = match error.kind() {
        ErrorKind::Disconnected | ErrorKind::Io => true,
        // Bytes on the connection violated the protocol. A command that was not sent is not affected. A read that was
        // answered with such bytes would probably get them again.
        ErrorKind::Protocol => !maybe,
        _ => false,
    };
    if !passes || (maybe && !facts.repeatable) {
        return Verdict::Fail;
    }
    tally.again(maybe, false, policy, random)
}

/// If a reply is a refusal by the server itself, after which the command may be sent again: the refusal and its line.
#[inline]
pub(crate) fn refusal(reply: &[u8], author: Author) -> Option<(&'static Refusal, String)> {
    match reply {
        [b'-', line @ ..] => refusal_line(line, author),
        _ => None,
    }
}

#[cold]
fn refusal_line(line: &[u8], author: Author) -> Option<(&'static Refusal, String)> {
    let line = String::from_utf8_lossy(line).trim_end().to_owned();
    Refusal::of(&line, author).map(|refusal| (refusal, line))
}

/// Whether a transaction with these replies ended the `WATCH` of its connection: `EXEC` ran, or the server discarded the
/// transaction.
pub(crate) fn ends_watch(replies: &[Bytes]) -> bool {
    let [first, .., last] = replies else { return false };
    first.first() == Some(&b'+') && (last.first() != Some(&b'-') || last.starts_with(b"-EXECABORT"))
}

/// The refusal in the replies of `MULTI`, of each command behind it, and of `EXEC`. Nothing ran if `EXEC` was refused.
/// Redis refuses a command when it is queued (then `EXEC` answers `EXECABORT`); Valkey 9 refuses some commands at
/// `EXEC`.
fn refusal_of_transaction(replies: &[Bytes]) -> Option<(&'static Refusal, String)> {
    let is_error = |reply: &Bytes| reply.first() == Some(&b'-');
    let [first, queued @ .., last] = replies else { return None };
    // Without `MULTI` each command ran alone, and the replies go to the caller. (`EXEC` alone is an error, too.)
    if is_error(first) {
        let all_refused = queued.iter().all(|reply| refusal(reply, Author::Server).is_some());
        return refusal(first, Author::Server).filter(|_| all_refused && is_error(last));
    }
    if !is_error(last) {
        return None;
    }
    if let found @ Some(_) = refusal(last, Author::Server) {
        return found;
    }
    let mut found = None;
    for reply in queued.iter().filter(|reply| is_error(reply)) {
        // An error that the caller caused: the transaction is refused, whatever the other replies are.
        found = Some(refusal(reply, Author::Server)?);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::TimeoutKind;

    const WRITE: Facts =
        Facts { writes: true, repeatable: false, author: Author::Server, transaction: false };
    const READ: Facts = Facts { writes: false, repeatable: true, ..WRITE };
    const IDEMPOTENT: Facts = Facts { repeatable: true, ..WRITE };
    const SCRIPT: Facts = Facts { author: Author::Script, ..WRITE };
    const TRANSACTION: Facts = Facts { transaction: true, ..WRITE };

    fn lost(kind: ErrorKind, execution: Execution) -> Error {
        Error::new(kind, execution, "lost")
    }

    fn loss(error: &Error, facts: Facts) -> Verdict {
        judge_loss(error, facts, &mut Tally::default(), &RetryPolicy::default(), 0.5)
    }

    fn replies(lines: &[&'static str], facts: Facts) -> Verdict {
        let replies: Vec<_> = lines.iter().map(|line| Bytes::from(format!("{line}\r\n"))).collect();
        judge_replies(&replies, facts, &mut Tally::default(), &RetryPolicy::default(), 0.5).0
    }

    fn is_again(verdict: Verdict) -> bool {
        matches!(verdict, Verdict::Again { .. })
    }

    #[test]
    fn what_may_have_run_is_repeated_only_if_it_may_run_twice() {
        let unsent = lost(ErrorKind::Disconnected, Execution::NotSent);
        let maybe = lost(ErrorKind::Disconnected, Execution::MaybeExecuted);
        assert!(is_again(loss(&unsent, WRITE)));
        assert!(!is_again(loss(&maybe, WRITE)));
        assert!(is_again(loss(&maybe, READ)) && is_again(loss(&maybe, IDEMPOTENT)));
        let garbage = lost(ErrorKind::Protocol, Execution::NotSent);
        assert!(is_again(loss(&garbage, WRITE)));
        assert!(!is_again(loss(&garbage.with_execution(Execution::MaybeExecuted), READ)));
        let late = lost(ErrorKind::Timeout(TimeoutKind::Command), Execution::NotSent);
        assert!(!is_again(loss(&late, READ)));
    }

    #[test]
    fn an_attempt_that_may_have_run_is_never_forgotten() {
        let mut tally = Tally::default();
        let policy = RetryPolicy::default();
        let maybe = lost(ErrorKind::Disconnected, Execution::MaybeExecuted);
        assert!(is_again(judge_loss(&maybe, IDEMPOTENT, &mut tally, &policy, 0.0)));
        let unsent = lost(ErrorKind::Disconnected, Execution::NotSent);
        judge_loss(&unsent, IDEMPOTENT, &mut tally, &policy, 0.0);
        assert!(tally.told(unsent.clone()).may_have_run());
        // A read that ran changed nothing.
        let mut tally = Tally::default();
        judge_loss(&maybe, READ, &mut tally, &policy, 0.0);
        assert!(!tally.told(unsent).may_have_run());
    }

    #[test]
    fn refusals_and_repeats_are_counted_apart() {
        let mut tally = Tally::default();
        let policy = RetryPolicy::default();
        let maybe = lost(ErrorKind::Disconnected, Execution::MaybeExecuted);
        for _ in 0..policy.attempts - 1 {
            assert!(is_again(judge_loss(&maybe, READ, &mut tally, &policy, 0.0)));
        }
        assert_eq!(judge_loss(&maybe, READ, &mut tally, &policy, 0.0), Verdict::Fail);
        let loading = [Bytes::from_static(b"-LOADING Redis is loading the dataset in memory\r\n")];
        assert!(is_again(judge_replies(&loading, READ, &mut tally, &policy, 0.0).0));
    }

    #[test]
    fn the_error_of_a_script_is_no_refusal_unless_it_is_the_servers_own() {
        for mine in ["-LOADING mine", "-TRYAGAIN x", "-CLUSTERDOWN x", "-MASTERDOWN x", "-BUSY x"] {
            assert_eq!(replies(&[mine], SCRIPT), Verdict::Done, "{mine}");
        }
        assert!(is_again(replies(&["-LOADING Valkey is loading the dataset in memory"], SCRIPT)));
        assert_eq!(replies(&["-WRONGTYPE no"], WRITE), Verdict::Done);
        assert_eq!(replies(&["$2\r\nok"], WRITE), Verdict::Done);
    }

    #[test]
    fn a_server_that_became_a_replica_is_dialled_again() {
        let readonly = "-READONLY You can't write against a read only replica.";
        assert!(matches!(replies(&[readonly], WRITE), Verdict::Again { redial: true, .. }));
    }

    #[test]
    fn a_transaction_is_sent_again_only_if_nothing_of_it_ran() {
        let loading = "-LOADING Redis is loading the dataset in memory";
        let abort = "-EXECABORT Transaction discarded because of previous errors.";
        assert!(is_again(replies(&["+OK", loading, abort], TRANSACTION)));
        assert!(is_again(replies(&["+OK", "+QUEUED", loading], TRANSACTION)));
        assert!(is_again(replies(&[loading, loading, loading], TRANSACTION)));
        assert_eq!(replies(&["+OK", "-ERR unknown command", abort], TRANSACTION), Verdict::Done);
        assert_eq!(replies(&["+OK", loading, "-ERR unknown command", abort], TRANSACTION), Verdict::Done);
        assert_eq!(replies(&[loading, ":1", "-ERR EXEC without MULTI"], TRANSACTION), Verdict::Done);
        assert_eq!(replies(&["+OK", "+QUEUED", "*1\r\n:1"], TRANSACTION), Verdict::Done);
        assert_eq!(replies(&["+OK", "+QUEUED", "_"], TRANSACTION), Verdict::Done);
    }

    #[test]
    fn a_watch_ends_only_with_an_exec_that_was_not_refused() {
        let ends = |replies: &[&'static str]| {
            let replies: Vec<_> = replies.iter().map(|reply| Bytes::from_static(reply.as_bytes())).collect();
            ends_watch(&replies)
        };
        assert!(ends(&["+OK", "+QUEUED", "*1\r\n:1\r\n"]) && ends(&["+OK", "+QUEUED", "*-1\r\n"]));
        assert!(ends(&["+OK", "-ERR unknown command", "-EXECABORT Transaction discarded"]));
        assert!(!ends(&["-NOPERM no", ":1", "-ERR EXEC without MULTI"]));
        assert!(!ends(&["+OK", "+QUEUED", "-LOADING Redis is loading the dataset in memory"]));
        assert!(!ends(&["+OK", "+QUEUED", "-CLIENT failed\r\n"]), "the reply was not read");
    }
}
