//! Detached commands: their replies are discarded. While no command can be queued, because there is no connection or
//! because it is being replaced, they are kept here.

use std::{collections::VecDeque, task::Waker};

use crate::error::Error;

use super::{NEVER, Outgoing, Phase, Runs, Session, Tick};

#[derive(Debug)]
/// A detached command that is not in the queue yet.
struct Kept {
    /// The encoded command, with its headers.
    bytes: Vec<u8>,
    parts: u32,
    runs: Runs,
    deadline: Tick,
}

/// The detached commands that are not in the queue yet, in their order.
#[derive(Debug, Default)]
pub(super) struct Detached {
    commands: VecDeque<Kept>,
    bytes: usize,
}

impl Detached {
    #[inline]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn push(&mut self, command: Kept) {
        self.bytes += command.bytes.len();
        self.commands.push_back(command);
    }

    /// Appends these commands.
    pub(super) fn append(&mut self, mut younger: Self) {
        self.bytes += younger.bytes;
        self.commands.append(&mut younger.commands);
    }

    fn pop(&mut self) -> Option<Kept> {
        let command = self.commands.pop_front()?;
        self.bytes -= command.bytes.len();
        Some(command)
    }

    /// Drops the commands whose deadline has passed. Returns the earliest remaining deadline.
    pub(super) fn expire(&mut self, now: Tick) -> Tick {
        self.commands.retain(|command| command.deadline > now);
        self.bytes = self.commands.iter().map(|command| command.bytes.len()).sum();
        self.commands.iter().map(|command| command.deadline).min().unwrap_or(NEVER)
    }
}

impl Session {
    /// Takes a command whose reply is discarded. While there is no connection, the command is kept until its deadline.
    /// Its bytes count towards the limit of queued bytes.
    ///
    /// # Errors
    ///
    /// The queue is full, the session is closed, or the connection listens.
    pub(crate) fn submit_detached(&mut self, out: Outgoing<'_>, now: Tick) -> Result<(), Error> {
        if let Phase::Closed(error) = &self.phase {
            return Err(error.clone());
        }
        if self.mode.listens() {
            return Err(Self::listens());
        }
        if !self.has_room(out.len()) {
            return Err(self.full());
        }
        let deadline = out.timeout.map_or(NEVER, |timeout| now.saturating_add(timeout));
        if self.is_open() {
            let id = self.enqueue(&out, deadline, Waker::noop().clone());
            self.pending.detach(id);
            return Ok(());
        }
        let mut bytes = Vec::with_capacity(out.len() + 16);
        out.append_to(&mut bytes);
        self.detached.push(Kept { bytes, parts: out.parts, runs: out.runs, deadline });
        Ok(())
    }

    /// Keeps the bytes of a command that was not sent, for the next connection.
    pub(super) fn keep_detached(&mut self, id: u32, bytes: &[u8]) {
        let (shape, deadline) = (self.pending.shape(id), self.pending.deadline(id));
        self.detached.push(Kept { bytes: bytes.to_vec(), parts: shape.parts, runs: shape.runs, deadline });
    }

    /// Queues the kept commands on a new connection, before all others.
    pub(super) fn queue_detached(&mut self) {
        while let Some(command) = self.detached.pop() {
            let out = Outgoing {
                body: &command.bytes,
                args: 0,
                parts: command.parts,
                runs: command.runs,
                blocking: false,
                timeout: None,
                for_sink: false,
                large: None,
            };
            let id = self.enqueue(&out, command.deadline, Waker::noop().clone());
            self.pending.detach(id);
        }
    }
}
