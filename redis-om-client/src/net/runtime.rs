//! The tokio runtime in which the connections of a client run.
//!
//! A future of a client may be polled in another runtime, or outside of any runtime. All work that needs a timer or a
//! socket runs in the runtime in which the client was connected.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::runtime::Handle;

use crate::error::{Error, Result};

/// A runtime with timers and sockets.
#[derive(Debug, Clone)]
pub(crate) struct Runtime(Handle);

impl Runtime {
    /// Returns the runtime in which the caller runs.
    ///
    /// # Errors
    ///
    /// The caller runs outside of a tokio runtime, or the runtime has no timers or no sockets.
    pub(crate) fn current() -> Result<Self> {
        let handle = Handle::try_current().map_err(|_| {
            Error::config(
                "a client must be connected inside a tokio runtime, and there is none here: use #[tokio::main], \
                 Runtime::block_on, or the blocking client",
            )
        })?;
        for (what, method, probe) in PROBES {
            // Tokio has no query for this. It panics where the part is missing.
            if catch_unwind(AssertUnwindSafe(probe)).is_err() {
                return Err(Error::config(format!(
                    "a client needs {what}, which this tokio runtime was built without: call {method} or enable_all() \
                     on its builder"
                )));
            }
        }
        Ok(Self(handle))
    }

    /// Starts a task.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(task);
    }

    /// Polls a future inside this runtime.
    pub(crate) fn poll<F: Future + ?Sized>(
        &self,
        future: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<F::Output> {
        let _entered = self.0.enter();
        future.poll(cx)
    }
}

type Probe = (&'static str, &'static str, fn());

const PROBES: [Probe; 2] = [
    ("timers", "enable_time()", || drop(tokio::time::sleep(Duration::ZERO))),
    ("sockets", "enable_io()", register_socket),
];

/// Registers a socket that is not connected.
#[cfg(unix)]
fn register_socket() {
    drop(tokio::net::UnixDatagram::unbound());
}

#[cfg(not(unix))]
fn register_socket() {
    if let Ok(socket) = std::net::UdpSocket::bind(("127.0.0.1", 0))
        && socket.set_nonblocking(true).is_ok()
    {
        drop(tokio::net::UdpSocket::from_std(socket));
    }
}
