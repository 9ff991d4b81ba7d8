//! Exclusive connections for commands that would delay others: blocking commands and `watch`.
//!
//! A connection returns to the pool only if no command is in flight on it and no key is watched. Otherwise it is shut
//! down at once, in the drop itself, so that the `BLPOP` of a dropped future takes no more elements.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use deadpool::{
    Runtime as PoolRuntime,
    managed::{self, Metrics, Object, PoolError, RecycleError, RecycleResult, Timeouts},
};

use crate::{
    config::Config,
    error::{Error, ErrorKind, Execution, Result, TimeoutKind},
    net::{Lifetime, Link, Runtime},
};

#[derive(Debug)]
struct Manager {
    config: Arc<Config>,
    runtime: Runtime,
}

impl managed::Manager for Manager {
    type Type = Arc<Link>;
    type Error = Error;

    async fn create(&self) -> Result<Arc<Link>> {
        Link::connect(self.config.clone(), Lifetime::One, &self.runtime, None).await.map(Arc::new)
    }

    async fn recycle(&self, link: &mut Arc<Link>, _: &Metrics) -> RecycleResult<Error> {
        if link.is_clean() { Ok(()) } else { Err(RecycleError::message("not clean")) }
    }
}

#[derive(Debug)]
pub(super) struct Pool {
    pool: managed::Pool<Manager>,
    config: Arc<Config>,
}

impl Pool {
    pub(super) fn new(config: Arc<Config>, runtime: Runtime) -> Result<Self> {
        let pool = managed::Pool::builder(Manager { config: config.clone(), runtime })
            .max_size(config.pool_size.max(1))
            .runtime(PoolRuntime::Tokio1)
            .timeouts(Timeouts { wait: Some(config.pool_timeout), create: None, recycle: None })
            .build()
            .map_err(|error| Error::config(format!("the pool cannot be made: {error}")))?;
        Ok(Self { pool, config })
    }

    /// A connection that no other command uses.
    pub(super) async fn get(&self) -> Result<Exclusive> {
        match self.pool.get().await {
            Ok(object) => Ok(Exclusive { object: Some(object), watching: AtomicBool::new(false) }),
            Err(PoolError::Backend(error)) => Err(error),
            Err(PoolError::Timeout(_)) => Err(Error::new(
                ErrorKind::Timeout(TimeoutKind::Pool),
                Execution::NotSent,
                format!(
                    "no exclusive connection became free within {:?} (pool_timeout): each blocking command and each `watch` \
                     holds one, and there are {} (pool_size): raise one of these settings, `Config::pool_size` or \
                     `?pool_size={}` in the URL",
                    self.config.pool_timeout,
                    self.config.pool_size,
                    self.config.pool_size.saturating_mul(2)
                ),
            )),
            Err(error) => Err(Error::new(
                ErrorKind::Pool,
                Execution::NotSent,
                format!("no exclusive connection: {error}"),
            )),
        }
    }

    /// Reports places that are taken although nothing is in progress.
    #[cfg(test)]
    pub(super) fn check_idle(&self, violated: &mut dyn FnMut(String)) {
        let status = self.pool.status();
        if status.available != status.size || status.waiting > 0 {
            violated(format!("places of the pool are still taken: {status:?}"));
        }
    }

    /// Drops the idle connections: they may lead to a server that no longer has its former role.
    pub(super) fn forget_idle(&self) {
        drop(self.pool.retain(|_, _| false));
    }
}

/// A connection that no other command uses, until this value is dropped.
#[derive(Debug)]
pub(crate) struct Exclusive {
    object: Option<Object<Manager>>,
    /// A `WATCH` is active on it.
    watching: AtomicBool,
}

impl Exclusive {
    pub(crate) fn link(&self) -> &Arc<Link> {
        match &self.object {
            Some(object) => object,
            None => unreachable!("the object is only taken on drop"),
        }
    }

    pub(crate) fn set_watching(&self, watching: bool) {
        self.watching.store(watching, Ordering::Release);
    }

    /// Shuts the connection down instead of returning it to the pool: the server no longer has its former role.
    pub(crate) fn discard(mut self) {
        if let Some(object) = self.object.take() {
            Object::take(object).abandon();
        }
    }
}

impl Drop for Exclusive {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else { return };
        // A second handle is a `Connection` that was kept beyond its `watch`.
        let is_shared = Arc::strong_count(&object) > 1;
        if is_shared || self.watching.load(Ordering::Acquire) || !object.is_clean() {
            Object::take(object).abandon();
        }
    }
}
