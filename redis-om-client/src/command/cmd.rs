//! The words of a command, encoded as they are added, with its keys and flags.

use std::time::Duration;

use crate::{
    error::{DecodeError, Error},
    resp::{Replies, encode::Body},
    value::{Arg, Args, FromRedis, Refused, ToArg, ToArgs},
};

use super::{Command, Decoder, Flags, guard};

/// A command being built: its name, keys, arguments and flags.
///
/// The arguments are encoded at once; a short command needs no allocation. Clone is a copy of the bytes.
#[derive(Clone)]
#[repr(C)]
#[must_use = "a command does nothing until it is run"]
pub struct Cmd {
    /// In front: see [`Body`].
    body: Body,
    /// Arguments, the name included; 0 for a batch, whose body has the headers of its parts.
    args: u32,
    /// Replies to expect: one for each command in it.
    parts: u32,
    /// Offset of the first key in the body; 0 for none, since the name comes first.
    key: u32,
    flags: Flags,
    extra: Option<Box<Extra>>,
}

/// What few commands have.
#[derive(Clone, Default)]
struct Extra {
    refused: Refused,
    /// The part of a batch that is refused.
    refused_part: usize,
    /// Offsets of the keys behind the first, in the order of the bytes.
    keys: Vec<u32>,
    /// The commands of a batch.
    parts: Vec<Part>,
    /// How long the server may keep the reply back.
    block: Option<Block>,
}

/// One command of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    /// Where its bytes end in the body; they start where those of the part before end.
    end: u32,
    flags: Flags,
}

impl Part {
    pub(crate) fn flags(self) -> Flags {
        self.flags
    }
}

/// How long the server may keep the reply back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Block {
    For(Duration),
    Forever,
}

/// A command that has no method here, such as one of a module of your own.
///
/// `name` may be several words (`"CONFIG GET"`). Mark keys with [`Cmd::key`], so that errors can name them and a
/// cluster can find their node; mark what writes nothing with [`Cmd::readonly`], so that it may be retried.
/// What would take a shared connection out of step (`SUBSCRIBE`, `MONITOR`, `MULTI`, `SELECT` …) is refused when it
/// runs; what blocks (`BLPOP` …) gets a connection of its own.
///
/// ```
/// use redis_om_client::{prelude::*, raw};
///
/// let command = raw("OBJECT ENCODING").key("k").readonly().reply::<Option<String>>();
/// assert_eq!(command.to_string(), "OBJECT ENCODING k");
/// ```
pub fn raw(name: &str) -> Cmd {
    let mut words = name.split_ascii_whitespace();
    let mut cmd = Cmd::new(words.next().unwrap_or_default());
    for word in words {
        cmd = cmd.arg(word);
    }
    cmd.flags = cmd.flags.with(Flags::RAW).with(Flags::SCRIPT);
    if name.trim().is_empty() { cmd.refuse("a command needs a name") } else { cmd }
}

impl Cmd {
    /// A command that a method declares: whoever uses this instead of [`raw`] vouches that any connection can run it.
    #[doc(hidden)]
    #[inline(always)]
    pub fn new(name: &str) -> Self {
        let body = Body::starting_with(name.as_bytes());
        Self { body, args: 1, parts: 1, key: 0, flags: Flags::default(), extra: None }
    }

    /// No command yet, to push several into.
    pub(crate) fn batch() -> Self {
        let flags = Flags::READONLY.with(Flags::IDEMPOTENT);
        Self { body: Body::on_heap(), args: 0, parts: 0, key: 0, flags, extra: None }
    }

    /// Adds a key.
    #[inline]
    pub fn key(mut self, key: impl ToArg) -> Self {
        self.mark_key();
        self.arg(key)
    }

    /// Adds keys: one or any larger number.
    pub fn keys(self, keys: impl ToArgs) -> Self {
        self.keys_every(1, "key", keys)
    }

    /// Adds keys, each with its value behind it.
    pub fn pairs(self, pairs: impl ToArgs) -> Self {
        self.keys_every(2, "key with its value", pairs)
    }

    /// Adds how many keys there are, then the keys, as `LMPOP` or `ZUNION` want them. None at all is refused.
    pub fn keys_counted(self, keys: impl ToArgs) -> Self {
        let args = self.args;
        let cmd = self.counted(1, keys);
        // The number itself is one argument.
        if cmd.args == args + 1 { cmd.refuse_without("key") } else { cmd }
    }

    /// Adds how many keys there are, then the keys; also none, since a script may have no key.
    pub fn keys_counted_or_none(self, keys: impl ToArgs) -> Self {
        self.counted(1, keys)
    }

    /// Adds how many pairs there are, then each key with its value behind it.
    pub fn pairs_counted(self, pairs: impl ToArgs) -> Self {
        let args = self.args;
        let cmd = self.counted(2, pairs);
        if cmd.args == args + 1 { cmd.refuse_without("key with its value") } else { cmd }
    }

    /// Adds keys, each with `step - 1` arguments behind it.
    pub(crate) fn keys_every(mut self, step: u32, what: &str, args: impl ToArgs) -> Self {
        let (from, count) = (self.body.len(), self.args);
        self = self.args(args);
        let added = self.args - count;
        self.mark_every(step, from, added);
        if added == 0 { self.refuse_without(what) } else { self.refuse_uneven(step, added) }
    }

    fn counted(mut self, step: u32, args: impl ToArgs) -> Self {
        // The number goes before the keys but is known behind them: they are encoded aside, then copied.
        let (mut body, mut added, mut refused) = (Body::new(), 0, None);
        args.to_args(&mut Args::new(&mut body, &mut added, &mut refused));
        self = self.arg(added / step);
        self.note(refused);
        let from = self.body.len();
        self.body.extend_from_slice(&body);
        self.args += added;
        self.mark_every(step, from, added);
        self.refuse_uneven(step, added)
    }

    /// Marks every `step`-th of the `added` arguments that start at `from` as a key: they are found again in the
    /// bytes, so that `ToArgs` need not know what a key is.
    fn mark_every(&mut self, step: u32, from: usize, added: u32) {
        let mut at = from;
        for index in 0..added {
            if index % step == 0 {
                if self.key == 0 {
                    self.key = at as u32;
                } else {
                    self.extra().keys.push(at as u32);
                }
            }
            at += encoded_len(&self.body[at..]);
        }
    }

    #[cold]
    fn refuse_without(self, what: &str) -> Self {
        let name = self.name();
        self.refuse(format!("{name} needs at least one {what}, found none: leave the call out instead"))
    }

    fn refuse_uneven(self, step: u32, added: u32) -> Self {
        if added.is_multiple_of(step) {
            return self;
        }
        self.refuse(format!("expected a value behind each key, found {added} arguments: pass pairs or a map"))
    }

    /// Adds an argument.
    #[inline]
    pub fn arg(mut self, arg: impl ToArg) -> Self {
        let mut refused = None;
        let _written = arg.to_arg(Arg::new(&mut self.body, &mut refused));
        self.args += 1;
        self.note(refused);
        self
    }

    /// Adds arguments, any number, also none.
    #[inline]
    pub fn args(mut self, args: impl ToArgs) -> Self {
        let mut refused = None;
        args.to_args(&mut Args::new(&mut self.body, &mut self.args, &mut refused));
        self.note(refused);
        self
    }

    /// Adds arguments of which there must be at least one (members, fields): else the command is refused as it runs.
    pub fn args_nonempty(mut self, what: &str, args: impl ToArgs) -> Self {
        let count = self.args;
        self = self.args(args);
        if self.args == count { self.refuse_without(what) } else { self }
    }

    /// Adds the number of entries, then the entries, each of `per` arguments (fields are 1, pairs of field and value
    /// are 2). None at all, or half an entry, is refused.
    pub fn args_counted(self, what: &str, per: u32, args: impl ToArgs) -> Self {
        let count = count_of(&args) / per.max(1);
        self.arg(count).args_grouped(what, per, args)
    }

    /// Adds entries of `per` arguments each, at least one. None at all, or half an entry, is refused.
    pub fn args_grouped(mut self, what: &str, per: u32, args: impl ToArgs) -> Self {
        let count = self.args;
        self = self.args_nonempty(what, args);
        let added = self.args - count;
        if added.is_multiple_of(per.max(1)) {
            return self;
        }
        let name = self.name();
        self.refuse(format!(
            "{name} takes arguments by {per} ({what}), found {added} of them: one is missing"
        ))
    }

    /// Adds a word if it applies.
    #[inline]
    pub fn word_if(self, applies: bool, word: &str) -> Self {
        if applies { self.arg(word) } else { self }
    }

    /// Makes room for so many more bytes.
    #[inline]
    pub fn reserve(mut self, bytes: usize) -> Self {
        self.body.reserve(bytes);
        self
    }

    /// Declares that it writes nothing: it may be retried when a connection is lost, and served by a replica.
    #[inline]
    pub fn readonly(mut self) -> Self {
        self.flags = self.flags.with(Flags::READONLY);
        self
    }

    /// Declares that doing it twice is the same as doing it once: it may be retried when nobody knows whether it ran. For
    /// what writes, that holds only where nobody else writes the same in between: see [`Command::idempotent`].
    #[inline]
    pub fn idempotent(mut self) -> Self {
        self.flags = self.flags.with(Flags::IDEMPOTENT);
        self
    }

    /// Declares that an error in its reply may be the text of a script: its code says nothing of what the script did.
    #[inline]
    pub(crate) fn script(mut self) -> Self {
        self.flags = self.flags.with(Flags::SCRIPT);
        self
    }

    /// Declares that it ends other commands: it takes a new connection, so that it does not wait behind them.
    pub(crate) fn own_connection(mut self) -> Self {
        self.flags = self.flags.with(Flags::OWN_CONNECTION);
        self
    }

    /// Declares that the batch is sent from `MULTI` to `EXEC`.
    pub(crate) fn transaction(mut self) -> Self {
        self.flags = self.flags.with(Flags::TRANSACTION);
        self
    }

    /// Declares that the commands of the batch go together.
    pub(crate) fn join(&mut self) {
        if let Some(extra) = &mut self.extra {
            for part in extra.parts.iter_mut().skip(1) {
                part.flags = part.flags.with(Flags::JOINED);
            }
        }
    }

    /// Declares that the server may keep the reply back for so long (zero: for ever). It gets a connection of its own,
    /// and its deadline is this time plus a grace.
    pub fn blocking(mut self, timeout: Duration) -> Self {
        self.flags = self.flags.with(Flags::BLOCKING);
        self.extra().block = Some(if timeout.is_zero() { Block::Forever } else { Block::For(timeout) });
        self
    }

    /// Refuses: it will not be sent, and its result is an argument error with this text.
    #[cold]
    pub fn refuse(mut self, why: impl Into<String>) -> Self {
        self.extra().refused.get_or_insert_with(|| why.into().into_boxed_str());
        self
    }

    /// The command, its reply read as an `R`.
    #[inline]
    pub fn reply<R: FromRedis>(self) -> Command<R> {
        Command::of(self)
    }

    /// The command, its reply read by a function of its own.
    #[inline]
    pub fn reply_with<R>(self, decode: fn(&mut Replies<'_>) -> Result<R, DecodeError>) -> Command<R> {
        Command::new(self, Decoder::new(decode))
    }

    #[inline]
    fn note(&mut self, refused: Refused) {
        if let Some(why) = refused {
            self.extra().refused.get_or_insert(why);
        }
    }

    #[inline]
    fn mark_key(&mut self) {
        let at = self.body.len() as u32;
        if self.key == 0 { self.key = at } else { self.extra().keys.push(at) }
    }

    fn extra(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }

    /// Looked up in the list of what a shared connection must not run, if a user wrote its words.
    fn vetted(mut self) -> Self {
        if self.flags.has(Flags::RAW) {
            self.flags = self.flags.without(Flags::RAW);
            if let Some(why) = guard::refusal(&self) {
                return self.refuse(why);
            }
            if guard::blocks(&self) && !self.flags.has(Flags::BLOCKING) {
                return self.blocking(Duration::ZERO);
            }
        }
        self
    }

    /// Makes room for so many commands like this one.
    pub(crate) fn make_room(&mut self, like: &Self, count: usize) {
        self.body.reserve_commands(&like.body, count);
        self.extra().parts.reserve(count.min(1 << 16));
        if like.key > 0 && count > 1 {
            self.extra().keys.reserve(count.min(1 << 16));
        }
    }

    /// Appends another command (or batch) to this batch.
    #[inline]
    pub(crate) fn push(&mut self, cmd: &Self) {
        // Each is judged alone: the batch's own `MULTI` and `EXEC` are no user's words.
        if cmd.flags.has(Flags::RAW) { self.push_raw(cmd) } else { self.append(cmd) }
    }

    #[cold]
    fn push_raw(&mut self, cmd: &Self) {
        self.append(&cmd.clone().vetted());
    }

    fn append(&mut self, cmd: &Self) {
        debug_assert!(self.args == 0, "only a batch is appended to");
        let start = self.body.append(cmd.args, &cmd.body);
        self.flags = self.flags.both(cmd.flags.without(Flags::TRANSACTION));
        let end = self.body.len() as u32;
        let parts = &mut self.extra().parts;
        match cmd.extra.as_ref().filter(|_| cmd.args == 0) {
            None => parts.push(Part { end, flags: cmd.flags }),
            Some(extra) => {
                parts.extend(extra.parts.iter().map(|part| Part { end: start as u32 + part.end, ..*part }));
            }
        }
        if cmd.key > 0 {
            let at = start as u32 + cmd.key;
            if self.key == 0 { self.key = at } else { self.extra().keys.push(at) }
        }
        if let Some(extra) = &cmd.extra {
            self.append_extra(extra, start as u32);
        }
        self.parts += cmd.parts;
    }

    #[cold]
    fn append_extra(&mut self, extra: &Extra, start: u32) {
        let part = self.parts as usize;
        let mine = self.extra();
        mine.keys.extend(extra.keys.iter().map(|key| start + key));
        mine.block = match (mine.block, extra.block) {
            (Some(Block::Forever), _) | (_, Some(Block::Forever)) => Some(Block::Forever),
            (Some(Block::For(one)), Some(Block::For(other))) => Some(Block::For(one.saturating_add(other))),
            (one, other) => one.or(other),
        };
        if let Some(why) = &extra.refused
            && mine.refused.is_none()
        {
            mine.refused = Some(why.clone());
            mine.refused_part = part + extra.refused_part;
        }
    }

    /// Its arguments as they go over the wire; the header stands before them, unless this is a batch.
    #[inline]
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// Arguments, the name included; 0 for a batch.
    #[inline]
    pub(crate) fn argument_count(&self) -> u32 {
        self.args
    }

    /// How many replies it gets.
    #[inline]
    pub(crate) fn parts(&self) -> u32 {
        self.parts
    }

    #[inline]
    pub(crate) fn flags(&self) -> Flags {
        self.flags
    }

    pub(crate) fn block(&self) -> Option<Block> {
        self.extra.as_ref().and_then(|extra| extra.block)
    }

    pub(crate) fn key_offset(&self) -> Option<usize> {
        (self.key > 0).then_some(self.key as usize)
    }

    /// Where its keys are in the body.
    pub(crate) fn key_offsets(&self) -> impl Iterator<Item = usize> {
        let others = self.extra.iter().flat_map(|extra| &extra.keys).map(|at| *at as usize);
        self.key_offset().into_iter().chain(others)
    }

    /// Whether nothing is unusual about it: no flag or refusal that needs a look before it is sent.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.extra.is_none() && !self.flags.has_any(Flags::RAW.with(Flags::OWN_CONNECTION))
    }

    /// The refusal that rides in it, or that its words call for on a connection that others share.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if let Some(extra) = &self.extra
            && let Some(why) = extra.refused.as_deref()
        {
            return Err(self.in_context_of_part(Error::argument(why), extra.refused_part));
        }
        if self.args > 0
            && self.flags.has(Flags::RAW)
            && let Some(why) = guard::refusal(self)
        {
            return Err(self.in_context(Error::argument(why), 0));
        }
        Ok(())
    }

    /// Its `index`-th command.
    pub(crate) fn part(&self, index: usize) -> Part {
        let of_batch = self.extra.as_ref().and_then(|extra| extra.parts.get(index));
        of_batch.copied().unwrap_or(Part { end: self.body.len() as u32, flags: self.flags })
    }

    /// Where the bytes of its `index`-th command are in the body.
    pub(crate) fn part_range(&self, index: usize) -> std::ops::Range<usize> {
        let start = if index == 0 { 0 } else { self.part(index - 1).end as usize };
        start..self.part(index).end as usize
    }

    /// The keys of its `index`-th command.
    pub(crate) fn keys_of(&self, index: usize) -> impl Iterator<Item = &[u8]> {
        let range = self.part_range(index);
        let others = self.extra.as_ref().map_or(&[][..], |extra| &extra.keys);
        let from = others.partition_point(|at| (*at as usize) < range.start);
        let to = others.partition_point(|at| (*at as usize) < range.end);
        let first = self.key_offset().filter(|at| range.contains(at));
        let others = others[from..to].iter().map(|at| *at as usize);
        first.into_iter().chain(others).filter_map(|at| key_at(&self.body, at))
    }

    /// Whether it is a batch between `MULTI` and `EXEC`.
    #[inline]
    pub(crate) fn is_transaction(&self) -> bool {
        self.flags.has(Flags::TRANSACTION)
    }

    /// Whether it ends other commands, so that it must not wait behind them.
    pub(crate) fn needs_own_connection(&self) -> bool {
        self.flags.has(Flags::OWN_CONNECTION) || (self.flags.has(Flags::RAW) && guard::ends_others(self))
    }

    /// Whether it needs a connection of its own.
    #[inline]
    pub(crate) fn is_blocking(&self) -> bool {
        self.flags.has(Flags::BLOCKING) || (self.flags.has(Flags::RAW) && guard::blocks(self))
    }
}

/// The argument that starts here.
fn key_at(body: &[u8], at: usize) -> Option<&[u8]> {
    match crate::resp::encode::arguments(body.get(at..)?).next() {
        Some(crate::resp::encode::Part::Argument(key)) => Some(key),
        _ => None,
    }
}

/// How many arguments these are: known by writing them only, since a value of any type may be any number.
fn count_of(args: &impl ToArgs) -> u32 {
    let (mut body, mut count, mut refused) = (Body::new(), 0, None);
    args.to_args(&mut Args::new(&mut body, &mut count, &mut refused));
    count
}

/// The bytes of the encoded argument that starts here.
fn encoded_len(bytes: &[u8]) -> usize {
    let line = memchr::memchr(b'\r', bytes).unwrap_or(bytes.len());
    let length = std::str::from_utf8(&bytes[1.min(bytes.len())..line])
        .ok()
        .and_then(|text| text.parse::<usize>().ok());
    line + 2 + length.unwrap_or(0) + 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_as_it_is_built() {
        let cmd = Cmd::new("SET").key("k").arg(5).word_if(true, "NX");
        assert_eq!(cmd.argument_count(), 4);
        assert_eq!(cmd.body().escape_ascii().to_string(), r"$3\r\nSET\r\n$1\r\nk\r\n$1\r\n5\r\n$2\r\nNX\r\n");
        assert!(cmd.is_plain());
    }

    #[test]
    fn a_short_command_needs_no_allocation() {
        assert!(!Cmd::new("GET").key("user:0000000042:session").body.spilled());
        assert!(size_of::<Cmd>() <= 112, "{}", size_of::<Cmd>());
    }

    #[test]
    fn a_bad_argument_is_told_before_anything_is_sent() {
        let error = Cmd::new("ZADD").key("k").arg(f64::NAN).check().unwrap_err();
        assert_eq!(error.to_string(), "ZADD `k`: a float argument is NaN, which Redis has no form for");
        let error = Cmd::new("DEL").keys(Vec::<String>::new()).check().unwrap_err();
        assert!(error.to_string().contains("DEL needs at least one key"), "{error}");
        assert!(raw(" ").check().is_err());
    }

    #[test]
    fn counts_stand_before_what_they_count() {
        let cmd = Cmd::new("LMPOP").keys_counted(["a", "b"]).arg("LEFT");
        assert_eq!(cmd.to_string(), "LMPOP 2 a b LEFT");
        assert_eq!(&cmd.body()[cmd.key_offset().unwrap()..][..7], b"$1\r\na\r\n");
        assert!(Cmd::new("LMPOP").keys_counted(Vec::<String>::new()).check().is_err());
        let cmd = Cmd::new("HSETEX").key("h").arg("FIELDS").args_counted(
            "field and value",
            2,
            [("a", 1), ("b", 2)],
        );
        assert_eq!(cmd.to_string(), "HSETEX h FIELDS 2 a 1 b 2");
        let error = Cmd::new("HSET").key("h").args_grouped("field and value", 2, ["a", "1", "b"]).check();
        let expected =
            "HSET `h`: HSET takes arguments by 2 (field and value), found 3 of them: one is missing";
        assert_eq!(error.unwrap_err().to_string(), expected);
    }

    #[test]
    fn keys_are_counted_and_marked() {
        let cmd = Cmd::new("EVAL").arg("return 1").keys_counted_or_none(["a", "b"]).arg(7);
        assert_eq!(cmd.to_string(), "EVAL \"return 1\" 2 a b 7");
        let at = cmd.key_offset().unwrap();
        assert!(cmd.body()[at..].starts_with(b"$1\r\na"), "the first key, not the number of keys");
        assert_eq!(cmd.extra.as_ref().unwrap().keys.len(), 1);
        let none = Cmd::new("EVAL").arg("return 1").keys_counted_or_none(());
        assert_eq!(none.to_string(), "EVAL \"return 1\" 0");
        assert!(none.check().is_ok() && none.key_offset().is_none());
    }

    #[test]
    fn pairs_mark_their_keys_and_not_their_values() {
        let cmd = Cmd::new("MSET").pairs([("a", 1), ("b", 2)]);
        assert_eq!(cmd.extra.as_ref().unwrap().keys.len(), 1);
        let error = Cmd::new("MSET").pairs(["a", "1", "b"]).check().unwrap_err();
        assert!(error.to_string().contains("a value behind each key, found 3"), "{error}");
        assert_eq!(Cmd::new("MSETEX").pairs_counted([("a", 1), ("b", 2)]).to_string(), "MSETEX 2 a 1 b 2");
        assert!(Cmd::new("MSETEX").pairs_counted(()).check().is_err());
    }

    #[test]
    fn a_batch_has_the_headers_of_its_parts() {
        let mut batch = Cmd::batch();
        batch.push(&Cmd::new("GET").key("a").readonly());
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
    fn a_batch_takes_raw_commands_and_refuses_them_by_their_own_words() {
        let mut batch = Cmd::batch().transaction();
        batch.push(&Cmd::new("MULTI"));
        batch.push(&raw("ECHO").arg("hello"));
        assert!(batch.check().is_ok());
        batch.push(&raw("SELECT").arg(1));
        batch.push(&Cmd::new("EXEC"));
        let error = batch.check().unwrap_err();
        assert!(error.to_string().starts_with("SELECT: command 2 of 2: it would move everybody"), "{error}");
    }
}
