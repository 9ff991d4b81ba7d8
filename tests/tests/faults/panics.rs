//! Wakers of the user's own code that panic: only their own task is harmed.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Wake, Waker},
};

use redis_om_client::{Client, prelude::*};
use redis_om_tests::{Keys, Proxy, in_time, valkey};

use super::through;

/// Panics when it is woken.
#[derive(Default)]
struct Panicking {
    woken: AtomicU32,
}

impl Wake for Panicking {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, Ordering::SeqCst);
        panic!("a panic of the user's waker");
    }
}

/// Queues a command whose waker panics, and others with it, so that all are answered by one read.
async fn round(client: &Client, keys: &Keys) {
    let panicking = Arc::new(Panicking::default());
    let waker = Waker::from(panicking.clone());
    let mut first = pin!(client.incr(keys.of("first")));
    assert!(first.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    let mut others = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (client, key) = (client.clone(), keys.of("others"));
        others.spawn(async move { client.incr(&key).await });
    }
    while let Some(other) = in_time("the others", others.join_next()).await {
        if let Err(error) = other.unwrap() {
            assert!(error.to_string().contains("panicked"), "the reason is missing: {error}");
        }
    }
    in_time("the waker", async {
        while panicking.woken.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // The client works again. What was sent while the connection ended may fail.
    in_time("a command after it", async {
        while let Err(error) = client.set(keys.of("after"), 1).await {
            assert!(error.to_string().contains("panicked"), "the reason is missing: {error}");
        }
    })
    .await;
    drop(in_time("the first", first).await);
}

#[tokio::test]
async fn a_waker_that_panics_ends_no_client_on_one_thread() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let (client, keys) = (through(&proxy, "").await, Keys::new());
    for _ in 0..5 {
        round(&client, &keys).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waker_that_panics_ends_no_client_on_two_threads() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let (client, keys) = (through(&proxy, "").await, Keys::new());
    for _ in 0..5 {
        round(&client, &keys).await;
    }
}
