//! The first replies of a batch, decoded while the server still works on the rest.
//!
//! An attempt adds the replies and knows nothing of their types. A [`Reader`] takes them and knows nothing of attempts.
//! The promise kept here: what was decoded is never replaced. So a reply that may be an error, and every reply behind
//! it, is kept until the dispatch has decided whether its command is sent again.
//!
//! A bypass of the plain path: it serves the benchmark row `pipe-1000`.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::{
    command::Plan,
    error::{Error, Result},
    resp::{Replies, may_have_error},
    session::{Pieces, ReplyBuf},
};

use super::answer::Answer;

/// The replies of a batch that arrived and were not read. The lock is never contended. It makes the future that holds
/// this `Send`.
#[derive(Debug, Default)]
pub(super) struct PartialReplies(Mutex<Unread>);

#[derive(Debug, Default)]
struct Unread {
    all: Pieces,
    replies: usize,
    /// How many replies were read.
    given: usize,
    /// One of the replies may be an error. From this reply on, all are kept until the dispatch has decided whether its
    /// command is sent again.
    held: bool,
}

impl PartialReplies {
    /// Adds replies that arrived.
    pub(super) fn add(&self, some: Pieces, replies: usize) {
        let mut unread = self.lock();
        unread.held |= some.pieces.iter().any(|piece| may_have_error(piece));
        unread.all.append(some);
        unread.replies += replies;
    }

    /// Whether one of the replies that arrived may be an error.
    #[inline]
    pub(super) fn may_have_errors(&self) -> bool {
        self.lock().held
    }

    /// Stops the reading. Returns how many replies were read, and the replies that were not read.
    pub(super) fn hold(&self) -> (usize, Pieces) {
        let mut unread = self.lock();
        unread.held = true;
        unread.replies = 0;
        (unread.given, std::mem::take(&mut unread.all))
    }

    /// The replies that can be read now: pieces, and the number of replies in them.
    fn take(&self) -> (Vec<Bytes>, usize) {
        let mut unread = self.lock();
        if unread.held {
            return (Vec::new(), 0);
        }
        let replies = std::mem::take(&mut unread.replies);
        unread.given += replies;
        // A reply that could not be read counts as an error, so these pieces have none.
        (std::mem::take(&mut unread.all.pieces), replies)
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, Unread> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the replies of a plan as they arrive.
pub(super) struct Reader<'a, P: Plan> {
    plan: &'a P,
    partial: &'a PartialReplies,
    progress: P::Progress,
    /// Replies that can be read only together with later ones: pieces, and the number of replies in them.
    kept: (Vec<Bytes>, usize),
    /// The first decode error. It is reported when all replies have arrived, because only then the whole batch has run.
    failed: Option<Error>,
}

impl<'a, P: Plan> Reader<'a, P> {
    pub(super) fn new(plan: &'a P, partial: &'a PartialReplies) -> Self {
        let mut progress = P::Progress::default();
        // No reply has arrived. This call allocates the result while the server works.
        let failed = plan.advance(&mut progress, &mut Replies::new(&[]), 0).err();
        Self { plan, partial, progress, kept: (Vec::new(), 0), failed }
    }

    /// Reads what has arrived.
    pub(super) fn read(&mut self) {
        if self.failed.is_some() {
            return;
        }
        let (mut pieces, replies) = self.partial.take();
        if replies == 0 {
            return;
        }
        self.kept.0.append(&mut pieces);
        self.kept.1 += replies;
        let mut replies = Replies::pieces(&self.kept.0);
        let outcome = self.plan.advance(&mut self.progress, &mut replies, self.kept.1);
        let (taken, untaken) = (replies.taken(), replies.untaken());
        self.kept = (untaken, self.kept.1.saturating_sub(taken));
        self.failed = outcome.err();
    }

    /// The plan's reply, after its last replies.
    pub(super) fn finish(mut self, last: &Answer) -> Result<P::Reply> {
        self.read();
        if let Some(error) = self.failed {
            return Err(error);
        }
        let mut unread = self.kept.0;
        if self.kept.1 == 0 {
            let mut replies = last.replies();
            self.plan.advance(&mut self.progress, &mut replies, usize::MAX)?;
        } else if let ReplyBuf::Pieces(pieces) = &last.reply {
            unread.extend_from_slice(pieces);
            let mut replies = Replies::pieces(&unread).with_failures(&last.failures);
            self.plan.advance(&mut self.progress, &mut replies, usize::MAX)?;
        }
        self.plan.finish(self.progress)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::command::{Command, Decoder, Executor, Pipeline, pipe, raw};

    fn number(key: &str) -> Command<i64> {
        raw("GET").key(key).reply()
    }

    /// Two commands as one value, whose replies are decoded together.
    fn sum() -> Command<i64> {
        Command::together(
            [number("a"), number("b")],
            Decoder::new(|replies| {
                let first: i64 = crate::FromRedis::from_redis(replies.take()?)?;
                let second: i64 = crate::FromRedis::from_redis(replies.take()?)?;
                Ok(first + second)
            }),
        )
    }

    fn add(partial: &PartialReplies, pieces: &[&'static [u8]]) {
        let replies = pieces.iter().map(|piece| piece.iter().filter(|byte| **byte == b'\n').count()).sum();
        let pieces: Vec<_> = pieces.iter().map(|piece| Bytes::from_static(piece)).collect();
        partial.add(pieces.into(), replies);
    }

    fn last(piece: &'static [u8]) -> Answer {
        ReplyBuf::Pieces(vec![Bytes::from_static(piece)]).into()
    }

    /// After a reply that may be an error, the kept replies are delivered with the last ones.
    fn with_kept(partial: &PartialReplies, piece: Bytes) -> Answer {
        let mut pieces = if partial.may_have_errors() { partial.hold().1.pieces } else { Vec::new() };
        pieces.push(piece);
        ReplyBuf::Pieces(pieces).into()
    }

    #[test]
    fn what_belongs_together_waits_for_all_of_it() {
        let plan = pipe().execute(number("a")).execute(sum()).many([number("c"), number("d")]).execute(sum());
        let whole = b":1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n:7\r\n";
        for cut in (0..whole.len()).step_by(4) {
            for again in (cut..whole.len()).step_by(4) {
                let partial = PartialReplies::default();
                let mut reader = Reader::new(&plan, &partial);
                add(&partial, &[&whole[..cut]]);
                reader.read();
                add(&partial, &[&whole[cut..again]]);
                reader.read();
                let found = reader.finish(&last(&whole[again..])).unwrap();
                assert_eq!(found, (1, 5, vec![4, 5], 13), "cut at {cut} and {again}");
            }
        }
    }

    #[test]
    fn commands_next_to_each_other_that_are_read_in_different_ways() {
        let doubled = |key: &str| {
            raw("GET").key(key).reply_with::<i64>(|replies| {
                let number: i64 = crate::FromRedis::from_redis(replies.take()?)?;
                Ok(2 * number)
            })
        };
        let plan = pipe().many([number("a"), number("b"), doubled("c"), number("d"), doubled("e"), sum()]);
        let whole = b":1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n:7\r\n";
        for cut in (0..whole.len()).step_by(4) {
            let partial = PartialReplies::default();
            let mut reader = Reader::new(&plan, &partial);
            reader.read();
            add(&partial, &[&whole[..cut]]);
            reader.read();
            let found = reader.finish(&last(&whole[cut..])).unwrap();
            assert_eq!(found, (vec![1, 2, 6, 4, 10, 13],), "cut at {cut}");
        }
        let wrong = b":1\r\n:2\r\n:3\r\n-WRONGTYPE no\r\n:5\r\n:6\r\n:7\r\n";
        let error = plan.read(&mut Replies::new(wrong)).unwrap_err();
        assert!(error.to_string().starts_with("GET `d`: command 4 of 7: WRONGTYPE"), "{error}");
    }

    #[test]
    fn nothing_is_read_from_an_error_on() {
        let plan = pipe().many([number("a"), number("b"), number("c")]);
        let partial = PartialReplies::default();
        let mut reader = Reader::new(&plan, &partial);
        add(&partial, &[b":1\r\n"]);
        reader.read();
        add(&partial, &[b"-LOADING no\r\n", b":3\r\n"]);
        reader.read();
        assert!(partial.may_have_errors());
        let (given, kept) = partial.hold();
        assert_eq!((given, kept.pieces.concat().as_slice()), (1, &b"-LOADING no\r\n:3\r\n"[..]));
        // Its command was sent again.
        assert_eq!(reader.finish(&last(b":2\r\n:3\r\n")).unwrap(), (vec![1, 2, 3],));
    }

    #[test]
    fn an_error_is_told_when_all_have_run() {
        fn outcome<L: crate::command::ReplySlots>(
            plan: &Pipeline<L>,
            whole: &'static [u8],
        ) -> Result<L::Tuple> {
            let partial = PartialReplies::default();
            let mut reader = Reader::new(plan, &partial);
            let end = whole.len() - 4;
            add(&partial, &[&whole[..end]]);
            reader.read();
            add(&partial, &[]);
            reader.read();
            reader.finish(&with_kept(&partial, Bytes::from_static(&whole[end..])))
        }
        let plan = pipe().execute(number("a")).execute(number("b")).execute(number("c"));
        let error = outcome(&plan, b":1\r\n-WRONGTYPE no\r\n:3\r\n").unwrap_err();
        assert!(error.to_string().starts_with("GET `b`: command 2 of 3: WRONGTYPE"), "{error}");
        let plan = pipe().execute(number("a")).execute(sum()).checked().execute(number("c"));
        let (first, second, third) = outcome(&plan, b":1\r\n-WRONGTYPE no\r\n:2\r\n:3\r\n").unwrap();
        assert_eq!((first, third), (1, 3));
        assert!(second.is_err());
        let plan = pipe().execute(number("a")).ignore().execute(number("b")).execute(number("c")).ignore();
        assert_eq!(outcome(&plan, b":1\r\n:2\r\n:3\r\n").unwrap(), (2,));
    }

    #[test]
    fn a_decoder_that_takes_too_few_or_too_many() {
        let first = |decoder| Command::together([number("a"), number("b")], decoder);
        let few = first(Decoder::new(|replies| crate::FromRedis::from_redis(replies.take()?)));
        let plan = pipe().execute(few).execute(number("c"));
        let found: (i64, i64) = plan.read(&mut Replies::new(b":1\r\n:2\r\n:3\r\n")).unwrap();
        assert_eq!(found, (1, 3), "what one decoder leaves is not the next command's");

        let greedy = || {
            raw("GET").key("a").reply_with::<i64>(|replies| {
                let _: i64 = crate::FromRedis::from_redis(replies.take()?)?;
                crate::FromRedis::from_redis(replies.take()?)
            })
        };
        let plan = pipe().many([greedy(), greedy()]);
        let partial = PartialReplies::default();
        let mut reader = Reader::new(&plan, &partial);
        add(&partial, &[b":1\r\n"]);
        reader.read();
        let error = reader.finish(&last(b":2\r\n")).unwrap_err();
        assert!(error.to_string().contains("found the end of this command's"), "{error}");
    }

    proptest! {
        #[test]
        fn the_same_as_at_once(
            kinds in proptest::collection::vec(0u8..10, 14),
            mut cuts in proptest::collection::vec(0usize..14, 0..5),
            whole in any::<bool>(),
        ) {
            let plan = pipe()
                .execute(number("a"))
                .ignore()
                .execute(sum())
                .ignore()
                .execute(sum())
                .checked()
                .execute(number("b"))
                .many([sum(), sum()])
                .execute(number("c"))
                .checked()
                .many(Vec::<Command<i64>>::new())
                .execute(sum())
                .execute(number("d"))
                .ignore();
            prop_assert_eq!(plan.cmd().parts(), 14);
            let reply = |(index, kind): (usize, &u8)| match kind {
                0 if index % 2 == 0 => format!("-ERR number {index}\r\n"),
                1 => format!("$5\r\n{}\r\n", 10_000 + index),
                _ => format!(":{index}\r\n"),
            };
            let replies: Vec<String> = kinds.iter().enumerate().map(reply).collect();
            let at_once = plan.read(&mut Replies::new(replies.concat().as_bytes()));

            cuts.sort_unstable();
            let partial = PartialReplies::default();
            let mut reader = Reader::new(&plan, &partial);
            let mut from = 0;
            for cut in cuts {
                let some = &replies[from..cut];
                let pieces = if whole { vec![some.concat()] } else { some.to_vec() };
                let pieces = pieces.into_iter().filter(|piece| !piece.is_empty()).map(Bytes::from);
                partial.add(pieces.collect::<Vec<_>>().into(), cut - from);
                reader.read();
                from = cut;
            }
            let found = reader.finish(&with_kept(&partial, Bytes::from(replies[from..].concat())));
            match (at_once, found) {
                (Ok(at_once), Ok(found)) => prop_assert_eq!(format!("{at_once:?}"), format!("{found:?}")),
                (Err(at_once), Err(found)) => {
                    prop_assert_eq!(at_once.to_string(), found.to_string());
                    prop_assert_eq!(at_once.execution(), found.execution());
                }
                (at_once, found) => prop_assert!(false, "{at_once:?} {found:?}"),
            }
        }
    }
}
