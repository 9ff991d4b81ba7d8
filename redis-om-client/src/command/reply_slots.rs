//! The typed replies of a batch: a nested list of slots that reads as a flat tuple.

use crate::{
    error::{DecodeError, Error},
    resp::{Replies, Reply},
    value::FromRedis,
};

use super::{Cmd, Decoder};

/// The replies of a batch as they are read, with the number of the command whose reply is next.
#[derive(Debug)]
pub struct Reading<'a, 'b> {
    pub(super) replies: &'a mut Replies<'b>,
    /// How many replies will have been taken when those that are here are used up.
    pub(super) here_until: usize,
    /// The batch, for errors that name its commands, and the part of it that the first reply belongs to.
    pub(super) batch: (&'a Cmd, usize),
    /// The part of the batch whose reply comes next.
    pub(super) part: usize,
    /// Parts whose replies are only looked at for errors.
    pub(super) ignored: &'a [u32],
}

impl Reading<'_, '_> {
    /// Whether so many more replies are here.
    #[inline]
    fn here(&self, replies: usize) -> bool {
        self.count_here() >= replies
    }

    /// How many more replies are here.
    #[inline]
    fn count_here(&self) -> usize {
        self.here_until.saturating_sub(self.replies.taken())
    }

    /// Passes over what is ignored; `false` where more of it is to come.
    #[inline]
    pub(super) fn pass(&mut self) -> Result<bool, DecodeError> {
        if self.ignored.is_empty() { Ok(true) } else { self.pass_over() }
    }

    fn pass_over(&mut self) -> Result<bool, DecodeError> {
        while self.ignored.contains(&(self.part as u32)) {
            if !self.here(1) {
                return Ok(false);
            }
            if let error @ Reply::Error(_) = self.replies.take()? {
                return Err(error.mismatch("any reply"));
            }
            self.part += 1;
        }
        Ok(true)
    }

    /// Whether this command's reply comes next, and is here.
    #[inline]
    fn ready<R>(&mut self, slot: &One<R>) -> Result<bool, DecodeError> {
        Ok(self.pass()? && self.here(slot.parts as usize))
    }

    /// Reads the replies of so many commands that are read alike, as far as they are here; `true`: all of them.
    fn decode_run<R>(&mut self, run: &Run<R>, count: usize, into: &mut Vec<R>) -> Result<bool, DecodeError> {
        let slot = &run.slot;
        if slot.parts == 1
            && let Some(decode_run) = slot.decoder.run()
        {
            if !self.pass()? {
                return Ok(false);
            }
            let here = count.min(self.count_here());
            let before = into.len();
            let outcome = decode_run(self.replies, here, into);
            self.part += into.len() - before;
            return outcome.map(|()| here == count);
        }
        for _ in 0..count {
            if !self.ready(slot)? {
                return Ok(false);
            }
            into.push(self.decode(slot)?);
        }
        Ok(true)
    }

    /// Reads the reply of one command, which is [here](Self::ready).
    #[inline]
    fn decode<R>(&mut self, slot: &One<R>) -> Result<R, DecodeError> {
        let start = self.replies.taken();
        let end = start + slot.parts as usize;
        self.replies.limit(Some(slot.parts));
        let outcome = slot.decoder.decode(self.replies);
        self.replies.limit(None);
        // Of several commands in one the failing one is the last whose reply was taken.
        self.part += match outcome {
            Ok(_) => slot.parts as usize,
            Err(_) => (self.replies.taken() - start).saturating_sub(1),
        };
        // What its decoder left is not the next command's.
        while self.replies.taken() < end && self.replies.take().is_ok() {}
        outcome
    }
}

/// One element of a batch's tuple.
pub trait ReplySlot: Send + Sync {
    /// Its type in the tuple.
    type Reply;

    /// What has been read of it.
    #[doc(hidden)]
    type Progress: Default;

    /// Reads as much of it as is here; `true`: all of it.
    ///
    /// # Errors
    /// Where a reply does not fit, or is an error.
    #[doc(hidden)]
    fn advance(
        &self,
        progress: &mut Self::Progress,
        reading: &mut Reading<'_, '_>,
    ) -> Result<bool, DecodeError>;

    /// The element.
    ///
    /// # Errors
    /// Where it was not read.
    #[doc(hidden)]
    fn finish(progress: Self::Progress) -> Result<Self::Reply, DecodeError>;
}

/// The reply of one command.
#[derive(Debug)]
pub struct One<R> {
    pub(super) decoder: Decoder<R>,
    /// How many replies the command gets.
    pub(super) parts: u32,
}

/// The replies of as many commands as there were at run time.
#[derive(Debug)]
pub struct Many<R> {
    /// Usually one: many commands are mostly the same one for many keys.
    runs: Vec<Run<R>>,
}

/// Commands next to each other whose replies are read alike.
#[derive(Debug)]
struct Run<R> {
    slot: One<R>,
    count: usize,
}

impl<R> Many<R> {
    pub(super) fn new() -> Self {
        Self { runs: Vec::new() }
    }

    /// Adds the reply of one more command.
    #[inline]
    pub(super) fn push(&mut self, slot: One<R>) {
        match self.runs.last_mut() {
            Some(run) if run.slot.parts == slot.parts && run.slot.decoder.is(slot.decoder) => run.count += 1,
            _ => self.runs.push(Run { slot, count: 1 }),
        }
    }
}

/// The outcome of one command: an error reply is the slot's, not the batch's.
#[derive(Debug)]
pub struct Checked<S>(pub(super) S);

/// What was to be read did not come.
#[cold]
pub(super) fn missing() -> DecodeError {
    DecodeError::new("expected one more reply, found none")
}

impl<R> ReplySlot for One<R> {
    type Reply = R;
    type Progress = Option<R>;

    #[inline]
    fn advance(&self, progress: &mut Option<R>, reading: &mut Reading<'_, '_>) -> Result<bool, DecodeError> {
        if progress.is_none() && reading.ready(self)? {
            *progress = Some(reading.decode(self)?);
        }
        Ok(progress.is_some())
    }

    #[inline]
    fn finish(progress: Option<R>) -> Result<R, DecodeError> {
        progress.ok_or_else(missing)
    }
}

impl<R> ReplySlot for Many<R> {
    type Reply = Vec<R>;
    type Progress = Vec<R>;

    fn advance(&self, progress: &mut Vec<R>, reading: &mut Reading<'_, '_>) -> Result<bool, DecodeError> {
        let count: usize = self.runs.iter().map(|run| run.count).sum();
        progress.reserve_exact(count - progress.len());
        let mut read = progress.len();
        for run in &self.runs {
            let before = read.min(run.count);
            read -= before;
            if before < run.count && !reading.decode_run(run, run.count - before, progress)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    #[inline]
    fn finish(progress: Vec<R>) -> Result<Vec<R>, DecodeError> {
        Ok(progress)
    }
}

impl<R> ReplySlot for Checked<One<R>> {
    type Reply = Result<R, Error>;
    type Progress = Option<Result<R, Error>>;

    fn advance(
        &self,
        progress: &mut Self::Progress,
        reading: &mut Reading<'_, '_>,
    ) -> Result<bool, DecodeError> {
        if progress.is_some() || !reading.ready(&self.0)? {
            return Ok(progress.is_some());
        }
        let parts = self.0.parts as usize;
        let next = reading.part + parts;
        let outcome = reading.decode(&self.0);
        let (batch, first) = reading.batch;
        let failures = reading.replies.failures();
        *progress = Some(outcome.map_err(|error| {
            let part = first + reading.part;
            match failures.iter().find(|(failed, _)| *failed == part) {
                Some((_, failure)) => batch.in_context(failure.clone(), part),
                None => batch.in_context(Error::from(error), part),
            }
        }));
        reading.part = next;
        Ok(true)
    }

    fn finish(progress: Self::Progress) -> Result<Self::Reply, DecodeError> {
        progress.ok_or_else(missing)
    }
}

/// A batch's slots as a nested list, in the order of their commands.
#[doc(hidden)]
pub trait Steps: Send + Sync {
    /// What has been read of them.
    type Progress: Default;

    /// Reads as much of them as is here; `true`: all of it.
    ///
    /// # Errors
    /// Where a reply does not fit, or is an error; `reading.part` is then the command's number.
    fn advance(
        &self,
        progress: &mut Self::Progress,
        reading: &mut Reading<'_, '_>,
    ) -> Result<bool, DecodeError>;
}

impl Steps for () {
    type Progress = ();

    fn advance(&self, (): &mut (), _: &mut Reading<'_, '_>) -> Result<bool, DecodeError> {
        Ok(true)
    }
}

impl<L: Steps, S: ReplySlot> Steps for (L, S) {
    type Progress = (L::Progress, S::Progress);

    fn advance(
        &self,
        progress: &mut Self::Progress,
        reading: &mut Reading<'_, '_>,
    ) -> Result<bool, DecodeError> {
        Ok(self.0.advance(&mut progress.0, reading)? && self.1.advance(&mut progress.1, reading)?)
    }
}

/// A batch's slots, read as one tuple of up to 16.
#[diagnostic::on_unimplemented(
    message = "a batch of this many single replies cannot be read as one tuple",
    note = "up to 16 commands make a tuple; take the others together with `.many(commands)` or `.ignore()` their replies"
)]
pub trait ReplySlots: Steps {
    /// The tuple.
    type Tuple;

    /// The tuple of what was read.
    ///
    /// # Errors
    /// Where something was not.
    #[doc(hidden)]
    fn finish(progress: Self::Progress) -> Result<Self::Tuple, DecodeError>;
}

impl ReplySlots for () {
    type Tuple = ();

    fn finish((): ()) -> Result<(), DecodeError> {
        Ok(())
    }
}

// The nested type of n slots is `(((), A), B)`; macros cannot fold from the left in one step, so it is spelled by one
// rule that carries what it has so far.
macro_rules! slots {
    ($($all:ident)*) => { slots!(@step () [] $($all)*); };
    (@step $nested:tt [$($done:ident)*]) => {};
    (@step $nested:tt [$($done:ident)*] $next:ident $($rest:ident)*) => {
        impl<$($done: ReplySlot,)* $next: ReplySlot> ReplySlots for ($nested, $next) {
            type Tuple = ($($done::Reply,)* $next::Reply,);

            #[allow(non_snake_case, reason = "what was read has the names of its slots' types")]
            fn finish(progress: Self::Progress) -> Result<Self::Tuple, DecodeError> {
                let slots!(@pattern () $($done)* $next) = progress;
                Ok(($(<$done as ReplySlot>::finish($done)?,)* <$next as ReplySlot>::finish($next)?,))
            }
        }
        slots!(@step ($nested, $next) [$($done)* $next] $($rest)*);
    };
    (@pattern $inner:tt) => { $inner };
    (@pattern $inner:tt $next:ident $($rest:ident)*) => { slots!(@pattern ($inner, $next) $($rest)*) };
}

slots!(A B C D E F G H I J K L M N O P);

/// The slot of a type that says itself how it is read.
impl<R: FromRedis> One<R> {
    #[cfg(test)]
    pub(super) fn of() -> Self {
        Self { decoder: Decoder::of(), parts: 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<S: ReplySlots>(
        slots: &S,
        bytes: &[u8],
        ignored: &[u32],
    ) -> (Result<S::Tuple, DecodeError>, usize) {
        let mut replies = Replies::new(bytes);
        let batch = Cmd::batch();
        let mut progress = S::Progress::default();
        let mut reading =
            Reading { replies: &mut replies, here_until: usize::MAX, batch: (&batch, 0), part: 0, ignored };
        let done = slots.advance(&mut progress, &mut reading);
        let part = reading.part;
        (done.and_then(|_| S::finish(progress)), part)
    }

    #[test]
    fn a_flat_tuple() {
        let slots = ((((), One::<String>::of()), One::<i64>::of()), One::<Option<String>>::of());
        let (tuple, _) = read(&slots, b"+a\r\n:5\r\n_\r\n", &[]);
        assert_eq!(tuple.unwrap(), ("a".to_owned(), 5, None));
    }

    #[test]
    fn the_failing_part_is_known() {
        let slots = (((), One::<String>::of()), One::<i64>::of());
        let (tuple, part) = read(&slots, b"+a\r\n-ERR no\r\n", &[]);
        assert!(tuple.is_err());
        assert_eq!(part, 1);
    }

    #[test]
    fn ignored_checked_and_many() {
        let mut many = Many::new();
        many.push(One::<i64>::of());
        many.push(One::of());
        let slots = (((), Checked(One::<i64>::of())), many);
        let (tuple, _) = read(&slots, b"+OK\r\n-ERR no\r\n:1\r\n:2\r\n", &[0]);
        let (first, rest) = tuple.unwrap();
        assert!(first.is_err());
        assert_eq!(rest, [1, 2]);
        let (tuple, part) = read(&((), One::<i64>::of()), b"-ERR ignored\r\n:1\r\n", &[0]);
        assert!(tuple.is_err() && part == 0, "an ignored error is still an error");
    }
}
