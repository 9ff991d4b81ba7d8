//! How the fields of a struct lie in a hash: names, values, and what is absent.
//!
//! Layer 1: knows arguments and replies, no model and no key. What is one argument and one reply of the client
//! (`ToArg`, `FromRedis`) is one field's value as it is; lists and bytes have the forms below.

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
