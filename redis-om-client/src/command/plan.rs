//! What `run` takes: a command, a pipeline or a transaction.

use crate::{
    error::{DecodeError, Error, ErrorKind, Execution, Result, ServerError},
    resp::{Replies, Reply},
};

use super::{
    Cmd, Command, Pipeline, ReplySlots, Transaction,
    reply_slots::{Reading, missing},
};

/// What `run` takes: a [`Command`], a [`Pipeline`] or a [`Transaction`].
pub trait Plan: sealed::Sealed + Send + Sync {
    /// The type of its reply.
    type Reply;

    /// The replies that were decoded so far. It is `Send` if the replies are. Generic code whose futures must be `Send`
    /// declares `P::Progress: Send`.
    type Progress: Default;

    /// Whether some replies can be decoded before all have arrived.
    #[doc(hidden)]
    const GRADUAL: bool = false;

    /// Completes the words: a transaction gets its `EXEC`.
    #[doc(hidden)]
    fn seal(&mut self) {}

    /// The words. Call [`seal`](Self::seal) first.
    #[doc(hidden)]
    fn cmd(&self) -> &Cmd;

    /// Decodes the next `here` replies, or as many of them as can be decoded without later ones.
    #[doc(hidden)]
    fn advance(&self, progress: &mut Self::Progress, replies: &mut Replies<'_>, here: usize) -> Result<()>;

    /// The reply, after all replies were decoded.
    #[doc(hidden)]
    fn finish(&self, progress: Self::Progress) -> Result<Self::Reply>;

    /// Decodes all replies.
    #[doc(hidden)]
    fn read(&self, replies: &mut Replies<'_>) -> Result<Self::Reply> {
        let mut progress = Self::Progress::default();
        self.advance(&mut progress, replies, usize::MAX)?;
        self.finish(progress)
    }
}

mod sealed {
    use super::{Command, Pipeline, Transaction};

    pub trait Sealed {}
    impl<R> Sealed for Command<R> {}
    impl<L> Sealed for Pipeline<L> {}
    impl<L> Sealed for Transaction<L> {}
}

impl<R> Plan for Command<R> {
    type Reply = R;
    type Progress = Option<R>;

    fn cmd(&self) -> &Cmd {
        &self.cmd
    }

    #[inline]
    fn advance(&self, progress: &mut Option<R>, replies: &mut Replies<'_>, _: usize) -> Result<()> {
        let outcome = self.decoder.decode(replies);
        // If the plan is several commands, the failed command is the last one whose reply was taken.
        *progress = Some(
            outcome.map_err(|error| self.cmd.in_context(error.into(), replies.taken().saturating_sub(1)))?,
        );
        Ok(())
    }

    fn finish(&self, progress: Option<R>) -> Result<R> {
        progress.ok_or_else(|| missing().into())
    }
}

/// How far the replies of a pipeline were decoded.
#[derive(Debug, Default)]
pub struct Progress<T> {
    slots: T,
    /// The part whose reply comes next.
    part: usize,
}

impl<L: ReplySlots> Plan for Pipeline<L> {
    type Reply = L::Tuple;
    type Progress = Progress<L::Progress>;

    const GRADUAL: bool = true;

    fn cmd(&self) -> &Cmd {
        &self.batch
    }

    fn advance(&self, progress: &mut Self::Progress, replies: &mut Replies<'_>, here: usize) -> Result<()> {
        let Progress { slots, part } = progress;
        let here_until = replies.taken().saturating_add(here);
        let mut reading =
            Reading { replies, here_until, batch: (&self.batch, 0), part: *part, ignored: &self.ignored };
        let outcome = self
            .slots
            .advance(slots, &mut reading)
            .and_then(|done| if done { reading.pass() } else { Ok(false) });
        *part = reading.part;
        let failures = reading.replies.failures();
        outcome.map(drop).map_err(|error| failure(&self.batch, error, *part, failures))
    }

    fn finish(&self, progress: Self::Progress) -> Result<L::Tuple> {
        L::finish(progress.slots).map_err(|error| part_in_context(&self.batch, error, progress.part))
    }
}

/// The error of a command: its own if it failed without a reply, otherwise the decode error of its reply.
#[cold]
pub(super) fn failure(batch: &Cmd, error: DecodeError, part: usize, failures: &[(usize, Error)]) -> Error {
    match failures.iter().find(|(failed, _)| *failed == part) {
        Some((_, failure)) => batch.in_context_of_part(failure.clone(), part),
        None => part_in_context(batch, error, part),
    }
}

#[cold]
fn part_in_context(batch: &Cmd, error: DecodeError, part: usize) -> Error {
    batch.in_context_of_part(error.into(), part)
}

impl<L: ReplySlots> Plan for Transaction<L> {
    type Reply = L::Tuple;
    type Progress = Option<L::Tuple>;

    fn seal(&mut self) {
        // Only once: `run` may call this again for a retry.
        if !self.is_sealed() {
            self.batch.push(&Cmd::new("EXEC").readonly().idempotent());
        }
    }

    fn cmd(&self) -> &Cmd {
        debug_assert!(self.is_sealed(), "a transaction is sent with its EXEC");
        &self.batch
    }

    fn advance(&self, progress: &mut Self::Progress, replies: &mut Replies<'_>, _: usize) -> Result<()> {
        if let Some((_, error)) = replies.failures().first() {
            return Err(self.batch.in_context_of_all(error.clone()));
        }
        let queued = self.batch.parts() as usize - 1;
        let mut refused: Option<Error> = None;
        for part in 0..queued {
            // Every reply but an error is OK or QUEUED.
            if let error @ Reply::Error(_) =
                replies.take().map_err(|error| part_in_context(&self.batch, error, part))?
            {
                let error = error.mismatch("QUEUED");
                refused.get_or_insert_with(|| part_in_context(&self.batch, error, part));
            }
        }
        if let Some(error) = refused {
            return Err(error.context("the transaction was refused, none of its commands ran"));
        }
        let found = replies.enter().map_err(|error| self.batch.in_context(error.into(), queued))?;
        if found.is_none() {
            return Err(Error::new(
                ErrorKind::Conflict,
                Execution::Answered,
                "the transaction did not run: a watched key changed before EXEC",
            ));
        }
        *progress = Some(self.read_array(replies)?);
        Ok(())
    }

    fn finish(&self, progress: Self::Progress) -> Result<L::Tuple> {
        progress.ok_or_else(|| missing().into())
    }
}

impl<L> Transaction<L> {
    fn is_sealed(&self) -> bool {
        self.batch.words(self.batch.parts() as usize - 1).next() == Some(b"EXEC")
    }
}

impl<L: ReplySlots> Transaction<L> {
    /// Decodes the array that `EXEC` replies with. Its first element belongs to the command behind `MULTI`.
    fn read_array(&self, replies: &mut Replies<'_>) -> Result<L::Tuple> {
        let mut slots = L::Progress::default();
        let mut reading = Reading {
            replies,
            here_until: usize::MAX,
            batch: (&self.batch, 1),
            part: 0,
            ignored: &self.ignored,
        };
        let outcome = self
            .slots
            .advance(&mut slots, &mut reading)
            .and_then(|_| reading.pass())
            .and_then(|_| L::finish(slots));
        let part = reading.part;
        outcome.map_err(|error| part_in_context(&self.batch, error, 1 + part))
    }
}

impl From<ServerError> for DecodeError {
    fn from(error: ServerError) -> Self {
        Self::server(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Executor, atomic, pipe, raw};

    #[test]
    fn a_transaction_reads_its_array() {
        let mut plan = atomic()
            .execute(raw("INCR").key("a").reply::<i64>())
            .execute(raw("SET").key("b").arg(1).reply::<()>())
            .ignore()
            .execute(raw("GET").key("b").reply::<String>());
        plan.seal();
        assert_eq!(plan.cmd().to_string(), "MULTI | INCR a | SET b 1 | GET b | EXEC");
        assert_eq!(plan.cmd().parts(), 5);
        let bytes = b"+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n:7\r\n+OK\r\n$1\r\n1\r\n";
        assert_eq!(plan.read(&mut Replies::new(bytes)).unwrap(), (7, "1".to_owned()));
    }

    #[test]
    fn a_transaction_says_what_was_refused() {
        let mut plan =
            atomic().execute(raw("INCR").key("a").reply::<i64>()).execute(raw("NOPE").key("b").reply::<()>());
        plan.seal();
        let bytes = b"+OK\r\n+QUEUED\r\n-ERR unknown command 'NOPE'\r\n-EXECABORT Transaction discarded\r\n";
        let error = plan.read(&mut Replies::new(bytes)).unwrap_err();
        assert_eq!(error.command(), Some("NOPE"));
        assert!(error.to_string().contains("none of its commands ran"), "{error}");
        let bytes = b"+OK\r\n+QUEUED\r\n+QUEUED\r\n_\r\n";
        assert_eq!(plan.read(&mut Replies::new(bytes)).unwrap_err().kind(), &ErrorKind::Conflict);
        let bytes = b"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n-WRONGTYPE no\r\n";
        let error = plan.read(&mut Replies::new(bytes)).unwrap_err();
        assert_eq!((error.command(), error.key()), (Some("NOPE"), Some("b")));
    }

    #[test]
    fn a_pipeline_names_the_command_that_failed() {
        let plan = pipe()
            .execute(raw("GET").key("a").reply::<String>())
            .execute(raw("INCR").key("b").reply::<i64>());
        assert_eq!(plan.cmd().parts(), 2);
        let error = plan.read(&mut Replies::new(b"+x\r\n-WRONGTYPE no\r\n")).unwrap_err();
        assert!(error.to_string().starts_with("INCR `b`: command 2 of 2: WRONGTYPE no"), "{error}");
    }

    #[test]
    fn a_script_in_a_batch_is_named_by_its_key_and_not_by_its_text() {
        let script = |key: &str| raw("EVAL").arg("return 1").arg(1).key(key).reply::<i64>();
        let mut plan =
            atomic().execute(script("a")).execute(script("b")).execute(raw("ECHO").arg("x").reply::<i64>());
        plan.seal();
        for (failing, name, key) in [(0, "EVAL", Some("a")), (1, "EVAL", Some("b")), (2, "ECHO", None)] {
            let replies = (0..3).map(|part| if part == failing { "-ERR no\r\n" } else { ":1\r\n" });
            let bytes =
                format!("+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n{}", replies.collect::<String>());
            let error = plan.read(&mut Replies::new(bytes.as_bytes())).unwrap_err();
            assert_eq!((error.command(), error.key()), (Some(name), key), "{error}");
        }
    }
}
