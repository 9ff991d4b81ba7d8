//! What has come of a batch's replies before all are there.
//!
//! The caller reads them while the server is still at work on the rest. Between the attempt to send and the reading
//! lies this box, so that the one dispatch loop knows nothing of what the replies are read as.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use crate::{
    command::Plan,
    error::{Error, Result},
    resp::Replies,
    session::ReplyBuf,
};

/// Replies that have come and were not read. Behind a lock, though nobody ever waits for it, so that the future that
/// holds it can move between threads.
#[derive(Debug, Default)]
pub(super) struct PartialReplies(Mutex<Unread>);

#[derive(Debug, Default)]
struct Unread {
    /// Each holds whole replies.
    pieces: Vec<Bytes>,
    replies: usize,
    /// They are of another attempt than those before.
    restarted: bool,
}

impl PartialReplies {
    /// An attempt begins: what came in the one before it counts no more.
    pub(super) fn restart(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
            Unread { restarted: true, ..Unread::default() };
    }

    pub(super) fn add(&self, mut pieces: Vec<Bytes>, replies: usize) {
        let mut unread = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        unread.pieces.append(&mut pieces);
        unread.replies += replies;
    }

    fn take(&self) -> Unread {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The reading of a plan's replies as they come.
pub(super) struct Reader<'a, P: Plan> {
    plan: &'a P,
    partial: &'a PartialReplies,
    progress: P::Progress,
    /// Replies that belong together with some that are to come.
    kept: Unread,
    /// What was wrong with one: told when all have come, since only then has the whole batch run.
    failed: Option<Error>,
}

impl<'a, P: Plan> Reader<'a, P> {
    pub(super) fn new(plan: &'a P, partial: &'a PartialReplies) -> Self {
        Self { plan, partial, progress: P::Progress::default(), kept: Unread::default(), failed: None }
    }

    /// Reads what has come.
    pub(super) fn read(&mut self) {
        let Unread { mut pieces, replies, restarted } = self.partial.take();
        if restarted {
            self.progress = P::Progress::default();
            self.kept = Unread::default();
            // Nothing has come, but room for what will is made while the server is at work.
            self.failed = self.plan.advance(&mut self.progress, &mut Replies::new(&[]), 0).err();
        }
        if self.failed.is_some() || replies == 0 {
            return;
        }
        self.kept.pieces.append(&mut pieces);
        self.kept.replies += replies;
        let mut replies = Replies::pieces(&self.kept.pieces);
        let outcome = self.plan.advance(&mut self.progress, &mut replies, self.kept.replies);
        let (taken, pieces) = (replies.taken(), replies.untaken());
        self.kept = Unread { pieces, replies: self.kept.replies.saturating_sub(taken), restarted: false };
        self.failed = outcome.err();
    }

    /// The plan's reply, with these the last of its replies.
    pub(super) fn finish(mut self, last: &ReplyBuf) -> Result<P::Reply> {
        self.read();
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.kept.replies == 0 {
            self.plan.advance(&mut self.progress, &mut last.replies(), usize::MAX)?;
        } else if let ReplyBuf::Pieces(last) = last {
            self.kept.pieces.extend_from_slice(last);
            let mut replies = Replies::pieces(&self.kept.pieces);
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

    /// Two commands as one, whose replies are read together.
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
        partial.add(pieces.iter().map(|piece| Bytes::from_static(piece)).collect(), replies);
    }

    fn last(piece: &'static [u8]) -> ReplyBuf {
        ReplyBuf::Pieces(vec![Bytes::from_static(piece)])
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
            partial.restart();
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
    fn another_attempt_starts_over() {
        let plan = pipe().many([number("a"), number("b"), number("c")]);
        let partial = PartialReplies::default();
        let mut reader = Reader::new(&plan, &partial);
        partial.restart();
        add(&partial, &[b":1\r\n", b":2\r\n"]);
        reader.read();
        partial.restart();
        add(&partial, &[b":10\r\n"]);
        reader.read();
        assert_eq!(reader.finish(&last(b":20\r\n:30\r\n")).unwrap(), (vec![10, 20, 30],));
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
            reader.finish(&last(&whole[end..]))
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
                partial.add(pieces.into_iter().filter(|piece| !piece.is_empty()).map(Bytes::from).collect(), cut - from);
                reader.read();
                from = cut;
            }
            let found = reader.finish(&ReplyBuf::Pieces(vec![Bytes::from(replies[from..].concat())]));
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
