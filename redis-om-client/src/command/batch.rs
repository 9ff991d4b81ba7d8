//! Several commands as one: the end of each, its keys, and its declarations.
//!
//! Nothing is parsed again to split a batch, to send a part of it elsewhere or again, or to name one of its commands in
//! an error.

use std::ops::Range;

use crate::{
    error::Error,
    resp::{encode::Body, large::more},
};

use super::{
    Block, Cmd, Flags,
    guard::{self, Place},
    keys::offset,
    part::{Extra, LARGEST, Other, Part},
};

/// The longest header of a command in bytes: `*`, ten digits and the line end.
const LONGEST_HEADER: usize = 13;

/// The most parts for which memory is reserved before they are added.
const MOST_AHEAD: usize = 1 << 16;

impl Cmd {
    /// A batch without commands.
    pub(crate) fn batch() -> Self {
        let flags = Flags::READONLY.with(Flags::IDEMPOTENT);
        Self { flags, extra: Some(Box::default()), ..Self::of_body(Body::on_heap(), 0) }
    }

    /// Declares that the batch is sent from `MULTI` to `EXEC`.
    pub(crate) fn transaction(mut self) -> Self {
        self.flags = self.flags.with(Flags::TRANSACTION);
        self
    }

    /// Declares that the whole batch goes over one connection, with no other command between.
    pub(super) fn together(mut self) -> Self {
        self.flags = self.flags.with(Flags::TOGETHER);
        self.join();
        self
    }

    /// Declares that the commands of the batch so far stay together, also inside another batch.
    fn join(&mut self) {
        let parts = self.extra.iter_mut().flat_map(|extra| &mut extra.parts);
        parts.skip(1).for_each(|part| part.flags = part.flags.with(Flags::JOINED));
    }

    /// Sets these flags on each command of a batch, too, because its commands may be sent again one by one.
    pub(super) fn flag_parts(&mut self, flags: Flags) {
        let parts = self.extra.iter_mut().flat_map(|extra| &mut extra.parts);
        parts.for_each(|part| part.flags = part.flags.with(flags));
    }

    /// Reserves memory for `count` more commands like `like`.
    pub(crate) fn make_room(&mut self, like: &Self, count: usize) {
        self.body.reserve_commands(&like.body, count);
        self.extra().parts.reserve(count.min(MOST_AHEAD));
    }

    /// Appends another command (or batch) to this batch.
    #[inline]
    pub(crate) fn push(&mut self, cmd: &Self) {
        if cmd.args == 0 && cmd.has_frames() && self.is_transaction() {
            return self.push(&cmd.without_frames());
        }
        // Only the user's commands are checked: the `MULTI` and `EXEC` of this crate are not raw.
        if cmd.flags.has_any(Flags::RAW.with(Flags::FOLLOWS)) {
            self.push_vetted(cmd);
        } else {
            self.append(cmd, LARGEST);
        }
    }

    #[cold]
    fn push_vetted(&mut self, cmd: &Self) {
        let place = match (self.is_transaction(), self.parts()) {
            (true, _) => Place::Transaction,
            (false, 0) => Place::First,
            (false, _) => Place::Behind,
        };
        let cmd = cmd.clone().vetted(place);
        self.append(&cmd, LARGEST);
        // A command that refers to the commands before it must not be sent again without them.
        if cmd.args > 0 && cmd.flags.has(Flags::FOLLOWS) {
            self.join();
        }
    }

    /// Checks a raw command against the list of commands that a shared connection must not run.
    fn vetted(mut self, place: Place) -> Self {
        if let Some(why) = guard::refusal(&self, place) {
            self = self.refuse(why);
        }
        if self.flags.has(Flags::RAW) {
            let (block, own, follows) = (self.block(), self.needs_own_connection(), guard::follows(&self));
            self.flags = self.flags.without(Flags::RAW);
            if block.is_some() {
                self.flags = self.flags.with(Flags::BLOCKING);
                self.extra().block = block;
            }
            self.flags = if own { self.flags.with(Flags::OWN_CONNECTION) } else { self.flags };
            self.flags = if follows { self.flags.with(Flags::FOLLOWS) } else { self.flags };
        }
        self
    }

    /// Appends a command, unless the batch would exceed `most` bytes.
    #[inline]
    fn append(&mut self, cmd: &Self, most: usize) {
        debug_assert!(self.args == 0, "only a batch is appended to");
        let length = cmd.body.len();
        if cmd.args == 0 || self.body.len() + length + LONGEST_HEADER > most {
            return self.append_rare(cmd, most);
        }
        let start = self.body.append(cmd.args, &cmd.body) as u32;
        self.flags = self.flags.both(cmd.flags);
        let part = Part {
            end: start + length as u32,
            key: start + cmd.key,
            keys: cmd.keys,
            flags: cmd.flags,
            step: cmd.step,
            policy: cmd.policy,
        };
        if let Some(extra) = &cmd.extra {
            self.append_extra(extra, start);
        }
        self.extra().parts.push(part);
    }

    /// Appends a batch to a batch, or refuses what does not fit.
    #[cold]
    fn append_rare(&mut self, cmd: &Self, most: usize) {
        self.flags = self.flags.both(cmd.flags.without(Flags::OF_BATCH));
        if self.body.len() + cmd.body.len() + LONGEST_HEADER > most {
            let why = format!("a batch takes at most {most} bytes: run its commands in several batches");
            let end = offset(self.body.len());
            let refused_part = self.parts() as usize;
            let extra = self.extra();
            if extra.refused.is_none() {
                extra.refused = Some(why.into_boxed_str());
                extra.refused_part = refused_part;
            }
            // Only the entries of its parts are kept, so that the other parts keep their indexes.
            let parts = (0..cmd.parts()).map(|part| Part { end, ..cmd.part(part as usize).without_keys() });
            return extra.parts.extend(parts);
        }
        let start = self.body.append(0, &cmd.body) as u32;
        if let Some(extra) = &cmd.extra {
            self.append_extra(extra, start);
            self.extra().parts.extend(extra.parts.iter().map(|part| part.behind(start)));
        }
    }

    /// Appends one command of another batch.
    pub(super) fn push_part_of(&mut self, other: &Self, index: usize) {
        let (from, part) = (other.part_range(index), other.part(index));
        let start = self.body.len();
        self.body.extend_from_slice(other.body.get(from.clone()).unwrap_or_default());
        if let Some(larges) = other.large() {
            more(&mut self.extra().attached).append(&larges.within(&from), start);
        }
        let moved = |at: u32| offset(start) + at.saturating_sub(offset(from.start));
        let number = self.parts();
        let others = other.others_of(index).iter().map(|key| Other { part: number, key: moved(key.key) });
        let extra = self.extra();
        extra.others.extend(others);
        extra.parts.push(Part { end: moved(part.end), key: moved(part.key), ..part });
    }

    #[cold]
    fn append_extra(&mut self, extra: &Extra, start: u32) {
        let part = self.parts();
        let mine = self.extra();
        let moved = |other: &Other| Other { part: part + other.part, key: start + other.key };
        mine.others.extend(extra.others.iter().map(moved));
        if let Some(larges) = &extra.attached {
            more(&mut mine.attached).append(larges, start as usize);
        }
        mine.block = match (mine.block, extra.block) {
            (Some(one), Some(other)) => Some(one.and(other)),
            (one, other) => one.or(other),
        };
        if let Some(why) = &extra.refused
            && mine.refused.is_none()
        {
            mine.refused = Some(why.clone());
            mine.refused_part = part as usize + extra.refused_part;
        }
    }

    /// How many replies it gets: one for each command in it.
    #[inline]
    pub(crate) fn parts(&self) -> u32 {
        if self.args > 0 { 1 } else { self.batch_parts().len() as u32 }
    }

    fn batch_parts(&self) -> &[Part] {
        self.extra.as_ref().map_or(&[], |extra| &extra.parts)
    }

    /// Its `index`-th command; for a single command, the whole. An empty part if there is none.
    pub(crate) fn part(&self, index: usize) -> Part {
        if self.args == 0 {
            let none = Part { end: offset(self.body.len()), ..Part::default() };
            return self.batch_parts().get(index).copied().unwrap_or(none);
        }
        Part {
            end: offset(self.body.len()),
            key: self.key,
            keys: self.keys,
            flags: self.flags,
            step: self.step,
            policy: self.policy,
        }
    }

    /// The position in the body, and among the bytes that go over the wire for a batch, of these commands of it.
    pub(crate) fn ranges(&self, parts: Range<usize>) -> (Range<usize>, Range<usize>) {
        let end = parts.end.checked_sub(1).map_or(0, |last| self.part_range(last).end);
        let body = self.part_range(parts.start).start..end;
        let wire = |offset: usize| offset + self.large().map_or(0, |larges| larges.before(offset));
        let over_wire = wire(body.start)..wire(body.end);
        (body, over_wire)
    }

    /// The position of its `index`-th command in the body.
    pub(crate) fn part_range(&self, index: usize) -> Range<usize> {
        let end = self.part(index).end as usize;
        let start = match index.checked_sub(1).filter(|_| self.args == 0) {
            Some(before) => self.part(before).end as usize,
            None => 0,
        };
        start..end
    }

    /// The bytes of its `index`-th command, without those of large arguments. In a batch, these include the header of the
    /// command. For a single command they are the whole body, which has no header.
    #[cfg(test)]
    pub(crate) fn part_bytes(&self, index: usize) -> &[u8] {
        self.body.get(self.part_range(index)).unwrap_or_default()
    }

    /// Whether it is a batch that is sent from `MULTI` to `EXEC`.
    #[inline]
    pub(crate) fn is_transaction(&self) -> bool {
        self.flags.has(Flags::TRANSACTION)
    }

    /// Whether it is a batch that goes over one connection, with no other command between.
    #[cfg_attr(not(test), expect(dead_code, reason = "used when a batch is split over nodes"))]
    #[inline]
    pub(crate) fn is_together(&self) -> bool {
        self.flags.has(Flags::TOGETHER)
    }

    /// Whether it needs a connection of its own, because the server may delay the reply.
    #[inline]
    pub(crate) fn is_blocking(&self) -> bool {
        self.flags.has(Flags::BLOCKING) || (self.flags.has(Flags::RAW) && guard::block(self).is_some())
    }

    /// How long the server may delay the reply, or all replies of a batch. `None` if it does not delay it.
    pub(crate) fn block(&self) -> Option<Block> {
        let declared = self.extra.as_ref().and_then(|extra| extra.block);
        declared.or_else(|| if self.flags.has(Flags::RAW) { guard::block(self) } else { None })
    }

    /// Whether it ends other commands. Then it must not wait behind them and needs a new connection.
    pub(crate) fn needs_own_connection(&self) -> bool {
        self.flags.has(Flags::OWN_CONNECTION) || (self.flags.has(Flags::RAW) && guard::ends_others(self))
    }

    /// The refusal that it holds, or the refusal of a raw command that a shared connection must not run.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if let Some(extra) = &self.extra
            && let Some(why) = extra.refused.as_deref()
        {
            return Err(self.in_context_of_part(Error::argument(why), extra.refused_part));
        }
        if self.args > 0
            && let Some(why) = guard::refusal(self, Place::First)
        {
            return Err(self.in_context(Error::argument(why), 0));
        }
        Ok(())
    }
}

impl Part {
    fn without_keys(self) -> Self {
        Self { key: 0, keys: 0, ..self }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::command::{
        Command, Decoder, Executor, Plan, atomic, pipe,
        policy::{Request, Response},
        raw,
    };

    fn get(key: &str) -> Cmd {
        Cmd::new("GET").key(key).readonly()
    }

    #[test]
    fn a_part_takes_16_bytes() {
        assert_eq!(size_of::<Part>(), 16);
    }

    #[test]
    fn a_batch_has_the_headers_of_its_parts() {
        let mut batch = Cmd::batch();
        batch.push(&get("a"));
        batch.push(&Cmd::new("MGET").keys(["b", "c"]).readonly());
        assert_eq!(batch.parts(), 2);
        assert!(batch.flags().has(Flags::READONLY));
        assert_eq!(
            batch.body().escape_ascii().to_string(),
            r"*2\r\n$3\r\nGET\r\n$1\r\na\r\n*3\r\n$4\r\nMGET\r\n$1\r\nb\r\n$1\r\nc\r\n"
        );
        batch.push(&Cmd::new("INCR").key("d"));
        assert!(!batch.flags().repeatable());
    }

    #[test]
    fn a_part_knows_its_bytes_flags_and_policy() {
        let mut batch = Cmd::batch();
        batch.push(&get("a"));
        batch.push(&Cmd::new("DEL").keys(["b", "c"]).request(Request::MultiShard).response(Response::AggSum));
        assert_eq!(batch.part_bytes(0), b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n");
        assert!(batch.part_bytes(1).starts_with(b"*3\r\n$3\r\nDEL\r\n"));
        assert_eq!(batch.part_range(1).end, batch.body().len());
        assert_eq!(batch.part_bytes(2), b"");
        let part = batch.part(1);
        assert_eq!((part.keys, part.step, part.flags()), (2, 1, Flags::default()));
        assert_eq!((part.policy.request(), part.policy.response()), (Request::MultiShard, Response::AggSum));
        // A single command is one part, without a header.
        let single = get("k");
        assert_eq!(single.parts(), 1);
        assert_eq!(single.part_bytes(0), single.body());
        assert_eq!((single.part(0).keys, single.part(0).flags()), (1, Flags::READONLY));
    }

    #[test]
    fn a_batch_in_a_batch_keeps_its_parts() {
        let together = Command::<()>::together(["b", "c"].map(|key| get(key).reply::<()>()), Decoder::of());
        assert!(together.cmd().is_together() && !together.cmd().is_transaction());
        let mut plan = pipe().execute(get("a").reply::<()>()).execute(together);
        plan.seal();
        let cmd = plan.cmd();
        assert_eq!((cmd.parts(), cmd.to_string().as_str()), (3, "GET a | GET b | GET c"));
        assert!(!cmd.is_together(), "the pipeline as a whole does not go together");
        let joined = [0, 1, 2].map(|index| cmd.part(index).flags().has(Flags::JOINED));
        assert_eq!(joined, [false, false, true]);
        assert_eq!(cmd.part_bytes(2), b"*2\r\n$3\r\nGET\r\n$1\r\nc\r\n");
        let mut plan = atomic().execute(get("x").reply::<()>());
        plan.seal();
        assert!(plan.cmd().is_transaction());
        let mut outer = Cmd::batch();
        outer.push(&get("a"));
        outer.push(plan.cmd());
        assert_eq!(outer.to_string(), "GET a | MULTI | GET x | EXEC");
        assert!(!outer.is_transaction());
    }

    #[test]
    fn what_is_declared_of_a_batch_holds_for_its_parts() {
        let sets = ["a", "b"].map(|key| Cmd::new("SET").key(key).arg(1).reply::<()>());
        let together = Command::<()>::together(sets, Decoder::of()).idempotent();
        assert!(together.cmd().flags().repeatable());
        let plan = pipe().execute(together);
        assert!([0, 1].iter().all(|part| plan.cmd().part(*part).flags().has(Flags::IDEMPOTENT)));
    }

    #[test]
    fn a_batch_takes_raw_commands_and_refuses_them_by_their_own_words() {
        let mut batch = Cmd::begun_transaction();
        batch.push(&raw("ECHO").arg("hello"));
        assert!(batch.check().is_ok());
        batch.push(&raw("SELECT").arg(1));
        batch.push_exec();
        let error = batch.check().unwrap_err();
        assert!(
            error.to_string().starts_with("SELECT: command 2 of 2: it would change the database"),
            "{error}"
        );
    }

    #[test]
    fn what_is_longer_than_offsets_can_tell_is_refused() {
        let most = 100;
        let mut batch = Cmd::batch();
        batch.append(&get("a"), most);
        batch.append(&get(&"k".repeat(60)), most);
        assert!(batch.check().is_err(), "the header counts, too");
        let length = batch.body().len();
        assert!(length <= most);
        let mut inner = Cmd::batch();
        inner.push(&get(&"x".repeat(50)));
        inner.push(&get("y"));
        batch.append(&inner, most);
        batch.append(&get("b"), most);
        assert_eq!(
            (batch.parts(), batch.keys_of(4).next()),
            (5, Some(&b"b"[..])),
            "the others keep their places"
        );
        let error = batch.check().unwrap_err().to_string();
        assert_eq!(
            error,
            "command 2 of 5: a batch takes at most 100 bytes: run its commands in several batches"
        );
        let bound = |value: &str| {
            let mut cmd = Cmd::new("SET").key("k").arg(value);
            cmd.bound(most);
            cmd.check()
        };
        let error = bound(&"v".repeat(100)).unwrap_err().to_string();
        assert!(error.starts_with("SET `k`: a command takes at most 100 bytes, found 12"), "{error}");
        assert!(bound("v").is_ok(), "a short one is never looked at");
        assert_eq!(LARGEST, u32::MAX as usize);
    }

    #[test]
    fn timeouts_add_up_without_overflow() {
        let pop = |timeout| Cmd::new("BLPOP").key("k").blocking(timeout).reply::<()>();
        let plan = pipe().execute(pop(Duration::MAX)).execute(pop(Duration::MAX));
        assert_eq!(plan.cmd().block(), Some(Block::For(Duration::MAX)));
        let plan = pipe().execute(pop(Duration::from_secs(1))).execute(pop(Duration::from_secs(2)));
        assert_eq!(plan.cmd().block(), Some(Block::For(Duration::from_secs(3))));
        let plan = plan.execute(pop(Duration::ZERO));
        assert_eq!(plan.cmd().block(), Some(Block::Forever));
        assert!(plan.cmd().is_blocking());
    }

    #[test]
    fn sizes_that_a_user_computed_do_not_overflow() {
        assert_eq!(Cmd::new("GET").reserve(usize::MAX).key("k").to_string(), "GET k");
        let mut batch = Cmd::batch();
        batch.make_room(&get("k"), usize::MAX);
        batch.push(&get("k"));
        assert_eq!(batch.parts(), 1);
    }
}
