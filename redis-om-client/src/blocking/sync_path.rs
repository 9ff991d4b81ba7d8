//! The first attempt of an ordinary command, straight over a socket that the calling thread reads itself.
//!
//! What it cannot take (batches, blocking commands, large ones, TLS), what another thread is in the way of, and whatever
//! ends in an error goes through the async client and its one dispatch.

use std::{
    sync::{Mutex, PoisonError, TryLockError},
    time::{Duration, Instant},
};

use crate::{
    error::Result,
    route::SyncConnection,
    session::{Outgoing, ReplyBuf},
};

/// A lost connection is not made again sooner than this.
const AGAIN: Duration = Duration::from_secs(1);

/// The connection of the calling thread, if there is one.
#[derive(Debug)]
pub(super) struct SyncPath {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    connection: Option<SyncConnection>,
    /// When there was last an attempt to make it; `None` where it cannot be made (TLS).
    attempted: Option<Instant>,
}

impl SyncPath {
    pub(super) fn new(connection: Option<SyncConnection>) -> Self {
        let attempted = connection.is_some().then(Instant::now);
        Self { state: Mutex::new(State { connection, attempted }) }
    }

    /// The reply, or the error of this attempt, which begins at `start`; `None` where the command has to go the other way.
    #[inline]
    pub(super) fn exchange(
        &self,
        out: &Outgoing<'_>,
        mut start: Instant,
        connect: impl FnOnce() -> Result<Option<SyncConnection>>,
    ) -> Option<Result<ReplyBuf>> {
        if !SyncConnection::takes(out) {
            return None;
        }
        let mut state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => self.recover(PoisonError::into_inner(poisoned)),
            // Another thread waits for its reply there.
            Err(TryLockError::WouldBlock) => return None,
        };
        if state.connection.is_none() {
            if state.attempted.is_none_or(|at| at.elapsed() < AGAIN) {
                return None;
            }
            state.attempted = Some(Instant::now());
            state.connection = connect().ok()?;
            // Making a connection has a time limit of its own.
            start = Instant::now();
        }
        let outcome = state.connection.as_mut()?.exchange(out, start);
        if outcome.is_err() {
            state.connection = None;
        }
        Some(outcome)
    }

    /// The server at the other end no longer serves what it did.
    #[cold]
    pub(super) fn forget_connection(&self) {
        if let Ok(mut state) = self.state.try_lock() {
            state.connection = None;
        }
    }

    /// Asks the server for a sign of life where the connection was not used for so long. A connection without one is dropped.
    pub(super) fn ping_if_idle(&self, idle: Duration, ping: &Outgoing<'_>) {
        let Ok(mut state) = self.state.try_lock() else { return };
        if let Some(connection) = state.connection.as_mut().filter(|connection| connection.idle() >= idle)
            && connection.exchange(ping, Instant::now()).is_err()
        {
            state.connection = None;
        }
    }

    /// A thread panicked in the middle of an exchange: what the connection brings next belongs to nobody.
    #[cold]
    fn recover<'a>(
        &'a self,
        mut state: std::sync::MutexGuard<'a, State>,
    ) -> std::sync::MutexGuard<'a, State> {
        self.state.clear_poison();
        state.connection = None;
        state
    }
}
