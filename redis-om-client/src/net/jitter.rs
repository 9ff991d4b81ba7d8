//! Chance, for pauses only: so that clients which lost their server together do not come back together.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
};

/// A number from 0 to 1, fresh for each call. The standard library seeds each hasher by chance, which is enough here.
pub(crate) fn random() -> f64 {
    let bits = RandomState::new().build_hasher().finish();
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}
