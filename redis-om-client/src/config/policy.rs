//! How often and after how long something is tried again, as data and one pure function.

use std::time::Duration;

/// How a lost connection is opened again: each pause is `factor` times the one before, up to `max`, and shortened by
/// a random part so that a thousand clients do not come back at the same moment.
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
    /// The first pause: 50 ms.
    pub initial: Duration,
    /// How much longer each further pause is: 2 times.
    pub factor: f64,
    /// The longest pause: 5 s.
    pub max: Duration,
    /// The part of a pause that is left to chance, from 0 to 1: 0.5, so a pause of 1 s takes 0.5 s to 1 s.
    pub jitter: f64,
    /// How often it is tried before the client gives up for good: `None`, never.
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
    /// Never opens a connection again.
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

    /// Sets how much longer each further pause is (`reconnect_factor` in a URL).
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

    /// Sets the part of a pause that is left to chance (`reconnect_jitter` in a URL).
    #[must_use]
    pub fn jitter(mut self, part: f64) -> Self {
        self.jitter = part;
        self
    }

    /// Sets how often it is tried before the client gives up (`reconnect_attempts` in a URL).
    #[must_use]
    pub fn max_attempts(mut self, attempts: impl Into<Option<u32>>) -> Self {
        self.max_attempts = attempts.into();
        self
    }

    /// The pause before the attempt with this number, counted from 0; `None` where it is not to be made. `random` is
    /// a fresh number from 0 to 1, the caller's so that this stays a pure function.
    #[must_use]
    pub fn delay(&self, attempt: u32, random: f64) -> Option<Duration> {
        if self.max_attempts.is_some_and(|most| attempt >= most) {
            return None;
        }
        Some(pause(self.initial, self.factor, self.max, self.jitter, attempt, random))
    }
}

/// How a command is tried again that failed and cannot have taken effect, or may safely take effect twice: it was
/// never sent, or it only reads, or it is marked idempotent. Any other command is never repeated; what writes data is
/// marked so by the caller only ([`Command::idempotent`](crate::Command::idempotent)).
///
/// ```
/// use redis_om_client::RetryPolicy;
///
/// assert_eq!(RetryPolicy::never().delay(0, 0.5), None);
/// assert!(RetryPolicy::default().delay(1, 0.5).is_some());
/// assert_eq!(RetryPolicy::default().delay(2, 0.5), None); // it has been tried three times
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How often a command is tried in all, the first time included: 3.
    pub attempts: u32,
    /// The first pause: 20 ms.
    pub initial: Duration,
    /// How much longer each further pause is: 2 times.
    pub factor: f64,
    /// The longest pause: 1 s.
    pub max: Duration,
    /// The part of a pause that is left to chance, from 0 to 1: 0.5.
    pub jitter: f64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 3,
            initial: Duration::from_millis(20),
            factor: 2.0,
            max: Duration::from_secs(1),
            jitter: 0.5,
        }
    }
}

impl RetryPolicy {
    /// Tries each command once.
    #[must_use]
    pub fn never() -> Self {
        Self::default().attempts(1)
    }

    /// Sets how often a command is tried in all, the first time included (`retry_attempts` in a URL).
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// Sets the first pause (`retry_initial` in a URL).
    #[must_use]
    pub fn initial(mut self, pause: Duration) -> Self {
        self.initial = pause;
        self
    }

    /// Sets how much longer each further pause is (`retry_factor` in a URL).
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

    /// Sets the part of a pause that is left to chance (`retry_jitter` in a URL).
    #[must_use]
    pub fn jitter(mut self, part: f64) -> Self {
        self.jitter = part;
        self
    }

    /// The pause before the next try, after `failed` further tries than the first have failed (0 after the first
    /// one); `None` where there is to be none. `random` is a fresh number from 0 to 1.
    #[must_use]
    pub fn delay(&self, failed: u32, random: f64) -> Option<Duration> {
        if failed.saturating_add(1) >= self.attempts {
            return None;
        }
        Some(pause(self.initial, self.factor, self.max, self.jitter, failed, random))
    }
}

/// What a command does where the queue's budget is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum WhenFull {
    /// It waits for room, as long as its deadline allows.
    #[default]
    Wait,
    /// It fails at once with [`ErrorKind::QueueFull`](crate::ErrorKind::QueueFull).
    Fail,
}

/// `initial * factor^n`, at most `max`, less a random part. Numbers that make no sense end at `max`, never in a panic.
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
