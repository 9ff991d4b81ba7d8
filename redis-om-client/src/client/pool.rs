//! Exclusive connections, for what would hold up others: blocking commands and `watch`.
//!
//! A connection comes back only if nothing is under way on it and nothing is watched; else it is closed at once, so
//! that a `BLPOP` whose future was dropped does not go on taking elements.

use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use deadpool::{
    Runtime,
    managed::{self, Metrics, Object, PoolError, RecycleError, RecycleResult, Timeouts},
};

use crate::{
    config::Config,
    error::{Error, ErrorKind, Execution, Result},
    net::Link,
};

#[derive(Debug)]
struct Manager {
    config: Arc<Config>,
}

impl managed::Manager for Manager {
    type Type = Link;
    type Error = Error;

    async fn create(&self) -> Result<Link> {
        Link::connect(self.config.clone(), false).await
    }

    async fn recycle(&self, link: &mut Link, _: &Metrics) -> RecycleResult<Error> {
        if link.is_clean() { Ok(()) } else { Err(RecycleError::message("not clean")) }
    }
}

#[derive(Debug)]
pub(super) struct Pool {
    pool: managed::Pool<Manager>,
    config: Arc<Config>,
}

impl Pool {
    pub(super) fn new(config: Arc<Config>) -> Result<Self> {
        let pool = managed::Pool::builder(Manager { config: config.clone() })
            .max_size(config.pool_size.max(1))
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts { wait: Some(config.pool_timeout), create: None, recycle: None })
            .build()
            .map_err(|error| Error::config(format!("the pool cannot be made: {error}")))?;
        Ok(Self { pool, config })
    }

    /// A connection that nobody else has.
    pub(super) async fn get(&self) -> Result<Exclusive> {
        match self.pool.get().await {
            Ok(object) => Ok(Exclusive { object: Some(object), watching: AtomicBool::new(false) }),
            Err(PoolError::Backend(error)) => Err(error),
            Err(error) => Err(Error::new(
                ErrorKind::Pool,
                Execution::NotSent,
                format!(
                    "no exclusive connection came free within {:?} ({error}): blocking commands and `watch` hold one \
                     each, and there are {}: raise pool_size",
                    self.config.pool_timeout, self.config.pool_size
                ),
            )),
        }
    }
}

/// A connection that nobody else has, until it is dropped.
#[derive(Debug)]
pub(super) struct Exclusive {
    object: Option<Object<Manager>>,
    /// `WATCH` is in force on it.
    watching: AtomicBool,
}

impl Exclusive {
    pub(super) fn link(&self) -> &Link {
        match &self.object {
            Some(object) => object.deref(),
            None => unreachable!("the object is only taken on drop"),
        }
    }

    pub(super) fn set_watching(&self, watching: bool) {
        self.watching.store(watching, Ordering::Release);
    }
}

impl Drop for Exclusive {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else { return };
        if self.watching.load(Ordering::Acquire) || !object.is_clean() {
            drop(Object::take(object));
        }
    }
}
