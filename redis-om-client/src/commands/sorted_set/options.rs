//! The options of commands on sorted sets.

use crate::{
    command::Decoder,
    error::DecodeError,
    resp::Replies,
    value::{Arg, Args, FromRedis, KeyName, ToArg, ToArgs, Written},
};

use super::{LexRange, ScoreRange};

/// An end of a sorted set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ZEnd {
    /// The lowest scores.
    Min,
    /// The highest scores.
    Max,
}

impl ToArg for ZEnd {
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        arg.bytes(match self {
            Self::Min => b"MIN",
            Self::Max => b"MAX",
        })
    }
}

/// The reply of `ZMPOP` and `BZMPOP`: the key, and the removed members with their scores.
pub type ZPopped<T> = Option<(KeyName, Vec<(T, f64)>)>;

/// Which members [`zadd_with`](super::SortedSetCommands::zadd_with) adds or changes, and what it returns: the number of
/// new members; with [`ch`](Self::ch) the number of new or changed members; with [`incr`](Self::incr) the new score of
/// the only member.
///
/// ```
/// # use redis_om_client::{Command, commands::ZAddOptions, prelude::*};
/// let score: Command<Option<f64>> = cmd().zadd_with("k", (1, "a"), ZAddOptions::new().xx().incr());
/// assert_eq!(score.to_string(), "ZADD k XX INCR 1 a");
/// ```
#[derive(Debug, Clone, Copy)]
#[must_use]
#[non_exhaustive]
pub struct ZAddOptions<R = u64> {
    only: Option<&'static str>,
    compare: Option<&'static str>,
    changed: bool,
    increment: bool,
    pub(super) decoder: Decoder<R>,
}

impl ZAddOptions {
    /// Adds members and changes scores.
    pub fn new() -> Self {
        Self { only: None, compare: None, changed: false, increment: false, decoder: Decoder::of() }
    }

    /// Returns how many members are new or have a changed score.
    pub fn ch(self) -> Self {
        Self { changed: true, ..self }
    }

    /// Adds to the score of one member. Returns the new score; `None` if a condition was not met.
    pub fn incr(self) -> ZAddOptions<Option<f64>> {
        let Self { only, compare, changed, .. } = self;
        ZAddOptions { only, compare, changed, increment: true, decoder: Decoder::of() }
    }
}

impl Default for ZAddOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl<R> ZAddOptions<R> {
    /// Only adds: existing members keep their scores.
    pub fn nx(self) -> Self {
        Self { only: Some("NX"), ..self }
    }

    /// Only changes scores: no member is added.
    pub fn xx(self) -> Self {
        Self { only: Some("XX"), ..self }
    }

    /// Changes a score only to a higher one; new members are added.
    pub fn gt(self) -> Self {
        Self { compare: Some("GT"), ..self }
    }

    /// Changes a score only to a lower one; new members are added.
    pub fn lt(self) -> Self {
        Self { compare: Some("LT"), ..self }
    }
}

impl<R> ToArgs for ZAddOptions<R> {
    fn to_args(&self, args: &mut Args<'_>) {
        let words = [self.only, self.compare, self.changed.then_some("CH"), self.increment.then_some("INCR")];
        for word in words.into_iter().flatten() {
            args.arg(word);
        }
    }
}

/// A range of a sorted set: by rank, by score or by name.
///
/// ```
/// # use redis_om_client::{commands::ZRange, prelude::*};
/// let best = ZRange::by_rank(0, 9).rev().with_scores();
/// let command = cmd().zrange_with::<Vec<(String, f64)>>("k", best);
/// assert_eq!(command.to_string(), "ZRANGE k 0 9 REV WITHSCORES");
///
/// // The range is always given from low to high, whichever way it is read.
/// let command = cmd().zrange_with::<Vec<String>>("k", ZRange::by_lex("a".."c").rev());
/// assert_eq!(command.to_string(), "ZRANGE k (c [a BYLEX REV");
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct ZRange {
    by: By,
    reversed: bool,
    limit: Option<(u64, i64)>,
    scores: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum By {
    Rank(i64, i64),
    Score(ScoreRange),
    Lex(LexRange),
}

impl ZRange {
    /// From rank `start` to rank `stop`, both included; negative ranks count from the end.
    pub fn by_rank(start: i64, stop: i64) -> Self {
        Self::by(By::Rank(start, stop))
    }

    /// The members with a score in this range.
    pub fn by_score(range: impl Into<ScoreRange>) -> Self {
        Self::by(By::Score(range.into()))
    }

    /// The members with a name in this range. All members must have the same score.
    pub fn by_lex(range: impl Into<LexRange>) -> Self {
        Self::by(By::Lex(range.into()))
    }

    fn by(by: By) -> Self {
        Self { by, reversed: false, limit: None, scores: false }
    }

    /// Returns them from the highest to the lowest; ranks are counted from the highest, too.
    pub fn rev(self) -> Self {
        Self { reversed: true, ..self }
    }

    /// Skips `offset` members, then returns up to `count` (negative: all). It is refused for a range by rank: use other
    /// ranks.
    pub fn limit(self, offset: u64, count: i64) -> Self {
        Self { limit: Some((offset, count)), ..self }
    }

    /// Returns the scores, too: decode as a `Vec<(_, f64)>`. It is refused for a range by name.
    pub fn with_scores(self) -> Self {
        Self { scores: true, ..self }
    }

    pub(super) fn has_scores(&self) -> bool {
        self.scores
    }
}

impl ToArgs for ZRange {
    fn to_args(&self, args: &mut Args<'_>) {
        match &self.by {
            By::Rank(start, stop) => {
                args.arg(start).arg(stop);
            }
            By::Score(range) if self.reversed => {
                args.args(&range.reversed()).arg("BYSCORE");
            }
            By::Score(range) => {
                args.args(range).arg("BYSCORE");
            }
            By::Lex(range) if self.reversed => {
                args.args(&range.clone().reversed()).arg("BYLEX");
            }
            By::Lex(range) => {
                args.args(range).arg("BYLEX");
            }
        }
        if self.reversed {
            args.arg("REV");
        }
        if let Some((offset, count)) = self.limit {
            if matches!(self.by, By::Rank(..)) {
                args.refuse("a range by rank takes no limit: give the ranks of the members wanted");
            }
            args.arg("LIMIT").arg(&offset).arg(&count);
        }
        if self.scores {
            if matches!(self.by, By::Lex(_)) {
                args.refuse("a range by name has no scores: they are all the same");
            }
            args.arg("WITHSCORES");
        }
    }
}

/// `ZPOPMIN`, `ZPOPMAX`: one member with its score, or an empty list.
pub(super) fn first<T: FromRedis>(replies: &mut Replies<'_>) -> Result<Option<(T, f64)>, DecodeError> {
    Vec::from_redis(replies.take()?).map(|members| members.into_iter().next())
}
