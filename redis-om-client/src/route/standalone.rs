//! One server, one or several connections to it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::{config::Config, error::Result, net::Link};

/// The connections to one server, taken in turn.
#[derive(Debug)]
pub(crate) struct Standalone {
    links: Box<[Link]>,
    next: AtomicUsize,
}

impl Standalone {
    pub(super) async fn connect(config: &Arc<Config>) -> Result<Self> {
        let mut links = Vec::with_capacity(config.connections);
        for _ in 0..config.connections.max(1) {
            links.push(Link::connect(config.clone(), true).await?);
        }
        Ok(Self { links: links.into(), next: AtomicUsize::new(0) })
    }

    #[inline]
    pub(super) fn link(&self) -> &Link {
        match &*self.links {
            [only] => only,
            several => &several[self.next.fetch_add(1, Ordering::Relaxed) % several.len()],
        }
    }
}
