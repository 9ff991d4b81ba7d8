//! The peak memory of this process: it shows whether a client allocates what a bulk header announces.

/// The peaks that Linux counts. Other systems have no such counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Memory {
    /// Address space, used or not: a reservation of 4 GiB shows here.
    pub reserved: u64,
    /// Pages that were used.
    pub resident: u64,
}

impl Memory {
    /// The peaks so far.
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
