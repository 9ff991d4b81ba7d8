//! One address: the connections that ordinary commands share, and the pool of exclusive ones.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::{
    config::Config,
    error::Result,
    net::{Lifetime, Link, Runtime, SyncConnection},
};

use super::pool::{Exclusive, Pool};

/// The connections to one address. Each dial resolves the name, or asks the user's connector.
#[derive(Debug)]
pub(crate) struct Node {
    config: Arc<Config>,
    runtime: Runtime,
    /// Used in turn.
    links: Box<[Link]>,
    next: AtomicUsize,
    pool: Pool,
}

impl Node {
    pub(super) async fn connect(config: &Arc<Config>, runtime: &Runtime) -> Result<Self> {
        let mut links = Vec::with_capacity(config.connections);
        for _ in 0..config.connections.max(1) {
            links.push(Link::connect(config.clone(), Lifetime::Reconnecting, runtime, None).await?);
        }
        let pool = Pool::new(config.clone(), runtime.clone())?;
        Ok(Self {
            config: config.clone(),
            runtime: runtime.clone(),
            links: links.into(),
            next: AtomicUsize::new(0),
            pool,
        })
    }

    /// The shared connection for the next command.
    #[inline]
    pub(crate) fn link(&self) -> &Link {
        match &*self.links {
            [only] => only,
            several => &several[self.next.fetch_add(1, Ordering::Relaxed) % several.len()],
        }
    }

    /// Whether no command is in flight on the shared connections and none waits to be sent.
    pub(crate) fn is_quiet(&self) -> bool {
        self.links.iter().all(Link::is_quiet)
    }

    /// A connection that no other command uses, from the pool.
    pub(crate) async fn exclusive(&self) -> Result<Exclusive> {
        self.pool.get().await
    }

    /// A new connection outside of the pool, for a command that ends others: it must not wait behind them. It selects
    /// no database and sets no client name, because a server that is busy with a script refuses both.
    pub(crate) async fn own(&self) -> Result<Link> {
        let config = Config { database: 0, client_name: None, ..(*self.config).clone() };
        Link::connect(Arc::new(config), Lifetime::One, &self.runtime, None).await
    }

    /// Replaces the connections before they are used again: the server at this address no longer has its former role.
    pub(crate) fn redial(&self) {
        self.links.iter().for_each(Link::redial);
        self.pool.forget_idle();
    }

    /// Reports a queue that has more than its settings allow.
    #[cfg(test)]
    pub(crate) fn check_bounds(&self, violated: &mut dyn FnMut(String)) {
        self.links.iter().for_each(|link| link.check_bounds(violated));
    }

    /// Reports what is left although nothing is in progress.
    #[cfg(test)]
    pub(crate) fn check_idle(&self, violated: &mut dyn FnMut(String)) {
        self.links.iter().for_each(|link| link.check_idle(violated));
        self.pool.check_idle(violated);
    }

    /// A connection that the calling thread reads itself; `None` if the stream is not a plain socket.
    pub(crate) async fn sync_connection(&self) -> Result<Option<SyncConnection>> {
        SyncConnection::connect(&self.config).await
    }
}
