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
    /// The bytes of the `PING` end at this offset of all that was ever queued.
    Queued(u64),
    /// The kernel has taken them at this tick.
    Sent(Tick),
}

/// What is in flight at this moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InFlight {
    /// A command that the server may answer as late as it likes.
    pub(crate) blocking: bool,
    /// The latest deadline of a command that was sent; `None` if none has a deadline.
    pub(crate) latest_deadline: Option<Tick>,
    /// How many bytes the kernel has taken, of all that were ever queued.
    pub(crate) written: u64,
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

    /// A `PING` was queued; its bytes end at this offset.
    pub(crate) fn asked(&mut self, end: u64) {
        self.asked = Some(Asked::Queued(end));
    }

    /// What to do now. `unanswered`: a command that was sent has just timed out.
    pub(crate) fn check(&mut self, now: Tick, unanswered: bool, in_flight: InFlight) -> Check {
        if let Some(Asked::Queued(end)) = self.asked
            && in_flight.written >= end
        {
            self.asked = Some(Asked::Sent(now));
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
            Some(Asked::Queued(_)) => Check::Wait(now.saturating_add(self.patience)),
            Some(Asked::Sent(since)) => {
                let patience = since.saturating_add(self.patience);
                let at = in_flight.latest_deadline.map_or(patience, |deadline| deadline.max(patience));
                if now >= at { Check::GiveUp } else { Check::Wait(at) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOTHING: InFlight = InFlight { blocking: false, latest_deadline: None, written: 0 };

    fn liveness() -> Liveness {
        Liveness::new(Some(100), 10, 0)
    }

    #[test]
    fn an_idle_peer_is_asked_and_given_up() {
        let mut live = liveness();
        assert_eq!(live.check(99, false, NOTHING), Check::Wait(100));
        assert_eq!(live.check(100, false, NOTHING), Check::Ping);
        live.asked(14);
        let sent = InFlight { written: 14, ..NOTHING };
        assert_eq!(live.check(100, false, sent), Check::Wait(110));
        assert_eq!(live.check(110, false, sent), Check::GiveUp);
    }

    #[test]
    fn whatever_is_read_ends_the_question() {
        let mut live = liveness();
        live.asked(14);
        live.read(105);
        assert_eq!(live.check(200, false, InFlight { written: 14, ..NOTHING }), Check::Wait(205));
    }

    #[test]
    fn a_ping_that_was_not_written_proves_nothing() {
        let mut live = liveness();
        live.asked(14);
        let stuck = InFlight { written: 13, ..NOTHING };
        for now in (100..10_000).step_by(100) {
            assert_eq!(live.check(now, true, stuck), Check::Wait(now + 10));
        }
        let sent = InFlight { written: 14, ..NOTHING };
        assert_eq!(
            live.check(10_000, false, sent),
            Check::Wait(10_010),
            "the patience begins when it was written"
        );
    }

    #[test]
    fn one_timeout_does_not_end_a_busy_connection() {
        let mut live = liveness();
        let busy = InFlight { latest_deadline: Some(500), written: 14, ..NOTHING };
        assert_eq!(live.check(50, true, busy), Check::Ping);
        live.asked(14);
        assert_eq!(live.check(50, false, busy), Check::Wait(500));
        assert_eq!(live.check(499, true, busy), Check::Wait(500));
        assert_eq!(live.check(500, true, busy), Check::GiveUp);
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
            asked in any::<Option<u64>>(), written in any::<u64>(), deadline in any::<Option<u64>>(), blocking: bool,
        ) {
            let mut live = Liveness::new(idle, patience, 0);
            if let Some(end) = asked {
                live.asked(end);
            }
            let in_flight = InFlight { blocking, latest_deadline: deadline, written };
            if let Check::Wait(at) = live.check(now, false, in_flight) {
                prop_assert!(at > now || at == NEVER || patience == 0, "{at} {now}");
            }
        }
    }
}
