//! The exclusive connection that `watch` lends.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    command::{Command, Executor},
    error::{Error, ErrorKind, Execution, Result},
    route::{Exclusive, Link},
};

use super::{
    Client,
    request::{Request, Target},
};

/// The connection on which keys are watched. A command on it runs at once, and is never sent again.
///
/// It is lent for one attempt of [`Client::watch`]. After that attempt each command on it fails with an error.
#[derive(Clone)]
pub struct Connection {
    lease: Arc<Lease>,
}

#[derive(Debug)]
struct Lease {
    client: Client,
    /// `None` after the end of the attempt.
    exclusive: Mutex<Option<Exclusive>>,
}

impl Connection {
    pub(super) fn new(client: Client, exclusive: Exclusive) -> Self {
        Self { lease: Arc::new(Lease { client, exclusive: Mutex::new(Some(exclusive)) }) }
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
