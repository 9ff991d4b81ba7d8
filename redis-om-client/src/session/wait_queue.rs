//! The waiting room of a full queue, or of a connection that is down: first come, first served.
//!
//! Whoever waits costs one entry of 24 bytes, and leaves without a trace in constant time: a million futures may wait
//! and be dropped in any order.

use std::{collections::VecDeque, task::Waker};

use crate::error::Error;

use super::{NEVER, Tick};

#[derive(Debug)]
enum Entry {
    Waiting { waker: Waker, size: u32, deadline: u32 },
    Granted { size: u32, deadline: u32 },
    Expired,
    Gone,
}

/// What has become of somebody's turn.
#[derive(Debug)]
pub(super) enum Turn {
    NotYet,
    /// It may go, and has until then.
    Granted(Tick),
    Failed(Error),
}

#[derive(Debug, Default)]
pub(super) struct WaitQueue {
    entries: VecDeque<Entry>,
    /// The turn of `entries[0]`.
    first: u64,
    /// How many of the entries at the front wait no more.
    served: usize,
    waiting: usize,
    granted_bytes: usize,
    granted: usize,
    /// Why all were failed, for those who have not asked yet.
    failure: Option<Error>,
    /// Why entries expired.
    expiry: Option<Error>,
    /// No entry has an earlier deadline.
    next_deadline: Option<Tick>,
    /// Deadlines are kept in 32 bits from here.
    epoch: Tick,
}

const NO_DEADLINE: u32 = u32::MAX;

impl WaitQueue {
    /// Whether nobody waits.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Bytes and commands for which room is kept.
    #[inline]
    pub(super) fn granted(&self) -> (usize, usize) {
        (self.granted_bytes, self.granted)
    }

    /// Waits; the turn is asked after by [`WaitQueue::check`].
    pub(super) fn enter(&mut self, waker: Waker, size: usize, deadline: Tick, now: Tick) -> u64 {
        if self.entries.is_empty() {
            self.epoch = now;
        }
        let kept = if deadline == NEVER {
            NO_DEADLINE
        } else {
            let next = self.next_deadline.map_or(deadline, |next| next.min(deadline));
            self.next_deadline = Some(next);
            u32::try_from(deadline.saturating_sub(self.epoch)).unwrap_or(NO_DEADLINE - 1)
        };
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        self.entries.push_back(Entry::Waiting { waker, size, deadline: kept });
        self.waiting += 1;
        self.first + self.entries.len() as u64 - 1
    }

    /// What has become of this turn; unless it is not yet, the entry is gone.
    pub(super) fn check(&mut self, turn: u64, waker: &Waker) -> Turn {
        let epoch = self.epoch;
        let Some(entry) = self.entry(turn) else { return Turn::Granted(NEVER) };
        match entry {
            Entry::Waiting { waker: kept, .. } => {
                if !kept.will_wake(waker) {
                    *kept = waker.clone();
                }
                return Turn::NotYet;
            }
            Entry::Granted { .. } | Entry::Expired | Entry::Gone => {}
        }
        match std::mem::replace(entry, Entry::Gone) {
            Entry::Granted { size, deadline } => {
                self.granted -= 1;
                self.granted_bytes -= size as usize;
                self.tidy();
                Turn::Granted(if deadline == NO_DEADLINE { NEVER } else { epoch + Tick::from(deadline) })
            }
            _ => {
                let error = self.failure.clone().or_else(|| self.expiry.clone());
                self.tidy();
                error.map_or(Turn::Granted(NEVER), Turn::Failed)
            }
        }
    }

    /// The future is gone.
    pub(super) fn leave(&mut self, turn: u64) {
        let Some(entry) = self.entry(turn) else { return };
        match std::mem::replace(entry, Entry::Gone) {
            Entry::Waiting { .. } => self.waiting -= 1,
            Entry::Granted { size, .. } => {
                self.granted -= 1;
                self.granted_bytes -= size as usize;
            }
            Entry::Expired | Entry::Gone => {}
        }
        self.tidy();
    }

    fn entry(&mut self, turn: u64) -> Option<&mut Entry> {
        let index = turn.checked_sub(self.first)?;
        self.entries.get_mut(index as usize)
    }

    /// Lets go of the entries at the front that nobody will ask after.
    fn tidy(&mut self) {
        while let Some(Entry::Gone) = self.entries.front() {
            self.entries.pop_front();
            self.first += 1;
            self.served = self.served.saturating_sub(1);
        }
        if self.entries.is_empty() {
            self.next_deadline = None;
            self.failure = None;
            self.expiry = None;
            if self.entries.capacity() > 4096 {
                self.entries = VecDeque::new();
            }
        }
    }

    /// The size of the command whose turn is next.
    pub(super) fn next_size(&mut self) -> Option<usize> {
        while let Some(entry) = self.entries.get(self.served) {
            if let Entry::Waiting { size, .. } = entry {
                return Some(*size as usize);
            }
            self.served += 1;
        }
        None
    }

    /// Keeps room for whose turn is next.
    pub(super) fn grant(&mut self, wakers: &mut Vec<Waker>) {
        let Some(entry) = self.entries.get_mut(self.served) else { return };
        let Entry::Waiting { size, deadline, .. } = *entry else { return };
        if let Entry::Waiting { waker, .. } = std::mem::replace(entry, Entry::Granted { size, deadline }) {
            wakers.push(waker);
        }
        self.served += 1;
        self.waiting -= 1;
        self.granted += 1;
        self.granted_bytes += size as usize;
    }

    /// Fails everybody who waits.
    pub(super) fn fail_all(&mut self, error: &Error, wakers: &mut Vec<Waker>) {
        for entry in &mut self.entries {
            if let Entry::Waiting { .. } = entry
                && let Entry::Waiting { waker, .. } = std::mem::replace(entry, Entry::Expired)
            {
                wakers.push(waker);
                self.failure = Some(error.clone());
            }
        }
        self.waiting = 0;
        self.next_deadline = None;
    }

    /// Fails whoever has waited too long; the earliest deadline that is left.
    pub(super) fn expire(&mut self, now: Tick, wakers: &mut Vec<Waker>, why: impl FnOnce() -> Error) -> Tick {
        let Some(next) = self.next_deadline else { return NEVER };
        if next > now {
            return next;
        }
        let mut left = NEVER;
        let mut expired = 0;
        for entry in &mut self.entries {
            let Entry::Waiting { deadline, .. } = entry else { continue };
            if *deadline == NO_DEADLINE {
                continue;
            }
            let deadline = self.epoch + Tick::from(*deadline);
            if deadline > now {
                left = left.min(deadline);
            } else if let Entry::Waiting { waker, .. } = std::mem::replace(entry, Entry::Expired) {
                wakers.push(waker);
                expired += 1;
            }
        }
        self.waiting -= expired;
        if expired > 0 {
            self.expiry = Some(why());
        }
        self.next_deadline = (left != NEVER).then_some(left);
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ErrorKind, Execution};

    #[test]
    fn serves_in_turn_and_forgets_who_left() {
        let mut wait_queue = WaitQueue::default();
        let turns: Vec<_> = (0..4).map(|_| wait_queue.enter(Waker::noop().clone(), 10, NEVER, 0)).collect();
        wait_queue.leave(turns[1]);
        let mut wakers = Vec::new();
        assert_eq!(wait_queue.next_size(), Some(10));
        wait_queue.grant(&mut wakers);
        assert_eq!(wait_queue.next_size(), Some(10));
        wait_queue.grant(&mut wakers);
        assert_eq!(wait_queue.granted(), (20, 2));
        assert!(matches!(wait_queue.check(turns[0], Waker::noop()), Turn::Granted(NEVER)));
        assert!(matches!(wait_queue.check(turns[2], Waker::noop()), Turn::Granted(NEVER)));
        assert!(matches!(wait_queue.check(turns[3], Waker::noop()), Turn::NotYet));
        wait_queue.leave(turns[3]);
        assert!(wait_queue.is_empty());
        assert_eq!(wait_queue.granted(), (0, 0));
    }

    #[test]
    fn a_granted_turn_that_is_left_gives_its_room_back() {
        let mut wait_queue = WaitQueue::default();
        let turn = wait_queue.enter(Waker::noop().clone(), 10, NEVER, 0);
        wait_queue.grant(&mut Vec::new());
        wait_queue.leave(turn);
        assert_eq!(wait_queue.granted(), (0, 0));
    }

    #[test]
    fn expires_whose_time_is_up() {
        let mut wait_queue = WaitQueue::default();
        let early = wait_queue.enter(Waker::noop().clone(), 1, 100, 0);
        let late = wait_queue.enter(Waker::noop().clone(), 1, 200, 0);
        let granted = wait_queue.enter(Waker::noop().clone(), 1, 300, 0);
        let mut wakers = Vec::new();
        assert_eq!(wait_queue.expire(50, &mut wakers, || Error::config("x")), 100);
        assert_eq!(
            wait_queue.expire(150, &mut wakers, || Error::new(
                ErrorKind::QueueFull,
                Execution::NotSent,
                "late"
            )),
            200
        );
        assert_eq!(wakers.len(), 1);
        assert!(matches!(wait_queue.check(early, Waker::noop()), Turn::Failed(_)));
        assert!(matches!(wait_queue.check(late, Waker::noop()), Turn::NotYet));
        wait_queue.leave(late);
        assert_eq!(wait_queue.next_size(), Some(1));
        wait_queue.grant(&mut wakers);
        assert!(matches!(wait_queue.check(granted, Waker::noop()), Turn::Granted(300)), "its time runs on");
    }
}
