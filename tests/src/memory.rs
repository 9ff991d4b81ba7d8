//! How much memory this process has ever asked for: what tells a bounded buffer from a bulk header believed.

/// The most memory that was ever in use at once, as Linux counts it; other systems tell nothing here and are not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Memory {
    /// Address space, touched or not: a reservation of 4 GiB shows here.
    pub reserved: u64,
    /// Pages that were really used.
    pub resident: u64,
}

impl Memory {
    /// The peaks up to now.
    #[must_use]
    pub fn peak() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let words = line.and_then(|line| line.split_whitespace().next());
            words.and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or_default() * 1024
        };
        Self { reserved: field("VmPeak:"), resident: field("VmHWM:") }
    }
}
