//! Rust types to arguments, and replies to Rust types.
//!
//! Layer 2: stands on `resp`; knows no command and no connection. The promise kept here is that a type says exactly
//! what it is on the wire: [`ToArg`] writes one argument, [`ToArgs`] any number, [`FromRedis`] reads one value, and a
//! value that does not fit is an error that says what was expected and what was found.

mod arg;
mod chunk;
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
pub(crate) use chunk::ChunkState;
pub use chunk::{Chunk, ChunkDecoder};
pub use from::FromRedis;
#[cfg(feature = "json")]
pub use json::Json;
pub use key::KeyName;
pub use tree::Value;
