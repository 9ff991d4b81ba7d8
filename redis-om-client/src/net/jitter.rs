//! Random numbers, for the length of pauses only. Clients that lost their server at the same moment must not all
//! reconnect at the same moment.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
};

/// Returns a new random number, at least 0 and below 1. The standard library seeds its hashers randomly, which is
/// enough for pauses.
pub(crate) fn random() -> f64 {
    let bits = RandomState::new().build_hasher().finish();
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}
