//! What the tests stand on: shared servers, a proxy that injects faults, TLS in front of a server, and one test body
//! run over every kind of client.
//!
//! Nothing here imitates Redis: behind every proxy is a real server, and a fault is what a network or a broken peer
//! really does to the bytes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a harness that cannot go on fails the test")]

mod keys;
mod matrix;
mod memory;
mod proxy;
mod pump;
mod random;
mod servers;
mod tls;

pub use keys::Keys;
pub use matrix::{Column, On, Outcome, cell, every_cell};
pub use memory::Memory;
pub use proxy::{Counts, Proxy, Sprung};
pub use pump::Fault;
pub use random::Random;
pub use servers::{Kind, redis6, redis8, server, valkey};
pub use tls::{Certificates, TlsFront};

use std::{future::Future, sync::OnceLock, time::Duration};

/// How long anything bounded may take on a busy machine. Not a measurement: it tells "in time" from "never".
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for a future; a test that would hang fails with `what` instead.
pub async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} did not end within {PATIENCE:?}"),
    }
}

/// The runtime of the harness, on a thread of its own: proxies work whatever the test's own runtime does.
pub(crate) fn runtime() -> &'static tokio::runtime::Handle {
    static HANDLE: OnceLock<tokio::runtime::Handle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let handle = runtime.handle().clone();
        // Lives as long as the process does.
        std::mem::forget(runtime);
        handle
    })
}

/// Runs a future on the harness's runtime and waits for it, inside and outside of other runtimes.
pub(crate) fn block<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let (done, wait) = std::sync::mpsc::channel();
    runtime().spawn(async move { done.send(tokio::time::timeout(PATIENCE, future).await).ok() });
    wait.recv().unwrap().unwrap()
}
