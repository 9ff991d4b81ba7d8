//! Decides when a `PING` checks whether the peer is alive, and when the connection is given up. This is a pure policy:
//! it has no socket and no clock.
//!
//! * A `PING` is sent when nothing was read for the idle time.
//! * A `PING` is sent at once when a command that was sent has timed out.
//! * No `PING` is sent while a blocking command is in flight: the server could not answer it. (TCP keepalive finds a
//!   dead peer behind a blocking command.)
//! * The patience is the time for the answer to the `PING`. It starts when the kernel has taken the bytes of the
//!   `PING`: a full queue or a blocked write says nothing about the peer.
//! * Any byte that is read ends the check. The connection is not given up while a command in flight has time left: the
//!   server may still be executing it, and all other commands in flight would fail with it.

use super::{NEVER, Tick};

/// The times of the policy, and the state of the check.
#[derive(Debug)]
pub(crate) struct Liveness {
    /// [`NEVER`] if an idle peer is not checked.
    idle: Tick,
    patience: Tick,
    last_read: Tick,
    asked: Option<Asked>,
}

#[derive(Debug, Clone, Copy)]
enum Asked {
    /// The kernel has not taken all bytes of the `PING`.
    Queued,
    /// The kernel has taken all bytes of the `PING`, since this tick at the latest.
    Sent(Tick),
    /// The patience has passed. The connection is given up at this tick unless something is read before. The tick is
    /// the latest deadline of the commands that were in flight when the patience had passed, or the end of the patience
    /// if that is later. A command that is sent later does not move it.
    Silent(Tick),
}

/// The commands that are in flight at one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct InFlight {
    /// Whether a blocking command is in flight. The server may answer it at any later time.
    pub(crate) blocking: bool,
    /// The latest deadline of the commands that were sent; `None` if none has a deadline.
    pub(crate) latest_deadline: Option<Tick>,
    /// Whether the kernel has taken all bytes of the last `PING`.
    pub(crate) probe_written: bool,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// Queue a `PING`, and call [`Liveness::asked`].
    Ping,
    /// Give the connection up: the peer does not answer.
    GiveUp,
    /// Do nothing before this tick.
    Wait(Tick),
}

impl Liveness {
    /// `idle` and `patience` are in milliseconds. With `None`, an idle peer is not checked.
    pub(crate) fn new(idle: Option<Tick>, patience: Tick, now: Tick) -> Self {
        Self { idle: idle.unwrap_or(NEVER), patience, last_read: now, asked: None }
    }

    /// Records that something was read.
    #[inline]
    pub(crate) fn read(&mut self, now: Tick) {
        self.last_read = now;
        self.asked = None;
    }

    /// Records that a `PING` was queued.
    pub(crate) fn asked(&mut self) {
        self.asked = Some(Asked::Queued);
    }

    /// Returns what to do now. `unanswered` says that a command which was sent has just timed out.
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
            // The driver calls this earlier if bytes were written or a command timed out.
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
    fn an_idle_peer_is_checked_and_given_up() {
        let mut live = liveness();
        assert_eq!(live.check(99, false, NOTHING), Check::Wait(100));
        assert_eq!(live.check(100, false, NOTHING), Check::Ping);
        live.asked();
        let sent = InFlight { probe_written: true, ..NOTHING };
        assert_eq!(live.check(100, false, sent), Check::Wait(110));
        assert_eq!(live.check(110, false, sent), Check::GiveUp);
    }

    #[test]
    fn a_read_ends_the_check() {
        let mut live = liveness();
        live.asked();
        live.read(105);
        assert_eq!(live.check(200, false, InFlight { probe_written: true, ..NOTHING }), Check::Wait(205));
    }

    #[test]
    fn the_patience_starts_when_the_ping_is_written() {
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
            "the patience starts when the PING is written"
        );
    }

    #[test]
    fn one_timeout_does_not_end_a_connection_with_other_commands() {
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
            // Each tick brings a command with 300 ms of time.
            let busy = InFlight { latest_deadline: Some(now + 300), probe_written: true, ..NOTHING };
            live.check(*now, false, busy) == Check::GiveUp
        });
        assert_eq!(given_up, Some(310));
    }

    #[test]
    fn no_ping_is_sent_behind_a_blocking_command() {
        let mut live = liveness();
        let blocked = InFlight { blocking: true, ..NOTHING };
        assert_eq!(live.check(100_000, false, blocked), Check::Wait(NEVER));
        assert_eq!(live.check(100_000, false, NOTHING), Check::Ping);
    }

    proptest! {
        #[test]
        fn never_overflows_and_never_waits_for_a_past_tick(
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
