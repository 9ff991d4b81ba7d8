//! Values that are kept as JSON text.

use redis_om_client::{Arg, DecodeError, Reply, ToArg, Written};

/// A value that can be written as JSON and read back: any type with serde's `Serialize` and `Deserialize`, with the
/// `json` feature.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept as JSON",
    label = "not JSON",
    note = "the type needs `#[derive(serde::Serialize, serde::Deserialize)]`, and redis-om its feature `json` \
            (which is on by default)"
)]
pub trait JsonValue: Sized {
    /// The text.
    #[doc(hidden)]
    fn write_json(&self) -> Result<Vec<u8>, String>;

    /// Reads the text.
    #[doc(hidden)]
    fn parse_json(text: &[u8]) -> Result<Self, DecodeError>;
}

#[cfg(feature = "json")]
#[diagnostic::do_not_recommend]
impl<T: serde::Serialize + serde::de::DeserializeOwned> JsonValue for T {
    fn write_json(&self) -> Result<Vec<u8>, String> {
        serde_json::to_vec(self).map_err(|error| error.to_string())
    }

    fn parse_json(text: &[u8]) -> Result<Self, DecodeError> {
        serde_json::from_slice(text).map_err(|error| {
            DecodeError::expected(
                format_args!("JSON of this type ({error})"),
                format_args!("\"{}\"", shown(text).escape_ascii()),
            )
        })
    }
}

#[cfg(feature = "json")]
fn shown(text: &[u8]) -> &[u8] {
    &text[..text.len().min(60)]
}

/// A value as JSON text in one argument.
#[derive(Debug)]
pub struct JsonText<'a, T>(pub &'a T);

impl<T: JsonValue> ToArg for JsonText<'_, T> {
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        match self.0.write_json() {
            Ok(text) => arg.bytes(&text),
            Err(error) => arg.refuse(format!("a value cannot be written as JSON: {error}")),
        }
    }
}

/// Reads JSON text.
pub(crate) fn from_json<T: JsonValue>(value: Reply<'_>) -> Result<T, DecodeError> {
    T::parse_json(&value.blob("JSON text")?)
}

/// Reads a field's value from JSON text; an error names the field.
pub fn read_json<T: JsonValue>(value: Reply<'_>, label: &'static str) -> Result<T, DecodeError> {
    from_json(value).map_err(|error| error.at(label))
}
