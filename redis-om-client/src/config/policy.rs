//! Policies for repeated attempts, as data and pure functions.

use std::time::Duration;

/// How a lost connection is opened again. Each pause is `factor` times the one before, up to `max`. A random part
/// shortens it, so that many clients do not reconnect at the same moment. The pauses start again with the first one
/// after a connection on which the server answered a command.
///
/// ```
/// use std::time::Duration;
/// use redis_om_client::ReconnectPolicy;
///
/// let policy = ReconnectPolicy::default().max_attempts(10);
/// assert_eq!(policy.delay(0, 0.0), Some(Duration::from_millis(50)));
/// assert_eq!(policy.delay(3, 0.0), Some(Duration::from_millis(400)));
/// assert_eq!(policy.delay(9, 0.0), Some(Duration::from_secs(5)));
/// assert_eq!(policy.delay(10, 0.0), None);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ReconnectPolicy {
    /// The base of the pauses: 50 ms. The first attempt is made at once. The pause before the second one is `initial * factor`.
    pub initial: Duration,
    /// The factor from one pause to the next: 2.
    pub factor: f64,
    /// The longest pause: 5 s.
    pub max: Duration,
    /// The random part of a pause, from 0 to 1. With the default 0.5 a pause of 1 s takes 0.5 s to 1 s.
    pub jitter: f64,
    /// The most attempts before the client stops reconnecting; `None`: no limit.
    pub max_attempts: Option<u32>,
}

impl Default for ReconnectPolicy {
    fn default() -> Self {
        Self {
            initial: Duration::from_millis(50),
            factor: 2.0,
            max: Duration::from_secs(5),
            jitter: 0.5,
            max_attempts: None,
        }
    }
}

impl ReconnectPolicy {
    /// A policy that never reconnects.
    #[must_use]
    pub fn never() -> Self {
        Self::default().max_attempts(0)
    }

    /// Sets the first pause (`reconnect_initial` in a URL).
    #[must_use]
    pub fn initial(mut self, pause: Duration) -> Self {
        self.initial = pause;
        self
    }

    /// Sets the factor from one pause to the next (`reconnect_factor` in a URL).
    #[must_use]
    pub fn factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// Sets the longest pause (`reconnect_max` in a URL).
    #[must_use]
    pub fn max(mut self, pause: Duration) -> Self {
        self.max = pause;
        self
    }

    /// Sets the random part of a pause, from 0 to 1 (`reconnect_jitter` in a URL).
    #[must_use]
    pub fn jitter(mut self, part: f64) -> Self {
        self.jitter = part;
        self
    }

    /// Sets the most attempts before the client stops reconnecting (`reconnect_attempts` in a URL).
    #[must_use]
    pub fn max_attempts(mut self, attempts: impl Into<Option<u32>>) -> Self {
        self.max_attempts = attempts.into();
        self
    }

    /// The pause before the attempt with this index, which starts at 0; `None` if no attempt is to be made. `random` is
    /// a new random number from 0 to 1. The caller provides it, so that this function is pure.
    #[must_use]
    pub fn delay(&self, attempt: u32, random: f64) -> Option<Duration> {
        if self.max_attempts.is_some_and(|most| attempt >= most) {
            return None;
        }
        Some(pause(self.initial, self.factor, self.max, self.jitter, attempt, random))
    }
}

/// How a failed command is tried again. Two cases have separate counters.
///
/// **Repeats** ([`attempts`](Self::attempts)): the command was sent and its reply was lost with the connection, so it
/// may have run. It is repeated only if it reads or is marked idempotent. A command that writes data is never marked by
/// default; only the caller can mark it ([`Command::idempotent`](crate::Command::idempotent)).
///
/// **Refusals** ([`refusals`](Self::refusals)): the command did not run. Either the connection was lost before the
/// command was sent, or the server answered with a temporary error that proves that nothing ran. With the defaults a
/// command is sent again for about 20 seconds, or until its deadline ([`command_timeout`](crate::Config::command_timeout),
/// 10 seconds by default). Raise both if the server loads a large data set.
///
/// | error | what happened | sent again |
/// |---|---|---|
/// | `LOADING` | the server reads its data set into memory | over the same connection |
/// | `BUSY` | a script, a function or a module's command runs for long | over the same connection |
/// | `MASTERDOWN` | a replica has lost its primary and may not serve old data | over the same connection |
/// | `CLUSTERDOWN` | no node serves the slot, or too few nodes see each other | over the same connection |
/// | `TRYAGAIN` | the keys lie on two nodes while their slot is moved | over the same connection |
/// | `READONLY` | the server is a replica, perhaps since a failover | over a new connection; the server's name is resolved again |
/// | `UNBLOCKED force unblock …` | the server became a replica while a command blocked; nothing was taken | over a new connection |
///
/// The command is sent again until the server accepts it, the refusals are used up, or the deadline passes. `UNBLOCKED`
/// by `CLIENT UNBLOCK` is an ordinary reply and is never tried again.
///
/// A script can answer with any error after it has written. So for scripts and functions a refusal counts only if its
/// whole line is one of the texts of Redis or Valkey. Any other error of a script is reported to the caller.
///
/// ```
/// use redis_om_client::RetryPolicy;
///
/// assert_eq!(RetryPolicy::never().delay(0, 0.5), None);
/// assert_eq!(RetryPolicy::never().refusal_delay(0, 0.5), None);
/// let policy = RetryPolicy::default();
/// assert!(policy.delay(1, 0.5).is_some());
/// assert_eq!(policy.delay(2, 0.5), None); // it has been tried three times
/// assert!(policy.refusal_delay(31, 0.5).is_some());
/// assert_eq!(policy.refusal_delay(32, 0.5), None);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// The most attempts of a command that may have run, including the first: 3.
    pub attempts: u32,
    /// How often a command that did not run is sent again, because the server refused it or because it was not sent:
    /// 32. 0 means never.
    pub refusals: u32,
    /// The first pause: 20 ms.
    pub initial: Duration,
    /// The factor from one pause to the next: 2.
    pub factor: f64,
    /// The longest pause: 1 s.
    pub max: Duration,
    /// The random part of a pause, from 0 to 1: 0.5.
    pub jitter: f64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 3,
            refusals: 32,
            initial: Duration::from_millis(20),
            factor: 2.0,
            max: Duration::from_secs(1),
            jitter: 0.5,
        }
    }
}

impl RetryPolicy {
    /// A policy that tries each command once, also if the server refuses it.
    #[must_use]
    pub fn never() -> Self {
        Self::default().attempts(1).refusals(0)
    }

    /// Sets the most attempts of a command that may have run, including the first (`retry_attempts` in a URL).
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Sets how often a command that did not run is sent again (`retry_refusals` in a URL).
    #[must_use]
    pub fn refusals(mut self, refusals: u32) -> Self {
        self.refusals = refusals;
        self
    }

    /// Sets the first pause (`retry_initial` in a URL).
    #[must_use]
    pub fn initial(mut self, pause: Duration) -> Self {
        self.initial = pause;
        self
    }

    /// Sets the factor from one pause to the next (`retry_factor` in a URL).
    #[must_use]
    pub fn factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    /// Sets the longest pause (`retry_max` in a URL).
    #[must_use]
    pub fn max(mut self, pause: Duration) -> Self {
        self.max = pause;
        self
    }

    /// Sets the random part of a pause, from 0 to 1 (`retry_jitter` in a URL).
    #[must_use]
    pub fn jitter(mut self, part: f64) -> Self {
        self.jitter = part;
        self
    }

    /// The pause before the next attempt of a command that may have run; `None` if there is no further attempt.
    /// `failed` is the number of repeats so far, 0 after the first attempt. `random` is a new random number from 0 to
    /// 1.
    #[must_use]
    pub fn delay(&self, failed: u32, random: f64) -> Option<Duration> {
        if failed.saturating_add(1) >= self.attempts {
            return None;
        }
        Some(pause(self.initial, self.factor, self.max, self.jitter, failed, random))
    }

    /// The pause before a command that did not run is sent again; `None` if it is not sent again. `refused` is the
    /// number of earlier refusals, 0 after the first one. `random` is a new random number from 0 to 1.
    #[must_use]
    pub fn refusal_delay(&self, refused: u32, random: f64) -> Option<Duration> {
        if refused >= self.refusals {
            return None;
        }
        Some(pause(self.initial, self.factor, self.max, self.jitter, refused, random))
    }
}

/// What a command does when the queue is full: its bytes exceed the byte budget, or too many commands are in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum WhenFull {
    /// It waits for room until its deadline.
    #[default]
    Wait,
    /// It fails at once with [`ErrorKind::QueueFull`](crate::ErrorKind::QueueFull).
    Fail,
}

/// `initial * factor^n`, at most `max`, less a random part. With invalid numbers the result is `max`; it never panics.
fn pause(initial: Duration, factor: f64, max: Duration, jitter: f64, n: u32, random: f64) -> Duration {
    let exponent = i32::try_from(n).unwrap_or(i32::MAX);
    let whole = (initial.as_secs_f64() * factor.powi(exponent)).min(max.as_secs_f64());
    let shortened = whole * (1.0 - jitter.clamp(0.0, 1.0) * random.clamp(0.0, 1.0));
    Duration::try_from_secs_f64(shortened).unwrap_or(max).min(max)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn chance_only_shortens() {
        let policy = ReconnectPolicy::default();
        assert_eq!(policy.delay(0, 1.0), Some(Duration::from_millis(25)));
        assert_eq!(policy.delay(u32::MAX, 0.0), Some(Duration::from_secs(5)));
        assert_eq!(ReconnectPolicy::never().delay(0, 0.0), None);
    }

    #[test]
    fn refusals_outlast_a_load_of_some_seconds() {
        let policy = RetryPolicy::default();
        // The random part shortens each pause by half at most.
        let shortest: Duration = (0..).map_while(|n| policy.refusal_delay(n, 1.0)).sum();
        assert!(shortest > Duration::from_secs(10), "{shortest:?}");
        assert!((0..32).all(|n| policy.refusal_delay(n, 0.0) <= Some(Duration::from_secs(1))));
        // The number of attempts of a command that may have run is another setting.
        assert_eq!(policy.attempts(1).refusal_delay(0, 0.0), Some(Duration::from_millis(20)));
    }

    proptest! {
        #[test]
        fn is_bounded_whatever_the_numbers(
            factor in any::<f64>(), jitter in any::<f64>(), n in any::<u32>(), random in any::<f64>(),
        ) {
            let policy = ReconnectPolicy::default().factor(factor).jitter(jitter);
            prop_assert!(policy.delay(n, random).is_some_and(|pause| pause <= policy.max));
        }
    }
}
