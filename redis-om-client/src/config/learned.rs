//! What a client has learned about the peer of its connections. It is not a setting: it is kept beside them because the
//! connections of one client share their settings.

use std::sync::atomic::{AtomicU8, Ordering};

/// What the greeting goes without, because the peer closes a connection on it. Connections of one client share it; a copy
/// of the settings, which may be for another server, begins with nothing learned.
#[derive(Debug, Default)]
pub(crate) struct Learned(AtomicU8);

/// One set of optional parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Without {
    pub(crate) resp3: bool,
    pub(crate) client_name: bool,
    pub(crate) library: bool,
}

impl Learned {
    /// What the next connection goes without.
    pub(crate) fn get(&self) -> Without {
        let bits = self.0.load(Ordering::Relaxed);
        Without { resp3: bits & 1 != 0, client_name: bits & 2 != 0, library: bits & 4 != 0 }
    }

    /// A greeting has succeeded without these. What other connections have learned meanwhile is kept.
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
    /// Settings are equal whatever was learned with them.
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
