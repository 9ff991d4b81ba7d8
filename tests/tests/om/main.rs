//! Models on real servers: each body over async and blocking clients, pipelines and transactions, and both versions of
//! the protocol.

#![expect(clippy::unwrap_used, reason = "tests")]

mod faults;
mod hash;
mod json;
