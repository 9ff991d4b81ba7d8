//! Ranges of scores and of names, made from Rust ranges.

use std::ops::{Bound, Range, RangeBounds, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

use crate::value::{Arg, Args, ToArg, ToArgs, Written};

/// A range of scores: `1.0..5.0` (5 excluded), `1..=5`, `..0.5`, `2..`, `..`, or a pair of [`Bound`]s.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoreRange {
    first: ScoreBound,
    second: ScoreBound,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum ScoreBound {
    Included(f64),
    Excluded(f64),
}

impl ScoreRange {
    fn of<T: Into<f64> + Copy>(range: &impl RangeBounds<T>) -> Self {
        let bound = |bound: Bound<&T>, unbounded: f64| match bound {
            Bound::Included(score) => ScoreBound::Included((*score).into()),
            Bound::Excluded(score) => ScoreBound::Excluded((*score).into()),
            Bound::Unbounded => ScoreBound::Included(unbounded),
        };
        Self {
            first: bound(range.start_bound(), f64::NEG_INFINITY),
            second: bound(range.end_bound(), f64::INFINITY),
        }
    }

    /// The range with its upper bound first, for commands that go from high to low.
    pub(super) fn reversed(self) -> Self {
        Self { first: self.second, second: self.first }
    }
}

impl ToArg for ScoreBound {
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        match *self {
            Self::Included(score) => arg.float(score),
            Self::Excluded(score) if score.is_nan() => arg.float(score),
            Self::Excluded(score) => arg.display(format_args!("({score}")),
        }
    }
}

impl ToArgs for ScoreRange {
    fn to_args(&self, args: &mut Args<'_>) {
        args.arg(&self.first).arg(&self.second);
    }
}

impl<T: Into<f64> + Copy> From<Range<T>> for ScoreRange {
    fn from(range: Range<T>) -> Self {
        Self::of(&range)
    }
}

impl<T: Into<f64> + Copy> From<RangeInclusive<T>> for ScoreRange {
    fn from(range: RangeInclusive<T>) -> Self {
        Self::of(&range)
    }
}

impl<T: Into<f64> + Copy> From<RangeFrom<T>> for ScoreRange {
    fn from(range: RangeFrom<T>) -> Self {
        Self::of(&range)
    }
}

impl<T: Into<f64> + Copy> From<RangeTo<T>> for ScoreRange {
    fn from(range: RangeTo<T>) -> Self {
        Self::of(&range)
    }
}

impl<T: Into<f64> + Copy> From<RangeToInclusive<T>> for ScoreRange {
    fn from(range: RangeToInclusive<T>) -> Self {
        Self::of(&range)
    }
}

impl<T: Into<f64> + Copy> From<(Bound<T>, Bound<T>)> for ScoreRange {
    fn from(range: (Bound<T>, Bound<T>)) -> Self {
        Self::of(&range)
    }
}

/// All scores.
impl From<RangeFull> for ScoreRange {
    fn from(_: RangeFull) -> Self {
        Self::of::<f64>(&..)
    }
}

/// A range of names, compared byte by byte: `"a".."c"` (`c` excluded), `"a"..="c"`, `"a"..`, `..`, or a pair of
/// [`Bound`]s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LexRange {
    first: LexBound,
    second: LexBound,
}

/// The bound in the command: `-`, `+`, or the name behind `[` (included) or `(` (excluded).
#[derive(Debug, Clone, PartialEq, Eq)]
struct LexBound(Vec<u8>);

impl LexRange {
    fn of<T: AsRef<[u8]>>(range: &impl RangeBounds<T>) -> Self {
        let bound = |bound: Bound<&T>, unbounded: &[u8]| {
            LexBound(match bound {
                Bound::Included(name) => [b"[", name.as_ref()].concat(),
                Bound::Excluded(name) => [b"(", name.as_ref()].concat(),
                Bound::Unbounded => unbounded.to_vec(),
            })
        };
        Self { first: bound(range.start_bound(), b"-"), second: bound(range.end_bound(), b"+") }
    }

    /// The range with its upper bound first, for commands that go from the last name to the first.
    pub(super) fn reversed(self) -> Self {
        Self { first: self.second, second: self.first }
    }
}

impl ToArgs for LexRange {
    fn to_args(&self, args: &mut Args<'_>) {
        args.arg(&self.first.0).arg(&self.second.0);
    }
}

impl<T: AsRef<[u8]>> From<Range<T>> for LexRange {
    fn from(range: Range<T>) -> Self {
        Self::of(&range)
    }
}

impl<T: AsRef<[u8]>> From<RangeInclusive<T>> for LexRange {
    fn from(range: RangeInclusive<T>) -> Self {
        Self::of(&range)
    }
}

impl<T: AsRef<[u8]>> From<RangeFrom<T>> for LexRange {
    fn from(range: RangeFrom<T>) -> Self {
        Self::of(&range)
    }
}

impl<T: AsRef<[u8]>> From<RangeTo<T>> for LexRange {
    fn from(range: RangeTo<T>) -> Self {
        Self::of(&range)
    }
}

impl<T: AsRef<[u8]>> From<RangeToInclusive<T>> for LexRange {
    fn from(range: RangeToInclusive<T>) -> Self {
        Self::of(&range)
    }
}

impl<T: AsRef<[u8]>> From<(Bound<T>, Bound<T>)> for LexRange {
    fn from(range: (Bound<T>, Bound<T>)) -> Self {
        Self::of(&range)
    }
}

/// All names.
impl From<RangeFull> for LexRange {
    fn from(_: RangeFull) -> Self {
        Self::of::<&[u8]>(&..)
    }
}
