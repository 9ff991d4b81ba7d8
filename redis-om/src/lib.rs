//! Redis for Rust: typed models, queries and collections, on a complete async client.
//!
//! A struct with `#[derive(RedisModel)]` is saved under `{prefix}:{id}`, as a hash or as a JSON document. Each operation
//! is one command value. The executor decides what is done with it: an async client gives a future of the reply, a
//! blocking client waits for the reply, and a pipeline or a transaction adds the command.
//!
//! ```no_run
//! use redis_om::{blocking, prelude::*};
//!
//! #[derive(RedisModel, Debug, Clone, PartialEq)]
//! #[redis(hash, prefix = "lamp")]
//! struct Lamp {
//!     #[redis(id)]
//!     id: Ulid,
//!     name: String,
//!     watts: f64,
//!     room: Option<String>,
//! }
//!
//! # async fn example() -> redis_om::Result<()> {
//! let client = Client::connect("redis://localhost").await?;
//! let mut lamp = Lamp { id: Ulid::from_parts(1, 2), name: "Desk".into(), watts: 4.5, room: None };
//! lamp.save(&client).await?;
//! assert_eq!(Lamp::get(&client, lamp.id).await?, Some(lamp.clone()));
//!
//! // A save also removes each field that is `None`, in the same atomic step.
//! lamp.room = Some("study".into());
//! lamp.save(&client).await?;
//!
//! // In a transaction with other commands: all of them run, or none.
//! let ((), lamps) = client.run(atomic().add(lamp.save(cmd())).incr("lamps")).await?;
//! println!("{lamps} lamps saved");
//!
//! let mut all = Lamp::all(&client);
//! while let Some(lamp) = all.next().await {
//!     println!("{:?}", lamp?);
//! }
//! # Ok(()) }
//!
//! # fn example_blocking(lamp: Lamp) -> redis_om::Result<()> {
//! // The same without async.
//! let client = blocking::Client::connect("redis://localhost")?;
//! lamp.save(&client)?;
//! # Ok(()) }
//! ```
//!
//! * [`RedisModel`](macro@RedisModel): the derive, its attributes, and the stored form; [`RedisModel`](trait@RedisModel):
//!   the operations.
//! * [`RedisEmbedded`](macro@RedisEmbedded): structs inside a hash. [`RedisValue`](macro@RedisValue): enums and newtypes.
//! * All of [`redis_om_client`] is re-exported: [`Client`], [`pipe`], [`atomic`], the [`commands`].

mod field;
mod model;

#[doc(hidden)]
pub mod __private;
pub mod prelude;

pub use redis_om_client::*;

pub use field::{Atom, FieldValue, HashFields, JoinedList, JsonValue, Text};
pub use model::{AsHash, AsJson, IdOf, IdPager, Key, ModelPager, RedisModel, Storage};
pub use redis_om_derive::{RedisEmbedded, RedisModel, RedisValue};
#[cfg(feature = "ulid")]
pub use ulid::Ulid;

/// The README's code compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
