//! Rust types to arguments.

use std::{borrow::Cow, fmt, rc::Rc, sync::Arc};

use bytes::{Bytes, BytesMut};

use crate::resp::{
    encode::{Body, bulk},
    large::{Attached, LARGE, more},
};

/// A type that is exactly one argument of a command: a key, a value, a score.
///
/// # Copies of large values
///
/// A value of less than 32 KiB is copied into its command, and from there into the queue of the connection. A larger
/// value, such as that of `SET`, is copied once if it is borrowed (a slice, a `str`, a `Vec<u8>`), and not at all if it is
/// a [`Bytes`]: it is written to the socket from where it is. This also holds for the values of `MSET` and `HSET`, and for
/// the commands of a pipeline or a transaction. Such a value is copied into the queue if the connection is not free at
/// that moment, and over TLS and custom streams. A key that is a single argument, as the key of `GET`, is always copied.
///
/// Implement it for your own types by writing through [`Arg`]. The compiler checks that exactly one argument is
/// written, because only `Arg` creates a [`Written`].
///
/// ```
/// use redis_om_client::{Arg, ToArg, Written, cmd, commands::StringCommands};
///
/// struct UserId(u64);
///
/// impl ToArg for UserId {
///     fn to_arg(&self, arg: Arg<'_>) -> Written {
///         arg.display(format_args!("user:{}", self.0))
///     }
/// }
///
/// assert_eq!(cmd().get::<String>(UserId(7)).to_string(), "GET user:7");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be one argument of a Redis command",
    label = "not one argument",
    note = "strings, bytes, numbers, bool, uuid and chrono types are; several values go where `ToArgs` is taken; \
            any serde type can be wrapped in `Json(&value)`"
)]
pub trait ToArg {
    /// Writes the argument.
    fn to_arg(&self, arg: Arg<'_>) -> Written;
}

/// A type that is any number of arguments: keys, members, fields with values.
///
/// It is one [`ToArg`] value, or an array, slice, vector, set, map or tuple of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the arguments of a Redis command",
    label = "not arguments",
    note = "one value, or an array, slice, `Vec`, set, map or tuple of values that are `ToArg`"
)]
pub trait ToArgs {
    /// Writes the arguments.
    fn to_args(&self, args: &mut Args<'_>);
}

/// The place for one argument.
pub struct Arg<'a> {
    body: &'a mut Body,
    refused: &'a mut Refused,
    /// The place for an argument that is not copied into the body. `None` where it must be in the body.
    attached: Option<&'a mut Attached>,
}

/// Why an argument cannot be sent. The command keeps it and reports it when it runs.
pub(crate) type Refused = Option<Box<str>>;

/// The proof that one argument was written.
#[must_use]
pub struct Written(());

impl<'a> Arg<'a> {
    pub(crate) fn new(body: &'a mut Body, refused: &'a mut Refused) -> Self {
        Self { body, refused, attached: None }
    }

    /// The place for one argument that may be attached beside the body.
    pub(crate) fn attaching(
        body: &'a mut Body,
        refused: &'a mut Refused,
        attached: &'a mut Attached,
    ) -> Self {
        Self { body, refused, attached: Some(attached) }
    }

    /// Writes these bytes. They are copied once: [`Arg::shared`] avoids that copy.
    #[inline]
    pub fn bytes(self, bytes: &[u8]) -> Written {
        if bytes.len() >= LARGE && self.attached.is_some() {
            return self.attach(Bytes::copy_from_slice(bytes));
        }
        bulk(self.body, bytes);
        Written(())
    }

    /// Writes these bytes. From 32 KiB on they are not copied: the command keeps a reference to them, and they are written
    /// to the socket from where they are. A key that is a single argument is always copied.
    #[inline]
    pub fn shared(self, bytes: &Bytes) -> Written {
        if bytes.len() >= LARGE && self.attached.is_some() {
            return self.attach(bytes.clone());
        }
        bulk(self.body, bytes);
        Written(())
    }

    #[cold]
    fn attach(self, bytes: Bytes) -> Written {
        match self.attached {
            Some(attached) => more(attached).attach(self.body, bytes),
            None => bulk(self.body, &bytes),
        }
        Written(())
    }

    /// Writes an integer in decimal digits.
    #[inline]
    pub fn integer(self, integer: impl itoa::Integer) -> Written {
        self.bytes(itoa::Buffer::new().format(integer).as_bytes())
    }

    /// Writes a float with the fewest digits that give the same number when read; infinity is `inf` or `-inf`.
    ///
    /// NaN is refused, because no command accepts it: the command fails when it runs.
    #[inline]
    pub fn float(self, float: f64) -> Written {
        if float.is_finite() {
            let mut buffer = zmij::Buffer::new();
            let digits = buffer.format_finite(float);
            self.bytes(digits.strip_suffix(".0").unwrap_or(digits).as_bytes())
        } else if float.is_nan() {
            self.refuse("a float argument is NaN, which Redis cannot represent")
        } else {
            self.bytes(if float > 0.0 { b"inf" } else { b"-inf" })
        }
    }

    /// Writes the `Display` text of a value.
    pub fn display(self, value: impl fmt::Display) -> Written {
        self.bytes(value.to_string().as_bytes())
    }

    /// Refuses the argument: the command is not sent, and its result is an argument error with this text.
    #[cold]
    pub fn refuse(self, why: impl Into<String>) -> Written {
        bulk(self.body, b"?");
        self.refused.get_or_insert_with(|| why.into().into_boxed_str());
        Written(())
    }
}

/// The place for any number of arguments.
pub struct Args<'a> {
    body: &'a mut Body,
    count: &'a mut u32,
    refused: &'a mut Refused,
    attached: &'a mut Attached,
}

impl<'a> Args<'a> {
    pub(crate) fn new(
        body: &'a mut Body,
        count: &'a mut u32,
        refused: &'a mut Refused,
        attached: &'a mut Attached,
    ) -> Self {
        Self { body, count, refused, attached }
    }

    /// Writes one more argument.
    #[inline]
    pub fn arg(&mut self, value: &(impl ToArg + ?Sized)) -> &mut Self {
        let Written(()) = value.to_arg(Arg::attaching(self.body, self.refused, self.attached));
        *self.count += 1;
        self
    }

    /// Writes several more arguments.
    #[inline]
    pub fn args(&mut self, values: &(impl ToArgs + ?Sized)) -> &mut Self {
        values.to_args(self);
        self
    }

    /// Refuses the arguments: the command is not sent, and its result is an argument error with this text.
    #[cold]
    pub fn refuse(&mut self, why: impl Into<String>) {
        self.refused.get_or_insert_with(|| why.into().into_boxed_str());
    }

    /// The number of arguments of the command so far, including its name.
    #[must_use]
    pub fn count(&self) -> u32 {
        *self.count
    }
}

impl ToArg for [u8] {
    #[inline]
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        arg.bytes(self)
    }
}

impl ToArg for str {
    #[inline]
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        arg.bytes(self.as_bytes())
    }
}

impl<const N: usize> ToArg for [u8; N] {
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        arg.bytes(self)
    }
}

impl ToArg for bool {
    /// `1` or `0`.
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        arg.bytes(if *self { b"1" } else { b"0" })
    }
}

impl ToArg for char {
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        arg.bytes(self.encode_utf8(&mut [0; 4]).as_bytes())
    }
}

impl ToArg for f32 {
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        if self.is_finite() {
            let mut buffer = zmij::Buffer::new();
            let digits = buffer.format_finite(*self);
            arg.bytes(digits.strip_suffix(".0").unwrap_or(digits).as_bytes())
        } else {
            arg.float(f64::from(*self))
        }
    }
}

impl ToArg for f64 {
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        arg.float(*self)
    }
}

/// Types that give their bytes through a `Deref` or an `AsRef`.
macro_rules! by_reference {
    ($($type:ty => $to:ty),* $(,)?) => { $(
        impl ToArg for $type {
            #[inline]
            fn to_arg(&self, arg: Arg<'_>) -> Written {
                <$to>::to_arg(self.as_ref(), arg)
            }
        }
        impl ToArgs for $type {
            fn to_args(&self, args: &mut Args<'_>) {
                args.arg(self);
            }
        }
    )* };
}

by_reference! {
    String => str, Cow<'_, str> => str, Box<str> => str, Arc<str> => str, Rc<str> => str,
    Vec<u8> => [u8], Cow<'_, [u8]> => [u8], Box<[u8]> => [u8], Arc<[u8]> => [u8], BytesMut => [u8],
}

impl ToArg for Bytes {
    /// A large value is not copied: see [`Arg::shared`].
    #[inline]
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        arg.shared(self)
    }
}

impl ToArgs for Bytes {
    fn to_args(&self, args: &mut Args<'_>) {
        args.arg(self);
    }
}

macro_rules! integers {
    ($($type:ty),*) => { $(
        impl ToArg for $type {
            #[inline]
            fn to_arg(&self, arg: Arg<'_>) -> Written {
                arg.integer(*self)
            }
        }
    )* };
}

// Without `u8`: a `Vec<u8>` is bytes, not a list of numbers.
integers!(i8, i16, i32, i64, i128, isize, u16, u32, u64, u128, usize);

macro_rules! one_is_also_several {
    ($($type:ty),*) => { $(
        impl ToArgs for $type {
            #[inline]
            fn to_args(&self, args: &mut Args<'_>) {
                args.arg(self);
            }
        }
    )* };
}

one_is_also_several!(
    str,
    [u8],
    bool,
    char,
    f32,
    f64,
    i8,
    i16,
    i32,
    i64,
    i128,
    isize,
    u16,
    u32,
    u64,
    u128,
    usize
);

impl<const N: usize> ToArgs for [u8; N] {
    fn to_args(&self, args: &mut Args<'_>) {
        args.arg(self);
    }
}

impl<T: ToArg + ?Sized> ToArg for &T {
    #[inline]
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        (**self).to_arg(arg)
    }
}

impl<T: ToArgs + ?Sized> ToArgs for &T {
    #[inline]
    fn to_args(&self, args: &mut Args<'_>) {
        (**self).to_args(args);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: impl ToArg) -> String {
        let (mut body, mut refused) = (Body::new(), None);
        let Written(()) = value.to_arg(Arg::new(&mut body, &mut refused));
        refused.map_or_else(|| body.escape_ascii().to_string(), String::from)
    }

    #[test]
    fn one_argument_each() {
        assert_eq!(written("k"), "$1\\r\\nk\\r\\n");
        assert_eq!(written(b"\x00\xff"), "$2\\r\\n\\x00\\xff\\r\\n");
        assert_eq!(written(-42), "$3\\r\\n-42\\r\\n");
        assert_eq!(written(true), "$1\\r\\n1\\r\\n");
        assert_eq!(written(1.0), "$1\\r\\n1\\r\\n");
        assert_eq!(written(0.1_f32), "$3\\r\\n0.1\\r\\n");
        assert_eq!(written(f64::INFINITY), "$3\\r\\ninf\\r\\n");
        assert_eq!(written(vec![1_u8, 2]), "$2\\r\\n\\x01\\x02\\r\\n");
        assert!(written(f64::NAN).contains("NaN"));
    }
}
