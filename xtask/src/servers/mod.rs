//! What is fetched with pip: the servers for tests, and mdBook.
//!
//! The launcher of servers is built without the rest of the client. It needs only the standard library, so that the
//! first `cargo xtask` builds fast and also works while the client does not compile. Its tests run with those of the
//! client.

pub mod mdbook;
#[path = "../../../redis-om-client/src/testing/mod.rs"]
mod testing;

pub use testing::*;
