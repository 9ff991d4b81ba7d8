//! Reads from the socket and delivers the replies to the commands that wait for them.

use std::task::{Context, Poll, ready};

use crate::{error::Error, session::Tick};

use super::{read_half::ReadHalf, shared::Shared, wake::wake_all};

/// Reads all available bytes and delivers the replies. Ready with the reason when the connection has ended.
pub(super) fn read(half: &mut ReadHalf, shared: &Shared, cx: &mut Context<'_>, now: Tick) -> Poll<Error> {
    loop {
        if let Err(error) = ready!(half.poll_fill(cx)) {
            return Poll::Ready(error);
        }
        if let Err(error) = deliver(half, shared, now) {
            return Poll::Ready(error);
        }
    }
}

fn deliver(half: &mut ReadHalf, shared: &Shared, now: Tick) -> Result<(), Error> {
    let found = half.demux.scan(&half.buffer);
    let mut state = shared.lock();
    state.note_read(now);
    let read_first = std::mem::take(&mut state.read_first);
    let outcome = match found {
        Err(error) => Err(error),
        Ok(false) => Ok(()),
        Ok(true) => {
            state.has_answered = true;
            state.note_concurrency();
            let session = &mut state.session;
            let outcome = half.demux.deliver(&mut half.buffer, session, &mut half.wakers, &mut half.notices);
            session.admit(&mut half.wakers);
            outcome
        }
    };
    if outcome.is_err() {
        // After such an end, the next attempt to connect waits for the backoff.
        state.has_answered = false;
    }
    // The driver is woken if a write waited for this read, or if the sink has queued commands.
    let write = half.notices.has_output() | read_first;
    shared.notify_if(state, write);
    wake_all(&mut half.wakers);
    outcome
}
