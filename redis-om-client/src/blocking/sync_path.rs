//! The first attempt of an ordinary command, over a socket that the calling thread reads itself.
//!
//! A bypass of the plain path: it serves the benchmark row `seq-blocking`, with 0.99 of a raw socket, and 0.94 without
//! it (0.97 is required). It knows nothing of retries. The promise
//! kept here: it changes the transport of the first attempt, never its outcome. The async client and its dispatch take
//! everything else: batches, blocking commands, large commands, TLS, a socket that another thread uses, and each
//! attempt that ended in an error.

use std::{
    sync::{
        Mutex, PoisonError, TryLockError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    error::Result,
    route::SyncConnection,
    session::{Outgoing, ReplyBuf},
};

/// The shortest time between two attempts to connect.
const AGAIN: Duration = Duration::from_secs(1);

/// The connection that the calling thread reads itself, if there is one.
#[derive(Debug)]
pub(super) struct SyncPath {
    state: Mutex<State>,
    /// The connection is to be dropped at its next use.
    forgotten: AtomicBool,
}

#[derive(Debug)]
struct State {
    connection: Option<SyncConnection>,
    /// The time of the last attempt to connect; `None` if this kind of connection is impossible (TLS).
    attempted: Option<Instant>,
}

impl SyncPath {
    pub(super) fn new(connection: Option<SyncConnection>) -> Self {
        let attempted = connection.is_some().then(Instant::now);
        Self { state: Mutex::new(State { connection, attempted }), forgotten: AtomicBool::new(false) }
    }

    /// The reply or the error of this attempt, which began at `start`; `None` if the command must take the async
    /// client's path.
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
            // Another thread waits for a reply on the connection.
            Err(TryLockError::WouldBlock) => return None,
        };
        if self.forgotten.load(Ordering::Relaxed) && self.forgotten.swap(false, Ordering::Relaxed) {
            state.connection = None;
        }
        if state.connection.is_none() {
            if state.attempted.is_none_or(|at| at.elapsed() < AGAIN) {
                return None;
            }
            state.attempted = Some(Instant::now());
            state.connection = connect().ok()?;
            // The time to connect does not count: it has a limit of its own.
            start = Instant::now();
        }
        let outcome = state.connection.as_mut()?.exchange(out, start);
        if outcome.is_err() {
            state.connection = None;
        }
        Some(outcome)
    }

    /// Drops the connection: the server no longer has its former role.
    #[cold]
    pub(super) fn forget_connection(&self) {
        match self.state.try_lock() {
            Ok(mut state) => state.connection = None,
            // The thread that uses it drops it.
            Err(_) => self.forgotten.store(true, Ordering::Relaxed),
        }
    }

    /// Pings the server if the connection was not used for `idle`. A connection that does not answer is dropped.
    pub(super) fn ping_if_idle(&self, idle: Duration, timeout: Duration, ping: &Outgoing<'_>) {
        let Ok(mut state) = self.state.try_lock() else { return };
        if let Some(connection) = state.connection.as_mut().filter(|connection| connection.idle() >= idle)
            && connection.ping(ping, timeout).is_err()
        {
            state.connection = None;
        }
    }

    /// A thread panicked during an exchange: the next reply on this connection has no caller, so the connection is
    /// dropped.
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
