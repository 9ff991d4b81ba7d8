//! When a peer is asked whether it is there, and when it is given up. A pure policy: no socket and no clock.
//!
//! * A connection on which nothing was read for the idle time is asked by `PING`, unless a blocking command is in flight:
//!   its server could not answer. (A dead peer behind a blocking command is found by TCP keepalive.)
//! * After a command timed out, the peer is asked at once.
//! * The patience counts from when the kernel took the bytes of the `PING`: a full queue, or a write that is stuck, says
//!   nothing about the peer's silence.
//! * Whatever is read ends the question. A connection is not given up while a command in flight has time left: the server
//!   may be at work on it, and would lose it with all the others.

use super::{NEVER, Tick};

/// The times of the policy, and what is known of the peer.
#[derive(Debug)]
pub(crate) struct Liveness {
    /// [`NEVER`]: an idle peer is not asked.
    idle: Tick,
    patience: Tick,
    last_read: Tick,
    asked: Option<Asked>,
}

#[derive(Debug, Clone, Copy)]
enum Asked {
    /// The kernel has not taken all bytes of the `PING`.
    Queued,
    /// It has, at this tick.
    Sent(Tick),
    /// The patience is over. The peer is given up at this tick, when the commands that were in flight have no time left: what
    /// is sent later does not prolong it.
    Silent(Tick),
}

/// What is in flight at this moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InFlight {
    /// A command that the server may answer as late as it likes.
    pub(crate) blocking: bool,
    /// The latest deadline of a command that was sent; `None` if none has a deadline.
    pub(crate) latest_deadline: Option<Tick>,
    /// Whether the kernel has taken all bytes of the last `PING`.
    pub(crate) probe_written: bool,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// Queue a `PING`, and tell [`Liveness::asked`].
    Ping,
    /// The peer is silent.
    GiveUp,
    /// Nothing before this tick.
    Wait(Tick),
}

impl Liveness {
    /// `idle` and `patience` in milliseconds; `None`: an idle peer is not asked.
    pub(crate) fn new(idle: Option<Tick>, patience: Tick, now: Tick) -> Self {
        Self { idle: idle.unwrap_or(NEVER), patience, last_read: now, asked: None }
    }

    /// Something was read.
    #[inline]
    pub(crate) fn read(&mut self, now: Tick) {
        self.last_read = now;
        self.asked = None;
    }

    /// A `PING` was queued.
    pub(crate) fn asked(&mut self) {
        self.asked = Some(Asked::Queued);
    }

    /// What to do now. `unanswered`: a command that was sent has just timed out.
    pub(crate) fn check(&mut self, now: Tick, unanswered: bool, in_flight: InFlight) -> Check {
        if let Some(Asked::Queued) = self.asked
            && in_flight.probe_written
        {
            self.asked = Some(Asked::Sent(now));
        }
        if let Some(Asked::Sent(since)) = self.asked {
            let patience = since.saturating_add(self.patience);
            if now < patience {
                return Check::Wait(patience);
            }
            let limit = in_flight.latest_deadline.map_or(patience, |deadline| deadline.max(patience));
            self.asked = Some(Asked::Silent(limit));
        }
        match self.asked {
            None => {
                let at = self.last_read.saturating_add(self.idle);
                match !in_flight.blocking && (unanswered || now >= at) {
                    true => Check::Ping,
                    false if in_flight.blocking => Check::Wait(NEVER),
                    false => Check::Wait(at),
                }
            }
            // It is looked at again when bytes were written, or when a command times out.
            Some(Asked::Queued | Asked::Sent(_)) => Check::Wait(now.saturating_add(self.patience)),
            Some(Asked::Silent(limit)) if now >= limit => Check::GiveUp,
            Some(Asked::Silent(limit)) => Check::Wait(limit),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOTHING: InFlight = InFlight { blocking: false, latest_deadline: None, probe_written: false };

    fn liveness() -> Liveness {
        Liveness::new(Some(100), 10, 0)
    }

    #[test]
    fn an_idle_peer_is_asked_and_given_up() {
        let mut live = liveness();
        assert_eq!(live.check(99, false, NOTHING), Check::Wait(100));
        assert_eq!(live.check(100, false, NOTHING), Check::Ping);
        live.asked();
        let sent = InFlight { probe_written: true, ..NOTHING };
        assert_eq!(live.check(100, false, sent), Check::Wait(110));
        assert_eq!(live.check(110, false, sent), Check::GiveUp);
    }

    #[test]
    fn whatever_is_read_ends_the_question() {
        let mut live = liveness();
        live.asked();
        live.read(105);
        assert_eq!(live.check(200, false, InFlight { probe_written: true, ..NOTHING }), Check::Wait(205));
    }

    #[test]
    fn a_ping_that_was_not_written_proves_nothing() {
        let mut live = liveness();
        live.asked();
        let stuck = InFlight { probe_written: false, ..NOTHING };
        for now in (100..10_000).step_by(100) {
            assert_eq!(live.check(now, true, stuck), Check::Wait(now + 10));
        }
        let sent = InFlight { probe_written: true, ..NOTHING };
        assert_eq!(
            live.check(10_000, false, sent),
            Check::Wait(10_010),
            "the patience begins when it was written"
        );
    }

    #[test]
    fn one_timeout_does_not_end_a_busy_connection() {
        let mut live = liveness();
        let busy = InFlight { latest_deadline: Some(500), probe_written: true, ..NOTHING };
        assert_eq!(live.check(50, true, busy), Check::Ping);
        live.asked();
        assert_eq!(live.check(50, false, busy), Check::Wait(60));
        assert_eq!(live.check(60, false, busy), Check::Wait(500));
        assert_eq!(live.check(499, true, busy), Check::Wait(500));
        assert_eq!(live.check(500, true, busy), Check::GiveUp);
    }

    #[test]
    fn a_dead_peer_in_constant_use_is_given_up() {
        let mut live = liveness();
        live.asked();
        let given_up = (0..10_000).find(|now| {
            // Each moment brings a command with 300 ms of time.
            let busy = InFlight { latest_deadline: Some(now + 300), probe_written: true, ..NOTHING };
            live.check(*now, false, busy) == Check::GiveUp
        });
        assert_eq!(given_up, Some(310));
    }

    #[test]
    fn nobody_is_asked_behind_a_blocking_command() {
        let mut live = liveness();
        let blocked = InFlight { blocking: true, ..NOTHING };
        assert_eq!(live.check(100_000, false, blocked), Check::Wait(NEVER));
        assert_eq!(live.check(100_000, false, NOTHING), Check::Ping);
    }

    proptest! {
        #[test]
        fn never_overflows_and_never_waits_for_the_past(
            idle in any::<Option<u64>>(), patience in any::<u64>(), now in any::<u64>(),
            asked: bool, written: bool, deadline in any::<Option<u64>>(), blocking: bool,
        ) {
            let mut live = Liveness::new(idle, patience, 0);
            if asked {
                live.asked();
            }
            let in_flight = InFlight { blocking, latest_deadline: deadline, probe_written: written };
            if let Check::Wait(at) = live.check(now, false, in_flight) {
                prop_assert!(at > now || at == NEVER || patience == 0, "{at} {now}");
            }
        }
    }
}
