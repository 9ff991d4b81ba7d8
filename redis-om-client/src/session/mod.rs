//! The protocol state of one connection, without a socket (sans-IO): it takes commands and returns bytes, and it takes
//! bytes and returns replies.
//!
//! Layer 5: it uses `resp`, `error` and `config`. It has no socket, no clock (time is passed in as milliseconds, a
//! [`Tick`]) and no runtime. It guarantees:
//!
//! * A reply goes to the command that caused it, also after futures were dropped ([`Session::cancel`]).
//! * A command that is cancelled before a writer has its bytes is not sent.
//! * When the connection is lost, the error of each command says whether the command may have run ([`Session::lose`]).
//! * The queue is bounded. A command that finds it full waits in order ([`WaitQueue`]).
//! * Frames that no command asked for go to a [`Sink`]. The sink also gives the commands that are written first on a
//!   new connection.
//!
//! Callers encode commands into one shared buffer. Reply slots are in a slab, so a command needs no channel and no
//! allocation. Short replies are copied into the slot, and long replies are slices of the read buffer.

mod demux;
mod detached;
mod greeting;
mod liveness;
mod loss;
mod mode;
mod output;
mod pending;
mod types;
mod wait_queue;

use std::{collections::VecDeque, task::Waker};

use crate::{
    config::{Config, WhenFull},
    error::{Error, ErrorKind, Execution},
    resp::Limits,
};

pub(crate) use demux::ReplyDemux;
use detached::Detached;
pub(crate) use greeting::{Greeting, Identity, Optional, Step};
pub(crate) use liveness::{Check, InFlight, Liveness};
#[cfg_attr(not(test), expect(unused_imports, reason = "for sinks, of which there is none yet"))]
pub(crate) use mode::Notice;
pub(crate) use mode::{Mode, NoticeKind, Notices, Replay, Sink};
pub(crate) use output::Output;
use pending::{Pending, Shape};
pub(crate) use types::{
    Bounds, Ended, NEVER, Outgoing, Pieces, ReplyBuf, Runs, SMALL, Submitted, Tick, Ticket,
};
use wait_queue::{Offer, Turn, WaitQueue};

/// Returns the limits of replies from the settings.
pub(crate) fn limits(config: &Config) -> Limits {
    Limits { bulk: config.max_bulk, reply: config.max_reply, depth: config.max_depth }
}

/// Whether commands can be sent.
#[derive(Debug)]
enum Phase {
    Up,
    /// The connection listens: the commands of its sink are sent, and all other commands are refused.
    Listening,
    /// There is no connection: commands wait. The error of a command that times out contains this last failure.
    Down(Option<Error>),
    /// No connection will be made: commands fail with this error.
    Closed(Error),
}

/// The protocol state of one connection.
#[derive(Debug)]
pub(crate) struct Session {
    phase: Phase,
    mode: Mode,
    bounds: Bounds,
    /// Nothing more is written on this connection, because it is being replaced.
    held: bool,
    /// The encoded commands that no writer has. They can still be withdrawn.
    queue: Vec<u8>,
    /// The number of commands in `queue`, including withdrawn commands. They are the last entries of `inflight`.
    queued: usize,
    /// The withdrawn commands whose bytes are still in `queue`: their number, and their size in bytes.
    withdrawn: (usize, usize),
    /// An empty buffer, which replaces `queue` when a writer takes it.
    spare: Vec<u8>,
    /// The stream offset (in bytes that were ever queued) of the start of `queue`. A writer has taken all bytes before
    /// it.
    handed: u64,
    /// The stream offset up to which the kernel has taken the bytes.
    written: u64,
    /// The stream offset of the end of the last `PING` that the session itself has queued.
    probe_end: u64,
    /// A write is in progress: it is not known how many of its bytes the kernel has taken.
    writing: bool,
    pending: Pending,
    inflight: VecDeque<u32>,
    /// The number of reasons to examine each frame before it is delivered. Each command in flight with more than one
    /// reply is one reason. Each command in flight whose replies are for the sink is one, and so is a mode in which the
    /// sink receives every frame.
    special: usize,
    /// The number of the reasons of the last two kinds.
    for_sink: usize,
    /// The number of blocking commands in flight.
    blocking: usize,
    wait_queue: WaitQueue,
    /// The commands whose reply is discarded and that cannot be queued yet.
    detached: Detached,
    /// Wakers that are not needed any more. The caller drops them after it has released its lock.
    spent: Vec<Waker>,
}

impl Session {
    /// A session of a connection that many callers share.
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self::with_mode(bounds, Mode::Shared)
    }

    /// A session in this mode. The mode never changes.
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

    /// Queues a command, or makes it wait for room or for a connection. A waiting command is submitted again with the
    /// same ticket after its waker was woken.
    ///
    /// # Errors
    ///
    /// The command is refused, or it failed while it waited.
    #[inline]
    pub(crate) fn submit(
        &mut self,
        ticket: &mut Ticket,
        out: Outgoing<'_>,
        now: Tick,
        waker: &Waker,
    ) -> Result<Submitted, Error> {
        let size = out.len();
        let deadline = match *ticket {
            Ticket::New => {
                let deadline = out.timeout.map_or(NEVER, |timeout| now.saturating_add(timeout));
                if !self.is_open() || !self.wait_queue.is_empty() || !self.has_room(size) {
                    return self.wait_for_room(ticket, size, (deadline, now), waker);
                }
                deadline
            }
            Ticket::Waiting(number) => match self.submit_waiting(ticket, number, size, waker)? {
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
        debug_assert!(out.parts > 0, "a command without replies would never leave the queue");
        let start = self.queue.len();
        out.append_to(&mut self.queue);
        self.queued += 1;
        let place = (self.handed + start as u64, self.queue.len() - start);
        self.await_reply(out, place, deadline, waker)
    }

    #[inline]
    fn await_reply(&mut self, out: &Outgoing<'_>, place: (u64, usize), deadline: Tick, waker: Waker) -> u32 {
        let shape =
            Shape { parts: out.parts, for_sink: out.for_sink, runs: out.runs, blocking: out.blocking };
        let id = self.pending.take(shape, place, deadline, waker);
        self.inflight.push_back(id);
        self.special += usize::from(out.parts > 1);
        self.blocking += usize::from(out.blocking);
        id
    }

    /// Handles a repeated submission of a waiting command. Returns its deadline if it can be queued now, and `None` if
    /// it must wait longer.
    #[cold]
    fn submit_waiting(
        &mut self,
        ticket: &mut Ticket,
        number: u64,
        size: usize,
        waker: &Waker,
    ) -> Result<Option<Tick>, Error> {
        match self.wait_queue.check(number, waker, &mut self.spent) {
            Some(Turn::NotYet) => Ok(None),
            Some(Turn::Called(Offer { deadline, kept })) => {
                if self.is_open() && self.has_room_after_wait(size, kept) {
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
                    "the queue has no entry for this command: this is a defect of the client, please report it",
                ))
            }
        }
    }

    /// Whether there is room for a command that waited. `kept` says that room is kept for it. Then it has room, unless
    /// the same room was offered to several commands. Without `kept`, the room that is kept for other commands counts
    /// as used.
    fn has_room_after_wait(&self, size: usize, kept: bool) -> bool {
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

    /// Whether a command of `size` bytes has room, if the kept bytes and commands count as used.
    fn fits(&self, size: usize, kept_bytes: usize, kept_commands: usize) -> bool {
        let pending = self.pending_bytes() + kept_bytes;
        self.inflight() + kept_commands < self.bounds.commands
            && (pending == 0 || pending.saturating_add(size) <= self.bounds.bytes)
    }

    /// The number of bytes that the kernel has not taken: in the queue, in the buffer of a writer, and of detached
    /// commands that are not queued.
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
                "the queue is full ({} bytes of {}, {} commands of {}) and the settings say not to wait: send fewer \
                 commands at once, or raise the budget of the queue",
                self.pending_bytes(),
                self.bounds.bytes,
                self.inflight(),
                self.bounds.commands
            ),
        )
    }

    /// Takes the reply or the error of a command. `None` if there is none yet; then the waker is kept. If a batch fails
    /// after some of its replies were received, both these replies and the error are returned: see [`Pieces::lost`].
    #[inline]
    pub(crate) fn reply(&mut self, ticket: &mut Ticket, waker: &Waker) -> Option<Result<ReplyBuf, Error>> {
        let Ticket::Queued(id) = *ticket else { return None };
        let outcome = self.pending.outcome(id, waker, &mut self.spent)?;
        *ticket = Ticket::Done(self.pending.ended(id));
        self.pending.release(id, &mut self.spent);
        Some(outcome)
    }

    /// Whether there are wakers that are not needed any more.
    #[inline]
    pub(crate) fn has_spent(&self) -> bool {
        !self.spent.is_empty()
    }

    /// Takes the wakers that are not needed any more. They must be dropped outside of the lock, because the drop of a
    /// waker may run code of a user.
    #[inline]
    pub(crate) fn spent(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.spent)
    }

    /// Handles the drop of a future. If no writer has the bytes of its command, the command is withdrawn. Otherwise its
    /// reply is discarded when it arrives.
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

    /// Whether the command is in the queue, so that no writer has its bytes.
    fn is_queued(&self, id: u32) -> bool {
        self.pending.start(id) >= self.handed && self.pending.is_owed(id)
    }

    /// Marks a queued command as withdrawn: its bytes are not written. They stay in the queue until the queue is
    /// [compacted](Self::compact).
    fn withdraw(&mut self, id: u32) {
        if self.pending.withdraw(id) {
            self.withdrawn.0 += 1;
            self.withdrawn.1 += self.pending.size(id);
        }
    }

    /// Compacts the queue if more than half of it belongs to withdrawn commands. So the cost of many withdrawals is
    /// linear in the size of the queue.
    fn compact_if_worth_it(&mut self) {
        if self.withdrawn.1 * 2 > self.queue.len() {
            self.compact();
        }
    }

    /// Removes the bytes of withdrawn commands from the queue.
    #[cold]
    fn compact(&mut self) {
        let first = self.inflight.len() - self.queued;
        let mut kept = first;
        // Bytes at the front of the queue that belong to no command (a replay without replies) stay there.
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

    /// The number of commands that wait for their replies, including the commands that are not written yet.
    #[inline]
    pub(crate) fn inflight(&self) -> usize {
        self.inflight.len() - self.withdrawn.0
    }

    /// Whether exactly one command is in flight and no command waits for room.
    #[inline]
    pub(crate) fn is_only_command(&self) -> bool {
        self.inflight.len() == 1 && self.wait_queue.is_empty()
    }

    /// The number of commands in the queue, without withdrawn commands.
    #[inline]
    pub(crate) fn queued(&self) -> usize {
        self.queued - self.withdrawn.0
    }

    /// Whether there are bytes for a writer.
    #[inline]
    pub(crate) fn has_output(&self) -> bool {
        self.queue.len() > self.withdrawn.1 && !self.held
    }

    /// Gives the bytes of the queue to a writer. The writer reports the outcome with [`Session::wrote`].
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

    /// A writer continues with the bytes that the kernel did not take.
    pub(crate) fn resume_write(&mut self) {
        self.writing = true;
    }

    /// A write has ended, and the kernel took this number of bytes. If all bytes are written, `done` returns the buffer
    /// for reuse. With `None`, the other bytes are written later.
    #[inline]
    pub(crate) fn wrote(&mut self, bytes: usize, done: Option<Vec<u8>>) {
        self.written += bytes as u64;
        self.writing = false;
        if let Some(mut buffer) = done {
            buffer.clear();
            // A buffer of more than 1 MiB is not kept: one large batch must not use memory for ever.
            if buffer.capacity() <= 1 << 20 {
                self.spare = buffer;
            }
        }
    }

    /// Begins a turn of the driver. Room that was kept for a command whose future did not use it is offered to others.
    #[inline]
    pub(crate) fn next_turn(&mut self) {
        if !self.wait_queue.is_unused() {
            self.wait_queue.next_turn();
        }
    }

    /// Whether room is kept for commands that were not submitted again. Then another turn of the driver is needed.
    #[inline]
    pub(crate) fn offers_room(&self) -> bool {
        self.wait_queue.kept().commands > 0
    }

    /// Wakes the waiting commands for which there is room now.
    #[inline]
    pub(crate) fn admit(&mut self, wakers: &mut Vec<Waker>) {
        if self.wait_queue.is_empty() || !self.is_open() {
            return;
        }
        // While more than half of the room is used, no command is woken. So many commands are woken together and share
        // a write.
        if self.inflight() * 2 > self.bounds.commands || self.pending_bytes() * 2 > self.bounds.bytes {
            return;
        }
        // If no future used the offered room, the same room is offered to several commands.
        let times = self.wait_queue.factor();
        while let Some(size) = self.wait_queue.next_size() {
            let kept = self.wait_queue.kept();
            if !self.fits(size, kept.bytes / times, kept.commands / times) {
                break;
            }
            self.wait_queue.call(wakers);
        }
    }

    /// Whether there is a connection.
    pub(crate) fn is_up(&self) -> bool {
        matches!(self.phase, Phase::Up | Phase::Listening)
    }

    /// The connection is made: commands can be sent.
    pub(crate) fn up(&mut self, wakers: &mut Vec<Waker>) {
        self.up_with(&Replay::default(), wakers);
    }

    /// The connection is made: commands can be sent after the replayed commands.
    pub(crate) fn up_with(&mut self, replay: &Replay, wakers: &mut Vec<Waker>) {
        self.phase = if self.mode.listens() { Phase::Listening } else { Phase::Up };
        self.held = false;
        self.queue_replay(replay);
        self.queue_detached();
        self.admit(wakers);
    }

    /// Queues a `PING` whose reply is discarded. Returns `false` if it cannot be sent now.
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
            large: None,
        };
        let id = self.enqueue(&out, NEVER, Waker::noop().clone());
        self.pending.release(id, &mut self.spent);
        self.probe_end = self.handed + self.queue.len() as u64;
        true
    }

    /// Describes the commands in flight, for [`Liveness`].
    pub(crate) fn in_flight(&self) -> InFlight {
        let sent = self.inflight.iter().take(self.inflight.len() - self.queued);
        let deadlines = sent.map(|id| self.pending.deadline(*id)).filter(|deadline| *deadline != NEVER);
        InFlight {
            blocking: self.blocking > 0,
            latest_deadline: deadlines.max(),
            probe_written: self.written >= self.probe_end,
        }
    }

    /// Whether another caller can use this connection: it is open, no command is in flight, and no byte is unwritten.
    pub(crate) fn is_clean(&self) -> bool {
        self.is_open() && self.inflight() == 0 && self.wait_queue.is_unused() && self.pending_bytes() == 0
    }
}

#[cfg(test)]
mod any_order;
#[cfg(test)]
mod at_once;
#[cfg(test)]
mod checks;
#[cfg(test)]
mod tests;
