//! The exclusive connection that `watch` lends.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    command::{Cmd, Command, Executor, Flags},
    error::{Error, ErrorKind, Execution, Result, brief},
    route::{Exclusive, Link},
};

use super::{
    Client,
    request::{Request, Target},
};

/// The connection on which keys are watched. A command on it runs at once, and is never sent again.
///
/// It is lent for one attempt of [`Client::watch`]. After that attempt each command on it fails with an error.
///
/// A command that is declared to write, and names a watched key, is refused: it would change that key, so that the
/// transaction could never run. Commands that set an expiry, and scripts (`eval`), are declared to write, too. Return
/// such a command in the transaction. A script that only reads runs by `eval_ro`.
#[derive(Clone)]
pub struct Connection {
    lease: Arc<Lease>,
}

#[derive(Debug)]
struct Lease {
    client: Client,
    /// `None` after the end of the attempt.
    exclusive: Mutex<Option<Exclusive>>,
    /// The command that watches the keys.
    watch: Arc<Cmd>,
    /// A command that writes was sent.
    has_written: AtomicBool,
}

impl Connection {
    pub(super) fn new(client: Client, exclusive: Exclusive, watch: Arc<Cmd>) -> Self {
        let exclusive = Mutex::new(Some(exclusive));
        Self { lease: Arc::new(Lease { client, exclusive, watch, has_written: AtomicBool::new(false) }) }
    }

    /// Refuses a command, or a batch with a command, that writes a watched key.
    pub(super) fn allow(&self, cmd: &Cmd) -> Result<()> {
        let writes = |part: &usize| !cmd.part(*part).flags().has(Flags::READONLY);
        for part in (0..cmd.parts() as usize).filter(writes) {
            let watched = |key: &[u8]| self.lease.watch.keys_of(0).any(|watched| watched == key);
            if let Some(key) = cmd.keys_of(part).find(|key| watched(key)) {
                let key = brief(&String::from_utf8_lossy(key)).to_string();
                let text = format!(
                    "it would change `{key}`, which this `watch` watches, so the transaction could never run: return the \
                     command in the transaction, `Ok(atomic()…)` (a script that only reads: `eval_ro`)"
                );
                return Err(cmd.in_context_of_part(Error::argument(text), part));
            }
        }
        if !cmd.flags().has(Flags::READONLY) {
            self.lease.has_written.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Whether a command that writes was sent over it.
    pub(super) fn has_written(&self) -> bool {
        self.lease.has_written.load(Ordering::Relaxed)
    }

    /// The client that lent the connection.
    pub(crate) fn client(&self) -> &Client {
        &self.lease.client
    }

    pub(super) fn link(&self) -> Result<Arc<Link>> {
        self.lock().as_ref().map(|exclusive| exclusive.link().clone()).ok_or_else(|| {
            Error::new(
                ErrorKind::Disconnected,
                Execution::NotSent,
                "this connection was lent for one attempt of `watch`, which has ended: use the client",
            )
        })
    }

    pub(super) fn set_watching(&self, watching: bool) {
        if let Some(exclusive) = &*self.lock() {
            exclusive.set_watching(watching);
        }
    }

    /// Returns the connection to the pool. A handle that was kept has no connection afterwards. If a command of such a
    /// handle is still in flight, the connection is shut down.
    pub(super) fn end(&self) {
        let ended = self.lock().take();
        drop(ended);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Exclusive>> {
        self.lease.exclusive.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Executor for &'a Connection {
    type Output<R> = Request<'a, R>;

    fn execute<R>(self, command: Command<R>) -> Request<'a, R> {
        Request::new(Target::Connection(self), command)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection(of {:?})", self.lease.client)
    }
}
