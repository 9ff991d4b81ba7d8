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
    /// The batch, for errors that name its commands, and the part of it that the first reply belongs to.
    pub(super) batch: (&'a Cmd, usize),
    /// The part of the batch whose reply comes next.
    pub(super) part: usize,
    /// Parts whose replies are only looked at for errors.
    pub(super) ignored: &'a [u32],
}

impl Reading<'_, '_> {
    /// Passes over what is ignored.
    #[inline]
    pub(super) fn pass(&mut self) -> Result<(), DecodeError> {
        if self.ignored.is_empty() { Ok(()) } else { self.pass_over() }
    }

    fn pass_over(&mut self) -> Result<(), DecodeError> {
        while self.ignored.contains(&(self.part as u32)) {
            if let error @ Reply::Error(_) = self.replies.take()? {
                return Err(error.mismatch("any reply"));
            }
            self.part += 1;
        }
        Ok(())
    }
}

/// One element of a batch's tuple.
pub trait Slot {
    /// Its type in the tuple.
    type Reply;

    /// Reads it.
    ///
    /// # Errors
    /// Where a reply does not fit, or is an error.
    #[doc(hidden)]
    fn read(&self, reading: &mut Reading<'_, '_>) -> Result<Self::Reply, DecodeError>;
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
    pub(super) slots: Vec<One<R>>,
}

/// The outcome of one command: an error reply is the slot's, not the batch's.
#[derive(Debug)]
pub struct Checked<S>(pub(super) S);

impl<R> Slot for One<R> {
    type Reply = R;

    #[inline]
    fn read(&self, reading: &mut Reading<'_, '_>) -> Result<R, DecodeError> {
        reading.pass()?;
        let start = reading.replies.taken();
        reading.replies.limit(Some(self.parts));
        let outcome = self.decoder.decode(reading.replies);
        reading.replies.limit(None);
        // Of several commands in one the failing one is the last whose reply was taken.
        reading.part += match outcome {
            Ok(_) => self.parts as usize,
            Err(_) => (reading.replies.taken() - start).saturating_sub(1),
        };
        outcome
    }
}

impl<R> Slot for Many<R> {
    type Reply = Vec<R>;

    fn read(&self, reading: &mut Reading<'_, '_>) -> Result<Vec<R>, DecodeError> {
        // Not by `collect`, which makes no room ahead where an element may be an error.
        let mut replies = Vec::with_capacity(self.slots.len());
        for slot in &self.slots {
            replies.push(slot.read(reading)?);
        }
        Ok(replies)
    }
}

impl<R> Slot for Checked<One<R>> {
    type Reply = Result<R, Error>;

    fn read(&self, reading: &mut Reading<'_, '_>) -> Result<Self::Reply, DecodeError> {
        reading.pass()?;
        let start = reading.replies.taken();
        let end = start + self.0.parts as usize;
        reading.replies.limit(Some(self.0.parts));
        let outcome = self.0.decoder.decode(reading.replies);
        reading.replies.limit(None);
        let (batch, first) = reading.batch;
        let part = first + reading.part + (reading.replies.taken() - start).saturating_sub(1);
        let outcome = outcome.map_err(|error| batch.blame(Error::from(error), part));
        while reading.replies.taken() < end {
            drop(reading.replies.take()?);
        }
        reading.part += self.0.parts as usize;
        Ok(outcome)
    }
}

/// A batch's slots, read as one tuple of up to 16.
#[diagnostic::on_unimplemented(
    message = "a batch of this many single replies cannot be read as one tuple",
    note = "up to 16 commands make a tuple; take the others together with `.many(commands)` or `.ignore()` their replies"
)]
pub trait Slots {
    /// The tuple.
    type Tuple;

    /// Reads all.
    ///
    /// # Errors
    /// Where a reply does not fit, or is an error; `reading.part` is then the command's number.
    #[doc(hidden)]
    fn read(&self, reading: &mut Reading<'_, '_>) -> Result<Self::Tuple, DecodeError>;
}

impl Slots for () {
    type Tuple = ();

    fn read(&self, _: &mut Reading<'_, '_>) -> Result<(), DecodeError> {
        Ok(())
    }
}

// The nested type of n slots is `(((), A), B)`; macros cannot fold from the left in one step, so it is spelled by one
// rule that carries what it has so far.
macro_rules! slots {
    ($($all:ident)*) => { slots!(@step () [] $($all)*); };
    (@step $nested:tt [$($done:ident)*]) => {};
    (@step $nested:tt [$($done:ident)*] $next:ident $($rest:ident)*) => {
        impl<$($done: Slot,)* $next: Slot> Slots for ($nested, $next) {
            type Tuple = ($($done::Reply,)* $next::Reply,);

            #[allow(non_snake_case, reason = "the slots have the names of their types")]
            fn read(&self, reading: &mut Reading<'_, '_>) -> Result<Self::Tuple, DecodeError> {
                let slots!(@pattern () $($done)* $next) = self;
                Ok(($($done.read(reading)?,)* $next.read(reading)?,))
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

    fn read<S: Slots>(slots: &S, bytes: &[u8], ignored: &[u32]) -> (Result<S::Tuple, DecodeError>, usize) {
        let mut replies = Replies::new(bytes);
        let batch = Cmd::batch();
        let mut reading = Reading { replies: &mut replies, batch: (&batch, 0), part: 0, ignored };
        let tuple = slots.read(&mut reading);
        (tuple, reading.part)
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
        let slots = (((), Checked(One::<i64>::of())), Many { slots: vec![One::<i64>::of(), One::of()] });
        let (tuple, _) = read(&slots, b"+OK\r\n-ERR no\r\n:1\r\n:2\r\n", &[0]);
        let (first, rest) = tuple.unwrap();
        assert!(first.is_err());
        assert_eq!(rest, [1, 2]);
        let (tuple, part) = read(&((), One::<i64>::of()), b"-ERR ignored\r\n:1\r\n", &[0]);
        assert!(tuple.is_err() && part == 0, "an ignored error is still an error");
    }
}
