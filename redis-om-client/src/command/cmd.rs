//! The words of a command, encoded as they are added, with its keys and flags.

use std::time::Duration;

use crate::{
    error::DecodeError,
    resp::{Replies, encode::Body},
    value::{Arg, Args, FromRedis, Refused, ToArg, ToArgs},
};

use super::{
    Command, Decoder, Flags,
    part::{Block, Extra, LARGEST},
    policy::{Policy, Request, Response},
};

/// A command being built: its name, keys, arguments and flags.
///
/// The arguments are encoded at once; a short command needs no allocation. Clone is a copy of the bytes.
#[derive(Clone)]
#[repr(C)]
#[must_use = "a command does nothing until it is run"]
pub struct Cmd {
    /// In front: see [`Body`].
    pub(super) body: Body,
    /// Arguments, the name included; 0 for a batch, whose body has the headers of its parts.
    pub(super) args: u32,
    /// Offset of the first key in the body; 0 for none, since the name comes first. Always 0 for a batch: its parts have
    /// their own.
    pub(super) key: u32,
    /// How many keys stand in a row from the first on, each `step` arguments behind the one before.
    pub(super) keys: u16,
    /// The number of the argument that is the first key; `u16::MAX` where it is too large to be told.
    pub(super) first: u16,
    pub(super) flags: Flags,
    pub(super) step: u8,
    pub(super) policy: Policy,
    pub(super) extra: Option<Box<Extra>>,
}

/// The most bytes that [`Cmd::reserve`] makes room for at once: a number that a user computed may be anything.
const MOST_RESERVED: usize = 1 << 20;

/// A command that has no method here, such as one of a module of your own.
///
/// `name` may be several words (`"CONFIG GET"`). Mark keys with [`Cmd::key`], so that errors can name them and a
/// cluster can find their node; mark what writes nothing with [`Cmd::readonly`], so that it may be retried.
/// What changes the state of a shared connection (`SUBSCRIBE`, `MONITOR`, `MULTI`, `SELECT`, `CLIENT TRACKING` …) is
/// refused when it runs. `WAIT` and `WAITAOF` are refused where no other command of their batch is before them. What blocks
/// (`BLPOP` …) gets a connection of its own, and its own timeout as a deadline.
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
    /// A command that a method declares: any connection can run it. What a user writes goes through [`raw`], which looks.
    #[doc(hidden)]
    #[inline(always)]
    pub fn new(name: &str) -> Self {
        Self::of_body(Body::starting_with(name.as_bytes()), 1)
    }

    /// So many arguments, which say nothing of themselves yet.
    #[inline(always)]
    pub(super) fn of_body(body: Body, args: u32) -> Self {
        Self {
            body,
            args,
            key: 0,
            keys: 0,
            first: 0,
            flags: Flags::default(),
            step: 0,
            policy: Policy::default(),
            extra: None,
        }
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
    pub(crate) fn keys_every(mut self, step: u8, what: &str, args: impl ToArgs) -> Self {
        let (from, count) = (self.body.len(), self.args);
        self = self.args(args);
        let added = self.args - count;
        self.mark_row(step, from, count, added);
        if added == 0 { self.refuse_without(what) } else { self.refuse_uneven(step, added) }
    }

    fn counted(mut self, step: u8, args: impl ToArgs) -> Self {
        // The number goes before the keys but is known behind them: they are encoded aside, then copied.
        let (mut body, mut added, mut refused) = (Body::new(), 0, None);
        args.to_args(&mut Args::new(&mut body, &mut added, &mut refused));
        self = self.arg(added / u32::from(step.max(1)));
        self.note(refused);
        let (from, count) = (self.body.len(), self.args);
        self.body.extend_from_slice(&body);
        self.args = self.args.saturating_add(added);
        self.mark_row(step, from, count, added);
        self.bound(LARGEST);
        self.refuse_uneven(step, added)
    }

    #[cold]
    fn refuse_without(self, what: &str) -> Self {
        let name = self.name();
        self.refuse(format!("{name} needs at least one {what}, found none: leave the call out instead"))
    }

    fn refuse_uneven(self, step: u8, added: u32) -> Self {
        if added.is_multiple_of(u32::from(step.max(1))) {
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
        self.bound(LARGEST);
        self
    }

    /// Adds arguments, any number, also none.
    #[inline]
    pub fn args(mut self, args: impl ToArgs) -> Self {
        let mut refused = None;
        args.to_args(&mut Args::new(&mut self.body, &mut self.args, &mut refused));
        self.note(refused);
        self.bound(LARGEST);
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

    /// Makes room for so many more bytes, at most 1 MiB at once: what is longer grows as it is added.
    #[inline]
    pub fn reserve(mut self, bytes: usize) -> Self {
        self.body.reserve(bytes.min(MOST_RESERVED));
        self
    }

    /// Declares which nodes of a cluster get it. Without this, the node of its keys gets it, or any node if it has none.
    ///
    /// ```
    /// use redis_om_client::{policy::{Request, Response}, prelude::*, raw};
    ///
    /// let count = raw("MYMODULE.COUNT").readonly().request(Request::AllShards).response(Response::AggSum);
    /// assert_eq!(count.policy().request(), Request::AllShards);
    /// ```
    #[inline]
    pub fn request(mut self, request: Request) -> Self {
        self.policy = self.policy.with_request(request);
        self
    }

    /// Declares how the replies of several nodes become one. Without this, they are joined: see [`Response::Default`].
    #[inline]
    pub fn response(mut self, response: Response) -> Self {
        self.policy = self.policy.with_response(response);
        self
    }

    /// How it is spread over the nodes of a cluster, and how their replies become one.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.policy
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

    /// Declares that an error in its reply may be a script's own text: its code says nothing of what ran.
    #[inline]
    pub(crate) fn script(mut self) -> Self {
        self.flags = self.flags.with(Flags::SCRIPT);
        self
    }

    /// Declares that it ends other commands: it takes a new connection, so that it does not wait behind them.
    #[inline]
    pub(crate) fn own_connection(mut self) -> Self {
        self.flags = self.flags.with(Flags::OWN_CONNECTION);
        self
    }

    /// Declares that it speaks of the commands before it on its connection: it runs behind them in a batch only.
    #[inline]
    pub(crate) fn follows(mut self) -> Self {
        self.flags = self.flags.with(Flags::FOLLOWS);
        self
    }

    /// Declares that the server may keep the reply back for so long (zero: for ever). It gets a connection of its own,
    /// and its deadline is this time plus a grace.
    pub fn blocking(mut self, timeout: Duration) -> Self {
        self.flags = self.flags.with(Flags::BLOCKING);
        self.extra().block = Some(Block::of(timeout));
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

    pub(super) fn extra(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }

    /// Refuses what is longer than this: the offsets in it have 32 bits.
    #[inline]
    pub(super) fn bound(&mut self, most: usize) {
        if self.body.is_longer(most) {
            self.refuse_length(most);
        }
    }

    #[cold]
    fn refuse_length(&mut self, most: usize) {
        let length = self.body.len();
        let why = format!(
            "a command takes at most {most} bytes, found {length}: keep the value in several smaller ones"
        );
        self.note(Some(why.into_boxed_str()));
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

    #[inline]
    pub(crate) fn flags(&self) -> Flags {
        self.flags
    }

    /// Whether nothing is unusual about it: no flag or refusal that needs a look before it is sent.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.extra.is_none() && !self.flags.has_any(Flags::RAW.with(Flags::OWN_CONNECTION))
    }
}

/// How many arguments these are: known by writing them only, since a value of any type may be any number.
fn count_of(args: &impl ToArgs) -> u32 {
    let (mut body, mut count, mut refused) = (Body::new(), 0, None);
    args.to_args(&mut Args::new(&mut body, &mut count, &mut refused));
    count
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
        assert_eq!(cmd.keys_of(0).collect::<Vec<_>>(), [b"a", b"b"]);
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
        assert_eq!(cmd.keys_of(0).collect::<Vec<_>>(), [b"a", b"b"], "not the number of keys");
        assert!(cmd.is_plain(), "keys in a row need no allocation");
        let none = Cmd::new("EVAL").arg("return 1").keys_counted_or_none(());
        assert_eq!(none.to_string(), "EVAL \"return 1\" 0");
        assert!(none.check().is_ok() && none.keys_of(0).next().is_none());
    }

    #[test]
    fn pairs_mark_their_keys_and_not_their_values() {
        let cmd = Cmd::new("MSET").pairs([("a", 1), ("b", 2)]);
        assert_eq!(cmd.keys_of(0).collect::<Vec<_>>(), [b"a", b"b"]);
        let error = Cmd::new("MSET").pairs(["a", "1", "b"]).check().unwrap_err();
        assert!(error.to_string().contains("a value behind each key, found 3"), "{error}");
        assert_eq!(Cmd::new("MSETEX").pairs_counted([("a", 1), ("b", 2)]).to_string(), "MSETEX 2 a 1 b 2");
        assert!(Cmd::new("MSETEX").pairs_counted(()).check().is_err());
    }
}
