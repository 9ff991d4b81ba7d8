//! Promise 2: dropping a future at any await point shifts no reply and leaks no connection, and a command that was not
//! sent is withdrawn.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use redis_om_client::{Client, prelude::*, raw};
use redis_om_tests::{Keys, Proxy, Random, in_time, valkey};

use super::{connect, through};

/// Polls a few times, and lets other tasks run between; `None` if the future was not ready by then and is dropped.
pub(crate) async fn at_most<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    for _ in 0..polls {
        let ready = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
        if let Poll::Ready(value) = ready {
            return Some(value);
        }
        tokio::task::yield_now().await;
    }
    None
}

/// The work of one task: commands of several forms, each with a reply that only this command can have.
async fn share(client: Client, keys: Keys, seed: u64, operations: usize) -> (usize, usize) {
    let mut random = Random::new(seed);
    let (mut ended, mut dropped) = (0, 0);
    for _ in 0..operations {
        let polls = match random.below(4) {
            0 => usize::MAX,
            _ => random.below(6),
        };
        let unique = random.bits().to_string();
        let known = random.below(100).to_string();
        let echo = || raw("ECHO").arg(&*unique).readonly().reply::<String>();
        let get = || cmd().get::<String>(keys.of(&known));
        let outcome = match random.below(40) {
            // Long enough for several reads.
            0 => at_most(polls, async { client.lrange::<Vec<String>>(keys.of("list"), 0, -1).await })
                .await
                .map(|list| assert!(list.unwrap().into_iter().eq(long_list()))),
            1..=16 => {
                at_most(polls, client.run(echo())).await.map(|echoed| assert_eq!(echoed.unwrap(), unique))
            }
            17..=24 => at_most(polls, client.run(get())).await.map(|got| assert_eq!(got.unwrap(), known)),
            25 => {
                let list = || cmd().lrange::<Vec<String>>(keys.of("list"), 0, -1);
                at_most(polls, client.run(pipe().execute(list()).execute(echo()).execute(list()))).await.map(
                    |all| {
                        let (first, echoed, second) = all.unwrap();
                        assert!(first.into_iter().eq(long_list()) && second.into_iter().eq(long_list()));
                        assert_eq!(echoed, unique);
                    },
                )
            }
            26..=32 => at_most(polls, client.run(pipe().many([get(), echo(), get()])))
                .await
                .map(|both| assert_eq!(both.unwrap().0, [&*known, &*unique, &*known])),
            _ => at_most(polls, client.run(atomic().many([echo(), get()])))
                .await
                .map(|both| assert_eq!(both.unwrap().0, [&*unique, &*known])),
        };
        match outcome {
            Some(()) => ended += 1,
            None => dropped += 1,
        }
    }
    (ended, dropped)
}

fn long_list() -> impl Iterator<Item = String> {
    (0..3_000).map(|number| format!("element {number:08}"))
}

async fn many(seed: u64, operations: usize, tasks: usize) {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "").await;
    let keys = Keys::new();
    let sets = (0..100).map(|n: i32| cmd().set(keys.of(&n.to_string()), n));
    client.run(pipe().many(sets)).await.unwrap();
    client.rpush(keys.of("list"), long_list().collect::<Vec<_>>()).await.unwrap();
    let mut shares = tokio::task::JoinSet::new();
    for task in 0..tasks {
        let (client, keys) = (client.clone(), keys.clone());
        shares.spawn(share(client, keys, seed + task as u64, operations / tasks));
    }
    let (mut ended, mut dropped) = (0, 0);
    while let Some(done) = shares.join_next().await {
        let (some, others) = done.unwrap();
        ended += some;
        dropped += others;
    }
    assert_eq!(ended + dropped, operations);
    assert!(ended > operations / 10 && dropped > operations / 10, "{ended} ended, {dropped} dropped");
    // No connection was closed because of it, and the only connection answers.
    let echoed: String = client.run(raw("ECHO").arg("last").reply()).await.unwrap();
    assert_eq!(echoed, "last");
    assert_eq!(proxy.counts().accepted, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_thousand_on_two_threads() {
    many(1, 50_000, 50).await;
}

#[tokio::test]
async fn fifty_thousand_on_one_thread() {
    many(1_000, 50_000, 50).await;
}

/// Few tasks, so that a command is sometimes the only one and its future reads the socket itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_by_two_tasks_on_two_threads() {
    many(2_000, 5_000, 2).await;
}

#[tokio::test]
async fn five_thousand_by_one_task() {
    many(3_000, 5_000, 1).await;
}

#[tokio::test]
async fn a_future_that_is_not_polled_delays_no_other() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "").await;
    let keys = Keys::new();
    let [a, b] = keys.each(["a", "b"]);
    client.run(pipe().set(&a, 1).set(&b, 2)).await.unwrap();
    for round in 0..20 {
        let came = proxy.counts().down;
        let mut first = pin!(client.get::<i64>(&a));
        let poll = poll_fn(|context| Poll::Ready(first.as_mut().poll(context)));
        assert!(poll.await.is_pending());
        // The command was the only one, its reply has arrived, and its future does not read it.
        proxy.until("the reply", |counts| counts.down > came).await;
        tokio::task::yield_now().await;
        assert_eq!(in_time("another", client.get::<i64>(&b)).await.unwrap(), 2);
        if round % 2 == 0 {
            assert_eq!(in_time("the first", first).await.unwrap(), 1);
        }
    }
    assert_eq!(proxy.counts().accepted, 1);
}

#[tokio::test]
async fn a_command_dropped_before_it_was_sent_is_not_sent() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "").await;
    let keys = Keys::new();
    proxy.refuse();
    // Nothing can be sent: the client knows that the connection is lost.
    in_time("noticing", async {
        let command = client.run(raw("PING").reply::<String>());
        tokio::time::timeout(Duration::from_millis(500), command).await.ok();
    })
    .await;
    for _ in 0..100 {
        assert!(at_most(3, client.incr(keys.of("n"))).await.is_none());
    }
    proxy.accept();
    assert_eq!(in_time("the next command", client.incr(keys.of("n"))).await.unwrap(), 1);
}

/// Polls the server until it has this number of blocked clients.
async fn until_blocked(direct: &Client, clients: usize) {
    let expected = format!("blocked_clients:{clients}\r\n");
    in_time("the server to hold back clients", async {
        while !direct.run(raw("INFO").arg("clients").reply::<String>()).await.unwrap().contains(&expected) {}
    })
    .await;
}

#[tokio::test]
async fn a_dropped_blpop_takes_no_element_and_occupies_no_place_in_the_pool() {
    // It has a server of its own, because it counts blocked clients.
    let server = redis_om_client::testing::Server::start().unwrap();
    let direct = connect(&server.url()).await.unwrap();
    let client = connect(&format!("{}?pool_size=1", server.url())).await.unwrap();
    for round in 0..5 {
        tokio::select! {
            _ = client.blpop::<String>("queue", Duration::from_secs(60)) => panic!("nothing was there"),
            () = until_blocked(&direct, 1) => {}
        }
        until_blocked(&direct, 0).await;
        direct.rpush("queue", round).await.unwrap();
        let popped = client.blpop::<i64>("queue", Duration::from_secs(60));
        assert_eq!(in_time("the next one", popped).await.unwrap(), Some(("queue".into(), round)));
    }
}

/// A waker whose end uses the client, as the end of a task can.
struct UsesTheClient(Client, String, Arc<AtomicU32>);

impl Wake for UsesTheClient {
    fn wake(self: Arc<Self>) {}
}

impl Drop for UsesTheClient {
    fn drop(&mut self) {
        // The queue may be full.
        let _sent = self.0.forget(cmd().incr(&self.1));
        self.2.fetch_add(1, Ordering::SeqCst);
    }
}

/// No waker is dropped while the connection is locked: its end may send a command.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waker_may_use_the_client_when_it_is_dropped() {
    let server = valkey();
    let client = connect(&format!("{}?queue_budget=1KiB", server.url())).await.unwrap();
    let keys = Keys::new();
    let (wakers, list) = (keys.of("wakers"), keys.of("list"));
    let dropped = Arc::new(AtomicU32::new(0));
    let work = {
        let (client, wakers, dropped) = (client.clone(), wakers.clone(), dropped.clone());
        async move {
            for turn in 0..100 {
                let new_waker =
                    || Waker::from(Arc::new(UsesTheClient(client.clone(), wakers.clone(), dropped.clone())));
                // Of two, the second one waits for room.
                let mut futures: Vec<_> =
                    (0..2).map(|_| Box::pin(client.rpush(&list, "x".repeat(1000)))).collect();
                for future in &mut futures {
                    // The second waker replaces the first one.
                    for waker in [new_waker(), new_waker()] {
                        let _ready = future.as_mut().poll(&mut Context::from_waker(&waker));
                    }
                }
                if turn % 2 == 0 {
                    drop(futures);
                } else {
                    for future in futures {
                        drop(future.await);
                    }
                }
            }
        }
    };
    in_time("the commands", tokio::spawn(work)).await.unwrap();
    assert_eq!(dropped.load(Ordering::SeqCst), 400);
    assert!(in_time("the client", client.get::<u32>(&wakers)).await.unwrap() > 0);
}
