//! Writes a command or a batch with large arguments from where they are, without a copy into the queue.
//!
//! A bypass of the queue. It serves the benchmark rows `set-64kib` to `set-64mib`, with 1.11 to 1.25 of the best peer,
//! and 0.25 to 1.00 without it. It is taken only if this thread may
//! write at this moment and nothing is queued before the command. Otherwise the arguments are copied into the queue.

use std::{sync::MutexGuard, task::Waker};

use crate::session::{Outgoing, Ticket};

use super::shared::{Flushed, Shared, State};

impl Shared {
    /// Writes the command itself; the driver writes later what the kernel does not take now. Returns the lock if the
    /// command has to take the queue.
    #[cold]
    #[inline(never)]
    pub(super) fn write_large<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        ticket: &mut Ticket,
        out: &Outgoing<'_>,
        waker: &Waker,
    ) -> Option<MutexGuard<'a, State>> {
        if state.session.has_output() && state.rest.is_none() && state.writer.is_some() {
            self.flush(state);
            state = self.lock();
        }
        if state.rest.is_some() || !state.session.takes_at_once(ticket, out) {
            return Some(state);
        }
        let Some(writer) = state.writer.take() else { return Some(state) };
        if !state.may_write(|| writer.waiting()) {
            state.writer = Some(writer);
            return Some(state);
        }
        let now = state.now;
        let early = self.arm(&mut state, out, now);
        let output = state.session.submit_at_once(ticket, out, now, waker);
        state.last_write = 1;
        let left = self.write(state, writer, output, 0) != Flushed::Done;
        if early || left {
            self.notify_if(self.lock(), true);
        }
        None
    }
}
