//! The typed replies of a batch: a nested list of slots that is decoded into a flat tuple.

use crate::{
    error::{DecodeError, Error},
    resp::{Replies, Reply},
    value::FromRedis,
};

use super::{
    Cmd, Decoder,
    framed::{self, Failure},
};

/// The replies of a batch during decoding, and the index of the part whose reply is next.
#[derive(Debug)]
pub struct Reading<'a, 'b> {
    pub(super) replies: &'a mut Replies<'b>,
    /// The batch, for errors that name its commands, and the index of the part that the first reply belongs to.
    pub(super) batch: (&'a Cmd, usize),
    /// The part of the batch whose reply comes next.
    pub(super) part: usize,
    /// Parts whose replies are only checked for errors, in ascending order.
    ignored: &'a [u32],
    /// The error of a transaction inside of the batch that failed as a whole.
    whole: Option<Error>,
}

impl<'a, 'b> Reading<'a, 'b> {
    pub(super) fn new(replies: &'a mut Replies<'b>, batch: (&'a Cmd, usize), ignored: &'a [u32]) -> Self {
        Self { replies, batch, part: 0, ignored, whole: None }
    }

    /// Decodes all replies into the tuple of the slots.
    pub(super) fn read_all<L: ReplySlots>(&mut self, slots: &L) -> Result<L::Tuple, DecodeError> {
        let replies = slots.read(self)?;
        self.skip_ignored()?;
        Ok(L::flat(replies))
    }

    /// The error of the command that failed last: its own if it failed without a reply, otherwise the decode error of
    /// its reply.
    #[cold]
    pub(super) fn failure(&mut self, error: DecodeError) -> Error {
        if let Some(whole) = self.whole.take() {
            return whole;
        }
        let (batch, first) = self.batch;
        let part = first + self.part;
        let own = self.replies.failures().iter().find(|(failed, _)| *failed == part);
        batch.in_context_of_part(own.map_or_else(|| error.into(), |(_, failure)| failure.clone()), part)
    }

    /// Skips the replies that are ignored and come next. An error among them is still an error.
    #[inline]
    fn skip_ignored(&mut self) -> Result<(), DecodeError> {
        if self.ignored.is_empty() { Ok(()) } else { self.skip_all_ignored() }
    }

    fn skip_all_ignored(&mut self) -> Result<(), DecodeError> {
        while self.ignored.binary_search(&(self.part as u32)).is_ok() {
            if let error @ Reply::Error(_) = self.replies.take()? {
                return Err(error.mismatch("any reply"));
            }
            self.part += 1;
        }
        Ok(())
    }

    /// Decodes the replies of adjacent commands with the same decoder.
    fn decode_run<R>(&mut self, run: &Run<R>, into: &mut Vec<R>) -> Result<(), DecodeError> {
        let slot = &run.slot;
        if slot.parts == 1
            && let Some(decode_run) = slot.decoder.run()
        {
            self.skip_ignored()?;
            let before = into.len();
            let outcome = decode_run(self.replies, run.count, into);
            self.part += into.len() - before;
            return outcome;
        }
        for _ in 0..run.count {
            into.push(self.decode(slot)?);
        }
        Ok(())
    }

    /// Decodes the reply of one command.
    #[inline]
    fn decode<R>(&mut self, slot: &One<R>) -> Result<R, DecodeError> {
        self.skip_ignored()?;
        if slot.framed {
            return self.decode_framed(slot);
        }
        let start = self.replies.taken();
        let end = start + slot.parts as usize;
        self.replies.limit(Some(slot.parts));
        let outcome = slot.decoder.decode(self.replies);
        self.replies.limit(None);
        // If the slot is several commands, the failed command is the last one whose reply was taken.
        self.part += match outcome {
            Ok(_) => slot.parts as usize,
            Err(_) => (self.replies.taken() - start).saturating_sub(1),
        };
        // Replies that the decoder left do not belong to the next command.
        while self.replies.taken() < end && self.replies.take().is_ok() {}
        outcome
    }

    /// Decodes the replies of a command that contains `MULTI` and `EXEC`.
    #[cold]
    fn decode_framed<R>(&mut self, slot: &One<R>) -> Result<R, DecodeError> {
        let (batch, first) = self.batch;
        let parts = first + self.part..first + self.part + slot.parts as usize;
        // Exactly its own replies are taken, whatever is in them.
        let mut own = Vec::new();
        for _ in parts.clone() {
            own.extend_from_slice(self.replies.take_bytes()?);
        }
        if let Some((failed, _)) = self.replies.failures().iter().find(|(part, _)| parts.contains(part)) {
            self.part = failed - first;
            return Err(DecodeError::new("expected a reply, found none"));
        }
        match framed::decode(slot.decoder, batch, parts.clone(), &mut Replies::new(&own)) {
            Ok(decoded) => {
                self.part += slot.parts as usize;
                Ok(decoded)
            }
            Err(Failure::Part(error, part)) => {
                self.part = part - first;
                Err(error)
            }
            Err(Failure::Whole(error)) => {
                self.whole = Some(error);
                Err(DecodeError::new("expected the replies of a transaction, found none"))
            }
        }
    }
}

/// One element of a batch's tuple.
pub trait ReplySlot: Send + Sync {
    /// Its type in the tuple.
    type Reply;

    /// Decodes the replies of its commands.
    ///
    /// # Errors
    /// A reply does not fit, or is an error.
    #[doc(hidden)]
    fn read(&self, reading: &mut Reading<'_, '_>) -> Result<Self::Reply, DecodeError>;
}

/// The reply of one command.
#[derive(Debug)]
pub struct One<R> {
    pub(super) decoder: Decoder<R>,
    /// How many replies the command gets.
    pub(super) parts: u32,
    /// Some of them are those of `MULTI` and `EXEC`.
    pub(super) framed: bool,
}

/// The replies of a number of commands that is known only at run time.
#[derive(Debug)]
pub struct Many<R> {
    /// Usually one run: most such commands are the same command for different keys.
    runs: Vec<Run<R>>,
}

/// Adjacent commands with the same decoder.
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
            Some(run)
                if run.slot.parts == slot.parts
                    && run.slot.framed == slot.framed
                    && run.slot.decoder.is(slot.decoder) =>
            {
                run.count += 1
            }
            _ => self.runs.push(Run { slot, count: 1 }),
        }
    }
}

/// The outcome of one command: an error reply belongs to the slot, not to the batch.
#[derive(Debug)]
pub struct Checked<S>(pub(super) S);

impl<R> ReplySlot for One<R> {
    type Reply = R;

    #[inline]
    fn read(&self, reading: &mut Reading<'_, '_>) -> Result<R, DecodeError> {
        reading.decode(self)
    }
}

impl<R> ReplySlot for Many<R> {
    type Reply = Vec<R>;

    fn read(&self, reading: &mut Reading<'_, '_>) -> Result<Vec<R>, DecodeError> {
        let count = self.runs.iter().map(|run| run.count).sum();
        let mut decoded = Vec::with_capacity(count);
        self.runs.iter().try_for_each(|run| reading.decode_run(run, &mut decoded))?;
        Ok(decoded)
    }
}

impl<R> ReplySlot for Checked<One<R>> {
    type Reply = Result<R, Error>;

    fn read(&self, reading: &mut Reading<'_, '_>) -> Result<Self::Reply, DecodeError> {
        reading.skip_ignored()?;
        let next = reading.part + self.0.parts as usize;
        let outcome = reading.decode(&self.0);
        let outcome = outcome.map_err(|error| reading.failure(error));
        reading.part = next;
        Ok(outcome)
    }
}

/// A batch's slots as a nested list, in the order of their commands.
#[doc(hidden)]
pub trait Steps: Send + Sync {
    /// The replies, nested like the slots.
    type Read;

    /// Decodes the replies of all slots.
    ///
    /// # Errors
    /// A reply does not fit, or is an error; `reading.part` is then the index of its command.
    fn read(&self, reading: &mut Reading<'_, '_>) -> Result<Self::Read, DecodeError>;
}

impl Steps for () {
    type Read = ();

    fn read(&self, _: &mut Reading<'_, '_>) -> Result<(), DecodeError> {
        Ok(())
    }
}

impl<L: Steps, S: ReplySlot> Steps for (L, S) {
    type Read = (L::Read, S::Reply);

    fn read(&self, reading: &mut Reading<'_, '_>) -> Result<Self::Read, DecodeError> {
        Ok((self.0.read(reading)?, self.1.read(reading)?))
    }
}

/// A batch's slots, decoded into one tuple of up to 16 elements.
#[diagnostic::on_unimplemented(
    message = "a batch of this many single replies cannot be read as one tuple",
    note = "up to 16 commands make a tuple; take the others together with `.many(commands)` or `.ignore()` their replies"
)]
pub trait ReplySlots: Steps {
    /// The tuple.
    type Tuple;

    /// The decoded replies as one flat tuple.
    #[doc(hidden)]
    fn flat(replies: Self::Read) -> Self::Tuple;
}

impl ReplySlots for () {
    type Tuple = ();

    fn flat((): ()) {}
}

// The nested type of n slots is `(((), A), B)`. A macro cannot fold from the left in one step, so one recursive rule
// builds it and carries the elements so far.
macro_rules! slots {
    ($($all:ident)*) => { slots!(@step () [] $($all)*); };
    (@step $nested:tt [$($done:ident)*]) => {};
    (@step $nested:tt [$($done:ident)*] $next:ident $($rest:ident)*) => {
        impl<$($done: ReplySlot,)* $next: ReplySlot> ReplySlots for ($nested, $next) {
            type Tuple = ($($done::Reply,)* $next::Reply,);

            #[allow(non_snake_case, reason = "the decoded values have the names of their types")]
            fn flat(replies: Self::Read) -> Self::Tuple {
                let slots!(@pattern () $($done)* $next) = replies;
                ($($done,)* $next,)
            }
        }
        slots!(@step ($nested, $next) [$($done)* $next] $($rest)*);
    };
    (@pattern $inner:tt) => { $inner };
    (@pattern $inner:tt $next:ident $($rest:ident)*) => { slots!(@pattern ($inner, $next) $($rest)*) };
}

slots!(A B C D E F G H I J K L M N O P);

/// The slot of a type that implements [`FromRedis`].
impl<R: FromRedis> One<R> {
    #[cfg(test)]
    pub(super) fn of() -> Self {
        Self { decoder: Decoder::of(), parts: 1, framed: false }
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
        let mut reading = Reading::new(&mut replies, (&batch, 0), ignored);
        let outcome = reading.read_all(slots);
        (outcome, reading.part)
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
