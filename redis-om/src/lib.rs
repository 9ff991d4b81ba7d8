//! Redis for Rust: typed models, queries and collections, on a complete async client.

mod field;
mod model;

#[doc(hidden)]
pub mod __private;
pub mod prelude;

pub use redis_om_client::*;

pub use field::{Atom, FieldValue, HashFields, JoinedList, JsonValue, Text};
pub use model::{AsHash, AsJson, Ask, AskIds, AskModels, IdOf, Key, Live, RedisModel, Storage, Walk};
pub use redis_om_derive::{RedisEmbedded, RedisModel, RedisValue};
#[cfg(feature = "ulid")]
pub use ulid::Ulid;

/// The README's code compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
