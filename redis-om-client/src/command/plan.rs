//! What `run` takes: a command, a pipeline or a transaction.

use crate::{
    error::{DecodeError, Error, ErrorKind, Result, ServerError},
    resp::{Replies, Reply},
};

use super::{Cmd, Command, Pipeline, Slots, Transaction, slots::Reading};

/// What `run` takes: a [`Command`], a [`Pipeline`] or a [`Transaction`].
pub trait Plan: sealed::Sealed {
    /// What it replies with.
    type Reply;

    /// The words, complete.
    #[doc(hidden)]
    fn wire(&mut self) -> &Cmd;

    /// Reads the replies.
    #[doc(hidden)]
    fn read(&self, replies: &mut Replies<'_>) -> Result<Self::Reply>;
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

    fn wire(&mut self) -> &Cmd {
        &self.cmd
    }

    #[inline]
    fn read(&self, replies: &mut Replies<'_>) -> Result<R> {
        let outcome = self.decoder.decode(replies);
        // Of several commands in one the failing one is the last whose reply was taken.
        outcome.map_err(|error| self.cmd.blame(error.into(), replies.taken().saturating_sub(1)))
    }
}

impl<L: Slots> Plan for Pipeline<L> {
    type Reply = L::Tuple;

    fn wire(&mut self) -> &Cmd {
        &self.batch
    }

    fn read(&self, replies: &mut Replies<'_>) -> Result<L::Tuple> {
        read_slots(&self.slots, &self.batch, replies, 0, &self.ignored)
    }
}

/// `first` is the part of the batch that the first reply belongs to.
fn read_slots<L: Slots>(
    slots: &L,
    batch: &Cmd,
    replies: &mut Replies<'_>,
    first: usize,
    ignored: &[u32],
) -> Result<L::Tuple> {
    let mut reading = Reading { replies, batch: (batch, first), part: 0, ignored };
    let outcome = slots.read(&mut reading).and_then(|tuple| reading.pass().map(|()| tuple));
    let part = reading.part;
    outcome.map_err(|error| blame_part(batch, error, first + part))
}

#[cold]
fn blame_part(batch: &Cmd, error: DecodeError, part: usize) -> Error {
    let error = Error::from(error);
    let what = format!("command {} of {}", part + 1, batch.parts());
    batch.blame(error.context(what), part)
}

impl<L: Slots> Plan for Transaction<L> {
    type Reply = L::Tuple;

    fn wire(&mut self) -> &Cmd {
        // Once only: `run` may ask again when it retries.
        if self.batch.words(self.batch.parts() as usize - 1).next() != Some(b"EXEC") {
            self.batch.push(&Cmd::new("EXEC").readonly().idempotent());
        }
        &self.batch
    }

    fn read(&self, replies: &mut Replies<'_>) -> Result<L::Tuple> {
        let queued = self.batch.parts() as usize - 1;
        let mut refused: Option<Error> = None;
        for part in 0..queued {
            // Everything else than an error is OK or QUEUED.
            if let error @ Reply::Error(_) =
                replies.take().map_err(|error| blame_part(&self.batch, error, part))?
            {
                let error = error.mismatch("QUEUED");
                refused.get_or_insert_with(|| blame_part(&self.batch, error, part));
            }
        }
        if let Some(error) = refused {
            return Err(error.context("the transaction was refused, nothing of it was done"));
        }
        let found = replies.enter().map_err(|error| self.batch.blame(error.into(), queued))?;
        match found {
            Some(_) => read_slots(&self.slots, &self.batch, replies, 1, &self.ignored),
            None => Err(Error::new(
                ErrorKind::Conflict,
                "the transaction was not done: a watched key changed before EXEC",
            )),
        }
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
        assert_eq!(plan.wire().to_string(), "MULTI | INCR a | SET b 1 | GET b | EXEC");
        assert_eq!(plan.wire().parts(), 5);
        let bytes = b"+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n:7\r\n+OK\r\n$1\r\n1\r\n";
        assert_eq!(plan.read(&mut Replies::new(bytes)).unwrap(), (7, "1".to_owned()));
    }

    #[test]
    fn a_transaction_says_what_was_refused() {
        let mut plan =
            atomic().execute(raw("INCR").key("a").reply::<i64>()).execute(raw("NOPE").key("b").reply::<()>());
        plan.wire();
        let bytes = b"+OK\r\n+QUEUED\r\n-ERR unknown command 'NOPE'\r\n-EXECABORT Transaction discarded\r\n";
        let error = plan.read(&mut Replies::new(bytes)).unwrap_err();
        assert_eq!(error.command(), Some("NOPE"));
        assert!(error.to_string().contains("nothing of it was done"), "{error}");
        let bytes = b"+OK\r\n+QUEUED\r\n+QUEUED\r\n_\r\n";
        assert_eq!(plan.read(&mut Replies::new(bytes)).unwrap_err().kind(), &ErrorKind::Conflict);
        let bytes = b"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n-WRONGTYPE no\r\n";
        let error = plan.read(&mut Replies::new(bytes)).unwrap_err();
        assert_eq!((error.command(), error.key()), (Some("NOPE"), Some("b")));
    }

    #[test]
    fn a_pipeline_names_the_command_that_failed() {
        let mut plan = pipe()
            .execute(raw("GET").key("a").reply::<String>())
            .execute(raw("INCR").key("b").reply::<i64>());
        assert_eq!(plan.wire().parts(), 2);
        let error = plan.read(&mut Replies::new(b"+x\r\n-WRONGTYPE no\r\n")).unwrap_err();
        assert!(error.to_string().starts_with("INCR `b`: command 2 of 2: WRONGTYPE no"), "{error}");
    }

    #[test]
    fn a_script_in_a_batch_is_named_by_its_key_and_not_by_its_text() {
        let script = |key: &str| raw("EVAL").arg("return 1").arg(1).key(key).reply::<i64>();
        let mut plan =
            atomic().execute(script("a")).execute(script("b")).execute(raw("ECHO").arg("x").reply::<i64>());
        plan.wire();
        for (failing, name, key) in [(0, "EVAL", Some("a")), (1, "EVAL", Some("b")), (2, "ECHO", None)] {
            let replies = (0..3).map(|part| if part == failing { "-ERR no\r\n" } else { ":1\r\n" });
            let bytes =
                format!("+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n{}", replies.collect::<String>());
            let error = plan.read(&mut Replies::new(bytes.as_bytes())).unwrap_err();
            assert_eq!((error.command(), error.key()), (Some(name), key), "{error}");
        }
    }
}
