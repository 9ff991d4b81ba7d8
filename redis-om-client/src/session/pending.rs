//! Where replies are put: a slab, so that no command needs a channel or an allocation of its own.

use std::task::Waker;

use bytes::Bytes;

use crate::{error::Error, resp::FAILED};

use super::{Ended, NEVER, Pieces, ReplyBuf, Runs, Tick};

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

/// Its bytes are not to be written.
const WITHDRAWN: u8 = 1;
/// Nobody ever waited for it.
const DETACHED: u8 = 2;
/// Its time is up.
const EXPIRED: u8 = 8;
/// It failed, and none of its bytes left.
const UNSENT: u8 = 16;

#[derive(Debug)]
struct Slot {
    /// Where its bytes start, of all that were ever queued.
    start: u64,
    /// Bytes on the wire; once it failed with its connection, how many of them may have left.
    size: usize,
    deadline: Tick,
    marks: u8,
    shape: Shape,
    /// Replies that have not come; the slot is in flight while there are any.
    owed: u32,
    /// Its future is still there.
    held: bool,
    waker: Option<Waker>,
    /// The replies of a batch that were received, until the last one is received.
    came: Option<Vec<Bytes>>,
    outcome: Outcome,
}

/// How the replies of a command come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// How many they are.
    pub(super) parts: u32,
    /// They go to the sink of the connection.
    pub(super) for_sink: bool,
    /// What the server runs of it if not all of it arrives.
    pub(super) runs: Runs,
    /// The server may keep the reply back.
    pub(super) blocking: bool,
}

#[derive(Debug, Default)]
pub(super) struct Pending {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Beside the slots, which are many: nearly all commands have none.
    failures: Vec<Failure>,
}

/// A reply of a batch that could not be read, until the batch's future takes it.
#[derive(Debug)]
struct Failure {
    id: u32,
    /// The start of the batch, which no other command that has the same slot later shares.
    start: u64,
    part: usize,
    error: Error,
}

/// The failures of one batch, by the number of the reply.
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
            came: None,
            outcome: Outcome::None,
        });
        (self.slots.len() - 1) as u32
    }

    /// What has become of it, if anything; else the waker is kept.
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
            slot.outcome = Outcome::Reply(ReplyBuf::small(bytes));
        }
        slot.waker.take()
    }

    /// So many replies of a command, as one piece. `true`: these were the last.
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
                slot.came.get_or_insert_default().push(bytes);
                if last && let Some(pieces) = slot.came.take() {
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

    /// The next reply of a batch could not be read. `true`: it was the last.
    #[cold]
    pub(super) fn fail_part(&mut self, id: u32, error: Error, wakers: &mut Vec<Waker>) -> bool {
        // Those of batches whose futures were dropped are of no more use.
        let is_awaited = |id: u32, start: u64| {
            let slot = &self.slots[id as usize];
            slot.held && slot.start == start
        };
        self.failures.retain(|failure| is_awaited(failure.id, failure.start));
        let slot = &self.slots[id as usize];
        if slot.held && matches!(slot.outcome, Outcome::None) {
            let part = (slot.shape.parts - slot.owed) as usize;
            self.failures.push(Failure { id, start: slot.start, part, error });
        }
        self.piece(id, Bytes::from_static(FAILED), 1, wakers)
    }

    /// The command has failed. Replies that come later are dropped.
    #[cold]
    pub(super) fn fail(&mut self, id: u32, error: Error) -> Option<Waker> {
        let slot = &mut self.slots[id as usize];
        if !slot.held || !matches!(slot.outcome, Outcome::None) {
            return None;
        }
        slot.outcome = match slot.came.take() {
            None => Outcome::Failed(error),
            // The caller gets the replies of a batch that came before.
            Some(pieces) => {
                let failures = take_failures(&mut self.failures, id, slot.start);
                Outcome::Reply(Pieces { pieces, failures, lost: Some(error) }.into())
            }
        };
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

    /// One reply of a command came that nobody holds. `true`: it was the last.
    pub(super) fn passed_on(&mut self, id: u32) -> bool {
        let slot = &mut self.slots[id as usize];
        slot.owed -= 1;
        let last = slot.owed == 0;
        if last {
            self.vacate(id);
        }
        last
    }

    /// Its future has no use for it any more.
    #[inline]
    pub(super) fn release(&mut self, id: u32, spent: &mut Vec<Waker>) {
        let slot = &mut self.slots[id as usize];
        slot.held = false;
        spent.extend(slot.waker.take());
        slot.outcome = Outcome::None;
        slot.came = None;
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

    /// Sees that every slot is free, once, and empty; how many they are.
    #[cfg(test)]
    pub(super) fn assert_free(&self) -> usize {
        let free: std::collections::BTreeSet<u32> = self.free.iter().copied().collect();
        assert_eq!(
            (free.len(), free.len()),
            (self.free.len(), self.slots.len()),
            "freed twice, or not at all"
        );
        for slot in &self.slots {
            assert!(matches!((&slot.came, &slot.outcome), (None, Outcome::None)), "{slot:?}");
        }
        free.len()
    }

    pub(super) fn size(&self, id: u32) -> usize {
        self.slots[id as usize].size
    }

    pub(super) fn deadline(&self, id: u32) -> Tick {
        self.slots[id as usize].deadline
    }

    /// Nobody waits for it: it has its deadline all the same, as long as it was not written.
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

    /// Where its bytes start, of all that were ever queued.
    pub(super) fn start(&self, id: u32) -> u64 {
        self.slots[id as usize].start
    }

    pub(super) fn move_to(&mut self, id: u32, start: u64) {
        self.slots[id as usize].start = start;
    }

    /// Its bytes are not to be written; `false` if that was so.
    pub(super) fn withdraw(&mut self, id: u32) -> bool {
        let slot = &mut self.slots[id as usize];
        let is_new = slot.marks & WITHDRAWN == 0;
        slot.marks |= WITHDRAWN;
        is_new
    }

    pub(super) fn is_withdrawn(&self, id: u32) -> bool {
        self.slots[id as usize].marks & WITHDRAWN != 0
    }

    /// It failed while it was queued: none of its bytes left.
    pub(super) fn note_unsent(&mut self, id: u32) {
        self.slots[id as usize].marks |= UNSENT;
    }

    /// It failed with its connection: so many of its bytes may have left. Its size is forgotten.
    pub(super) fn note_written(&mut self, id: u32, bytes: usize) {
        self.slots[id as usize].size = bytes;
    }

    /// What is known of a command that has come to its end.
    #[inline]
    pub(super) fn ended(&self, id: u32) -> Ended {
        let slot = &self.slots[id as usize];
        if slot.marks == 0 {
            return Ended { deadline: slot.deadline, written: slot.size };
        }
        // What has expired has no time left, at any moment from now on.
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
