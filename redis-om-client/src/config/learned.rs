//! What a client has learned about the peer of its connections. This is no setting. It is stored with the settings
//! because the connections of one client share them.

use std::sync::atomic::{AtomicU8, Ordering};

/// The optional parts of the greeting that the next connection leaves out, because the peer closed a connection over
/// them. The connections of one client share this value. A copy of the settings starts with an empty one, because it
/// may be for another server.
#[derive(Debug, Default)]
pub(crate) struct Learned(AtomicU8);

/// One set of optional parts of the greeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Without {
    pub(crate) resp3: bool,
    pub(crate) client_name: bool,
    pub(crate) library: bool,
}

impl Learned {
    /// The parts that the next connection leaves out.
    pub(crate) fn get(&self) -> Without {
        let bits = self.0.load(Ordering::Relaxed);
        Without { resp3: bits & 1 != 0, client_name: bits & 2 != 0, library: bits & 4 != 0 }
    }

    /// Adds the parts that a successful greeting has left out. The parts that other connections have added are kept.
    pub(crate) fn add(&self, without: Without) {
        let Without { resp3, client_name, library } = without;
        let bits = u8::from(resp3) | u8::from(client_name) << 1 | u8::from(library) << 2;
        self.0.fetch_or(bits, Ordering::Relaxed);
    }
}

impl Clone for Learned {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Learned {
    /// Always equal, so that it does not affect the equality of settings.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learned_is_kept_and_a_copy_has_learned_nothing() {
        let learned = Learned::default();
        learned.add(Without { library: true, ..Without::default() });
        learned.add(Without { client_name: true, ..Without::default() });
        learned.add(Without::default());
        assert_eq!(learned.get(), Without { resp3: false, client_name: true, library: true });
        assert_eq!(learned.clone().get(), Without::default());
        learned.add(Without { resp3: true, ..Without::default() });
        assert_eq!(learned.get(), Without { resp3: true, client_name: true, library: true });
    }
}
