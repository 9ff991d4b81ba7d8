//! What the simulation checks inside a session.

use super::Session;

/// The size of a `PING` of a session's own.
const PING: usize = b"*1\r\n$4\r\nPING\r\n".len();

impl Session {
    /// Reports a queue that has more than its bounds allow. A single command may be larger than the whole budget.
    pub(crate) fn check_bounds(&self, violated: &mut dyn FnMut(String)) {
        // A `PING` of the session's own takes no room from callers. A late reply lets another one follow.
        let pings = self.inflight.iter().filter(|id| self.pending.size(**id) == PING).count();
        let (bytes, commands) = (self.pending_bytes(), self.inflight().saturating_sub(pings));
        if commands > self.bounds.commands {
            violated(format!("{commands} commands are in flight, and the bound is {}", self.bounds.commands));
        }
        let largest = self.inflight.iter().map(|id| self.pending.size(*id)).max().unwrap_or(0);
        if bytes > self.bounds.bytes.max(largest) + (pings + 1) * PING {
            violated(format!("{bytes} bytes are queued, and the bound is {}", self.bounds.bytes));
        }
    }

    /// Reports what is left although nothing is in progress. Only a `PING` of the session's own may be in flight.
    pub(crate) fn check_idle(&self, violated: &mut dyn FnMut(String)) {
        let others = self.inflight.iter().filter(|id| self.pending.size(**id) != PING).count();
        if others > 0 || self.pending_bytes() > PING || !self.wait_queue.is_unused() {
            violated(format!(
                "a session has {others} commands in flight, {} bytes queued; its wait queue is unused: {}",
                self.pending_bytes(),
                self.wait_queue.is_unused()
            ));
        } else if self.inflight.is_empty() {
            self.pending.assert_free();
        }
    }
}
