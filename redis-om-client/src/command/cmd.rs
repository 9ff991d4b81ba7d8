//! The words of a command, encoded when they are added, with its keys and flags.

use std::{sync::Arc, time::Duration};

use crate::{
    error::DecodeError,
    resp::{
        Replies,
        encode::Body,
        large::{Attached, Larges, more},
    },
    value::{Arg, Args, FromRedis, Refused, ToArg, ToArgs},
};

use super::{
    Command, Decoder, Flags,
    part::{Block, Extra, LARGEST},
    policy::{Policy, Request, Response},
};

/// A command: its name, keys, arguments and flags.
///
/// The arguments are encoded immediately; a short command needs no allocation. A clone copies the bytes.
#[derive(Clone)]
#[repr(C)]
#[must_use = "a command does nothing until it is run"]
pub struct Cmd {
    /// First field: see [`Body`].
    pub(super) body: Body,
    /// The number of arguments, including the name; 0 for a batch, whose body holds the headers of its parts.
    pub(super) args: u32,
    /// The offset of the first key in the body; 0 for none, because the name comes first. Always 0 for a batch: its
    /// parts have offsets of their own.
    pub(super) key: u32,
    /// The number of keys in the row that starts with the first key. Each key stands `step` arguments behind the one
    /// before.
    pub(super) keys: u16,
    /// The argument index of the first key; `u16::MAX` if it is larger.
    pub(super) first: u16,
    pub(super) flags: Flags,
    pub(super) step: u8,
    pub(super) policy: Policy,
    pub(super) extra: Option<Box<Extra>>,
}

/// The most bytes that [`Cmd::reserve`] reserves at once: a size that a user computed can have any value.
const MOST_RESERVED: usize = 1 << 20;

/// A command without a method in this crate, such as one of a server module.
///
/// `name` may have several words (`"CONFIG GET"`). Mark keys with [`Cmd::key`]: then errors name them, and a cluster
/// finds their node. Mark a command that writes nothing with [`Cmd::readonly`]: then it may be retried. Commands that
/// change the state of a shared connection (`SUBSCRIBE`, `MONITOR`, `MULTI`, `SELECT`, `CLIENT TRACKING` …) are refused
/// when they run. `WAIT` and `WAITAOF` are refused if no other command of their batch is before them. A blocking
/// command (`BLPOP` …) gets a connection of its own, and its own timeout as a deadline.
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
    /// A command that a method declares: any connection can run it. For commands of a user, [`raw`] adds the check that
    /// such a command needs.
    #[doc(hidden)]
    #[inline(always)]
    pub fn new(name: &str) -> Self {
        Self::of_body(Body::starting_with(name.as_bytes()), 1)
    }

    /// A command with this body and this number of arguments, and without declarations.
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
        let mut refused = None;
        let _written = key.to_arg(Arg::new(&mut self.body, &mut refused));
        self.added(refused)
    }

    /// Adds one or more keys.
    pub fn keys(self, keys: impl ToArgs) -> Self {
        self.keys_every(1, "key", keys)
    }

    /// Adds keys, each followed by its value.
    pub fn pairs(self, pairs: impl ToArgs) -> Self {
        self.keys_every(2, "key with its value", pairs)
    }

    /// Adds the number of keys, then the keys, as `LMPOP` or `ZUNION` expect them. A command without keys is refused.
    pub fn keys_counted(self, keys: impl ToArgs) -> Self {
        let args = self.args;
        let cmd = self.counted(1, keys);
        // The number itself is one argument.
        if cmd.args == args + 1 { cmd.refuse_without("key") } else { cmd }
    }

    /// Adds the number of keys, then the keys. Zero keys are allowed, because a script may have none.
    pub fn keys_counted_or_none(self, keys: impl ToArgs) -> Self {
        self.counted(1, keys)
    }

    /// Adds the number of pairs, then each key followed by its value.
    pub fn pairs_counted(self, pairs: impl ToArgs) -> Self {
        let args = self.args;
        let cmd = self.counted(2, pairs);
        if cmd.args == args + 1 { cmd.refuse_without("key with its value") } else { cmd }
    }

    /// Adds keys, each followed by `step - 1` arguments.
    pub(crate) fn keys_every(mut self, step: u8, what: &str, args: impl ToArgs) -> Self {
        let (from, count) = (self.body.len(), self.args);
        self = self.args(args);
        let added = self.args - count;
        self.mark_row(step, from, count, added);
        if added == 0 { self.refuse_without(what) } else { self.refuse_uneven(step, added) }
    }

    fn counted(mut self, step: u8, args: impl ToArgs) -> Self {
        // The number stands before the keys but is known only after them, so the keys are encoded separately and then
        // copied.
        let (mut body, mut added, mut refused, mut attached) = (Body::new(), 0, None, None);
        args.to_args(&mut Args::new(&mut body, &mut added, &mut refused, &mut attached));
        self = self.arg(added / u32::from(step.max(1)));
        self.note(refused);
        let (from, count) = (self.body.len(), self.args);
        self.body.extend_from_slice(&body);
        self.attach(attached, from);
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
        let (mut refused, mut attached) = (None, None);
        let _written = arg.to_arg(Arg::attaching(&mut self.body, &mut refused, &mut attached));
        self.attach(attached, 0);
        self.added(refused)
    }

    /// One argument was written.
    #[inline]
    fn added(mut self, refused: Refused) -> Self {
        self.args += 1;
        self.note(refused);
        self.bound(LARGEST);
        self
    }

    /// Adds any number of arguments.
    #[inline]
    pub fn args(mut self, args: impl ToArgs) -> Self {
        let (mut refused, mut attached) = (None, None);
        args.to_args(&mut Args::new(&mut self.body, &mut self.args, &mut refused, &mut attached));
        self.attach(attached, 0);
        self.note(refused);
        self.bound(LARGEST);
        self
    }

    /// Adds arguments (members, fields). Without any, the command is refused when it runs.
    pub fn args_nonempty(mut self, what: &str, args: impl ToArgs) -> Self {
        let count = self.args;
        self = self.args(args);
        if self.args == count { self.refuse_without(what) } else { self }
    }

    /// Adds the number of entries, then the entries. Each has `per` arguments: a field has 1, a pair of field and value
    /// has 2. A command without entries, or with an incomplete entry, is refused.
    pub fn args_counted(self, what: &str, per: u32, args: impl ToArgs) -> Self {
        let count = count_of(&args) / per.max(1);
        self.arg(count).args_grouped(what, per, args)
    }

    /// Adds entries of `per` arguments each. A command without entries, or with an incomplete entry, is refused.
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

    /// Adds a word if `applies` is true.
    #[inline]
    pub fn word_if(self, applies: bool, word: &str) -> Self {
        if applies { self.arg(word) } else { self }
    }

    /// Reserves memory for `bytes` more bytes, at most 1 MiB at once. Longer commands grow when the bytes are added.
    #[inline]
    pub fn reserve(mut self, bytes: usize) -> Self {
        self.body.reserve(bytes.min(MOST_RESERVED));
        self
    }

    /// Declares which nodes of a cluster get it. By default the node of its keys gets it, or any node if it has no key.
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

    /// Declares how the replies of several nodes are combined. By default they are joined: see [`Response::Default`].
    #[inline]
    pub fn response(mut self, response: Response) -> Self {
        self.policy = self.policy.with_response(response);
        self
    }

    /// Which nodes of a cluster get it, and how their replies are combined.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// Declares that it writes nothing: it may be retried when a connection is lost, and a replica may serve it.
    #[inline]
    pub fn readonly(mut self) -> Self {
        self.flags = self.flags.with(Flags::READONLY);
        self
    }

    /// Declares that running it twice has the same effect as running it once. Then it may be retried when it is unknown
    /// whether it ran. A command that writes has this property only if no other client writes the same data meanwhile:
    /// see [`Command::idempotent`].
    #[inline]
    pub fn idempotent(mut self) -> Self {
        self.flags = self.flags.with(Flags::IDEMPOTENT);
        self
    }

    /// Declares that an error in its reply may be the text of a script. The code of such an error does not prove what
    /// ran.
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

    /// Declares that it refers to the commands before it on its connection: it runs only in a batch, behind them.
    #[inline]
    pub(crate) fn follows(mut self) -> Self {
        self.flags = self.flags.with(Flags::FOLLOWS);
        self
    }

    /// Declares that the server may delay the reply for `timeout` (zero: without limit). The command gets a connection
    /// of its own, and its deadline is `timeout` plus [`Config::blocking_grace`](crate::Config::blocking_grace).
    pub fn blocking(mut self, timeout: Duration) -> Self {
        self.flags = self.flags.with(Flags::BLOCKING);
        self.extra().block = Some(Block::of(timeout));
        self
    }

    /// Refuses the command: it is not sent, and its result is an argument error with this text.
    #[cold]
    pub fn refuse(mut self, why: impl Into<String>) -> Self {
        self.extra().refused.get_or_insert_with(|| why.into().into_boxed_str());
        self
    }

    /// The command, with its reply decoded as an `R`.
    #[inline]
    pub fn reply<R: FromRedis>(self) -> Command<R> {
        Command::of(self)
    }

    /// The command, with its reply decoded by `decode`.
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

    /// Refuses a command that is longer than this, because its offsets have 32 bits.
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

    /// Keeps the arguments that stand beside a body which was appended at this offset of the body.
    #[inline]
    fn attach(&mut self, attached: Attached, offset: usize) {
        if let Some(larges) = attached {
            self.attach_some(larges, offset);
        }
    }

    #[cold]
    fn attach_some(&mut self, larges: Arc<Larges>, offset: usize) {
        match &mut self.extra().attached {
            none @ None if offset == 0 => *none = Some(larges),
            others => more(others).append(&larges, offset),
        }
    }

    /// The arguments that stand beside the body. `None` if there are none.
    #[inline]
    pub(crate) fn large(&self) -> Option<&Larges> {
        self.extra.as_ref().and_then(|extra| extra.attached.as_deref())
    }

    /// The arguments that stand beside the body.
    pub(super) fn larges(&self) -> &Larges {
        static NONE: Larges = Larges::new();
        self.large().unwrap_or(&NONE)
    }

    /// Its encoded arguments, without the bytes of the [large](Cmd::large) ones. The header stands before them on the
    /// connection, except for a batch.
    #[inline]
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// The number of arguments, including the name; 0 for a batch.
    #[inline]
    pub(crate) fn argument_count(&self) -> u32 {
        self.args
    }

    #[inline]
    pub(crate) fn flags(&self) -> Flags {
        self.flags
    }

    /// Whether no flag and no refusal needs a check before it is sent.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.extra.is_none() && !self.flags.has_any(Flags::RAW.with(Flags::OWN_CONNECTION))
    }
}

/// The number of these arguments. Only encoding shows it, because a value of any type may be several arguments.
fn count_of(args: &impl ToArgs) -> u32 {
    let (mut body, mut count, mut refused, mut attached) = (Body::new(), 0, None, None);
    args.to_args(&mut Args::new(&mut body, &mut count, &mut refused, &mut attached));
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
        assert_eq!(error.to_string(), "ZADD `k`: a float argument is NaN, which Redis cannot represent");
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
