//! The runtime of a blocking client. The thread that waits for a reply drives it.

use std::{
    future::Future,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::{
    runtime::{Builder, Handle, Runtime},
    task::coop::poll_proceed,
    time::Instant,
};

use crate::error::{Error, Result};

/// If no thread drove the runtime for this time (in milliseconds), it processes pending socket events first. Then a
/// connection that the server has closed is found before a command is written to it.
const STALE: u64 = 500;

/// A current-thread runtime, and the time when it was last driven.
#[derive(Debug)]
pub(super) struct Driven {
    /// `None` only during the drop.
    runtime: Option<Runtime>,
    epoch: Instant,
    /// When the runtime was last driven, in milliseconds since the epoch.
    driven: AtomicU64,
    /// One connection was found lost. The runtime's connections may be lost, too, and the runtime has not noticed it yet.
    suspect: AtomicBool,
}

impl Driven {
    pub(super) fn new() -> Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::io("making the blocking client's runtime", error))?;
        Ok(Self {
            runtime: Some(runtime),
            epoch: Instant::now(),
            driven: AtomicU64::new(0),
            suspect: AtomicBool::new(false),
        })
    }

    /// Makes the runtime check all connections at its next use.
    pub(super) fn suspect(&self) {
        self.suspect.store(true, Ordering::Relaxed);
    }

    /// How long no thread has driven the runtime.
    pub(super) fn idle(&self) -> Duration {
        let driven = Duration::from_millis(self.driven.load(Ordering::Relaxed));
        self.epoch.elapsed().saturating_sub(driven)
    }

    /// Waits for a future.
    pub(super) fn block_on<T>(&self, future: impl Future<Output = Result<T>>) -> Result<T> {
        let Some(runtime) = &self.runtime else { return Err(Error::config("the client is being dropped")) };
        let idle = self.idle().as_millis() as u64;
        self.note();
        if idle < STALE && !self.suspect.swap(false, Ordering::Relaxed) {
            return runtime.block_on(future);
        }
        runtime.block_on(async {
            // One turn for the socket events, one for the drivers that they wake, and one for the tasks that those
            // wake.
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
            future.await
        })
    }

    fn note(&self) {
        self.driven.store(self.epoch.elapsed().as_millis() as u64, Ordering::Relaxed);
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        // Dropping a runtime in async code panics; shutting it down in the background does not.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Returns an error on a thread of an async runtime.
pub(super) fn outside_async() -> Result<()> {
    if Handle::try_current().is_err() || !polled_by_tokio() {
        return Ok(());
    }
    Err(Error::config(
        "the blocking client was called from async code, where it would block a thread of the runtime: use \
         redis_om_client::Client there, or tokio::task::spawn_blocking",
    ))
}

/// Whether a future is being polled on this thread. The current runtime handle is no proof, because it exists inside
/// `spawn_blocking`, too. But tokio gives a limited budget only to the tasks that it polls; elsewhere the budget never
/// ends.
#[cold]
fn polled_by_tokio() -> bool {
    /// More than the budget of one poll (128).
    const STEPS: usize = 256;
    let mut context = Context::from_waker(Waker::noop());
    (0..STEPS).any(|_| match poll_proceed(&mut context) {
        Poll::Ready(step) => {
            step.made_progress();
            false
        }
        Poll::Pending => true,
    })
}
