//! Where replies are put: a slab, so that no command needs a channel or an allocation of its own.

use std::{collections::VecDeque, task::Waker};

use bytes::Bytes;

use crate::error::Error;

use super::{Elements, NEVER, ReplyBuf, SMALL, Tick, inbox::PORTION};

/// What has become of a command.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Nothing yet.
    None,
    /// Its reply is here.
    Reply(ReplyBuf),
    /// It failed without a reply.
    Failed(Error),
}

#[derive(Debug)]
struct Slot {
    /// Bytes on the wire.
    size: usize,
    deadline: Tick,
    parts: u32,
    /// Replies that have not come; the slot is in flight while there are any.
    owed: u32,
    /// Its future is still there.
    held: bool,
    /// Its future can read the first of what comes before the last.
    gathers: bool,
    /// Something can be taken before the last has come.
    begun: bool,
    waker: Option<Waker>,
    /// Those replies of a batch that have come and were not taken, and how many they are.
    pieces: Vec<Bytes>,
    came: u32,
    /// Those portions of a single reply that have come and were not taken.
    portions: VecDeque<Elements>,
    outcome: Outcome,
}

impl Slot {
    /// What can be taken before the last has come.
    fn early(&mut self) -> Option<ReplyBuf> {
        if let Some(portion) = self.portions.pop_front() {
            return Some(ReplyBuf::Portion(portion));
        }
        if self.pieces.is_empty() {
            return None;
        }
        self.begun = false;
        let replies = std::mem::take(&mut self.came) as usize;
        Some(ReplyBuf::Early(std::mem::take(&mut self.pieces), replies))
    }
}

/// How the replies of a command come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// How many they are.
    pub(super) parts: u32,
    /// Whether the future can read the first of what comes before the last.
    pub(super) gathers: bool,
}

#[derive(Debug, Default)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

impl Slots {
    #[inline]
    pub(super) fn take(&mut self, shape: Shape, size: usize, deadline: Tick, waker: Waker) -> u32 {
        let Shape { parts, gathers } = shape;
        if let Some(id) = self.free.pop() {
            let slot = &mut self.slots[id as usize];
            slot.size = size;
            slot.deadline = deadline;
            slot.parts = parts;
            slot.owed = parts;
            slot.held = true;
            slot.gathers = gathers;
            slot.begun = false;
            slot.came = 0;
            slot.waker = Some(waker);
            return id;
        }
        self.slots.push(Slot {
            size,
            deadline,
            parts,
            owed: parts,
            held: true,
            gathers,
            begun: false,
            waker: Some(waker),
            pieces: Vec::new(),
            came: 0,
            portions: VecDeque::new(),
            outcome: Outcome::None,
        });
        (self.slots.len() - 1) as u32
    }

    /// What has become of it, if anything; else the waker is kept.
    #[inline]
    pub(super) fn outcome(&mut self, id: u32, waker: &Waker) -> Option<Result<ReplyBuf, Error>> {
        let slot = &mut self.slots[id as usize];
        if slot.begun
            && let Some(early) = slot.early()
        {
            return Some(Ok(early));
        }
        match std::mem::replace(&mut slot.outcome, Outcome::None) {
            Outcome::Reply(reply) => Some(Ok(reply)),
            Outcome::Failed(error) => Some(Err(error)),
            Outcome::None => {
                match &slot.waker {
                    Some(kept) if kept.will_wake(waker) => {}
                    _ => slot.waker = Some(waker.clone()),
                }
                None
            }
        }
    }

    /// A short reply: the only one of its command.
    #[inline]
    pub(super) fn small(&mut self, id: u32, bytes: &[u8]) -> Option<Waker> {
        let slot = &mut self.slots[id as usize];
        slot.owed = 0;
        if !slot.held {
            self.vacate(id);
            return None;
        }
        if matches!(slot.outcome, Outcome::None) {
            let mut copy = [0; SMALL];
            copy[..bytes.len()].copy_from_slice(bytes);
            slot.outcome = Outcome::Reply(ReplyBuf::Small(bytes.len() as u8, copy));
        }
        slot.waker.take()
    }

    /// So many replies of a command, as one piece. `true`: these were the last.
    pub(super) fn piece(&mut self, id: u32, bytes: Bytes, replies: u32, wakers: &mut Vec<Waker>) -> bool {
        let slot = &mut self.slots[id as usize];
        slot.owed -= replies;
        if slot.held && matches!(slot.outcome, Outcome::None) {
            if slot.parts == 1 {
                slot.outcome = Outcome::Reply(ReplyBuf::Whole(bytes));
            } else {
                slot.pieces.push(bytes);
                slot.came += replies;
                if slot.owed == 0 {
                    slot.outcome = Outcome::Reply(ReplyBuf::Pieces(std::mem::take(&mut slot.pieces)));
                } else if slot.gathers && slot.pieces.iter().map(Bytes::len).sum::<usize>() >= PORTION {
                    slot.begun = true;
                    wakers.extend(slot.waker.take());
                }
            }
        }
        if slot.owed > 0 {
            return false;
        }
        if slot.held {
            wakers.extend(slot.waker.take());
        } else {
            self.vacate(id);
        }
        true
    }

    /// Whether its future can read a portion of its reply.
    pub(super) fn gathers(&self, id: u32) -> bool {
        self.slots[id as usize].gathers
    }

    /// A portion of its reply, which has not come to its end.
    pub(super) fn portion(&mut self, id: u32, portion: Elements) -> Option<Waker> {
        let slot = &mut self.slots[id as usize];
        slot.begun = true;
        // Nobody waits any more, or it has failed: the portion is dropped, and so will be the others.
        if !slot.held || !matches!(slot.outcome, Outcome::None) {
            return None;
        }
        slot.portions.push_back(portion);
        slot.waker.take()
    }

    /// The last elements of a reply that was handed over in portions.
    pub(super) fn rest(&mut self, id: u32, rest: Elements) -> Option<Waker> {
        let slot = &mut self.slots[id as usize];
        slot.owed = 0;
        if !slot.held {
            self.vacate(id);
            return None;
        }
        if matches!(slot.outcome, Outcome::None) {
            slot.outcome = Outcome::Reply(ReplyBuf::Rest(rest));
        }
        slot.waker.take()
    }

    /// It has failed, whatever comes.
    pub(super) fn finish(&mut self, id: u32, outcome: Outcome) -> Option<Waker> {
        let slot = &mut self.slots[id as usize];
        if !slot.held || !matches!(slot.outcome, Outcome::None) {
            return None;
        }
        slot.pieces.clear();
        slot.portions.clear();
        slot.outcome = outcome;
        slot.waker.take()
    }

    /// No reply will come for it any more.
    pub(super) fn settled(&mut self, id: u32) {
        let slot = &mut self.slots[id as usize];
        slot.owed = 0;
        if !slot.held {
            self.vacate(id);
        }
    }

    /// Its future has no use for it any more.
    #[inline]
    pub(super) fn release(&mut self, id: u32) {
        let slot = &mut self.slots[id as usize];
        slot.held = false;
        slot.waker = None;
        slot.outcome = Outcome::None;
        slot.portions.clear();
        if slot.owed == 0 {
            self.vacate(id);
        } else {
            slot.pieces.clear();
            slot.deadline = NEVER;
        }
    }

    #[inline]
    fn vacate(&mut self, id: u32) {
        self.free.push(id);
    }

    #[inline]
    pub(super) fn owed(&self, id: u32) -> u32 {
        self.slots[id as usize].owed
    }

    #[inline]
    pub(super) fn is_batch(&self, id: u32) -> bool {
        self.slots[id as usize].parts > 1
    }

    pub(super) fn size(&self, id: u32) -> usize {
        self.slots[id as usize].size
    }

    pub(super) fn deadline(&self, id: u32) -> Tick {
        self.slots[id as usize].deadline
    }

    pub(super) fn forget_deadline(&mut self, id: u32) {
        self.slots[id as usize].deadline = NEVER;
    }
}
