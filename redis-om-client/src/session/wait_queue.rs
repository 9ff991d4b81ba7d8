//! The commands that wait for room in a full queue, or for a connection: first come, first served.
//!
//! A command that waits costs one entry of 32 bytes, and leaves in constant time: a million futures may wait and be
//! dropped in any order.
//!
//! **Offers.** When there is room, the first in line is called: its waker is woken, and the room is kept for it. But a
//! future can be held and not be polled. So an offer holds for at least one whole turn of the driver, in which every
//! task that was woken could run; then the room passes to those behind. The one that did not come keeps its place, its
//! wake-up stays good, and it takes room when it comes and there is some. Where no one at all came in a turn, the next
//! turn calls twice as many: a caller behind a million futures that nobody polls is reached in 20 turns.

use std::{collections::VecDeque, task::Waker};

use crate::error::Error;

use super::{NEVER, Tick};

#[derive(Debug)]
enum Entry {
    /// Not called since it last came.
    Waiting {
        waker: Waker,
        size: u32,
        deadline: u32,
    },
    /// Called in this turn; it has not come yet.
    Called {
        turn: u32,
        size: u32,
        deadline: u32,
    },
    /// It will be told when it comes.
    Failed {
        deadline: u32,
        expired: bool,
    },
    Gone,
}

/// What has become of a command that waits.
#[derive(Debug)]
pub(super) enum Turn {
    /// Others are before it.
    NotYet,
    /// It was called, and none that came before it waits: it may go, if there is room.
    Called(Offer),
    Failed(Error, Tick),
}

/// What is known of a command that was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) deadline: Tick,
    /// Room is still kept for it.
    pub(super) kept: bool,
}

/// Room that is kept for commands that were called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) bytes: usize,
    pub(super) commands: usize,
}

impl Kept {
    fn add(&mut self, size: u32) {
        self.bytes += size as usize;
        self.commands += 1;
    }

    fn remove(&mut self, size: u32) {
        self.bytes = self.bytes.saturating_sub(size as usize);
        self.commands = self.commands.saturating_sub(1);
    }
}

#[derive(Debug, Default)]
pub(super) struct WaitQueue {
    entries: VecDeque<Entry>,
    /// The number of `entries[0]`.
    first: u64,
    /// No entry before this index is [`Entry::Waiting`].
    front: usize,
    /// How many are [`Entry::Waiting`].
    waiting: usize,
    /// All that is kept.
    kept: Kept,
    /// What of it was already kept in the turn before this one.
    aging: Kept,
    /// Turns of the driver, while something was kept.
    turn: u32,
    /// A called one came in this turn, or in the one before.
    came: (bool, bool),
    /// How many times the room is offered at once, as a power of two.
    doubled: u32,
    /// Why all were failed, for those that have not come yet.
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
    /// Whether nobody waits to be called.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Whether it holds nothing at all.
    pub(super) fn is_unused(&self) -> bool {
        self.entries.is_empty()
    }

    /// The room that is kept.
    #[inline]
    pub(super) fn kept(&self) -> Kept {
        self.kept
    }

    /// How many times the room is offered at once.
    pub(super) fn factor(&self) -> usize {
        1_usize.checked_shl(self.doubled).unwrap_or(usize::MAX)
    }

    /// Waits; [`WaitQueue::check`] takes the number.
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

    /// What has become of it. A waker that is not needed any more comes out in `spent`.
    pub(super) fn check(&mut self, number: u64, waker: &Waker, spent: &mut Vec<Waker>) -> Option<Turn> {
        let index = self.index(number)?;
        let turn = self.turn;
        match &mut self.entries[index] {
            Entry::Waiting { waker: kept, .. } => {
                if !kept.will_wake(waker) {
                    spent.push(std::mem::replace(kept, waker.clone()));
                }
                Some(Turn::NotYet)
            }
            Entry::Called { turn: called, deadline, .. } => {
                let (kept, deadline) = (turn.wrapping_sub(*called) < 2, *deadline);
                self.came.0 = true;
                if self.first_waiting().is_some_and(|first| first < index) {
                    self.wait_again(number, waker);
                    return Some(Turn::NotYet);
                }
                Some(Turn::Called(Offer { deadline: self.tick(deadline), kept }))
            }
            Entry::Failed { deadline, expired } => {
                let (deadline, expired) = (*deadline, *expired);
                let error = if expired { self.expiry.clone() } else { self.failure.clone() };
                let deadline = self.tick(deadline);
                self.leave(number, spent);
                error.map(|error| Turn::Failed(error, deadline))
            }
            Entry::Gone => None,
        }
    }

    /// It was called, came, and found no room: it waits in its place until it is called again.
    pub(super) fn wait_again(&mut self, number: u64, waker: &Waker) {
        let Some(index) = self.index(number) else { return };
        let Entry::Called { turn, size, deadline } = self.entries[index] else { return };
        self.give_back(turn, size);
        self.entries[index] = Entry::Waiting { waker: waker.clone(), size, deadline };
        self.waiting += 1;
        self.front = self.front.min(index);
    }

    /// It goes, or its future is gone; until when it has time. Its waker comes out in `spent`.
    pub(super) fn leave(&mut self, number: u64, spent: &mut Vec<Waker>) -> Option<Tick> {
        let index = self.index(number)?;
        let left = match std::mem::replace(&mut self.entries[index], Entry::Gone) {
            Entry::Waiting { waker, deadline, .. } => {
                self.waiting -= 1;
                spent.push(waker);
                Some(deadline)
            }
            Entry::Called { turn, size, deadline } => {
                self.give_back(turn, size);
                Some(deadline)
            }
            Entry::Failed { deadline, .. } => Some(deadline),
            Entry::Gone => None,
        };
        let deadline = left.map(|deadline| self.tick(deadline));
        self.tidy();
        deadline
    }

    fn index(&self, number: u64) -> Option<usize> {
        let index = number.checked_sub(self.first)?;
        usize::try_from(index).ok().filter(|index| *index < self.entries.len())
    }

    fn tick(&self, deadline: u32) -> Tick {
        if deadline == NO_DEADLINE { NEVER } else { self.epoch.saturating_add(Tick::from(deadline)) }
    }

    /// Room that was kept since `turn` is kept no more.
    fn give_back(&mut self, turn: u32, size: u32) {
        match self.turn.wrapping_sub(turn) {
            0 => self.kept.remove(size),
            1 => {
                self.kept.remove(size);
                self.aging.remove(size);
            }
            _ => {}
        }
    }

    /// Lets go of the entries at the front that nobody will ask after.
    fn tidy(&mut self) {
        while let Some(Entry::Gone) = self.entries.front() {
            self.entries.pop_front();
            self.first += 1;
            self.front = self.front.saturating_sub(1);
        }
        if self.entries.is_empty() {
            self.next_deadline = None;
            self.failure = None;
            self.expiry = None;
            self.doubled = 0;
            if self.entries.capacity() > 4096 {
                self.entries = VecDeque::new();
            }
        }
    }

    /// The index of the first that is to be called.
    fn first_waiting(&mut self) -> Option<usize> {
        if self.waiting == 0 {
            return None;
        }
        while let Some(entry) = self.entries.get(self.front) {
            if let Entry::Waiting { .. } = entry {
                return Some(self.front);
            }
            self.front += 1;
        }
        None
    }

    /// The size of the command that is to be called next.
    pub(super) fn next_size(&mut self) -> Option<usize> {
        let index = self.first_waiting()?;
        match self.entries[index] {
            Entry::Waiting { size, .. } => Some(size as usize),
            _ => None,
        }
    }

    /// Calls the next, and keeps room for it.
    pub(super) fn call(&mut self, wakers: &mut Vec<Waker>) {
        let Some(index) = self.first_waiting() else { return };
        let Entry::Waiting { size, deadline, .. } = self.entries[index] else { return };
        let called = Entry::Called { turn: self.turn, size, deadline };
        if let Entry::Waiting { waker, .. } = std::mem::replace(&mut self.entries[index], called) {
            wakers.push(waker);
        }
        self.front += 1;
        self.waiting -= 1;
        self.kept.add(size);
    }

    /// A turn of the driver begins: what was offered before the turn that has just ended is kept no more.
    pub(super) fn next_turn(&mut self) {
        if self.kept == Kept::default() {
            self.came = (false, false);
            self.doubled = 0;
            return;
        }
        let lapsed = self.aging;
        if lapsed != Kept::default() && !self.came.0 && !self.came.1 {
            self.doubled = (self.doubled + 1).min(usize::BITS - 1);
        }
        self.kept.bytes = self.kept.bytes.saturating_sub(lapsed.bytes);
        self.kept.commands = self.kept.commands.saturating_sub(lapsed.commands);
        self.aging = self.kept;
        self.turn = self.turn.wrapping_add(1);
        self.came = (false, self.came.0);
    }

    /// Fails all that wait, and those that were called and have not come.
    pub(super) fn fail_all(&mut self, error: &Error, wakers: &mut Vec<Waker>) {
        for entry in &mut self.entries {
            let (Entry::Waiting { deadline, .. } | Entry::Called { deadline, .. }) = *entry else { continue };
            let failed = Entry::Failed { deadline, expired: false };
            if let Entry::Waiting { waker, .. } = std::mem::replace(entry, failed) {
                wakers.push(waker);
            }
            self.failure = Some(error.clone());
        }
        self.waiting = 0;
        (self.kept, self.aging) = Default::default();
        self.front = self.entries.len();
        self.next_deadline = None;
    }

    /// Fails what has waited too long; the earliest deadline that is left.
    pub(super) fn expire(&mut self, now: Tick, wakers: &mut Vec<Waker>, why: impl FnOnce() -> Error) -> Tick {
        let Some(next) = self.next_deadline else { return NEVER };
        if next > now {
            return next;
        }
        let mut left = NEVER;
        let mut any = false;
        for index in 0..self.entries.len() {
            let (Entry::Waiting { deadline, .. } | Entry::Called { deadline, .. }) = self.entries[index]
            else {
                continue;
            };
            let at = self.tick(deadline);
            if at > now {
                left = left.min(at);
                continue;
            }
            any = true;
            match std::mem::replace(&mut self.entries[index], Entry::Failed { deadline, expired: true }) {
                Entry::Waiting { waker, .. } => {
                    self.waiting -= 1;
                    wakers.push(waker);
                }
                // It has been woken, and sees it when it comes.
                Entry::Called { turn, size, .. } => self.give_back(turn, size),
                Entry::Failed { .. } | Entry::Gone => {}
            }
        }
        if any {
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

    fn enter(queue: &mut WaitQueue, deadline: Tick) -> u64 {
        queue.enter(Waker::noop().clone(), 10, deadline, 0)
    }

    fn check(queue: &mut WaitQueue, number: u64) -> Turn {
        queue.check(number, Waker::noop(), &mut Vec::new()).unwrap()
    }

    fn leave(queue: &mut WaitQueue, number: u64) -> Option<Tick> {
        queue.leave(number, &mut Vec::new())
    }

    #[test]
    fn an_entry_has_32_bytes() {
        assert_eq!(size_of::<Entry>(), 32);
    }

    #[test]
    fn serves_in_turn_and_forgets_who_left() {
        let mut queue = WaitQueue::default();
        let numbers: Vec<_> = (0..4).map(|_| enter(&mut queue, NEVER)).collect();
        leave(&mut queue, numbers[1]);
        let mut wakers = Vec::new();
        queue.call(&mut wakers);
        queue.call(&mut wakers);
        assert_eq!(queue.kept(), Kept { bytes: 20, commands: 2 });
        assert!(matches!(check(&mut queue, numbers[0]), Turn::Called(Offer { deadline: NEVER, kept: true })));
        assert!(matches!(check(&mut queue, numbers[2]), Turn::Called(Offer { deadline: NEVER, kept: true })));
        assert!(matches!(check(&mut queue, numbers[3]), Turn::NotYet));
        for number in [0, 2, 3] {
            assert_eq!(leave(&mut queue, numbers[number]), Some(NEVER));
        }
        assert!(queue.is_unused());
        assert_eq!(queue.kept(), Kept::default());
    }

    #[test]
    fn an_offer_that_is_left_gives_its_room_back() {
        for turns in 0..4 {
            let mut queue = WaitQueue::default();
            let number = enter(&mut queue, NEVER);
            queue.call(&mut Vec::new());
            (0..turns).for_each(|_| queue.next_turn());
            leave(&mut queue, number);
            assert_eq!((queue.kept(), queue.aging), Default::default());
        }
    }

    #[test]
    fn an_offer_holds_for_a_whole_turn() {
        let mut queue = WaitQueue::default();
        let number = enter(&mut queue, NEVER);
        queue.call(&mut Vec::new());
        queue.next_turn();
        assert_eq!(queue.kept().commands, 1, "the turn in which it was called was not a whole one");
        queue.next_turn();
        assert_eq!(queue.kept(), Kept::default());
        assert!(matches!(check(&mut queue, number), Turn::Called(Offer { kept: false, .. })));
        // It finds no room: it is the first to be called again.
        let behind = enter(&mut queue, NEVER);
        queue.wait_again(number, Waker::noop());
        queue.call(&mut Vec::new());
        assert!(matches!(check(&mut queue, number), Turn::Called(Offer { kept: true, .. })));
        assert!(matches!(check(&mut queue, behind), Turn::NotYet));
    }

    #[test]
    fn where_nobody_comes_twice_as_many_are_called() {
        let mut queue = WaitQueue::default();
        let numbers: Vec<_> = (0..8).map(|_| enter(&mut queue, NEVER)).collect();
        queue.call(&mut Vec::new());
        assert_eq!(queue.factor(), 1);
        queue.next_turn();
        queue.next_turn();
        assert_eq!(queue.factor(), 2);
        queue.call(&mut Vec::new());
        queue.next_turn();
        assert!(matches!(check(&mut queue, numbers[1]), Turn::Called(_)));
        queue.next_turn();
        assert_eq!(queue.factor(), 2, "one came");
        queue.next_turn();
        assert_eq!(queue.factor(), 1, "nothing is offered any more");
    }

    #[test]
    fn fails_what_has_waited_too_long() {
        let mut queue = WaitQueue::default();
        let (early, late, called) = (enter(&mut queue, 100), enter(&mut queue, 200), enter(&mut queue, 300));
        let late_error = || Error::new(ErrorKind::QueueFull, Execution::NotSent, "late");
        let mut wakers = Vec::new();
        assert_eq!(queue.expire(50, &mut wakers, late_error), 100);
        assert_eq!(queue.expire(150, &mut wakers, late_error), 200);
        assert_eq!(wakers.len(), 1);
        assert!(matches!(check(&mut queue, early), Turn::Failed(_, 100)));
        assert!(matches!(check(&mut queue, late), Turn::NotYet));
        leave(&mut queue, late);
        queue.call(&mut wakers);
        assert!(
            matches!(check(&mut queue, called), Turn::Called(Offer { deadline: 300, .. })),
            "its time runs on"
        );
        // Its time runs also while it does not come.
        assert_eq!(queue.expire(300, &mut wakers, late_error), NEVER);
        assert_eq!(queue.kept(), Kept::default());
        assert!(matches!(check(&mut queue, called), Turn::Failed(_, 300)));
    }
}
