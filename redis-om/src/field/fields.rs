//! A struct as the fields of a hash: the trait that the derives implement.

use redis_om_client::{Arg, Args, DecodeError, Reply, ToArg, Written};

use super::{FieldValue, Text};

/// A struct that is stored as fields of a hash: a hash model, or a struct that is embedded in one.
///
/// Implemented by `#[derive(RedisModel)]` with `#[redis(hash)]`, and by
/// [`#[derive(RedisEmbedded)]`](macro@crate::RedisEmbedded).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored as fields of a hash",
    label = "not embeddable",
    note = "add `#[derive(RedisEmbedded)]` to it, or store it as JSON text with `#[redis(json)]` on the field"
)]
pub trait HashFields: Sized {
    /// The fields that were read so far.
    #[doc(hidden)]
    type Partial: Default;

    /// Whether some fields may be absent.
    #[doc(hidden)]
    const OPTIONAL: bool;

    /// An estimate of the bytes that the fields take as arguments.
    #[doc(hidden)]
    const ROOM: usize;

    /// Writes the names and values of all fields that have a value.
    #[doc(hidden)]
    fn write(&self, at: &FieldPath<'_>, args: &mut Args<'_>);

    /// Passes on the name of each field that has no value; of every field, where `this` is `None`.
    #[doc(hidden)]
    fn absent(this: Option<&Self>, at: &FieldPath<'_>, found: &mut dyn FnMut(&FieldPath<'_>));

    /// Takes one field of the reply. Returns whether there is a field with this name.
    #[doc(hidden)]
    fn take(partial: &mut Self::Partial, name: &[u8], value: Reply<'_>) -> Result<bool, DecodeError>;

    /// Builds the struct from the fields that were read.
    #[doc(hidden)]
    fn finish(partial: Self::Partial) -> Result<Self, DecodeError>;
}

/// The name of a field: the names of the structs in which it is embedded, then its own, with dots between them.
#[derive(Debug, Clone, Copy)]
pub struct FieldPath<'a> {
    outer: Option<&'a FieldPath<'a>>,
    name: &'static str,
}

impl FieldPath<'_> {
    /// The model itself.
    pub const ROOT: FieldPath<'static> = FieldPath { outer: None, name: "" };

    /// A field inside this one.
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

/// Writes one field whose value is one argument without conversion.
#[inline]
pub fn put_value<T: FieldValue>(args: &mut Args<'_>, name: &FieldPath<'_>, value: &T) {
    args.arg(name).arg(value);
}

/// Writes one field whose value was converted.
#[inline]
pub fn put<T: ToArg + ?Sized>(args: &mut Args<'_>, name: &FieldPath<'_>, value: &T) {
    args.arg(name).arg(value);
}

/// Takes one field of an embedded struct. A field that the struct does not have changes nothing, so that an absent
/// struct stays absent.
#[inline]
pub fn take_embedded<T: HashFields>(
    partial: &mut Option<T::Partial>,
    name: &[u8],
    value: Reply<'_>,
    label: &'static str,
) -> Result<bool, DecodeError> {
    let known = match partial {
        Some(partial) => T::take(partial, name, value),
        None => {
            let mut new = T::Partial::default();
            let known = T::take(&mut new, name, value);
            if let Ok(true) = known {
                *partial = Some(new);
            }
            known
        }
    };
    known.map_err(|error| error.at(label))
}

/// A required embedded struct.
pub fn embedded<T: HashFields>(partial: Option<T::Partial>, label: &'static str) -> Result<T, DecodeError> {
    T::finish(partial.unwrap_or_default()).map_err(|error| error.at(label))
}

/// An optional embedded struct.
pub fn embedded_option<T: HashFields>(
    partial: Option<T::Partial>,
    label: &'static str,
) -> Result<Option<T>, DecodeError> {
    partial.map(|partial| T::finish(partial).map_err(|error| error.at(label))).transpose()
}
