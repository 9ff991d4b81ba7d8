//! The first attempt of an ordinary command, straight over a socket that the calling thread reads itself.
//!
//! What it cannot take (batches, blocking commands, large ones, TLS), what another thread is in the way of, and
//! whatever fails goes through the async client and its one dispatch loop.

use std::{
    sync::{Mutex, PoisonError, TryLockError},
    time::{Duration, Instant},
};

use crate::{
    error::Result,
    net::Direct,
    session::{Outgoing, ReplyBuf},
};

/// A lost connection is not made again sooner than this.
const AGAIN: Duration = Duration::from_secs(1);

/// The direct connection, if there is one.
#[derive(Debug)]
pub(super) struct First {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    direct: Option<Direct>,
    /// When there was last an attempt to make it; `None` where it cannot be made (TLS).
    attempted: Option<Instant>,
}

impl First {
    pub(super) fn new(direct: Option<Direct>) -> Self {
        let attempted = direct.is_some().then(Instant::now);
        Self { state: Mutex::new(State { direct, attempted }) }
    }

    /// The reply, or the error of this attempt, which begins at `start`; `None` where the command has to go the other way.
    #[inline]
    pub(super) fn exchange(
        &self,
        out: &Outgoing<'_>,
        mut start: Instant,
        connect: impl FnOnce() -> Result<Option<Direct>>,
    ) -> Option<Result<ReplyBuf>> {
        if !Direct::takes(out) {
            return None;
        }
        let mut state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => PoisonError::into_inner(poisoned),
            // Another thread waits for its reply there.
            Err(TryLockError::WouldBlock) => return None,
        };
        if state.direct.is_none() {
            if state.attempted.is_none_or(|at| at.elapsed() < AGAIN) {
                return None;
            }
            state.attempted = Some(Instant::now());
            state.direct = connect().ok()?;
            // Making a connection has a time limit of its own.
            start = Instant::now();
        }
        let outcome = state.direct.as_mut()?.exchange(out, start);
        if outcome.is_err() {
            state.direct = None;
        }
        Some(outcome)
    }
}
