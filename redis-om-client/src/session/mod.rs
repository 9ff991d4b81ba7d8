//! One connection's conversation, without a socket: commands in, bytes out; bytes in, replies out.
//!
//! Layer 5: stands on `resp` and `error`; knows no socket, no clock (time comes as milliseconds, a [`Tick`]) and no
//! runtime. The promises kept here: a reply belongs to the command that asked for it, whatever futures were dropped
//! ([`Session::cancel`]); a command whose bytes have not left is withdrawn and not sent; what was sent and what was not
//! is told apart when the connection is lost ([`Session::lose`]); the queue is bounded, and a command that finds it full
//! waits in turn ([`WaitQueue`]); what the server sends without being asked goes to a [`Sink`], which also says what is
//! written first on a new connection.
//!
//! How it is fast: callers encode straight into one shared buffer, reply slots live in a slab (no channel and no
//! allocation for a command), short replies are copied into the slot, long ones are slices of the read buffer. The
//! first replies of a batch are handed over before the last, where the caller can read them so.

mod demux;
mod detached;
mod greeting;
mod liveness;
mod loss;
mod mode;
mod pending;
mod types;
mod wait_queue;

use std::{collections::VecDeque, task::Waker};

use crate::{
    config::{Config, WhenFull},
    error::{Error, ErrorKind, Execution},
    resp::{Limits, encode::header},
};

pub(crate) use demux::ReplyDemux;
use detached::Detached;
pub(crate) use greeting::{Greeting, Identity, Optional, Step};
pub(crate) use liveness::{Check, InFlight, Liveness};
#[cfg_attr(not(test), expect(unused_imports, reason = "for sinks, of which there is none yet"))]
pub(crate) use mode::Notice;
pub(crate) use mode::{Mode, NoticeKind, Notices, Replay, Sink};
use pending::{Pending, Shape};
pub(crate) use types::{
    Bounds, Ended, NEVER, Outgoing, Pieces, ReplyBuf, Runs, SMALL, Submitted, Tick, Ticket,
};
use wait_queue::{Offer, Turn, WaitQueue};

/// The limits of replies that the settings have.
pub(crate) fn limits(config: &Config) -> Limits {
    Limits { bulk: config.max_bulk, reply: config.max_reply, depth: config.max_depth }
}

/// Whether commands can be sent.
#[derive(Debug)]
enum Phase {
    Up,
    /// The connection listens: what its sink has is sent, and commands are refused.
    Listening,
    /// They wait; the last failure is told to those whose time runs out.
    Down(Option<Error>),
    /// They fail.
    Closed(Error),
}

/// One connection's conversation.
#[derive(Debug)]
pub(crate) struct Session {
    phase: Phase,
    mode: Mode,
    bounds: Bounds,
    /// Nothing more is written on this connection: it is about to be replaced.
    held: bool,
    /// Encoded commands that nobody has begun to write: they can still be withdrawn.
    queue: Vec<u8>,
    /// How many commands they are, the withdrawn ones included: the last of `inflight`.
    queued: usize,
    /// Of them those that were withdrawn and still have their bytes in the queue: how many, and their bytes.
    withdrawn: (usize, usize),
    /// The empty buffer that takes turns with `queue`.
    spare: Vec<u8>,
    /// Stream offset (bytes ever queued) at the queue's start; what lies before was handed to a writer.
    handed: u64,
    /// Stream offset of what the kernel has taken.
    written: u64,
    /// Where the bytes of the last `PING` of the session's own end, of all that were ever queued.
    probe_end: u64,
    /// A write is under way at this moment: what of it was taken is not known yet.
    writing: bool,
    pending: Pending,
    inflight: VecDeque<u32>,
    /// Reasons to look at each reply before it is handed over: those of them that get more than one reply, those whose
    /// replies are for the sink, and a mode in which every frame is.
    special: usize,
    /// The last two of these reasons.
    for_sink: usize,
    /// Those of them that block.
    blocking: usize,
    wait_queue: WaitQueue,
    /// Commands whose reply nobody waits for, until they can be queued.
    detached: Detached,
    /// Wakers that are of no more use, until the caller drops them outside of its lock.
    spent: Vec<Waker>,
}

impl Session {
    /// A session of a connection whose commands are those of many callers.
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self::with_mode(bounds, Mode::Shared)
    }

    /// A session in this mode, for good.
    pub(crate) fn with_mode(bounds: Bounds, mode: Mode) -> Self {
        let listens = usize::from(mode.listens());
        Self {
            phase: Phase::Down(None),
            mode,
            bounds,
            held: false,
            queue: Vec::new(),
            queued: 0,
            withdrawn: (0, 0),
            spare: Vec::new(),
            handed: 0,
            written: 0,
            probe_end: 0,
            writing: false,
            pending: Pending::default(),
            inflight: VecDeque::new(),
            special: listens,
            for_sink: listens,
            blocking: 0,
            wait_queue: WaitQueue::default(),
            detached: Detached::default(),
            spent: Vec::new(),
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
        let deadline = match *ticket {
            Ticket::New => {
                let deadline = out.timeout.map_or(NEVER, |timeout| now.saturating_add(timeout));
                if !self.is_open() || !self.wait_queue.is_empty() || !self.has_room(out.body.len()) {
                    return self.wait_for_room(ticket, out.body.len(), (deadline, now), waker);
                }
                deadline
            }
            Ticket::Waiting(number) => match self.come(ticket, number, out.body.len(), waker)? {
                Some(deadline) => deadline,
                None => return Ok(Submitted::Waiting),
            },
            Ticket::Queued(_) | Ticket::Done(_) => return Ok(Submitted::Waiting),
        };
        let id = self.enqueue(&out, deadline, waker.clone());
        *ticket = Ticket::Queued(id);
        Ok(Submitted::Queued)
    }

    #[inline]
    fn enqueue(&mut self, out: &Outgoing<'_>, deadline: Tick, waker: Waker) -> u32 {
        let start = self.queue.len();
        if out.args > 0 {
            header(&mut self.queue, out.args);
        }
        self.queue.extend_from_slice(out.body);
        let shape =
            Shape { parts: out.parts, for_sink: out.for_sink, runs: out.runs, blocking: out.blocking };
        let place = (self.handed + start as u64, self.queue.len() - start);
        let id = self.pending.take(shape, place, deadline, waker);
        self.inflight.push_back(id);
        self.queued += 1;
        self.special += usize::from(out.parts > 1);
        self.blocking += usize::from(out.blocking);
        id
    }

    /// A command that waits has come: until when it has time, if it may go now.
    #[cold]
    fn come(
        &mut self,
        ticket: &mut Ticket,
        number: u64,
        size: usize,
        waker: &Waker,
    ) -> Result<Option<Tick>, Error> {
        match self.wait_queue.check(number, waker, &mut self.spent) {
            Some(Turn::NotYet) => Ok(None),
            Some(Turn::Called(Offer { deadline, kept })) => {
                if self.is_open() && self.may_come(size, kept) {
                    self.wait_queue.leave(number, &mut self.spent);
                    return Ok(Some(deadline));
                }
                self.wait_queue.wait_again(number, waker);
                Ok(None)
            }
            Some(Turn::Failed(error, deadline)) => {
                *ticket = Ticket::Done(Ended { deadline, written: 0 });
                Err(error)
            }
            None => {
                *ticket = Ticket::Done(Ended { deadline: NEVER, written: 0 });
                Err(Error::new(
                    ErrorKind::Protocol,
                    Execution::NotSent,
                    "the command lost its place in the queue: please report this",
                ))
            }
        }
    }

    /// Whether there is room for a command that waited. What is kept for others is not its room, unless that was offered
    /// several times.
    fn may_come(&self, size: usize, kept: bool) -> bool {
        match kept {
            true => self.wait_queue.factor() == 1 || self.fits(size, 0, 0),
            false => self.has_room(size),
        }
    }

    /// Whether commands can be queued.
    #[inline]
    fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Up) && !self.held
    }

    fn has_room(&self, size: usize) -> bool {
        let kept = self.wait_queue.kept();
        self.fits(size, kept.bytes, kept.commands)
    }

    /// Whether there is room beside so much that is kept for others.
    fn fits(&self, size: usize, kept_bytes: usize, kept_commands: usize) -> bool {
        let pending = self.pending_bytes() + kept_bytes;
        self.inflight() + kept_commands < self.bounds.commands
            && (pending == 0 || pending.saturating_add(size) <= self.bounds.bytes)
    }

    /// Bytes that are queued or in a writer's hand.
    pub(crate) fn pending_bytes(&self) -> usize {
        self.queue.len() - self.withdrawn.1 + (self.handed - self.written) as usize + self.detached.bytes()
    }

    #[cold]
    fn wait_for_room(
        &mut self,
        ticket: &mut Ticket,
        size: usize,
        (deadline, now): (Tick, Tick),
        waker: &Waker,
    ) -> Result<Submitted, Error> {
        let refused = match &self.phase {
            Phase::Closed(error) => Some(error.clone()),
            _ if self.mode.listens() => Some(Self::listens()),
            Phase::Up if self.bounds.when_full == WhenFull::Fail && !self.held && !self.has_room(size) => {
                Some(self.full())
            }
            Phase::Up | Phase::Listening | Phase::Down(_) => None,
        };
        if let Some(error) = refused {
            *ticket = Ticket::Done(Ended { deadline, written: 0 });
            return Err(error);
        }
        *ticket = Ticket::Waiting(self.wait_queue.enter(waker.clone(), size, deadline, now));
        Ok(Submitted::Waiting)
    }

    #[cold]
    fn full(&self) -> Error {
        Error::new(
            ErrorKind::QueueFull,
            Execution::NotSent,
            format!(
                "the queue is full ({} bytes of {}, {} commands of {}) and the client was asked not to wait: send less at \
                 once, or raise the queue's budget",
                self.pending_bytes(),
                self.bounds.bytes,
                self.inflight(),
                self.bounds.commands
            ),
        )
    }

    /// The reply, or the error, if there is one by now. Of a batch that failed, the replies that came before come with
    /// the error: see [`Pieces::lost`].
    #[inline]
    pub(crate) fn reply(&mut self, ticket: &mut Ticket, waker: &Waker) -> Option<Result<ReplyBuf, Error>> {
        let Ticket::Queued(id) = *ticket else { return None };
        let outcome = self.pending.outcome(id, waker, &mut self.spent)?;
        *ticket = Ticket::Done(self.pending.ended(id));
        self.pending.release(id, &mut self.spent);
        Some(outcome)
    }

    /// Whether there are wakers of no more use.
    #[inline]
    pub(crate) fn has_spent(&self) -> bool {
        !self.spent.is_empty()
    }

    /// Wakers that are of no more use: to be dropped outside of the lock, since that may run code of a user.
    #[inline]
    pub(crate) fn spent(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.spent)
    }

    /// The future is gone: withdraws the command if nobody has begun to write it, else leaves its reply to be dropped.
    pub(crate) fn cancel(&mut self, ticket: &mut Ticket) {
        match std::mem::replace(ticket, Ticket::Done(Ended { deadline: NEVER, written: 0 })) {
            Ticket::Queued(id) => {
                if self.is_queued(id) {
                    self.withdraw(id);
                }
                self.pending.release(id, &mut self.spent);
                self.compact_if_worth_it();
            }
            Ticket::Waiting(number) => drop(self.wait_queue.leave(number, &mut self.spent)),
            Ticket::New | Ticket::Done(_) => {}
        }
    }

    /// Whether nobody has begun to write it.
    fn is_queued(&self, id: u32) -> bool {
        self.pending.start(id) >= self.handed && self.pending.is_owed(id)
    }

    /// Its bytes will not be written. They stay in the queue until it is [compacted](Self::compact).
    fn withdraw(&mut self, id: u32) {
        if self.pending.withdraw(id) {
            self.withdrawn.0 += 1;
            self.withdrawn.1 += self.pending.size(id);
        }
    }

    /// Many commands may be withdrawn one after another: their bytes are moved out of the queue together.
    fn compact_if_worth_it(&mut self) {
        if self.withdrawn.1 * 2 > self.queue.len() {
            self.compact();
        }
    }

    /// Moves the bytes of withdrawn commands out of the queue.
    #[cold]
    fn compact(&mut self) {
        let first = self.inflight.len() - self.queued;
        let mut kept = first;
        // What was replayed without replies stands in front, and is no command's.
        let start = self.inflight.get(first).map(|id| (self.pending.start(*id) - self.handed) as usize);
        let front = start.unwrap_or(self.queue.len());
        let (mut from, mut to) = (front, front);
        for index in first..self.inflight.len() {
            let id = self.inflight[index];
            let size = self.pending.size(id);
            if self.pending.is_withdrawn(id) {
                self.special -= usize::from(self.pending.is_batch(id));
                self.blocking -= usize::from(self.pending.is_blocking(id));
                self.pending.settled(id);
            } else {
                self.queue.copy_within(from..from + size, to);
                if self.probe_end == self.handed + (from + size) as u64 {
                    self.probe_end = self.handed + (to + size) as u64;
                }
                self.pending.move_to(id, self.handed + to as u64);
                self.inflight[kept] = id;
                kept += 1;
                to += size;
            }
            from += size;
        }
        self.queue.truncate(to);
        self.inflight.truncate(kept);
        self.queued = kept - first;
        self.withdrawn = (0, 0);
    }

    /// How many commands wait for their replies, those not yet written included.
    #[inline]
    pub(crate) fn inflight(&self) -> usize {
        self.inflight.len() - self.withdrawn.0
    }

    /// Whether one command alone is in flight, and no other waits to be sent.
    #[inline]
    pub(crate) fn is_only_command(&self) -> bool {
        self.inflight.len() == 1 && self.wait_queue.is_empty()
    }

    /// How many commands nobody has begun to write.
    #[inline]
    pub(crate) fn queued(&self) -> usize {
        self.queued - self.withdrawn.0
    }

    /// Whether bytes wait for a writer.
    #[inline]
    pub(crate) fn has_output(&self) -> bool {
        self.queue.len() > self.withdrawn.1 && !self.held
    }

    /// Hands the queue to a writer, which tells what became of it by [`Session::wrote`].
    #[inline]
    pub(crate) fn output(&mut self) -> Vec<u8> {
        if self.withdrawn.0 > 0 {
            self.compact();
        }
        let spare = std::mem::take(&mut self.spare);
        let out = std::mem::replace(&mut self.queue, spare);
        self.handed += out.len() as u64;
        self.queued = 0;
        self.writing = true;
        out
    }

    /// A writer goes on with what the kernel did not take.
    pub(crate) fn resume_write(&mut self) {
        self.writing = true;
    }

    /// The write has ended: the kernel took so many bytes. `done` gives the buffer back for reuse; without it the rest is
    /// written later.
    #[inline]
    pub(crate) fn wrote(&mut self, bytes: usize, done: Option<Vec<u8>>) {
        self.written += bytes as u64;
        self.writing = false;
        if let Some(mut buffer) = done {
            buffer.clear();
            // A buffer that grew for one large batch is not kept for ever.
            if buffer.capacity() <= 1 << 20 {
                self.spare = buffer;
            }
        }
    }

    /// A turn of the driver begins: room that was kept for commands whose futures did not come passes to others.
    #[inline]
    pub(crate) fn next_turn(&mut self) {
        if !self.wait_queue.is_unused() {
            self.wait_queue.next_turn();
        }
    }

    /// Whether room is kept for commands whose futures have not come: another turn of the driver is needed.
    #[inline]
    pub(crate) fn offers_room(&self) -> bool {
        self.wait_queue.kept().commands > 0
    }

    /// Wakes those for whom there is room now.
    #[inline]
    pub(crate) fn admit(&mut self, wakers: &mut Vec<Waker>) {
        if self.wait_queue.is_empty() || !self.is_open() {
            return;
        }
        // Many at a time, so that they share a write.
        if self.inflight() * 2 > self.bounds.commands || self.pending_bytes() * 2 > self.bounds.bytes {
            return;
        }
        // Where those that were called did not come, the same room is offered several times.
        let times = self.wait_queue.factor();
        while let Some(size) = self.wait_queue.next_size() {
            let kept = self.wait_queue.kept();
            if !self.fits(size, kept.bytes / times, kept.commands / times) {
                break;
            }
            self.wait_queue.call(wakers);
        }
    }

    /// The connection stands: commands may go.
    pub(crate) fn up(&mut self, wakers: &mut Vec<Waker>) {
        self.up_with(&Replay::default(), wakers);
    }

    /// The connection stands: commands may go, after what is replayed.
    pub(crate) fn up_with(&mut self, replay: &Replay, wakers: &mut Vec<Waker>) {
        self.phase = if self.mode.listens() { Phase::Listening } else { Phase::Up };
        self.held = false;
        self.queue_replay(replay);
        self.queue_detached();
        self.admit(wakers);
    }

    /// Queues a `PING` of the session's own, whose reply goes to no caller. `false`: it cannot be sent now.
    pub(crate) fn probe(&mut self) -> bool {
        if matches!(self.phase, Phase::Listening) && !self.held {
            self.queue.extend_from_slice(mode::PROBE);
            self.probe_end = self.handed + self.queue.len() as u64;
            return true;
        }
        if !self.is_open() {
            return false;
        }
        let out = Outgoing {
            body: b"$4\r\nPING\r\n",
            args: 1,
            parts: 1,
            runs: Runs::Whole,
            blocking: false,
            timeout: None,
            for_sink: false,
        };
        let id = self.enqueue(&out, NEVER, Waker::noop().clone());
        self.pending.release(id, &mut self.spent);
        self.probe_end = self.handed + self.queue.len() as u64;
        true
    }

    /// What is in flight, for [`Liveness`].
    pub(crate) fn in_flight(&self) -> InFlight {
        let sent = self.inflight.iter().take(self.inflight.len() - self.queued);
        let deadlines = sent.map(|id| self.pending.deadline(*id)).filter(|deadline| *deadline != NEVER);
        InFlight {
            blocking: self.blocking > 0,
            latest_deadline: deadlines.max(),
            probe_written: self.written >= self.probe_end,
        }
    }

    /// Whether another user can have this connection: nothing is in flight, and it stands.
    pub(crate) fn is_clean(&self) -> bool {
        self.is_open() && self.inflight() == 0 && self.wait_queue.is_unused() && self.pending_bytes() == 0
    }
}

#[cfg(test)]
mod any_order;
#[cfg(test)]
mod tests;
