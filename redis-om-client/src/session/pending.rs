//! The reply slots. They are in a slab, so a command needs no channel and no allocation.

use std::task::Waker;

use bytes::Bytes;

use crate::{error::Error, resp::FAILED};

use super::{Ended, NEVER, Pieces, ReplyBuf, Runs, Tick};

/// The outcome of a command.
#[derive(Debug)]
pub(super) enum Outcome {
    /// None yet.
    None,
    /// The reply was received.
    Reply(ReplyBuf),
    /// The command failed without a reply.
    Failed(Error),
}

/// The bytes of the command are not written.
const WITHDRAWN: u8 = 1;
/// The command has no future. Its reply is discarded.
const DETACHED: u8 = 2;
/// Its deadline has passed.
const EXPIRED: u8 = 8;
/// It failed, and none of its bytes were sent.
const UNSENT: u8 = 16;

#[derive(Debug)]
struct Slot {
    /// The stream offset (in bytes that were ever queued) of its first byte.
    start: u64,
    /// The number of its encoded bytes. After it failed with its connection: the number of its bytes that may have been
    /// sent.
    size: usize,
    deadline: Tick,
    marks: u8,
    shape: Shape,
    /// The number of replies that were not received. While it is not 0, the command is in flight.
    owed: u32,
    /// Its future has not taken the outcome and was not dropped.
    held: bool,
    waker: Option<Waker>,
    /// The replies of a batch that were received, until the last one is received.
    received: Option<Vec<Bytes>>,
    outcome: Outcome,
}

/// The properties of a command that decide how its replies are handled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// The number of its replies.
    pub(super) parts: u32,
    /// Its replies go to the sink of the connection.
    pub(super) for_sink: bool,
    /// What the server runs if only the first bytes arrive.
    pub(super) runs: Runs,
    /// The server may delay the reply.
    pub(super) blocking: bool,
}

#[derive(Debug, Default)]
pub(super) struct Pending {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// They are not in the slots, because nearly all commands have none, and a slot is to be small.
    failures: Vec<Failure>,
    /// The number of failures at which those that are not needed any more are removed.
    prune_at: usize,
}

/// A reply of a batch that could not be read. It is kept until the future of the batch takes it.
#[derive(Debug)]
struct Failure {
    id: u32,
    /// The stream offset of the batch. A later command in the same slot has another one.
    start: u64,
    part: usize,
    error: Error,
}

/// Takes the failures of one batch, each with the index of its reply.
fn take_failures(all: &mut Vec<Failure>, id: u32, start: u64) -> Vec<(usize, Error)> {
    if all.is_empty() {
        return Vec::new();
    }
    let of_batch = |failure: &mut Failure| failure.id == id && failure.start == start;
    all.extract_if(.., of_batch).map(|Failure { part, error, .. }| (part, error)).collect()
}

impl Pending {
    #[inline]
    pub(super) fn take(
        &mut self,
        shape: Shape,
        (start, size): (u64, usize),
        deadline: Tick,
        waker: Waker,
    ) -> u32 {
        if let Some(id) = self.free.pop() {
            let slot = &mut self.slots[id as usize];
            slot.start = start;
            slot.size = size;
            slot.deadline = deadline;
            slot.marks = 0;
            slot.shape = shape;
            slot.owed = shape.parts;
            slot.held = true;
            slot.waker = Some(waker);
            return id;
        }
        self.slots.push(Slot {
            start,
            size,
            deadline,
            marks: 0,
            shape,
            owed: shape.parts,
            held: true,
            waker: Some(waker),
            received: None,
            outcome: Outcome::None,
        });
        (self.slots.len() - 1) as u32
    }

    /// Takes the outcome. `None` if there is none yet; then the waker is kept.
    #[inline]
    pub(super) fn outcome(
        &mut self,
        id: u32,
        waker: &Waker,
        spent: &mut Vec<Waker>,
    ) -> Option<Result<ReplyBuf, Error>> {
        let slot = &mut self.slots[id as usize];
        match std::mem::replace(&mut slot.outcome, Outcome::None) {
            Outcome::Reply(reply) => Some(Ok(reply)),
            Outcome::Failed(error) => Some(Err(error)),
            Outcome::None => {
                match &slot.waker {
                    Some(kept) if kept.will_wake(waker) => {}
                    _ => spent.extend(slot.waker.replace(waker.clone())),
                }
                None
            }
        }
    }

    /// Records a short reply, the only one of its command.
    #[inline]
    pub(super) fn small(&mut self, id: u32, bytes: &[u8]) -> Option<Waker> {
        let slot = &mut self.slots[id as usize];
        slot.owed = 0;
        if !slot.held {
            self.vacate(id);
            return None;
        }
        if matches!(slot.outcome, Outcome::None) {
            slot.outcome = Outcome::Reply(ReplyBuf::small(bytes));
        }
        slot.waker.take()
    }

    /// Records this number of replies of a command, in one piece. Returns `true` if they were the last ones.
    pub(super) fn piece(&mut self, id: u32, bytes: Bytes, replies: u32, wakers: &mut Vec<Waker>) -> bool {
        let slot = &mut self.slots[id as usize];
        slot.owed -= replies;
        let last = slot.owed == 0;
        if !slot.held {
            if last {
                self.vacate(id);
            }
            return last;
        }
        if matches!(slot.outcome, Outcome::None) {
            if slot.shape.parts == 1 {
                slot.outcome = Outcome::Reply(ReplyBuf::Whole(bytes));
            } else {
                slot.received.get_or_insert_default().push(bytes);
                if last && let Some(pieces) = slot.received.take() {
                    let failures = take_failures(&mut self.failures, id, slot.start);
                    slot.outcome = Outcome::Reply(Pieces { pieces, failures, lost: None }.into());
                }
            }
        }
        if last {
            wakers.extend(slot.waker.take());
        }
        last
    }

    /// Records that the next reply of a batch could not be read. Returns `true` if it was the last one.
    #[cold]
    pub(super) fn fail_part(&mut self, id: u32, error: Error, wakers: &mut Vec<Waker>) -> bool {
        if self.failures.len() >= self.prune_at {
            // The failures of batches whose futures were dropped are not needed any more.
            let is_awaited = |failure: &Failure| {
                let slot = &self.slots[failure.id as usize];
                slot.held && slot.start == failure.start
            };
            self.failures.retain(is_awaited);
            self.prune_at = 2 * self.failures.len().max(32);
        }
        let slot = &self.slots[id as usize];
        if slot.held && matches!(slot.outcome, Outcome::None) {
            let part = (slot.shape.parts - slot.owed) as usize;
            self.failures.push(Failure { id, start: slot.start, part, error });
        }
        self.piece(id, Bytes::from_static(FAILED), 1, wakers)
    }

    /// Records that the command has failed. Its later replies are discarded.
    #[cold]
    pub(super) fn fail(&mut self, id: u32, error: Error) -> Option<Waker> {
        let slot = &mut self.slots[id as usize];
        if !slot.held || !matches!(slot.outcome, Outcome::None) {
            return None;
        }
        slot.outcome = match slot.received.take() {
            None => Outcome::Failed(error),
            // The caller of a batch also gets the replies that were received before the failure.
            Some(pieces) => {
                let failures = take_failures(&mut self.failures, id, slot.start);
                Outcome::Reply(Pieces { pieces, failures, lost: Some(error) }.into())
            }
        };
        slot.waker.take()
    }

    /// Records that the command gets no more replies.
    pub(super) fn settled(&mut self, id: u32) {
        let slot = &mut self.slots[id as usize];
        slot.owed = 0;
        if !slot.held {
            self.vacate(id);
        }
    }

    /// Records one reply of a command whose replies go to the sink. Returns `true` if it was the last one.
    pub(super) fn reply_for_sink(&mut self, id: u32) -> bool {
        let slot = &mut self.slots[id as usize];
        slot.owed -= 1;
        let last = slot.owed == 0;
        if last {
            self.vacate(id);
        }
        last
    }

    /// Records that the future has taken the outcome or was dropped.
    #[inline]
    pub(super) fn release(&mut self, id: u32, spent: &mut Vec<Waker>) {
        let slot = &mut self.slots[id as usize];
        slot.held = false;
        spent.extend(slot.waker.take());
        slot.outcome = Outcome::None;
        slot.received = None;
        if slot.owed == 0 {
            self.vacate(id);
        } else {
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
        self.slots[id as usize].shape.parts > 1
    }

    /// Asserts that every slot is empty and is exactly once in the list of free slots. Returns the number of slots.
    #[cfg(test)]
    pub(super) fn assert_free(&self) -> usize {
        let free: std::collections::BTreeSet<u32> = self.free.iter().copied().collect();
        assert_eq!(
            (free.len(), free.len()),
            (self.free.len(), self.slots.len()),
            "a slot was freed twice, or was not freed"
        );
        for slot in &self.slots {
            assert!(matches!((&slot.received, &slot.outcome), (None, Outcome::None)), "{slot:?}");
        }
        free.len()
    }

    pub(super) fn size(&self, id: u32) -> usize {
        self.slots[id as usize].size
    }

    pub(super) fn deadline(&self, id: u32) -> Tick {
        self.slots[id as usize].deadline
    }

    /// Marks a command that has no future. It keeps its deadline.
    pub(super) fn detach(&mut self, id: u32) {
        let slot = &mut self.slots[id as usize];
        slot.held = false;
        slot.marks |= DETACHED;
        slot.waker = None;
    }

    pub(super) fn is_held(&self, id: u32) -> bool {
        self.slots[id as usize].held
    }

    pub(super) fn is_detached(&self, id: u32) -> bool {
        self.slots[id as usize].marks & DETACHED != 0
    }

    pub(super) fn is_blocking(&self, id: u32) -> bool {
        self.slots[id as usize].shape.blocking
    }

    pub(super) fn is_owed(&self, id: u32) -> bool {
        self.slots[id as usize].owed > 0
    }

    pub(super) fn shape(&self, id: u32) -> Shape {
        self.slots[id as usize].shape
    }

    /// The stream offset (in bytes that were ever queued) of its first byte.
    pub(super) fn start(&self, id: u32) -> u64 {
        self.slots[id as usize].start
    }

    pub(super) fn move_to(&mut self, id: u32, start: u64) {
        self.slots[id as usize].start = start;
    }

    /// Marks a command whose bytes are not written. Returns `false` if it was marked before.
    pub(super) fn withdraw(&mut self, id: u32) -> bool {
        let slot = &mut self.slots[id as usize];
        let is_new = slot.marks & WITHDRAWN == 0;
        slot.marks |= WITHDRAWN;
        is_new
    }

    pub(super) fn is_withdrawn(&self, id: u32) -> bool {
        self.slots[id as usize].marks & WITHDRAWN != 0
    }

    /// Records that the command failed while it was queued, so that none of its bytes were sent.
    pub(super) fn note_unsent(&mut self, id: u32) {
        self.slots[id as usize].marks |= UNSENT;
    }

    /// Records that the command failed with its connection, and that this number of its bytes may have been sent. This
    /// number replaces its size.
    pub(super) fn note_written(&mut self, id: u32, bytes: usize) {
        self.slots[id as usize].size = bytes;
    }

    /// Returns what is known about a command that has ended.
    #[inline]
    pub(super) fn ended(&self, id: u32) -> Ended {
        let slot = &self.slots[id as usize];
        if slot.marks == 0 {
            return Ended { deadline: slot.deadline, written: slot.size };
        }
        // A command whose deadline has passed has no time left, whenever this is asked.
        let deadline = if slot.marks & EXPIRED != 0 { 0 } else { slot.deadline };
        let written = if slot.marks & UNSENT != 0 { 0 } else { slot.size };
        Ended { deadline, written }
    }

    pub(super) fn forget_deadline(&mut self, id: u32) {
        let slot = &mut self.slots[id as usize];
        slot.deadline = NEVER;
        slot.marks |= EXPIRED;
    }
}
