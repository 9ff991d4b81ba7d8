//! One connection's conversation, without a socket: commands in, bytes out; bytes in, replies out.
//!
//! Layer 5: stands on `resp` and `error`; knows no socket, no clock (time comes as milliseconds, a [`Tick`]) and no
//! runtime. The promises kept here: a reply belongs to the command that asked for it, whatever futures were dropped
//! ([`Session::cancel`]); a command whose bytes have not left is withdrawn and not sent; what was sent and what was not
//! is told apart when the connection is lost ([`Session::lose`]); the queue is bounded, and who finds it full waits in
//! turn ([`WaitQueue`]).
//!
//! How it is fast: callers encode straight into one shared buffer, reply slots live in a slab (no channel and no
//! allocation for a command), short replies are copied into the slot, long ones are slices of the read buffer. A long
//! list is handed over in portions as it comes, and a batch's replies in pieces, to those who can read them so: they are
//! made into what the caller wants while the others are still on their way.

mod demux;
mod greeting;
mod pending;
mod wait_queue;

use std::{collections::VecDeque, task::Waker};

use bytes::Bytes;

use crate::{
    config::WhenFull,
    error::{Error, ErrorKind, Execution, TimeoutKind},
    resp::{Replies, encode::header},
};

pub(crate) use demux::ReplyDemux;
pub(crate) use greeting::{Greeting, Identity, Optional, Step};
use pending::{Outcome, Pending, Shape};
use wait_queue::WaitQueue;

/// Milliseconds since some moment that the owner of the session chose.
pub(crate) type Tick = u64;

/// No deadline.
pub(crate) const NEVER: Tick = Tick::MAX;

/// What a session may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Bytes that are queued and not yet written.
    pub(crate) bytes: usize,
    /// Commands that wait for their replies.
    pub(crate) commands: usize,
    /// What happens to a command that finds no room.
    pub(crate) when_full: WhenFull,
}

/// A command on its way into a session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outgoing<'a> {
    /// Arguments as they go over the wire.
    pub(crate) body: &'a [u8],
    /// Arguments in the body; 0 where it has its own headers.
    pub(crate) args: u32,
    /// Replies that it gets; at least 1.
    pub(crate) parts: u32,
    /// Milliseconds from now until it has failed.
    pub(crate) timeout: Option<u64>,
    /// What whoever waits can take before the last has come.
    pub(crate) delivery: Delivery,
}

/// What of a command's answer can be taken before the last of it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Nothing: it is wanted whole.
    No,
    /// The first elements of its one reply, a list.
    Elements,
    /// The first replies of a batch, each of them whole.
    Replies,
}

/// What has come of a command's answer.
#[derive(Debug)]
pub(crate) enum Received {
    /// Its reply, or the last of its replies: nothing more will come.
    Reply(ReplyBuf),
    /// Elements of its reply, for who asked for [`Delivery::Elements`].
    Elements(Elements),
    /// The first so many replies of a batch, or some that follow, for who asked for [`Delivery::Replies`].
    Replies(Vec<Bytes>, usize),
}

/// Elements of a list that has not come to its end, one after another; before the first stands its header.
#[derive(Debug)]
pub(crate) struct Elements {
    pub(crate) bytes: Bytes,
    pub(crate) count: usize,
    /// Behind these there are no others.
    pub(crate) last: bool,
}

/// A command's place in a session; belongs to the future that waits.
#[derive(Debug, Default)]
pub(crate) enum Ticket {
    /// Not seen by the session yet.
    #[default]
    New,
    /// Waiting for room.
    Waiting(u64),
    /// In the queue, or sent.
    Queued(u32),
    /// Answered, failed or cancelled; it would have had until then.
    Done(Tick),
}

/// The reply of a command, as bytes.
#[derive(Debug)]
pub(crate) enum ReplyBuf {
    /// A short one, copied.
    Small(u8, [u8; SMALL]),
    /// A slice of the read buffer.
    Whole(Bytes),
    /// Those of a batch, as they received; or the last of them.
    Pieces(Vec<Bytes>),
}

/// Replies up to here are copied into their slot.
pub(crate) const SMALL: usize = 79;

impl ReplyBuf {
    /// A copy of a reply of up to [`SMALL`] bytes.
    #[inline]
    pub(crate) fn small(bytes: &[u8]) -> Self {
        let mut copy = [0; SMALL];
        copy[..bytes.len()].copy_from_slice(bytes);
        Self::Small(bytes.len() as u8, copy)
    }

    /// Whether it is the error reply of a single command.
    #[inline]
    pub(crate) fn is_error(&self) -> bool {
        match self {
            Self::Small(_, bytes) => bytes[0] == b'-',
            Self::Whole(bytes) => bytes.first() == Some(&b'-'),
            Self::Pieces(_) => false,
        }
    }

    /// To read from.
    #[inline]
    pub(crate) fn replies(&self) -> Replies<'_> {
        match self {
            Self::Small(length, bytes) => Replies::new(&bytes[..usize::from(*length)]),
            Self::Whole(bytes) => Replies::shared(bytes),
            Self::Pieces(pieces) => Replies::pieces(pieces),
        }
    }
}

/// What a submitted command needs next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Submitted {
    /// It is in the queue: see that it is written.
    Queued,
    /// It waits for room; its waker will be inline_woken.
    Waiting,
}

/// Whether commands can be sent.
#[derive(Debug)]
enum Phase {
    Up,
    /// They wait; the last failure is told to those whose time runs out.
    Down(Option<Error>),
    /// They fail.
    Closed(Error),
}

/// One connection's conversation.
#[derive(Debug)]
pub(crate) struct Session {
    phase: Phase,
    bounds: Bounds,
    /// Encoded commands that nobody has begun to write: they can still be withdrawn.
    queue: Vec<u8>,
    /// How many commands they are: the last of `inflight`.
    queued: usize,
    /// The empty buffer that takes turns with `queue`.
    spare: Vec<u8>,
    /// Stream offset (bytes ever queued) at the queue's start; what lies before was handed to a writer.
    handed: u64,
    /// Stream offset of what the kernel has taken.
    written: u64,
    /// A writer has bytes in hand whose fate is not known yet.
    writing: bool,
    pending: Pending,
    inflight: VecDeque<u32>,
    /// Those of them that get more than one reply.
    batches: usize,
    wait_queue: WaitQueue,
}

impl Session {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self {
            phase: Phase::Down(None),
            bounds,
            queue: Vec::new(),
            queued: 0,
            spare: Vec::new(),
            handed: 0,
            written: 0,
            writing: false,
            pending: Pending::default(),
            inflight: VecDeque::new(),
            batches: 0,
            wait_queue: WaitQueue::default(),
        }
    }

    /// Queues a command, or lets it wait for room.
    #[inline]
    pub(crate) fn submit(
        &mut self,
        ticket: &mut Ticket,
        out: Outgoing<'_>,
        now: Tick,
        waker: &Waker,
    ) -> Result<Submitted, Error> {
        let size = out.body.len();
        let mut deadline = out.timeout.map_or(NEVER, |timeout| now.saturating_add(timeout));
        match *ticket {
            Ticket::New
                if matches!(self.phase, Phase::Up) && self.wait_queue.is_empty() && self.has_room(size) => {}
            Ticket::New => return self.wait_for_room(ticket, size, (deadline, now), waker),
            Ticket::Waiting(turn) => match self.wait_queue.check(turn, waker) {
                wait_queue::Turn::NotYet => return Ok(Submitted::Waiting),
                wait_queue::Turn::Granted(until) if matches!(self.phase, Phase::Up) => deadline = until,
                wait_queue::Turn::Granted(until) => {
                    return self.wait_for_room(ticket, size, (until, now), waker);
                }
                wait_queue::Turn::Failed(error) => {
                    *ticket = Ticket::Done(NEVER);
                    return Err(error);
                }
            },
            Ticket::Queued(_) | Ticket::Done(_) => return Ok(Submitted::Waiting),
        }
        let start = self.queue.len();
        if out.args > 0 {
            header(&mut self.queue, out.args);
        }
        self.queue.extend_from_slice(out.body);
        let shape = Shape { parts: out.parts, delivery: out.delivery };
        let id = self.pending.take(shape, self.queue.len() - start, deadline, waker.clone());
        self.inflight.push_back(id);
        self.queued += 1;
        self.batches += usize::from(out.parts > 1);
        *ticket = Ticket::Queued(id);
        Ok(Submitted::Queued)
    }

    fn has_room(&self, size: usize) -> bool {
        let (bytes, commands) = self.wait_queue.granted();
        let pending = self.pending_bytes() + bytes;
        self.inflight.len() + commands < self.bounds.commands
            && (pending == 0 || pending + size <= self.bounds.bytes)
    }

    /// Bytes that are queued or in a writer's hand.
    pub(crate) fn pending_bytes(&self) -> usize {
        self.queue.len() + (self.handed - self.written) as usize
    }

    #[cold]
    fn wait_for_room(
        &mut self,
        ticket: &mut Ticket,
        size: usize,
        (deadline, now): (Tick, Tick),
        waker: &Waker,
    ) -> Result<Submitted, Error> {
        match &self.phase {
            Phase::Closed(error) => {
                *ticket = Ticket::Done(NEVER);
                return Err(error.clone());
            }
            Phase::Up if self.bounds.when_full == WhenFull::Fail => {
                *ticket = Ticket::Done(NEVER);
                return Err(Error::new(
                    ErrorKind::QueueFull,
                    Execution::NotSent,
                    format!(
                        "the queue is full ({} bytes of {}, {} commands of {}) and the client was asked not to wait: \
                         send less at once, or raise the queue's budget",
                        self.pending_bytes(),
                        self.bounds.bytes,
                        self.inflight.len(),
                        self.bounds.commands
                    ),
                ));
            }
            Phase::Up | Phase::Down(_) => {}
        }
        *ticket = Ticket::Waiting(self.wait_queue.enter(waker.clone(), size, deadline, now));
        Ok(Submitted::Waiting)
    }

    /// The reply, or what can be taken of it, if it has come.
    #[inline]
    pub(crate) fn reply(&mut self, ticket: &mut Ticket, waker: &Waker) -> Option<Result<Received, Error>> {
        let Ticket::Queued(id) = *ticket else { return None };
        let outcome = self.pending.outcome(id, waker)?;
        if let Ok(Received::Elements(Elements { last: false, .. }) | Received::Replies(..)) = outcome {
            return Some(outcome);
        }
        *ticket = Ticket::Done(self.pending.deadline(id));
        self.pending.release(id);
        Some(outcome)
    }

    /// Who waits for the command's answer, as long as nothing has become of it.
    pub(crate) fn waiter(&self, id: u32) -> Option<Waker> {
        self.pending.waiter(id)
    }

    /// Its future is at work, and looks after its reply itself: it is not to be woken. `false`: something has become of
    /// the command already.
    pub(crate) fn take_waker(&mut self, id: u32) -> bool {
        self.pending.take_waker(id)
    }

    /// The future is gone: withdraws the command if nobody has begun to write it, else leaves its reply to be dropped.
    pub(crate) fn cancel(&mut self, ticket: &mut Ticket) {
        match std::mem::replace(ticket, Ticket::Done(NEVER)) {
            Ticket::Queued(id) => {
                self.withdraw(id);
                self.pending.release(id);
            }
            Ticket::Waiting(turn) => self.wait_queue.leave(turn),
            Ticket::New | Ticket::Done(_) => {}
        }
    }

    /// Takes a command out of the queue, if it is still there.
    fn withdraw(&mut self, id: u32) {
        let first = self.inflight.len() - self.queued;
        let mut offset = 0;
        for index in first..self.inflight.len() {
            let other = self.inflight[index];
            let size = self.pending.size(other);
            if other == id {
                self.queue.drain(offset..offset + size);
                self.inflight.remove(index);
                self.queued -= 1;
                self.batches -= usize::from(self.pending.is_batch(id));
                self.pending.settled(id);
                return;
            }
            offset += size;
        }
    }

    /// How many commands wait for their replies, those not yet written included.
    #[inline]
    pub(crate) fn inflight(&self) -> usize {
        self.inflight.len()
    }

    /// Whether one command alone is under way, and nobody waits to send another.
    #[inline]
    pub(crate) fn is_only_command(&self) -> bool {
        self.inflight.len() == 1 && self.wait_queue.is_empty()
    }

    /// How many commands nobody has begun to write.
    #[inline]
    pub(crate) fn queued(&self) -> usize {
        self.queued
    }

    /// Whether bytes wait for a writer.
    #[inline]
    pub(crate) fn has_output(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Hands the queue to a writer, who tells what became of it by [`Session::wrote`].
    #[inline]
    pub(crate) fn output(&mut self) -> Vec<u8> {
        let spare = std::mem::take(&mut self.spare);
        let out = std::mem::replace(&mut self.queue, spare);
        self.handed += out.len() as u64;
        self.queued = 0;
        self.writing = true;
        out
    }

    /// The kernel took so many bytes of what was handed out; `done` gives the buffer back for reuse.
    #[inline]
    pub(crate) fn wrote(&mut self, bytes: usize, done: Option<Vec<u8>>) {
        self.written += bytes as u64;
        if let Some(mut buffer) = done {
            self.writing = false;
            buffer.clear();
            // A buffer that grew for one large batch is not kept for ever.
            if buffer.capacity() <= 1 << 20 {
                self.spare = buffer;
            }
        }
    }

    /// Wakes those for whom there is room now.
    #[inline]
    pub(crate) fn admit(&mut self, wakers: &mut Vec<Waker>) {
        if self.wait_queue.is_empty() || !matches!(self.phase, Phase::Up) {
            return;
        }
        // In bunches, so that they share a write.
        if self.inflight.len() * 2 > self.bounds.commands || self.pending_bytes() * 2 > self.bounds.bytes {
            return;
        }
        while let Some(size) = self.wait_queue.next_size() {
            if !self.has_room(size) {
                break;
            }
            self.wait_queue.grant(wakers);
        }
    }

    /// The connection stands: commands may go.
    pub(crate) fn up(&mut self, wakers: &mut Vec<Waker>) {
        self.phase = Phase::Up;
        self.admit(wakers);
    }

    /// Why the last attempt to connect failed; told to those whose time runs out.
    pub(crate) fn note_failure(&mut self, error: Error) {
        self.phase = Phase::Down(Some(error));
    }

    /// The connection is lost: every command under way fails, those that were sent as [`Execution::MaybeExecuted`].
    pub(crate) fn lose(&mut self, error: &Error, wakers: &mut Vec<Waker>) {
        // What is in a writer's hand may have left.
        let left = if self.writing { self.handed } else { self.written };
        let mut end = self.handed - self.handed_size();
        let queued_from = self.inflight.len() - self.queued;
        for (index, id) in std::mem::take(&mut self.inflight).into_iter().enumerate() {
            let start = end;
            end += self.pending.size(id) as u64;
            // Of a batch the first bytes may hold a whole command; a single command runs only when it is whole.
            let sent =
                index < queued_from && if self.pending.is_batch(id) { start < left } else { end <= left };
            let execution = if sent { Execution::MaybeExecuted } else { Execution::NotSent };
            wakers.extend(self.pending.finish(id, Outcome::Failed(error.clone().with_execution(execution))));
            self.pending.settled(id);
        }
        self.queue.clear();
        self.queued = 0;
        self.batches = 0;
        self.written = self.handed;
        self.writing = false;
        self.phase = Phase::Down(Some(error.clone()));
    }

    /// The bytes of the commands in flight that were handed to a writer.
    fn handed_size(&self) -> u64 {
        let handed = self.inflight.len() - self.queued;
        self.inflight.iter().take(handed).map(|id| self.pending.size(*id) as u64).sum()
    }

    /// No connection will be made any more: those who wait fail, and whoever comes.
    pub(crate) fn close(&mut self, error: &Error, wakers: &mut Vec<Waker>) {
        self.lose(error, wakers);
        self.wait_queue.fail_all(error, wakers);
        self.phase = Phase::Closed(error.clone());
    }

    /// Fails what has waited too long. The earliest deadline that is left, and whether a sent command was among them.
    pub(crate) fn expire(&mut self, now: Tick, wakers: &mut Vec<Waker>) -> (Tick, bool) {
        let mut next = NEVER;
        let mut unanswered = false;
        let mut index = 0;
        while index < self.inflight.len() {
            let id = self.inflight[index];
            let deadline = self.pending.deadline(id);
            if deadline > now {
                next = next.min(deadline);
                index += 1;
                continue;
            }
            let queued = index >= self.inflight.len() - self.queued;
            let (execution, why) = if queued {
                (Execution::NotSent, "timed out before it could be sent: the connection takes no more bytes")
            } else {
                (Execution::MaybeExecuted, "timed out waiting for the reply")
            };
            unanswered |= !queued;
            let error = Error::new(ErrorKind::Timeout(TimeoutKind::Command), Execution::NotSent, why)
                .with_execution(execution);
            wakers.extend(self.pending.finish(id, Outcome::Failed(error)));
            self.pending.forget_deadline(id);
            if queued {
                self.withdraw(id);
            } else {
                index += 1;
            }
        }
        let wait_queue = self.wait_queue.expire(now, wakers, || {
            let kind = ErrorKind::Timeout(TimeoutKind::Command);
            match &self.phase {
                Phase::Down(Some(cause)) => Error::new(
                    kind,
                    Execution::NotSent,
                    format!("timed out while there was no connection: {cause}"),
                ),
                Phase::Down(None) => {
                    Error::new(kind, Execution::NotSent, "timed out while the connection was being made")
                }
                Phase::Up | Phase::Closed(_) => Error::new(
                    kind,
                    Execution::NotSent,
                    "timed out waiting for room in the queue: more is sent than the server answers",
                ),
            }
        });
        (next.min(wait_queue), unanswered)
    }

    /// Queues a `PING` of the session's own, whose reply nobody waits for.
    pub(crate) fn probe(&mut self) {
        let mut ticket = Ticket::New;
        let out =
            Outgoing { body: b"$4\r\nPING\r\n", args: 1, parts: 1, timeout: None, delivery: Delivery::No };
        if matches!(self.phase, Phase::Up)
            && let Ok(Submitted::Queued) = self.submit(&mut ticket, out, 0, Waker::noop())
            && let Ticket::Queued(id) = ticket
        {
            self.pending.release(id);
        } else {
            self.cancel(&mut ticket);
        }
    }

    /// Whether another user can have this connection: nothing is under way, and it stands.
    pub(crate) fn is_clean(&self) -> bool {
        matches!(self.phase, Phase::Up)
            && self.inflight.is_empty()
            && self.wait_queue.is_empty()
            && self.pending_bytes() == 0
    }
}

#[cfg(test)]
mod any_order;
#[cfg(test)]
mod tests;
