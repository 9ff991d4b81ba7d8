//! Keys for one test on a server that several tests share.

use std::sync::atomic::{AtomicU32, Ordering};

/// Makes keys that no other test uses: `let keys = Keys::new(); keys.of("a")` is `"t7:a"`.
#[derive(Debug, Clone)]
pub struct Keys {
    prefix: String,
}

impl Keys {
    /// A prefix that no other test of this process has. (A server belongs to one process.)
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

    /// The common beginning of these keys.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}
