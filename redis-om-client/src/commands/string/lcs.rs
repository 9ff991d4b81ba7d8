//! LCS: the longest common subsequence of two strings.

use std::ops::RangeInclusive;

use crate::{
    commands::fields::{fields, present},
    error::DecodeError,
    resp::{Items, Reply},
    value::{Args, FromRedis, ToArgs},
};

/// Options of `LCS … IDX`.
#[derive(Debug, Clone, Copy, Default)]
#[must_use]
#[non_exhaustive]
pub struct LcsOptions {
    min_match_len: Option<u64>,
}

impl LcsOptions {
    /// No options: all matches, also those of one byte.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only matches of at least this many bytes.
    pub fn min_match_len(mut self, bytes: u64) -> Self {
        self.min_match_len = Some(bytes);
        self
    }
}

impl ToArgs for LcsOptions {
    fn to_args(&self, args: &mut Args<'_>) {
        // `WITHMATCHLEN` is not needed: the ranges give the length of a match.
        if let Some(bytes) = self.min_match_len {
            args.arg("MINMATCHLEN").arg(&bytes);
        }
    }
}

/// The reply of `LCS … IDX`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LcsMatches {
    /// The common parts, from the last to the first.
    pub matches: Vec<LcsMatch>,
    /// The length of the whole subsequence, including parts that are too short to be listed.
    pub len: u64,
}

/// One part that both strings contain.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LcsMatch {
    /// The bytes of the first string, both ends included.
    pub one: RangeInclusive<u64>,
    /// The bytes of the other string, both ends included.
    pub other: RangeInclusive<u64>,
}

impl LcsMatch {
    /// Its length in bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a match has at least one byte")]
    pub fn len(&self) -> u64 {
        self.one.end().saturating_sub(*self.one.start()).saturating_add(1)
    }
}

/// A map, or in RESP2 the names and values in turn.
impl FromRedis for LcsMatches {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        let (mut matches, mut len) = (None, None);
        fields(reply, "the matches of LCS", |name, value| {
            match name {
                "matches" => matches = Some(FromRedis::from_redis(value)?),
                "len" => len = Some(FromRedis::from_redis(value)?),
                _ => {}
            }
            Ok(())
        })?;
        Ok(Self { matches: present(matches, "matches")?, len: present(len, "len")? })
    }
}

impl FromRedis for LcsMatch {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        let mut items = reply.items("a match of LCS")?;
        // The length may follow.
        Ok(Self { one: range(&mut items)?, other: range(&mut items)? })
    }
}

fn range(items: &mut Items<'_>) -> Result<RangeInclusive<u64>, DecodeError> {
    let (start, end) = FromRedis::from_redis(items.take()?)?;
    Ok(start..=end)
}
