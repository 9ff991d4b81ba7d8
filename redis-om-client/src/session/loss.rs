//! Ends commands when their connection is lost, closed or replaced, and when their deadline passes.

use std::task::Waker;

use crate::error::{Error, ErrorKind, Execution, TimeoutKind};

use super::{Detached, NEVER, Phase, Runs, Session, Tick};

impl Session {
    /// The connection is lost. Every command in flight fails. The commands that may have run fail as
    /// [`Execution::MaybeExecuted`].
    pub(crate) fn lose(&mut self, error: &Error, wakers: &mut Vec<Waker>) {
        // During a write, the kernel may already have taken all bytes that were handed to the writer.
        let left = if self.writing { self.handed } else { self.written };
        let queued_from = self.inflight.len() - self.queued;
        let queue = std::mem::take(&mut self.queue);
        // The detached commands in the queue are older than those that wait for the next connection, so they stay in
        // front.
        let younger = std::mem::take(&mut self.detached);
        for (index, id) in std::mem::take(&mut self.inflight).into_iter().enumerate() {
            let (start, size) = (self.pending.start(id), self.pending.size(id));
            if index >= queued_from && self.pending.is_detached(id) && !self.pending.is_withdrawn(id) {
                let from = (start - self.handed) as usize;
                self.keep_detached(id, &queue[from..from + size]);
            }
            let written = left.saturating_sub(start).min(size as u64) as usize;
            // A single command or a transaction runs only if all of it arrives. Of a pipeline, the commands that arrive
            // run.
            let may_have_run = match self.pending.shape(id).runs {
                Runs::Whole => written == size,
                Runs::Partly => written > 0,
            };
            let execution = if may_have_run { Execution::MaybeExecuted } else { Execution::NotSent };
            self.pending.note_written(id, written);
            wakers.extend(self.pending.fail(id, error.clone().with_execution(execution)));
            self.pending.settled(id);
        }
        self.detached.append(younger);
        self.queued = 0;
        self.withdrawn = (0, 0);
        self.for_sink = usize::from(self.mode.listens());
        self.special = self.for_sink;
        self.blocking = 0;
        self.written = self.handed;
        self.writing = false;
        self.held = false;
        self.phase = Phase::Down(Some(error.clone()));
    }

    /// Records why the last attempt to connect failed. The error of a command that times out contains it.
    pub(crate) fn note_failure(&mut self, error: Error) {
        self.phase = Phase::Down(Some(error));
    }

    /// Stops all writes on this connection. Commands wait until the connection was replaced.
    pub(crate) fn hold(&mut self) {
        self.held = true;
    }

    /// Whether every command that was written is answered.
    pub(crate) fn is_drained(&self) -> bool {
        self.inflight.len() == self.queued && self.handed == self.written && !self.writing
    }

    /// No new connection will be made. The waiting commands fail, and so does each later command.
    pub(crate) fn close(&mut self, error: &Error, wakers: &mut Vec<Waker>) {
        self.lose(error, wakers);
        self.wait_queue.fail_all(error, wakers);
        self.detached = Detached::default();
        self.phase = Phase::Closed(error.clone());
    }

    /// Fails the commands whose write has not begun, as [`Execution::NotSent`], so that they can take another
    /// connection. Commands that were sent keep their place, and so do commands whose reply is discarded.
    pub(crate) fn evict(&mut self, error: &Error, wakers: &mut Vec<Waker>) {
        let error = error.clone().with_execution(Execution::NotSent);
        for index in self.inflight.len() - self.queued..self.inflight.len() {
            let id = self.inflight[index];
            if self.pending.is_held(id) && !self.pending.is_withdrawn(id) {
                self.pending.note_unsent(id);
                wakers.extend(self.pending.fail(id, error.clone()));
                self.withdraw(id);
            }
        }
        if self.withdrawn.0 > 0 {
            self.compact();
        }
        self.wait_queue.fail_all(&error, wakers);
    }

    /// Fails the commands whose deadline has passed. Returns the earliest remaining deadline, and whether one of the
    /// failed commands had been sent.
    pub(crate) fn expire(&mut self, now: Tick, wakers: &mut Vec<Waker>) -> (Tick, bool) {
        let mut next = self.detached.expire(now);
        let mut unanswered = false;
        let queued_from = self.inflight.len() - self.queued;
        for index in 0..self.inflight.len() {
            let id = self.inflight[index];
            let deadline = self.pending.deadline(id);
            if deadline > now {
                next = next.min(deadline);
                continue;
            }
            let queued = index >= queued_from;
            let (execution, why) = if queued {
                (
                    Execution::NotSent,
                    "timed out before it could be sent: the connection accepts no more bytes",
                )
            } else {
                (Execution::MaybeExecuted, "timed out waiting for the reply")
            };
            unanswered |= !queued;
            if queued {
                self.pending.note_unsent(id);
            }
            let error = Error::new(ErrorKind::Timeout(TimeoutKind::Command), execution, why);
            wakers.extend(self.pending.fail(id, error));
            self.pending.forget_deadline(id);
            if queued {
                self.withdraw(id);
            }
        }
        self.compact_if_worth_it();
        let phase = &self.phase;
        let waiting = self.wait_queue.expire(now, wakers, || {
            let kind = ErrorKind::Timeout(TimeoutKind::Command);
            let why = match phase {
                Phase::Down(Some(cause)) => format!("timed out while there was no connection: {cause}"),
                Phase::Down(None) => "timed out while the connection was being made".to_owned(),
                Phase::Up | Phase::Listening | Phase::Closed(_) => {
                    "timed out waiting for room in the queue: commands come faster than the server answers"
                        .to_owned()
                }
            };
            Error::new(kind, Execution::NotSent, why)
        });
        debug_assert!(waiting == NEVER || waiting > now);
        (next.min(waiting), unanswered)
    }
}
