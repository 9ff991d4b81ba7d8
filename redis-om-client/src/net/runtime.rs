//! The tokio runtime in which the connections of a client run.
//!
//! A future of a client may be polled in another runtime, or outside of any runtime. All work that needs a timer or a
//! socket runs in the runtime in which the client was connected. When that runtime ends, the work moves to a runtime of
//! this module, which lasts as long as the process and is started when it is first needed. So a client in a static works in
//! tests that each have a runtime of their own.

use std::{
    future::Future,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    task::{Context, Poll},
    thread,
    time::Duration,
};

use tokio::runtime::{Builder, Handle};

use crate::error::{Error, Result};

/// A runtime with timers and sockets. All clones change together.
#[derive(Debug, Clone)]
pub(crate) struct Runtime(Arc<Mutex<Home>>);

#[derive(Debug)]
struct Home {
    handle: Handle,
    /// The runtime in which the client was connected has ended, and `handle` is that of [`lasting`].
    has_moved: bool,
}

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
        Ok(Self(Arc::new(Mutex::new(Home { handle, has_moved: false }))))
    }

    fn home(&self) -> MutexGuard<'_, Home> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a task.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.handle().spawn(task);
    }

    fn handle(&self) -> Handle {
        self.home().handle.clone()
    }

    /// Whether the first runtime has ended. Timers and sockets that were made before must not be polled any more.
    pub(crate) fn has_moved(&self) -> bool {
        self.home().has_moved
    }

    /// Changes to the lasting runtime, because the present one ends.
    ///
    /// # Errors
    ///
    /// The lasting runtime cannot be started.
    pub(super) fn move_on(&self) -> io::Result<()> {
        let mut home = self.home();
        if !home.has_moved {
            home.handle = lasting()?;
            home.has_moved = true;
        }
        Ok(())
    }

    /// Polls a future inside this runtime.
    pub(crate) fn poll<F: Future + ?Sized>(
        &self,
        future: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<F::Output> {
        let handle = self.handle();
        let _entered = handle.enter();
        future.poll(cx)
    }
}

/// The runtime that lasts as long as the process, on a thread of its own.
fn lasting() -> io::Result<Handle> {
    static LASTING: OnceLock<Handle> = OnceLock::new();
    if let Some(handle) = LASTING.get() {
        return Ok(handle.clone());
    }
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    // Where two threads come here at once, the runtime of one stays unused.
    thread::Builder::new()
        .name("redis-om-lasting".to_owned())
        .spawn(move || runtime.block_on(std::future::pending::<()>()))?;
    Ok(LASTING.get_or_init(|| handle).clone())
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
