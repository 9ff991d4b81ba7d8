//! Commands between `MULTI` and `EXEC` inside of a command value or a batch.
//!
//! `MULTI` and `EXEC` are the frame of the commands between them. A frame has replies of its own, and the replies of the
//! commands are inside the reply of its `EXEC`. The decoder of a command value knows nothing of frames: it gets the
//! replies of the commands alone, whether the value runs by itself, in a pipeline, or inside `atomic()`, which has the
//! one frame for all.

use std::ops::Range;

use crate::{
    error::{Author, DecodeError, Error, ErrorKind, Execution},
    resp::{Replies, Reply},
};

use super::{Cmd, Decoder, Flags, part::Extra};

impl Cmd {
    /// A batch that begins with `MULTI`.
    pub(super) fn begun_transaction() -> Self {
        let mut batch = Self::batch().transaction();
        batch.push(&Self::frame("MULTI"));
        batch
    }

    /// Ends a transaction.
    pub(super) fn push_exec(&mut self) {
        self.push(&Self::frame("EXEC"));
    }

    fn frame(word: &str) -> Self {
        let mut frame = Self::new(word).readonly().idempotent();
        frame.flags = frame.flags.with(Flags::FRAME);
        frame
    }

    /// Whether it contains `MULTI` and `EXEC`.
    #[inline]
    pub(crate) fn has_frames(&self) -> bool {
        self.flags.has(Flags::FRAME)
    }

    /// Whether its `part`-th command is `MULTI` or `EXEC`.
    pub(crate) fn is_frame(&self, part: usize) -> bool {
        self.part(part).flags().has(Flags::FRAME)
    }

    /// The batch without `MULTI` and `EXEC`, for a transaction, which has its own.
    pub(super) fn without_frames(&self) -> Self {
        let mut bare = Self::batch();
        bare.flags = self.flags.without(Flags::FRAME);
        for part in (0..self.parts() as usize).filter(|part| !self.is_frame(*part)) {
            bare.push_part_of(self, part);
        }
        if let Some(extra) = &self.extra {
            let refused_part = self.members(extra.refused_part);
            let (refused, block) = (extra.refused.clone(), extra.block);
            *bare.extra() = Extra { refused, refused_part, block, ..std::mem::take(bare.extra()) };
        }
        bare
    }

    /// How many replies the decoder of the command gets.
    pub(super) fn replies(&self) -> u32 {
        let parts = self.parts();
        if self.has_frames() { self.members(parts as usize) as u32 } else { parts }
    }
}

/// Why the replies of a command with frames could not be decoded.
pub(super) enum Failure {
    /// The reply of this part of the batch does not fit, or is an error.
    Part(DecodeError, usize),
    /// The transaction as a whole failed.
    Whole(Error),
}

impl Failure {
    /// As an error that names the command of the batch.
    #[cold]
    pub(super) fn of(self, batch: &Cmd) -> Error {
        match self {
            Self::Part(error, part) => batch.in_context_of_part(error.into(), part),
            Self::Whole(error) => error,
        }
    }
}

/// Decodes the replies of these parts of a batch, some of which are frames.
pub(super) fn decode<R>(
    decoder: Decoder<R>,
    batch: &Cmd,
    parts: Range<usize>,
    replies: &mut Replies<'_>,
) -> Result<R, Failure> {
    let mut bare = Bare::default();
    let mut part = parts.start;
    while part < parts.end {
        part = match batch.is_frame(part) {
            true => bare.take_framed(batch, part, replies)?,
            false => bare.take(part, replies)?,
        };
    }
    let mut replies = Replies::new(&bare.bytes);
    decoder.decode(&mut replies).map_err(|error| {
        let failed = bare.parts.get(replies.taken().saturating_sub(1));
        Failure::Part(error, failed.copied().unwrap_or(parts.start))
    })
}

/// The replies of commands without those of their frames.
#[derive(Default)]
struct Bare {
    bytes: Vec<u8>,
    /// The part of the batch that each reply belongs to.
    parts: Vec<usize>,
}

impl Bare {
    /// Takes one reply. Returns the next part.
    fn take(&mut self, part: usize, replies: &mut Replies<'_>) -> Result<usize, Failure> {
        let bytes = replies.take_bytes().map_err(|error| Failure::Part(error, part))?;
        self.bytes.extend_from_slice(bytes);
        self.parts.push(part);
        Ok(part + 1)
    }

    /// Takes the replies of a transaction that begins with this part. Returns the part behind it.
    fn take_framed(
        &mut self,
        batch: &Cmd,
        multi: usize,
        replies: &mut Replies<'_>,
    ) -> Result<usize, Failure> {
        let mut exec = multi + 1;
        while !batch.is_frame(exec) && exec + 1 < batch.parts() as usize {
            exec += 1;
        }
        enter(batch, multi, exec, replies)?;
        for part in multi + 1..exec {
            self.take(part, replies)?;
        }
        Ok(exec + 1)
    }
}

/// Takes the replies of `MULTI` and of the commands behind it, which are `OK` and `QUEUED`, and enters the array of
/// `EXEC`: the replies of the commands are next. An error says whether something ran; the reply of `EXEC` is taken then,
/// too.
pub(super) fn enter(
    batch: &Cmd,
    multi: usize,
    exec: usize,
    replies: &mut Replies<'_>,
) -> Result<(), Failure> {
    let mut refused: Option<Error> = None;
    let mut has_multi = true;
    // Whether a command ran, or may have run, without `MULTI`.
    let mut maybe = false;
    for part in multi..exec {
        // Every reply but an error is OK or QUEUED.
        if let error @ Reply::Error(_) = replies.take().map_err(|error| Failure::Part(error, part))? {
            let error = error.mismatch("QUEUED");
            has_multi &= part > multi;
            maybe |= part > multi && batch.author(part) != Author::Server;
            refused.get_or_insert_with(|| batch.in_context_of_part(error.into(), part));
        } else {
            maybe = true;
        }
    }
    if let Some(error) = refused {
        // The reply of `EXEC` has nothing to add. It is taken, so that the next reply is the next command's.
        drop(replies.take());
        return Err(Failure::Whole(if maybe && !has_multi {
            let why = "the server refused MULTI, so it ran the commands one by one";
            error.with_execution(Execution::MaybeExecuted).context(why)
        } else {
            error.context("the transaction was refused, none of its commands ran")
        }));
    }
    match replies.enter(exec - multi - 1) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::Whole(Error::new(
            ErrorKind::Conflict,
            Execution::Answered,
            "the transaction did not run: a watched key changed before EXEC",
        ))),
        Err(error) => Err(Failure::Whole(batch.in_context(error.into(), exec))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Command, Executor, Plan, atomic, pipe, raw};

    fn incr(key: &str) -> Command<i64> {
        raw("INCR").key(key).reply()
    }

    /// Both numbers.
    fn both() -> Command<(i64, i64)> {
        let decoder =
            Decoder::new(|replies| Ok((Decoder::of().decode(replies)?, Decoder::of().decode(replies)?)));
        Command::atomic([incr("a"), incr("b")], decoder)
    }

    const RAN: &str = "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n:2\r\n";
    const WRONG: &str = "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n-WRONGTYPE no\r\n";
    const REFUSED: &str = "+OK\r\n+QUEUED\r\n-NOPERM no\r\n-EXECABORT no\r\n";
    const ALONE: &str = "-NOPERM no\r\n:1\r\n:2\r\n-ERR EXEC without MULTI\r\n";
    const CHANGED: &str = "+OK\r\n+QUEUED\r\n+QUEUED\r\n*-1\r\n";

    fn read<P: Plan>(plan: &P, replies: &str) -> crate::Result<P::Reply> {
        plan.read(&mut Replies::new(replies.as_bytes()))
    }

    #[test]
    fn its_decoder_gets_the_replies_of_the_commands_alone() {
        assert_eq!(read(&both(), RAN).unwrap(), (1, 2));
        let pipeline = pipe().execute(incr("x")).execute(both()).execute(incr("y"));
        assert_eq!(read(&pipeline, &format!(":8\r\n{RAN}:9\r\n")).unwrap(), (8, (1, 2), 9));
        let many = pipe().many([both(), both()]).execute(incr("y"));
        assert_eq!(read(&many, &format!("{RAN}{RAN}:9\r\n")).unwrap(), (vec![(1, 2); 2], 9));
        let mut transaction = atomic().execute(both()).execute(incr("y"));
        transaction.seal();
        assert_eq!(transaction.cmd().to_string(), "MULTI | INCR a | INCR b | INCR y | EXEC");
        let replies = "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n:1\r\n:2\r\n:9\r\n";
        assert_eq!(read(&transaction, replies).unwrap(), ((1, 2), 9));
    }

    #[test]
    fn an_error_names_the_command_and_the_next_reply_is_the_next_commands() {
        let pipeline = || pipe().execute(both()).checked().execute(incr("y"));
        for (replies, key, text, may_have_run) in [
            (WRONG, Some("b"), "INCR `b`: command 2 of 3: WRONGTYPE", false),
            (REFUSED, Some("b"), "none of its commands ran", false),
            (ALONE, None, "one by one", true),
            (CHANGED, None, "a watched key changed", false),
        ] {
            let (checked, next) = read(&pipeline(), &format!("{replies}:9\r\n")).unwrap();
            let error = checked.unwrap_err();
            assert_eq!((error.key(), error.may_have_run(), next), (key, may_have_run, 9), "{error}");
            assert!(error.to_string().contains(text), "{error}");
            let alone = read(&both(), replies).unwrap_err();
            assert_eq!((alone.key(), alone.may_have_run()), (key, may_have_run), "{alone}");
        }
    }

    #[test]
    fn inside_of_a_transaction_it_keeps_its_keys_and_its_refusals() {
        let store = || raw("SUNIONSTORE").key("to").arg("x").key("from").reply::<i64>();
        let value = || Command::<()>::atomic([incr("a"), store()], Decoder::new(|_| Ok(())));
        let keys = |cmd: &Cmd, part| -> Vec<String> {
            cmd.keys_of(part).map(|key| String::from_utf8_lossy(key).into_owned()).collect()
        };
        let plan = atomic().execute(incr("first")).execute(value());
        assert_eq!(
            (keys(&plan.batch, 2), keys(&plan.batch, 3)),
            (vec!["a".into()], vec!["to".into(), "from".into()])
        );
        let large = bytes::Bytes::from(vec![b'x'; 1 << 16]);
        let sets = [1, 2].map(|n| raw("SET").key("k").arg(n).arg(&large).reply::<()>());
        let plan =
            atomic().execute(incr("first")).execute(Command::<()>::atomic(sets, Decoder::new(|_| Ok(()))));
        assert_eq!(plan.batch.words(3).collect::<Vec<_>>(), [&b"SET"[..], b"k", b"2", &large]);
        let refused = Command::<()>::atomic([raw("SELECT").arg(1).reply::<()>()], Decoder::new(|_| Ok(())));
        let error = refused.cmd().check().unwrap_err();
        assert!(error.to_string().starts_with("SELECT: command 1 of 1"), "{error}");
        let error = atomic().execute(incr("first")).execute(refused).batch.check().unwrap_err();
        assert!(error.to_string().starts_with("SELECT: command 2 of 2"), "{error}");
    }

    #[test]
    fn its_commands_stay_together_and_others_do_not() {
        let batch = pipe().execute(Command::<()>::batch([both(), both()], Decoder::new(|_| Ok(()))));
        let joined: Vec<_> = (0..8).map(|part| batch.cmd().part(part).flags().has(Flags::JOINED)).collect();
        assert_eq!(joined, [false, true, true, true, false, true, true, true]);
    }
}
