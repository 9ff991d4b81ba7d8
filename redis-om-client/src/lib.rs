//! (to come)
#[cfg(feature = "testing")]
pub mod testing;
