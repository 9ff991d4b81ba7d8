//! The exclusive connection that `watch` lends.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{
    command::{Command, Executor},
    error::{Error, ErrorKind, Execution, Result},
    net::Link,
};

use super::{
    Client,
    pool::Exclusive,
    request::{Request, Target},
};

/// The connection on which keys are watched: commands on it run at once.
///
/// It is lent for one attempt of [`Client::watch`]; kept for longer, it answers with an error.
#[derive(Clone)]
pub struct Connection {
    lease: Arc<Lease>,
}

#[derive(Debug)]
pub(super) struct Lease {
    pub(super) exclusive: Exclusive,
    client: Client,
    open: AtomicBool,
}

impl Connection {
    pub(super) fn new(client: Client, exclusive: Exclusive) -> Self {
        Self { lease: Arc::new(Lease { exclusive, client, open: AtomicBool::new(true) }) }
    }

    /// Whose connection it is.
    pub(crate) fn client(&self) -> &Client {
        &self.lease.client
    }

    pub(super) fn link(&self) -> Result<&Link> {
        if self.lease.open.load(Ordering::Acquire) {
            return Ok(self.lease.exclusive.link());
        }
        Err(Error::new(
            ErrorKind::Disconnected,
            Execution::NotSent,
            "this connection was lent for one attempt of `watch`, which has ended: use the client",
        ))
    }

    pub(super) fn set_watching(&self, watching: bool) {
        self.lease.exclusive.set_watching(watching);
    }

    /// Takes it back. Whoever kept a handle finds it dead, and the connection is closed rather than shared with him.
    pub(super) fn end(self) {
        self.lease.open.store(false, Ordering::Release);
        if let Err(kept) = Arc::try_unwrap(self.lease) {
            kept.exclusive.link().close();
        }
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
