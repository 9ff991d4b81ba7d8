//! Keys of one test's own on a server that it shares with others.

use std::sync::atomic::{AtomicU32, Ordering};

/// Makes keys that no other test uses: `let keys = Keys::new(); keys.of("a")` is `"t7:a"`.
#[derive(Debug, Clone)]
pub struct Keys {
    prefix: String,
}

impl Keys {
    /// A prefix that was not given before in this process (servers belong to one process).
    #[expect(clippy::new_without_default, reason = "two of them are never equal")]
    #[must_use]
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Self { prefix: format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed)) }
    }

    /// The key of this name.
    #[must_use]
    pub fn of(&self, name: &str) -> String {
        format!("{}:{name}", self.prefix)
    }

    /// Keys of these names.
    #[must_use]
    pub fn each<const N: usize>(&self, names: [&str; N]) -> [String; N] {
        names.map(|name| self.of(name))
    }

    /// What all of them begin with.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}
