//! Redis for Rust: typed models, queries and collections, on a complete async client.

mod field;
mod model;

#[doc(hidden)]
pub mod __private;
pub mod prelude;

pub use redis_om_client::*;

pub use field::{Atom, HashFields, JoinedList, JsonValue, Text};
pub use model::{Hash, IdOf, JsonDoc, Key, RedisModel, Storage};
pub use redis_om_derive::{RedisEmbedded, RedisModel, RedisValue};
#[cfg(feature = "ulid")]
pub use ulid::Ulid;
