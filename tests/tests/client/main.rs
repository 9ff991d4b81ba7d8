//! The commands on real servers: each body runs over async and blocking clients, in pipelines and in transactions, and
//! over both versions of the protocol.

#![expect(clippy::unwrap_used, reason = "tests")]

mod batches;
mod connections;
mod declarations;
mod hashes;
mod json;
mod keys;
mod lists;
mod newer;
mod paged;
mod scripts;
mod sets;
mod sorted_sets;
mod strings;
mod timeouts;
mod values;
mod watching;
