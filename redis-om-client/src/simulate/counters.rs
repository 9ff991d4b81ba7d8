//! What happened in the histories, so that a reader sees that every injected fault really occurs.

use std::collections::BTreeMap;

/// All counters. Each one must be above zero over 1,000 histories.
pub(super) const ALL: &[&str] = &[
    "histories",
    "without faults",
    "requests",
    "single",
    "batches",
    "transactions",
    "watches",
    "blocking",
    "sends",
    "RESP2",
    "RESP3",
    "connections",
    "dials refused",
    "dials without an end",
    "greetings broken off",
    "names refused",
    "lost while idle",
    "lost within a write",
    "lost after a write",
    "lost within a reply",
    "ran after the loss",
    "partial writes",
    "full sockets",
    "stalls",
    "pushes between",
    "pushes inside",
    "LOADING",
    "BUSY",
    "MASTERDOWN",
    "READONLY",
    "UNBLOCKED",
    "NOSCRIPT",
    "WRONGTYPE",
    "EXECABORT",
    "failovers",
    "silent servers",
    "silent connections",
    "idle pings",
    "dropped",
    "dropped unsent",
    "held",
    "repeated reads",
    "repeated writes",
    "replies",
    "error replies",
    "not sent",
    "maybe run",
    "queue full",
    "timeouts of connect",
    "timeouts of commands",
    "timeouts of the pool",
    "conflicts",
];

#[derive(Debug, Default, Clone)]
pub(super) struct Counters(BTreeMap<&'static str, u64>);

impl Counters {
    pub(super) fn add(&mut self, name: &'static str) {
        self.add_many(name, 1);
    }

    pub(super) fn add_many(&mut self, name: &'static str, count: u64) {
        debug_assert!(ALL.contains(&name), "{name}");
        *self.0.entry(name).or_default() += count;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (name, count) in &other.0 {
            *self.0.entry(name).or_default() += count;
        }
    }

    /// The counters that are zero.
    pub(super) fn missing(&self) -> Vec<&'static str> {
        ALL.iter().copied().filter(|name| !self.0.contains_key(name)).collect()
    }

    /// One line.
    pub(super) fn line(&self) -> String {
        let all = ALL.iter().map(|name| format!("{name} {}", self.0.get(name).copied().unwrap_or(0)));
        all.collect::<Vec<_>>().join(", ")
    }
}
