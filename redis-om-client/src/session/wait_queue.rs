//! The commands that wait for room in a full queue, or for a connection, in the order in which they arrived.
//!
//! A command that waits needs one entry of 32 bytes, and leaves in constant time. A million futures may wait and be
//! dropped in any order. (Entries are removed from the front only. While one future is held and not polled, the entries
//! of later commands that have left stay in memory.)
//!
//! **Offers.** When there is room, the queue offers it to the first entry: it wakes the future of the entry and reserves
//! the room for it. But a future can be held and not polled. So an offer holds for at least one whole turn of the
//! driver, in which every woken task could run. Then the room is offered to later entries. The first entry keeps its
//! place, and its future can still take room that is free when it is polled. If no future at all was polled in a turn,
//! the next turn makes twice as many offers. So a future behind a million futures that are not polled gets an offer after
//! 20 turns.

use std::{collections::VecDeque, task::Waker};

use crate::error::Error;

use super::{NEVER, Tick};

#[derive(Debug)]
enum Entry {
    /// Its future has no offer.
    Waiting { waker: Waker, size: u32, deadline: u32 },
    /// Its future has an offer, made in this turn, and was not polled since.
    Called { turn: u32, size: u32, deadline: u32 },
    /// Its future gets the error when it is polled.
    Failed { deadline: u32, expired: bool },
    /// The command has left.
    Gone,
}

/// The state of a command that waits.
#[derive(Debug)]
pub(super) enum Turn {
    /// It has no offer, or an earlier command still waits.
    NotYet,
    /// It has an offer, and no earlier command waits: it can be queued if there is room.
    Called(Offer),
    Failed(Error, Tick),
}

/// An offer of room to a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) deadline: Tick,
    /// The room is still reserved for it.
    pub(super) kept: bool,
}

/// The room that is reserved for commands with an offer.
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
    /// The number of entries that are [`Entry::Waiting`].
    waiting: usize,
    /// All reserved room.
    kept: Kept,
    /// The part of it that was reserved before the current turn.
    aging: Kept,
    /// The number of turns of the driver in which room was reserved.
    turn: u32,
    /// Whether a future with an offer was polled in this turn, and in the turn before.
    came: (bool, bool),
    /// The number of offers that are made for the same room, as a power of two.
    doubled: u32,
    /// The error of the entries that were failed together.
    failure: Option<Error>,
    /// The error of the entries that expired.
    expiry: Option<Error>,
    /// No entry has an earlier deadline.
    next_deadline: Option<Tick>,
    /// Entries have their deadlines in milliseconds from this tick.
    epoch: Tick,
}

const NO_DEADLINE: u32 = u32::MAX;

/// The longest time in milliseconds for which one [`WaitQueue::epoch`] serves. Deadlines are 32 bits behind it.
const LONGEST_EPOCH: Tick = 1 << 31;

impl WaitQueue {
    /// Whether no command waits for an offer.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Whether it has no entries.
    pub(super) fn is_unused(&self) -> bool {
        self.entries.is_empty()
    }

    /// The room that is reserved.
    #[inline]
    pub(super) fn kept(&self) -> Kept {
        self.kept
    }

    /// The number of offers that are made for the same room.
    pub(super) fn factor(&self) -> usize {
        1_usize.checked_shl(self.doubled).unwrap_or(usize::MAX)
    }

    /// Adds a command. Returns its number, which [`WaitQueue::check`] takes.
    pub(super) fn enter(&mut self, waker: Waker, size: usize, deadline: Tick, now: Tick) -> u64 {
        if self.entries.is_empty() {
            self.epoch = now;
        } else if now.saturating_sub(self.epoch) > LONGEST_EPOCH {
            self.begin_epoch(now);
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

    /// Counts the deadlines of all entries from `now` on.
    #[cold]
    fn begin_epoch(&mut self, now: Tick) {
        let passed = u32::try_from(now - self.epoch).unwrap_or(NO_DEADLINE - 1);
        self.epoch = now;
        for entry in &mut self.entries {
            let (Entry::Waiting { deadline, .. }
            | Entry::Called { deadline, .. }
            | Entry::Failed { deadline, .. }) = entry
            else {
                continue;
            };
            if *deadline != NO_DEADLINE {
                *deadline = deadline.saturating_sub(passed);
            }
        }
    }

    /// The state of a command whose future is polled. A waker that is not needed any more is put into `spent`.
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

    /// Lets a command whose future was polled and found no room wait in its place for the next offer.
    pub(super) fn wait_again(&mut self, number: u64, waker: &Waker) {
        let Some(index) = self.index(number) else { return };
        let Entry::Called { turn, size, deadline } = self.entries[index] else { return };
        self.give_back(turn, size);
        self.entries[index] = Entry::Waiting { waker: waker.clone(), size, deadline };
        self.waiting += 1;
        self.front = self.front.min(index);
    }

    /// Removes a command that is queued now, or whose future was dropped. Returns its deadline. Its waker is put into
    /// `spent`.
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

    /// Ends the reservation of room that was reserved in `turn`.
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

    /// Removes the entries at the front whose commands have left.
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

    /// The index of the first entry without an offer.
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

    /// The size in bytes of the command that gets the next offer.
    pub(super) fn next_size(&mut self) -> Option<usize> {
        let index = self.first_waiting()?;
        match self.entries[index] {
            Entry::Waiting { size, .. } => Some(size as usize),
            _ => None,
        }
    }

    /// Makes an offer to the first command without one, and reserves the room.
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

    /// Begins a turn of the driver: offers that were made before the turn that has just ended lose their reserved room.
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

    /// Fails all commands.
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

    /// Fails the commands whose deadline has passed. Returns the earliest deadline that is left.
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
                // Its future was woken, and gets the error when it is polled.
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
    fn deadlines_hold_after_50_days_in_which_the_queue_was_never_empty() {
        let day = 24 * 60 * 60 * 1000;
        let mut queue = WaitQueue::default();
        let (held, soon) = (enter(&mut queue, NEVER), enter(&mut queue, 10));
        for days in [30, 50, 100] {
            let now = days * day;
            let number = queue.enter(Waker::noop().clone(), 10, now + 100, now);
            assert_eq!(leave(&mut queue, number), Some(now + 100));
        }
        assert_eq!(leave(&mut queue, held), Some(NEVER));
        assert!(leave(&mut queue, soon).unwrap() <= 100 * day, "its deadline has passed");
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
