//! Values that are one short text: ids, and the elements of joined lists.

use std::{fmt, str::FromStr};

use redis_om_client::{Arg, DecodeError, ToArg, ToArgs, Written};
use smallvec::SmallVec;

/// A value that is one text and can be part of a longer text: the id of a model in its key, or an element of a list
/// that is joined with a separator.
///
/// Strings, numbers, booleans, UUIDs, ULIDs, and enums and newtypes with [`RedisValue`](macro@crate::RedisValue) are
/// atoms.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a model's id, nor an element of a list with a separator",
    label = "not an id",
    note = "strings, integers, `Uuid`, `Ulid`, and enums and newtypes with `#[derive(RedisValue)]` can"
)]
pub trait Atom: Sized {
    /// Appends the text.
    fn write(&self, text: &mut Text);

    /// Reads the text back.
    ///
    /// # Errors
    /// Where the text is not a value of this type.
    fn parse(text: &[u8]) -> Result<Self, DecodeError>;
}

/// A type that is stored as the type inside it. The derive implements it, so that a newtype can be used wherever the
/// inner type can.
pub trait Newtype: Sized {
    /// The inner type.
    type Inner;

    /// The inner value.
    fn inner(&self) -> &Self::Inner;

    /// Wraps an inner value.
    fn wrap(inner: Self::Inner) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Newtype<Inner: Atom>> Atom for T {
    #[inline]
    fn write(&self, text: &mut Text) {
        self.inner().write(text);
    }

    fn parse(text: &[u8]) -> Result<Self, DecodeError> {
        T::Inner::parse(text).map(T::wrap)
    }
}

/// A text that is being built. Up to 64 bytes need no allocation.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(SmallVec<[u8; 64]>);

impl Text {
    /// Appends bytes.
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Appends the `Display` form of a value.
    pub fn display(&mut self, value: impl fmt::Display) {
        // Writing to memory cannot fail. After an error of the `Display` itself, what it wrote so far stays.
        let _ = fmt::Write::write_fmt(self, format_args!("{value}"));
    }

    /// Removes all bytes.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The bytes that were appended so far.
    #[inline]
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes(text.as_bytes());
        Ok(())
    }
}

impl ToArg for Text {
    #[inline]
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        arg.bytes(&self.0)
    }
}

impl ToArgs for Text {
    fn to_args(&self, args: &mut redis_om_client::Args<'_>) {
        args.arg(self);
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match std::str::from_utf8(&self.0) {
            Ok(text) => f.write_str(text),
            Err(_) => write!(f, "{}", self.0.escape_ascii()),
        }
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

fn utf8<'a>(text: &'a [u8], expected: &str) -> Result<&'a str, DecodeError> {
    std::str::from_utf8(text).map_err(|_| wrong(expected, text))
}

#[cold]
fn wrong(expected: &str, text: &[u8]) -> DecodeError {
    DecodeError::expected(expected, format_args!("\"{}\"", text.escape_ascii()))
}

fn parsed<T: FromStr>(text: &[u8], expected: &str) -> Result<T, DecodeError> {
    utf8(text, expected)?.parse().map_err(|_| wrong(expected, text))
}

impl Atom for String {
    #[inline]
    fn write(&self, text: &mut Text) {
        text.bytes(self.as_bytes());
    }

    fn parse(text: &[u8]) -> Result<Self, DecodeError> {
        utf8(text, "text in UTF-8").map(str::to_owned)
    }
}

impl Atom for Box<str> {
    fn write(&self, text: &mut Text) {
        text.bytes(self.as_bytes());
    }

    fn parse(text: &[u8]) -> Result<Self, DecodeError> {
        String::parse(text).map(Into::into)
    }
}

impl Atom for std::sync::Arc<str> {
    fn write(&self, text: &mut Text) {
        text.bytes(self.as_bytes());
    }

    fn parse(text: &[u8]) -> Result<Self, DecodeError> {
        String::parse(text).map(Into::into)
    }
}

impl Atom for char {
    fn write(&self, text: &mut Text) {
        text.bytes(self.encode_utf8(&mut [0; 4]).as_bytes());
    }

    fn parse(text: &[u8]) -> Result<Self, DecodeError> {
        parsed(text, "one character")
    }
}

impl Atom for bool {
    fn write(&self, text: &mut Text) {
        text.bytes(if *self { b"1" } else { b"0" });
    }

    fn parse(text: &[u8]) -> Result<Self, DecodeError> {
        match text {
            b"1" | b"true" => Ok(true),
            b"0" | b"false" => Ok(false),
            _ => Err(wrong("a boolean (1 or 0)", text)),
        }
    }
}

macro_rules! integers {
    ($($type:ident),*) => { $(
        impl Atom for $type {
            #[inline]
            fn write(&self, text: &mut Text) {
                text.bytes(itoa::Buffer::new().format(*self).as_bytes());
            }

            fn parse(text: &[u8]) -> Result<Self, DecodeError> {
                parsed(text, concat!("an integer (", stringify!($type), ")"))
            }
        }
    )* };
}

integers!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);

macro_rules! floats {
    ($($type:ident),*) => { $(
        impl Atom for $type {
            fn write(&self, text: &mut Text) {
                text.display(self);
            }

            fn parse(text: &[u8]) -> Result<Self, DecodeError> {
                parsed(text, "a number")
            }
        }
    )* };
}

floats!(f32, f64);

#[cfg(feature = "uuid")]
impl Atom for uuid::Uuid {
    fn write(&self, text: &mut Text) {
        text.bytes(self.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()).as_bytes());
    }

    fn parse(text: &[u8]) -> Result<Self, DecodeError> {
        Self::try_parse_ascii(text).map_err(|_| wrong("a UUID", text))
    }
}

#[cfg(feature = "ulid")]
impl Atom for ulid::Ulid {
    fn write(&self, text: &mut Text) {
        text.bytes(self.array_to_str(&mut [0; ulid::ULID_LEN]).as_bytes());
    }

    fn parse(text: &[u8]) -> Result<Self, DecodeError> {
        let expected = "a ULID (26 characters)";
        Self::from_string(utf8(text, expected)?).map_err(|_| wrong(expected, text))
    }
}
