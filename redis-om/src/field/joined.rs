//! Lists that are stored as one text, with a separator between the elements.
//!
//! No list is changed by it: each separator and each backslash in an element is escaped with a backslash. The empty
//! list is the empty text. A list of one empty element is a single backslash, which escapes nothing.

use redis_om_client::{Arg, DecodeError, Reply, ToArg, Written};

use super::{Atom, Text};

/// A list, set or similar collection whose elements can be joined into one text.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be joined with a separator",
    label = "not a list of short texts",
    note = "`Vec`, `VecDeque`, `HashSet` and `BTreeSet` of strings, numbers, ids or `#[derive(RedisValue)]` types can; \
            leave `separator` out to store it as JSON text"
)]
pub trait JoinedList: Sized {
    /// Writes the elements.
    #[doc(hidden)]
    fn join(&self, separator: u8) -> Text;

    /// Reads them back.
    #[doc(hidden)]
    fn split(text: &[u8], separator: u8) -> Result<Self, DecodeError>;
}

#[diagnostic::do_not_recommend]
impl<C, T> JoinedList for C
where
    C: IntoIterator<Item = T> + FromIterator<T>,
    for<'a> &'a C: IntoIterator<Item = &'a T>,
    T: Atom,
{
    fn join(&self, separator: u8) -> Text {
        let mut out = Text::default();
        let mut element = Text::default();
        let mut count = 0usize;
        for item in self {
            if count > 0 {
                out.bytes(&[separator]);
            }
            element.clear();
            item.write(&mut element);
            for &byte in element.as_bytes() {
                if byte == separator || byte == b'\\' {
                    out.bytes(b"\\");
                }
                out.bytes(&[byte]);
            }
            count += 1;
        }
        if count == 1 && out.as_bytes().is_empty() {
            out.bytes(b"\\");
        }
        out
    }

    fn split(text: &[u8], separator: u8) -> Result<Self, DecodeError> {
        let mut elements = Vec::new();
        let mut element = Vec::new();
        let mut push = |element: &mut Vec<u8>| {
            elements.push(T::parse(element).map_err(|error| error.at(elements.len()))?);
            element.clear();
            Ok::<_, DecodeError>(())
        };
        let mut bytes = text.iter();
        while let Some(&byte) = bytes.next() {
            match byte {
                b'\\' => element.extend(bytes.next()),
                byte if byte == separator => push(&mut element)?,
                byte => element.push(byte),
            }
        }
        if !text.is_empty() {
            push(&mut element)?;
        }
        Ok(elements.into_iter().collect())
    }
}

/// A list as one argument.
#[derive(Debug)]
pub struct Joined<'a, C>(pub &'a C, pub u8);

impl<C: JoinedList> ToArg for Joined<'_, C> {
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        arg.bytes(self.0.join(self.1).as_bytes())
    }
}

/// Reads the value of a field from joined text. An error names the field.
pub fn read_joined<C: JoinedList>(
    value: Reply<'_>,
    label: &'static str,
    separator: u8,
) -> Result<C, DecodeError> {
    value.blob("a list as text").and_then(|text| C::split(&text, separator)).map_err(|error| error.at(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_list_is_read_back_equal(list: Vec<String>, separator in 0_u8..128) {
            if separator != b'\\' {
                let text = list.join(separator);
                proptest::prop_assert_eq!(Vec::<String>::split(text.as_bytes(), separator).unwrap(), list);
            }
        }

        #[test]
        fn no_text_panics(text: Vec<u8>) {
            // It may be refused, for example where it is not UTF-8, but must not panic.
            let _ = Vec::<String>::split(&text, b'|');
        }
    }

    #[test]
    fn special_lists_are_read_back_equal() {
        let lists: [&[&str]; 8] =
            [&[], &[""], &["", ""], &["", "a"], &["a", ""], &["a|b", "\\"], &["\\|"], &["x", "", "y"]];
        for list in lists {
            let list: Vec<String> = list.iter().map(|&item| item.to_owned()).collect();
            let text = list.join(b'|');
            assert_eq!(Vec::<String>::split(text.as_bytes(), b'|').unwrap(), list, "{text:?}");
        }
        assert_eq!(vec!["a|b".to_owned(), "c".to_owned()].join(b'|').to_string(), "a\\|b|c");
        let error = Vec::<u32>::split(b"1,x", b',').unwrap_err();
        assert!(error.to_string().starts_with("at `1`: expected an integer (u32)"), "{error}");
    }
}
