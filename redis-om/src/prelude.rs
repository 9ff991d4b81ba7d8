//! The traits, constructors and derives that code with models needs: `use redis_om::prelude::*;`.
//!
//! Options and reply types are not here. Name them where you use them: `use redis_om::commands::SetOptions;`.

pub use redis_om_client::prelude::*;
#[cfg(feature = "ulid")]
pub use ulid::Ulid;

pub use crate::{RedisEmbedded, RedisModel, RedisValue};
