//! The positions of a command's keys.
//!
//! Most keys stand in a row: the first key, then one key behind each fixed number of arguments. Three numbers describe
//! a row of any length. Keys outside of a row are listed in [`Extra`](super::part::Extra), such as those of
//! `ZUNIONSTORE`, which has the destination, then a number, then the other keys.

use crate::resp::{encode::Part as Item, large::Arguments};

use super::{Cmd, part::Other};

/// A position in a body. A command whose body exceeds 4 GiB is refused: see [`Cmd::bound`].
#[inline]
pub(super) fn offset(length: usize) -> u32 {
    length.min(u32::MAX as usize) as u32
}

impl Cmd {
    /// Marks the next argument as a key.
    #[inline]
    pub(super) fn mark_key(&mut self) {
        let at = offset(self.body.len());
        if self.keys == 0 { self.start_row(at, self.args) } else { self.mark_another(at, self.args) }
    }

    #[inline]
    fn start_row(&mut self, at: u32, index: u32) {
        self.key = at;
        self.keys = 1;
        self.step = 1;
        self.first = index.min(u32::from(u16::MAX)) as u16;
    }

    /// Marks the `index`-th argument as a key that is not the first key.
    fn mark_another(&mut self, at: u32, index: u32) {
        let distance = index.saturating_sub(u32::from(self.first));
        // A row that ended is never continued: its keys come before the others.
        let may_go_on = self.extra.as_ref().is_none_or(|extra| extra.others.is_empty());
        let is_row = self.first < u16::MAX && may_go_on;
        if is_row && self.keys == 1 && (1..=u32::from(u8::MAX)).contains(&distance) {
            self.step = distance as u8;
            self.keys = 2;
        } else if is_row && self.keys < u16::MAX && distance == u32::from(self.keys) * u32::from(self.step) {
            self.keys += 1;
        } else {
            self.extra().others.push(Other { part: 0, key: at });
        }
    }

    /// Marks every `step`-th of the `added` arguments as a key. They start at `from` in the body, with the `index`-th
    /// argument. The function finds them in the encoded bytes, so `ToArgs` need not know which arguments are keys.
    pub(super) fn mark_row(&mut self, step: u8, from: usize, mut index: u32, added: u32) {
        let step = u32::from(step.max(1));
        let end = index.saturating_add(added);
        let mut at = from;
        if self.keys == 0 && added > 0 {
            let keys = added.div_ceil(step).min(u32::from(u16::MAX));
            self.start_row(offset(at), index);
            self.step = step as u8;
            self.keys = keys as u16;
            index = index.saturating_add(keys * step);
            if index < end {
                at = self.skip(at, keys * step);
            }
        }
        while index < end {
            self.mark_another(offset(at), index);
            at = self.skip(at, step);
            index = index.saturating_add(step);
        }
    }

    /// The end of `count` arguments that start at `at`.
    fn skip(&self, at: usize, count: u32) -> usize {
        let mut arguments = self.arguments_from(at);
        arguments.by_ref().take(count as usize).for_each(drop);
        arguments.offset()
    }

    fn arguments_from(&self, at: usize) -> Arguments<'_> {
        self.larges().arguments(&self.body, at..self.body.len())
    }

    /// The keys of its `index`-th command, in their order. The keys of the row come first.
    pub(crate) fn keys_of(&self, index: usize) -> impl Iterator<Item = &[u8]> {
        let part = self.part(index);
        let row = self
            .arguments_from(part.key as usize)
            .step_by(usize::from(part.step.max(1)))
            .take(usize::from(part.keys))
            .filter_map(argument);
        let others = self.others_of(index).iter();
        row.chain(others.filter_map(|other| argument(self.arguments_from(other.key as usize).next()?)))
    }

    /// The keys of its `index`-th command outside of its row.
    pub(super) fn others_of(&self, index: usize) -> &[Other] {
        let all = self.extra.as_ref().map_or(&[][..], |extra| &extra.others);
        let from = all.partition_point(|other| (other.part as usize) < index);
        let rest = &all[from..];
        &rest[..rest.partition_point(|other| other.part as usize == index)]
    }
}

fn argument(item: Item<'_>) -> Option<&[u8]> {
    match item {
        Item::Argument(argument) => Some(argument),
        Item::Header => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Executor, Plan, atomic, pipe, raw};

    fn keys(cmd: &Cmd, index: usize) -> Vec<String> {
        cmd.keys_of(index).map(|key| key.escape_ascii().to_string()).collect()
    }

    fn others(cmd: &Cmd) -> usize {
        cmd.extra.as_ref().map_or(0, |extra| extra.others.len())
    }

    #[test]
    fn keys_that_stand_in_a_row_are_told_by_three_numbers() {
        let rows = [
            (Cmd::new("GET").key("a"), vec!["a"]),
            (Cmd::new("MGET").keys(["a", "b", "c"]), vec!["a", "b", "c"]),
            (Cmd::new("MSET").pairs([("a", 1), ("b", 2)]), vec!["a", "b"]),
            (Cmd::new("JSON.MSET").keys_every(3, "key", ["a", "$", "1", "b", "$", "2"]), vec!["a", "b"]),
            (Cmd::new("EVAL").arg("s").keys_counted_or_none(["a", "b"]).arg("x"), vec!["a", "b"]),
            (Cmd::new("COPY").key("a").key("b"), vec!["a", "b"]),
            (Cmd::new("SORT").key("a").arg("BY").arg("w_*").arg("STORE").key("d"), vec!["a", "d"]),
            (Cmd::new("PING"), vec![]),
            (Cmd::new("X").key("a").key("b").key("c").arg("x"), vec!["a", "b", "c"]),
        ];
        for (cmd, expected) in &rows {
            assert_eq!(
                (keys(cmd, 0), others(cmd)),
                (expected.iter().map(|k| (*k).to_owned()).collect(), 0),
                "{cmd}"
            );
        }
    }

    #[test]
    fn other_keys_are_listed() {
        let cmd = Cmd::new("ZUNIONSTORE").key("to").keys_counted(["a", "b", "c", "d"]).arg("WEIGHTS").arg(1);
        assert_eq!(keys(&cmd, 0), ["to", "a", "b", "c", "d"]);
        assert!(others(&cmd) > 0);
        let far = Cmd::new("X").key("a").args(vec!["x"; 300]).key("b").key("c");
        assert_eq!(keys(&far, 0), ["a", "b", "c"]);
    }

    #[test]
    fn more_keys_than_the_number_of_a_row_holds() {
        let count = usize::from(u16::MAX) + 5;
        let names: Vec<String> = (0..count).map(|n| format!("k{n}")).collect();
        let cmd = Cmd::new("MSET").pairs(names.iter().map(|name| (name, 1)).collect::<Vec<_>>());
        assert_eq!(cmd.keys_of(0).count(), count);
        assert!(keys(&cmd, 0) == names);
        let one_by_one = names.iter().fold(Cmd::new("DEL"), |cmd, name| cmd.key(name));
        assert!(keys(&one_by_one, 0) == names);
        let mut batch = Cmd::batch();
        batch.push(&Cmd::new("GET").key("first"));
        batch.push(&cmd);
        batch.push(&Cmd::new("GET").key("last"));
        assert!(keys(&batch, 1) == names);
        assert_eq!(keys(&batch, 2), ["last"]);
        // A first key whose index does not fit has no row behind it.
        let late = Cmd::new("X").args(vec!["x"; 70_000]).key("a").arg("x").key("b");
        assert_eq!(keys(&late, 0), ["a", "b"]);
    }

    #[test]
    fn each_command_of_a_batch_has_its_own() {
        let store = || Cmd::new("ZINTERSTORE").key("to").keys_counted(["x", "y"]);
        let plan = pipe()
            .execute(raw("GET").key("a").reply::<()>())
            .execute(raw("PING").reply::<()>())
            .execute(store().reply::<()>())
            .execute(Cmd::new("MGET").keys(["b", "c"]).reply::<()>());
        let expected: [&[&str]; 4] = [&["a"], &[], &["to", "x", "y"], &["b", "c"]];
        for (index, expected) in expected.into_iter().enumerate() {
            assert_eq!(keys(plan.cmd(), index), expected);
        }
        let mut plan = atomic().execute(store().reply::<()>()).execute(store().reply::<()>());
        plan.seal();
        assert_eq!([0, 1, 2, 3].map(|index| keys(plan.cmd(), index).len()), [0, 3, 3, 0]);
        // A batch inside a batch.
        let mut outer = Cmd::batch();
        outer.push(&store());
        outer.push(plan.cmd());
        outer.push(&store());
        assert_eq!([0, 1, 2, 3, 4, 5].map(|index| keys(&outer, index).len()), [3, 0, 3, 3, 0, 3]);
        assert_eq!(keys(&outer, 9), [""; 0]);
    }

    #[test]
    fn a_key_may_hold_anything() {
        let cmd = Cmd::new("MGET").keys([&b"*1\r\n$4\r\nPING\r\n"[..], b"", b"\xff"]);
        assert_eq!(cmd.keys_of(0).collect::<Vec<_>>(), [&b"*1\r\n$4\r\nPING\r\n"[..], b"", b"\xff"]);
    }
}
