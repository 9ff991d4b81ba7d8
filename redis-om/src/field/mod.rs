//! The stored form of fields: names, values and absent fields.
//!
//! Layer 1: it uses arguments and replies, and knows neither models nor keys. A type that is one argument and one reply
//! of the client (`ToArg`, `FromRedis`) is the value of a field without conversion. Lists have the forms below.

mod atom;
mod fields;
mod joined;
mod json;
#[cfg(feature = "json")]
mod json_without_none;
mod read;

pub use atom::{Atom, Newtype, Text};
pub use fields::{FieldPath, HashFields, embedded, embedded_option, put, put_value, take_embedded};
pub use joined::{Joined, JoinedList, read_joined};
pub use json::{JsonText, JsonValue, read_json};
pub use read::{FieldValue, byte, read, read_byte, required, unknown_name};
