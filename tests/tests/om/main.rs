//! Models on real servers: each body runs over async and blocking clients, in pipelines and in transactions, and over
//! both versions of the protocol.

#![expect(clippy::unwrap_used, reason = "tests")]

mod faults;
mod hash;
mod json;
