//! Everything that a module with models needs: `use redis_om::prelude::*;`.

pub use redis_om_client::prelude::*;
#[cfg(feature = "ulid")]
pub use ulid::Ulid;

pub use crate::{RedisEmbedded, RedisModel, RedisValue};
