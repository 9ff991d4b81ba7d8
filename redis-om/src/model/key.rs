//! The keys of models: a prefix, a colon and an id.

use std::fmt;

use redis_om_client::{Arg, Args, ToArg, ToArgs, Written};

use crate::field::{Atom, Text};

/// The key of a model, `{prefix}:{id}`. Every command takes it as a key. A key of up to 64 bytes needs no allocation.
///
/// ```
/// use redis_om::prelude::*;
///
/// #[derive(RedisModel)]
/// #[redis(hash)]
/// struct Account {
///     #[redis(id)]
///     id: String,
/// }
///
/// let key = Account::key_of("ann");
/// assert_eq!(key.as_bytes(), b"account:ann");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(Text);

impl Key {
    #[inline]
    pub(crate) fn new<I>(prefix: &str, id: &impl IdOf<I>) -> Self {
        let mut text = Text::default();
        text.bytes(prefix.as_bytes());
        text.bytes(b":");
        id.write_id(&mut text);
        Self(text)
    }

    /// The bytes of the key.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl ToArg for Key {
    #[inline]
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        self.0.to_arg(arg)
    }
}

impl ToArgs for Key {
    fn to_args(&self, args: &mut Args<'_>) {
        args.arg(self);
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A value that can be passed as an id: the id itself or a reference to it, and `&str` where the id is a `String`.
#[diagnostic::on_unimplemented(
    message = "the id of this model is a `{Id}`, not a `{Self}`",
    label = "not the id of this model",
    note = "an id is passed by value or by reference; a `String` also as `&str`"
)]
pub trait IdOf<Id> {
    /// Appends the text of the id.
    #[doc(hidden)]
    fn write_id(&self, text: &mut Text);
}

impl<I: Atom> IdOf<I> for I {
    #[inline]
    fn write_id(&self, text: &mut Text) {
        self.write(text);
    }
}

impl<I: Atom> IdOf<I> for &I {
    #[inline]
    fn write_id(&self, text: &mut Text) {
        (*self).write(text);
    }
}

impl IdOf<String> for &str {
    #[inline]
    fn write_id(&self, text: &mut Text) {
        text.bytes(self.as_bytes());
    }
}

impl IdOf<String> for &&str {
    fn write_id(&self, text: &mut Text) {
        text.bytes(self.as_bytes());
    }
}
