//! Timeouts: how the longest time that a command may wait is sent.
//!
//! Every command that waits follows one rule: whole milliseconds, and a finer time is rounded up. So a timeout above
//! zero never becomes zero, which means no limit. A time above the servers' maximum is sent as this maximum.

use std::time::Duration;

use crate::{
    command::Cmd,
    value::{Arg, ToArg, Written},
};

/// The longest time in milliseconds that every server accepts, about 285 million years. The servers add it to their
/// clock, and refuse a sum that overflows 64 bits.
pub(super) const LONGEST: u64 = 9_000_000_000_000_000_000;

/// The longest timeout of `MIGRATE` in milliseconds, about 24 days: the servers pass it to `poll` as a C `int`.
const LONGEST_POLL: u64 = i32::MAX as u64;

/// A timeout in seconds with a fraction, as `BLPOP` and similar commands take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seconds {
    millis: u64,
}

impl Seconds {
    /// Zero means no limit. A time up to a millisecond becomes two milliseconds: Redis 6.2 truncates `0.001` to zero
    /// and then waits without limit.
    fn new(timeout: Duration) -> Self {
        let least = if timeout.is_zero() { 0 } else { 2 };
        Self { millis: rounded_up(timeout).clamp(least, LONGEST) }
    }
}

impl ToArg for Seconds {
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        if self.millis.is_multiple_of(1_000) {
            arg.integer(self.millis / 1_000)
        } else {
            arg.float(self.millis as f64 / 1_000.0)
        }
    }
}

impl Cmd {
    /// Adds a timeout in seconds, as `BLPOP` takes it; zero means no limit. The command then blocks.
    pub(super) fn wait_seconds(self, timeout: Duration) -> Self {
        let seconds = Seconds::new(timeout);
        self.arg(seconds).blocking(Duration::from_millis(seconds.millis))
    }

    /// Adds a timeout in milliseconds, as `WAIT` takes it; zero means no limit. The command then blocks.
    pub(super) fn wait_millis(self, timeout: Duration) -> Self {
        let millis = rounded_up(timeout).min(LONGEST);
        self.arg(millis).blocking(Duration::from_millis(millis))
    }

    /// Adds the timeout of `MIGRATE`, which cannot be zero. The command then blocks.
    pub(super) fn migrate_millis(self, timeout: Duration) -> Self {
        if timeout.is_zero() {
            return self.refuse(
                "a timeout of zero leaves no time to reach the other server: use at least a millisecond",
            );
        }
        let millis = rounded_up(timeout).min(LONGEST_POLL);
        self.arg(millis).blocking(Duration::from_millis(millis))
    }
}

/// The length of a pause in milliseconds.
pub(super) fn pause_millis(timeout: Duration) -> u64 {
    rounded_up(timeout).min(LONGEST)
}

/// A time in whole seconds; a finer time is rounded up.
pub(super) fn seconds_rounded_up(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0))
}

fn rounded_up(time: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sent(timeout: Duration) -> String {
        Cmd::new("BLPOP").wait_seconds(timeout).to_string()
    }

    #[test]
    fn seconds_are_rounded_up_to_milliseconds() {
        assert_eq!(sent(Duration::ZERO), "BLPOP 0");
        for (nanos, words) in [
            (1, "BLPOP 0.002"),
            (999_999, "BLPOP 0.002"),
            (1_000_000, "BLPOP 0.002"),
            (2_000_001, "BLPOP 0.003"),
            (250_000_000, "BLPOP 0.25"),
            (999_000_001, "BLPOP 1"),
            (1_500_000_000, "BLPOP 1.5"),
        ] {
            assert_eq!(sent(Duration::from_nanos(nanos)), words);
        }
        assert_eq!(sent(Duration::MAX), "BLPOP 9000000000000000");
    }

    #[test]
    fn milliseconds_are_rounded_up() {
        let wait = |timeout| Cmd::new("WAIT").wait_millis(timeout).to_string();
        assert_eq!(wait(Duration::ZERO), "WAIT 0");
        assert_eq!(wait(Duration::from_nanos(1)), "WAIT 1");
        assert_eq!(wait(Duration::from_micros(1_001)), "WAIT 2");
        assert_eq!(wait(Duration::MAX), "WAIT 9000000000000000000");
        assert_eq!(Cmd::new("MIGRATE").migrate_millis(Duration::MAX).to_string(), "MIGRATE 2147483647");
        assert!(Cmd::new("MIGRATE").migrate_millis(Duration::ZERO).check().is_err());
        assert_eq!(pause_millis(Duration::from_nanos(1)), 1);
        assert_eq!(seconds_rounded_up(Duration::from_millis(1)), 1);
        assert_eq!(seconds_rounded_up(Duration::MAX), u64::MAX);
    }

    proptest! {
        #[test]
        fn what_is_sent_is_never_shorter_nor_for_ever(secs: u64, nanos in 0_u32..1_000_000_000, small: bool) {
            let timeout = Duration::new(if small { secs % 3 } else { secs }, nanos);
            let seconds = Seconds::new(timeout);
            let time = Duration::from_millis(seconds.millis);
            prop_assert_eq!(time.is_zero(), timeout.is_zero());
            prop_assert!(time >= timeout || seconds.millis == LONGEST);
            let words = sent(timeout);
            let sent: f64 = words.strip_prefix("BLPOP ").unwrap().parse().unwrap();
            prop_assert!((sent - time.as_secs_f64()).abs() <= f64::EPSILON * sent);
        }
    }
}
