//! A struct as fields of a hash: what the derive implements.

use redis_om_client::{Arg, Args, DecodeError, Reply, ToArg, Written};

use super::{FieldValue, Text};

/// A struct whose fields lie in a hash: a hash model, or a struct embedded in one.
///
/// Implemented by `#[derive(RedisModel)]` with `#[redis(hash)]`, and by
/// [`#[derive(RedisEmbedded)]`](macro@crate::RedisEmbedded).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot lie in the fields of a hash",
    label = "not embeddable",
    note = "add `#[derive(RedisEmbedded)]` to it, or keep it as JSON text with `#[redis(json)]` on the field"
)]
pub trait HashFields: Sized {
    /// What was read so far.
    #[doc(hidden)]
    type Partial: Default;

    /// Whether some fields may be absent.
    #[doc(hidden)]
    const OPTIONAL: bool;

    /// A guess at the bytes that the fields take as arguments.
    #[doc(hidden)]
    const ROOM: usize;

    /// Writes the names and values of all that is there.
    #[doc(hidden)]
    fn write(&self, at: &FieldPath<'_>, args: &mut Args<'_>);

    /// Tells the names of what is not there: of everything, where `this` itself is not.
    #[doc(hidden)]
    fn absent(this: Option<&Self>, at: &FieldPath<'_>, found: &mut dyn FnMut(&FieldPath<'_>));

    /// Takes one field of the reply; says whether there is a field of this name.
    #[doc(hidden)]
    fn take(partial: &mut Self::Partial, name: &[u8], value: Reply<'_>) -> Result<bool, DecodeError>;

    /// Puts together what was read.
    #[doc(hidden)]
    fn finish(partial: Self::Partial) -> Result<Self, DecodeError>;
}

/// The name of a field: its own behind those of the structs it is embedded in, with dots between.
#[derive(Debug, Clone, Copy)]
pub struct FieldPath<'a> {
    outer: Option<&'a FieldPath<'a>>,
    name: &'static str,
}

impl FieldPath<'_> {
    /// The model itself.
    pub const ROOT: FieldPath<'static> = FieldPath { outer: None, name: "" };

    /// A field in here.
    #[inline]
    #[must_use]
    pub fn join(&self, name: &'static str) -> FieldPath<'_> {
        FieldPath { outer: Some(self), name }
    }

    #[inline]
    fn is_root(&self) -> bool {
        self.outer.is_none()
    }

    fn append(&self, text: &mut Text) {
        if let Some(outer) = self.outer.filter(|outer| !outer.is_root()) {
            outer.append(text);
            text.bytes(b".");
        }
        text.bytes(self.name.as_bytes());
    }
}

impl ToArg for FieldPath<'_> {
    #[inline]
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        if self.outer.is_none_or(FieldPath::is_root) {
            return arg.bytes(self.name.as_bytes());
        }
        let mut text = Text::default();
        self.append(&mut text);
        arg.bytes(text.as_bytes())
    }
}

/// Writes one field whose value is one argument as it is.
#[inline]
pub fn put_value<T: FieldValue>(args: &mut Args<'_>, name: &FieldPath<'_>, value: &T) {
    args.arg(name).arg(value);
}

/// Writes one field in another form.
#[inline]
pub fn put<T: ToArg + ?Sized>(args: &mut Args<'_>, name: &FieldPath<'_>, value: &T) {
    args.arg(name).arg(value);
}

/// Takes one field of an embedded struct. Nothing is started for a field that it does not have, so that an absent
/// struct stays absent.
#[inline]
pub fn take_embedded<T: HashFields>(
    slot: &mut Option<T::Partial>,
    name: &[u8],
    value: Reply<'_>,
    label: &'static str,
) -> Result<bool, DecodeError> {
    let known = match slot {
        Some(partial) => T::take(partial, name, value),
        None => {
            let mut partial = T::Partial::default();
            let known = T::take(&mut partial, name, value);
            if let Ok(true) = known {
                *slot = Some(partial);
            }
            known
        }
    };
    known.map_err(|error| error.at(label))
}

/// An embedded struct that must be there.
pub fn embedded<T: HashFields>(slot: Option<T::Partial>, label: &'static str) -> Result<T, DecodeError> {
    T::finish(slot.unwrap_or_default()).map_err(|error| error.at(label))
}

/// An embedded struct that may be absent.
pub fn embedded_option<T: HashFields>(
    slot: Option<T::Partial>,
    label: &'static str,
) -> Result<Option<T>, DecodeError> {
    slot.map(|partial| T::finish(partial).map_err(|error| error.at(label))).transpose()
}
