//! Random numbers, for the length of pauses only. Clients that lost their server at the same moment must not all
//! reconnect at the same moment.

use std::{
    cell::Cell,
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
};

thread_local! {
    /// The standard library seeds its hashers randomly, which is enough for pauses.
    static STATE: Cell<u64> = Cell::new(RandomState::new().build_hasher().finish());
}

/// Returns a new random number, at least 0 and below 1. Each thread has a generator of its own (splitmix64).
pub(crate) fn random() -> f64 {
    let state = STATE.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
    STATE.set(state);
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Seeds the generator of this thread, so that a simulation can be repeated.
#[cfg(test)]
pub(crate) fn seed(seed: u64) {
    STATE.set(seed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_differ_and_follow_from_the_seed() {
        seed(1);
        let first: Vec<f64> = (0..100).map(|_| random()).collect();
        assert!(first.iter().all(|number| (0.0..1.0).contains(number)));
        assert!(first.windows(2).all(|pair| pair[0] != pair[1]));
        let mean = first.iter().sum::<f64>() / 100.0;
        assert!((0.4..0.6).contains(&mean), "{mean}");
        seed(1);
        assert!(first.iter().all(|number| *number == random()));
    }
}
