//! The harness of the tests: shared servers, a proxy that injects faults, TLS in front of a server, and one test body
//! for every kind of client.
//!
//! Nothing here imitates Redis. A real server is behind every proxy. A fault changes the bytes in the way in which a
//! network or a broken peer changes them.

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

/// The time limit of a bounded operation on a busy machine. It measures nothing: it only separates "in time" from
/// "never".
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for a future. If the future never ends, the test fails with `what`.
pub async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} did not end within {PATIENCE:?}"),
    }
}

/// The runtime of the harness, on a thread of its own, so that proxies work independently of the test's runtime.
pub(crate) fn runtime() -> &'static tokio::runtime::Handle {
    static HANDLE: OnceLock<tokio::runtime::Handle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let handle = runtime.handle().clone();
        // It lives as long as the process.
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
