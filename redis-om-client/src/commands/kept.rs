//! One argument of an option, kept until the command is built.

use std::fmt;

use crate::{
    resp::encode::Body,
    value::{Arg, Refused, ToArg, Written},
};

/// The bytes of an argument of an option. With it, an option struct needs no type parameter for the argument.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Kept {
    bytes: Body,
    refused: Refused,
}

impl Kept {
    pub(super) fn new(value: impl ToArg) -> Self {
        let (mut encoded, mut refused) = (Body::new(), None);
        let _written = value.to_arg(Arg::new(&mut encoded, &mut refused));
        // The argument stands between the line with its length and the last line end.
        let start = memchr::memchr(b'\n', &encoded).map_or(0, |end| end + 1);
        let end = encoded.len().saturating_sub(2).max(start);
        Self { bytes: Body::from_slice(&encoded[start..end]), refused }
    }
}

impl ToArg for Kept {
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        match &self.refused {
            Some(why) => arg.refuse(why.as_ref()),
            None => arg.bytes(&self.bytes),
        }
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.bytes.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Cmd;

    #[test]
    fn is_written_as_it_was_given() {
        let long = "x".repeat(200);
        for value in ["", "user:*", "a\r\nb", &long] {
            assert_eq!(Cmd::new("X").arg(Kept::new(value)).body(), Cmd::new("X").arg(value).body());
        }
        assert!(Cmd::new("X").arg(Kept::new(f64::NAN)).check().unwrap_err().to_string().contains("NaN"));
    }
}
