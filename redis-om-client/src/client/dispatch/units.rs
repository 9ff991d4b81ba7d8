//! The units of a batch: the parts that are sent again together, and the order that they must keep.
//!
//! A unit is one command of a pipeline, several commands that were declared to stay together, or a whole transaction.

use std::{collections::HashMap, ops::Range};

use crate::{
    command::{Cmd, Flags},
    error::Author,
    route::Facts,
};

/// Commands that are sent again together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unit {
    /// The index of its first part in the batch.
    pub(super) first: u32,
    /// How many parts it has.
    pub(super) parts: u32,
    pub(super) writes: bool,
    /// Running it twice has the same effect as running it once.
    pub(super) repeatable: bool,
    /// Who may have written its error replies.
    pub(super) author: Author,
    /// It is a transaction: it runs as a whole, with its `EXEC`, or not at all.
    pub(super) transaction: bool,
}

impl Unit {
    pub(super) fn range(self) -> Range<usize> {
        self.first as usize..(self.first + self.parts) as usize
    }

    pub(super) fn facts(self) -> Facts {
        Facts {
            writes: self.writes,
            repeatable: self.repeatable,
            author: self.author,
            transaction: self.transaction,
        }
    }

    fn of(cmd: &Cmd, parts: Range<usize>) -> Self {
        let mut flags = cmd.part(parts.start).flags();
        let author = parts.clone().map(|part| cmd.author(part)).max().unwrap_or(Author::Server);
        for part in parts.clone().skip(1) {
            let of_part = cmd.part(part).flags();
            flags = flags.both(of_part);
        }
        // Several transactions that stay together are not one.
        let frames: Vec<_> = parts.clone().filter(|part| cmd.is_frame(*part)).collect();
        let transaction = frames == [parts.start, parts.end - 1];
        Self {
            first: parts.start as u32,
            parts: parts.len() as u32,
            writes: !flags.has(Flags::READONLY),
            repeatable: flags.repeatable(),
            author,
            transaction,
        }
    }
}

/// The units of a batch, in the order of its parts.
pub(super) fn units(cmd: &Cmd) -> Vec<Unit> {
    let count = cmd.parts() as usize;
    if cmd.is_transaction() {
        return vec![Unit::of(cmd, 0..count)];
    }
    let mut units = Vec::with_capacity(count);
    let mut start = 0;
    while start < count {
        let mut end = start + 1;
        while end < count && cmd.part(end).flags().has(Flags::JOINED) {
            end += 1;
        }
        units.push(Unit::of(cmd, start..end));
        start = end;
    }
    units
}

/// Which units must keep their order: the group number of each unit. Two units are in one group if they share a key, or
/// if a chain of shared keys connects them. A write without a key may concern any key (`FLUSHDB`), so all units are one
/// group then.
pub(super) fn order_groups(cmd: &Cmd, units: &[Unit]) -> Vec<u32> {
    let mut parent: Vec<u32> = (0..units.len() as u32).collect();
    let mut last: HashMap<&[u8], u32> = HashMap::new();
    for (index, unit) in (0..).zip(units) {
        let mut has_key = false;
        for key in unit.range().flat_map(|part| cmd.keys_of(part)) {
            has_key = true;
            join(&mut parent, last.insert(key, index), index);
        }
        if !has_key && unit.writes {
            return vec![0; units.len()];
        }
    }
    (0..units.len() as u32).map(|unit| root(&mut parent, unit)).collect()
}

fn join(parent: &mut [u32], other: Option<u32>, unit: u32) {
    if let Some(other) = other {
        let (a, b) = (root(parent, other), root(parent, unit));
        parent[a.max(b) as usize] = a.min(b);
    }
}

fn root(parent: &mut [u32], mut unit: u32) -> u32 {
    while parent[unit as usize] != unit {
        parent[unit as usize] = parent[parent[unit as usize] as usize];
        unit = parent[unit as usize];
    }
    unit
}
