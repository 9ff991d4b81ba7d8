//! What `run` takes: a command, a pipeline or a transaction.

use std::sync::LazyLock;

use crate::{
    error::{DecodeError, Result, ServerError},
    resp::Replies,
};

use super::{Cmd, Command, Pipeline, ReplySlots, Transaction, framed, reply_slots::Reading};

/// What `run` takes: a [`Command`], a [`Pipeline`], a [`Transaction`], or an `Option` of one. Nothing is sent for `None`.
pub trait Plan: sealed::Sealed + Send + Sync {
    /// The type of its reply.
    type Reply;

    /// Completes the words: a transaction gets its `EXEC`.
    #[doc(hidden)]
    fn seal(&mut self) {}

    /// The words. Call [`seal`](Self::seal) first.
    #[doc(hidden)]
    fn cmd(&self) -> &Cmd;

    /// Decodes all replies.
    #[doc(hidden)]
    fn read(&self, replies: &mut Replies<'_>) -> Result<Self::Reply>;
}

mod sealed {
    use super::{Command, Pipeline, Transaction};

    pub trait Sealed {}
    impl<R> Sealed for Command<R> {}
    impl<L> Sealed for Pipeline<L> {}
    impl<L> Sealed for Transaction<L> {}
    impl<P: super::Plan> Sealed for Option<P> {}
}

impl<R> Plan for Command<R> {
    type Reply = R;

    fn cmd(&self) -> &Cmd {
        &self.cmd
    }

    #[inline]
    fn read(&self, replies: &mut Replies<'_>) -> Result<R> {
        if self.cmd.has_frames() {
            return self.read_framed(replies);
        }
        let outcome = self.decoder.decode(replies);
        // If the plan is several commands, the failed command is the last one whose reply was taken.
        outcome.map_err(|error| self.cmd.in_context(error.into(), replies.taken().saturating_sub(1)))
    }
}

impl<R> Command<R> {
    #[cold]
    fn read_framed(&self, replies: &mut Replies<'_>) -> Result<R> {
        let parts = self.cmd.parts() as usize;
        framed::decode(self.decoder, &self.cmd, 0..parts, replies).map_err(|failure| failure.of(&self.cmd))
    }
}

impl<P: Plan> Plan for Option<P> {
    type Reply = Option<P::Reply>;

    fn seal(&mut self) {
        if let Some(plan) = self {
            plan.seal();
        }
    }

    fn cmd(&self) -> &Cmd {
        static NOTHING: LazyLock<Cmd> = LazyLock::new(Cmd::batch);
        self.as_ref().map_or(&NOTHING, P::cmd)
    }

    fn read(&self, replies: &mut Replies<'_>) -> Result<Self::Reply> {
        self.as_ref().map(|plan| plan.read(replies)).transpose()
    }
}

impl<L: ReplySlots> Plan for Pipeline<L> {
    type Reply = L::Tuple;

    fn cmd(&self) -> &Cmd {
        &self.batch
    }

    fn read(&self, replies: &mut Replies<'_>) -> Result<L::Tuple> {
        let mut reading = Reading::new(replies, (&self.batch, 0), &self.ignored);
        let outcome = reading.read_all(&self.slots);
        outcome.map_err(|error| reading.failure(error))
    }
}

impl<L: ReplySlots> Plan for Transaction<L> {
    type Reply = L::Tuple;

    fn seal(&mut self) {
        // Only once: `run` may call this again for a retry.
        if !self.is_sealed() {
            self.batch.push_exec();
        }
    }

    fn cmd(&self) -> &Cmd {
        debug_assert!(self.is_sealed(), "a transaction is sent with its EXEC");
        &self.batch
    }

    fn read(&self, replies: &mut Replies<'_>) -> Result<L::Tuple> {
        if let Some((_, error)) = replies.failures().first() {
            return Err(self.batch.in_context_of_all(error.clone()));
        }
        let exec = self.batch.parts() as usize - 1;
        framed::enter(&self.batch, 0, exec, replies).map_err(|failure| failure.of(&self.batch))?;
        self.read_array(replies)
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
        let mut reading = Reading::new(replies, (&self.batch, 1), &self.ignored);
        let outcome = reading.read_all(&self.slots);
        outcome.map_err(|error| reading.failure(error))
    }
}

impl From<ServerError> for DecodeError {
    fn from(error: ServerError) -> Self {
        Self::server(error)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::{
        FromRedis,
        command::{Decoder, Executor, atomic, pipe, raw},
        error::ErrorKind,
    };

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
        let bytes = b"-NOPERM no\r\n:1\r\n-ERR unknown command 'NOPE'\r\n-ERR EXEC without MULTI\r\n";
        let error = plan.read(&mut Replies::new(bytes)).unwrap_err();
        assert!(error.may_have_run() && error.to_string().contains("one by one"), "{error}");
        let bytes = b"-NOPERM no\r\n-NOPERM no\r\n-ERR unknown command 'NOPE'\r\n-NOPERM no\r\n";
        let error = plan.read(&mut Replies::new(bytes)).unwrap_err();
        assert!(
            error.may_have_run(),
            "the second command is not declared, so its error proves nothing: {error}"
        );
        let mut declared = atomic().execute(Cmd::new("INCR").key("a").reply::<i64>());
        declared.seal();
        let error =
            declared.read(&mut Replies::new(b"-NOPERM no\r\n-NOPERM no\r\n-NOPERM no\r\n")).unwrap_err();
        assert!(!error.may_have_run() && error.to_string().contains("none of its commands ran"), "{error}");
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

    fn number(key: &str) -> Command<i64> {
        raw("GET").key(key).reply()
    }

    /// Two commands as one value, whose replies are decoded together.
    fn sum() -> Command<i64> {
        Command::together(
            [number("a"), number("b")],
            Decoder::new(|replies| {
                let first: i64 = FromRedis::from_redis(replies.take()?)?;
                let second: i64 = FromRedis::from_redis(replies.take()?)?;
                Ok(first + second)
            }),
        )
    }

    /// Decodes replies that arrived in two pieces, cut behind each reply in turn.
    fn read_in_two_pieces<P: Plan>(plan: &P, whole: &'static [u8], check: impl Fn(Result<P::Reply>)) {
        let ends = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
        for cut in std::iter::once(0).chain(ends) {
            let pieces = [Bytes::from_static(&whole[..cut]), Bytes::from_static(&whole[cut..])];
            check(plan.read(&mut Replies::pieces(&pieces)));
        }
    }

    #[test]
    fn a_pipeline_of_single_commands_and_of_several_as_one() {
        let plan = pipe().execute(number("a")).execute(sum()).many([number("c"), number("d")]).execute(sum());
        read_in_two_pieces(&plan, b":1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n:7\r\n", |found| {
            assert_eq!(found.unwrap(), (1, 5, vec![4, 5], 13));
        });
    }

    #[test]
    fn adjacent_commands_with_different_decoders() {
        let doubled = |key: &str| {
            raw("GET").key(key).reply_with::<i64>(|replies| {
                let number: i64 = FromRedis::from_redis(replies.take()?)?;
                Ok(2 * number)
            })
        };
        let plan = pipe().many([number("a"), number("b"), doubled("c"), number("d"), doubled("e"), sum()]);
        read_in_two_pieces(&plan, b":1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n:7\r\n", |found| {
            assert_eq!(found.unwrap(), (vec![1, 2, 6, 4, 10, 13],));
        });
        let wrong = b":1\r\n:2\r\n:3\r\n-WRONGTYPE no\r\n:5\r\n:6\r\n:7\r\n";
        let error = plan.read(&mut Replies::new(wrong)).unwrap_err();
        assert!(error.to_string().starts_with("GET `d`: command 4 of 7: WRONGTYPE"), "{error}");
    }

    #[test]
    fn a_checked_reply_does_not_fail_the_others_and_an_ignored_one_does() {
        let plan = pipe().execute(number("a")).execute(sum()).checked().execute(number("c"));
        let (first, second, third) =
            plan.read(&mut Replies::new(b":1\r\n-WRONGTYPE no\r\n:2\r\n:3\r\n")).unwrap();
        assert_eq!((first, third), (1, 3));
        assert!(second.is_err());
        let plan = pipe().execute(number("a")).ignore().execute(number("b")).execute(number("c")).ignore();
        assert_eq!(plan.read(&mut Replies::new(b":1\r\n:2\r\n:3\r\n")).unwrap(), (2,));
        let error = plan.read(&mut Replies::new(b":1\r\n:2\r\n-ERR no\r\n")).unwrap_err();
        assert_eq!(error.key(), Some("c"));
    }

    #[test]
    fn a_decoder_that_takes_too_few_or_too_many() {
        let few = Decoder::new(|replies| FromRedis::from_redis(replies.take()?));
        let plan = pipe().execute(Command::together([number("a"), number("b")], few)).execute(number("c"));
        let found: (i64, i64) = plan.read(&mut Replies::new(b":1\r\n:2\r\n:3\r\n")).unwrap();
        assert_eq!(found, (1, 3), "what one decoder leaves is not the next command's");
        let greedy = || {
            raw("GET").key("a").reply_with::<i64>(|replies| {
                let _: i64 = FromRedis::from_redis(replies.take()?)?;
                FromRedis::from_redis(replies.take()?)
            })
        };
        let plan = pipe().many([greedy(), greedy()]);
        let error = plan.read(&mut Replies::new(b":1\r\n:2\r\n")).unwrap_err();
        assert!(error.to_string().contains("found the end of this command's"), "{error}");
    }
}
