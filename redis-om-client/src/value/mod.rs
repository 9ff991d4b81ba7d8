//! Rust types to arguments, and replies to Rust types.
//!
//! Layer 2: uses `resp`; knows nothing of commands and connections. The promise kept here: each type defines its own
//! encoding. [`ToArg`] writes one argument, [`ToArgs`] any number, and [`FromRedis`] decodes one value. A value that
//! does not fit gives an error with what was expected and what was found.

mod arg;
mod containers;
mod foreign;
mod from;
#[cfg(feature = "json")]
mod json;
mod key;
mod number;
mod tree;

pub(crate) use arg::Refused;
pub use arg::{Arg, Args, ToArg, ToArgs, Written};
pub use from::FromRedis;
#[cfg(feature = "json")]
pub use json::Json;
pub use key::KeyName;
pub use tree::Value;
