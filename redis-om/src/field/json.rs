//! Values that are stored as JSON text.

use redis_om_client::{Arg, DecodeError, Reply, ToArg, Written};

/// A value that can be written as JSON and read back: any type with serde's `Serialize` and `Deserialize`, with the
/// `json` feature.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored as JSON",
    label = "not JSON",
    note = "the type needs `#[derive(serde::Serialize, serde::Deserialize)]`, and redis-om its feature `json` \
            (which is on by default)"
)]
pub trait JsonValue: Sized {
    /// The JSON text.
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
        super::json_without_none::to_vec(self).map_err(|error| error.to_string())
    }

    fn parse_json(text: &[u8]) -> Result<Self, DecodeError> {
        serde_json::from_slice(text).map_err(|_| what_is_wrong::<T>(text))
    }
}

/// Reads the text a second time to find the path of the mistake. Only a text that failed pays for it.
#[cfg(feature = "json")]
#[cold]
fn what_is_wrong<T: serde::de::DeserializeOwned>(text: &[u8]) -> DecodeError {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read: Result<T, _> = serde_path_to_error::deserialize(&mut reader);
    let (path, error) = match read {
        Ok(_) => (String::new(), reader.end().err()),
        Err(error) => match error.path().to_string() {
            path if path == "." => (String::new(), Some(error.into_inner())),
            path => (path, Some(error.into_inner())),
        },
    };
    let shown = &text[..text.len().min(60)];
    let more = if shown.len() < text.len() { "…" } else { "" };
    let error = error.map_or_else(String::new, |error| format!(": {error}"));
    let wrong = DecodeError::new(format!(
        "the JSON does not fit{error}, found \"{}\"{more}",
        String::from_utf8_lossy(shown)
    ));
    if path.is_empty() { wrong } else { wrong.at(path) }
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

/// Reads the value of a field from JSON text. An error names the field.
pub fn read_json<T: JsonValue>(value: Reply<'_>, label: &'static str) -> Result<T, DecodeError> {
    value.blob("JSON text").and_then(|text| T::parse_json(&text)).map_err(|error| error.at(label))
}
