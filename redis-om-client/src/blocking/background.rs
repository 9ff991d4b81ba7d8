//! The thread that drives the runtime of a blocking client while no call drives it.
//!
//! It knows nothing of commands and replies. It starts when it is first needed: for idle pings, for a command that was
//! [forgotten](super::Client::forget), or for tasks that must continue between calls ([`KeepDriving`]). It ends with
//! the client.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::Duration,
};

use tokio::sync::Notify;

use crate::error::{Error, Result};

/// The work of the thread for a client.
pub(super) trait Driveable: Send + Sync + 'static {
    /// Pings idle connections and sends queued commands. The thread calls this after each pause.
    fn look_after(self: &Arc<Self>);

    /// Drives the runtime until `released` is notified.
    fn drive_until(&self, released: &Notify);
}

/// The thread, once it was started.
#[derive(Debug)]
pub(super) struct Background {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    released: Notify,
}

#[derive(Debug, Default)]
struct State {
    started: bool,
    ended: bool,
    /// Queued commands wait to be sent.
    called: bool,
    /// The number of [`KeepDriving`] guards.
    holders: usize,
}

impl Background {
    pub(super) fn new() -> Self {
        Self { shared: Arc::default() }
    }

    /// Starts the thread, if it does not run. `pause` is the time between two checks of the connections.
    pub(super) fn start<T: Driveable>(&self, client: &Arc<T>, pause: Option<Duration>) -> Result<()> {
        let mut state = self.shared.lock();
        if state.started {
            return Ok(());
        }
        let (shared, client) = (self.shared.clone(), Arc::downgrade(client));
        thread::Builder::new()
            .name("redis-om".to_owned())
            .spawn(move || shared.run(&client, pause))
            .map_err(|error| Error::io("starting the thread that drives the client's connections", error))?;
        state.started = true;
        Ok(())
    }

    /// Makes the thread check the connections now.
    pub(super) fn call(&self) {
        self.shared.lock().called = true;
        self.shared.changed.notify_one();
    }

    /// Drives the runtime until the guard is dropped.
    pub(super) fn hold(&self) -> KeepDriving {
        self.shared.lock().holders += 1;
        self.shared.changed.notify_one();
        KeepDriving { shared: self.shared.clone() }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.shared.changed.notify_one();
        self.shared.released.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run<T: Driveable>(&self, client: &Weak<T>, pause: Option<Duration>) {
        loop {
            let mut state = self.lock();
            let idle = |state: &mut State| !state.ended && !state.called && state.holders == 0;
            state = match pause {
                Some(pause) => {
                    let waited = self.changed.wait_timeout_while(state, pause, idle);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner),
            };
            if state.ended {
                return;
            }
            state.called = false;
            let is_held = state.holders > 0;
            drop(state);
            let Some(client) = client.upgrade() else { return };
            if is_held {
                client.drive_until(&self.released);
            } else {
                client.look_after();
            }
        }
    }
}

/// Keeps the connections and tasks of a [`blocking::Client`](super::Client) running while no call does, until this
/// value is dropped.
#[derive(Debug)]
#[must_use = "the runtime is driven only as long as this is kept"]
pub struct KeepDriving {
    shared: Arc<Shared>,
}

impl Drop for KeepDriving {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.holders -= 1;
        if state.holders == 0 {
            self.shared.released.notify_one();
        }
    }
}
