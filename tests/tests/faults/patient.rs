//! Promise 3: commands that wait on the server delay no other command, and the default timeout does not end them.

use std::time::{Duration, Instant};

use redis_om_client::{ErrorKind, KeyName, TimeoutKind, prelude::*};
use redis_om_tests::{Fault, Keys, Proxy, in_time, valkey};

use super::{connect, refused, through};

#[tokio::test]
async fn blpop_waits_longer_than_the_command_timeout_and_delays_no_other_command() {
    let server = valkey();
    let client = connect(&format!("{}?command_timeout=1s", server.url())).await.unwrap();
    let keys = Keys::new();
    let start = Instant::now();
    let waiting = client.blpop::<String>(keys.of("empty"), Duration::from_secs(5));
    let others = async {
        let mut done = 0;
        while start.elapsed() < Duration::from_secs(4) {
            client.incr(keys.of("n")).await.unwrap();
            done += 1;
        }
        done
    };
    let (popped, done) = in_time("both", async { tokio::join!(waiting, others) }).await;
    assert_eq!(popped.unwrap(), None);
    assert!(start.elapsed() >= Duration::from_secs(5), "it ended early");
    assert!(done > 100, "only {done} others");
}

#[tokio::test]
async fn a_waiting_command_gets_the_element_that_is_pushed() {
    let server = valkey();
    let client = connect(&format!("{}?pool_size=8", server.url())).await.unwrap();
    let keys = Keys::new();
    let mut waiting = tokio::task::JoinSet::new();
    for n in 0..8 {
        let (client, key) = (client.clone(), keys.of(&n.to_string()));
        waiting.spawn(async move {
            let (list, value): (KeyName, usize) =
                client.blpop::<usize>(&key, Duration::ZERO).await.unwrap().unwrap();
            assert_eq!(list, key);
            (n, value)
        });
    }
    for n in 0..8_usize {
        client.rpush(keys.of(&n.to_string()), n).await.unwrap();
    }
    while let Some(done) = in_time("those that wait", waiting.join_next()).await {
        let (n, value) = done.unwrap();
        assert_eq!(n, value);
    }
}

#[tokio::test]
async fn a_command_fails_in_time_if_the_pool_has_no_free_place() {
    let server = valkey();
    let client = connect(&format!("{}?pool_size=1&pool_timeout=200ms", server.url())).await.unwrap();
    let keys = Keys::new();
    let holder = {
        let (client, key) = (client.clone(), keys.of("held"));
        tokio::spawn(async move { client.blpop::<i64>(&key, Duration::ZERO).await })
    };
    let error = in_time("the second one", async {
        loop {
            // Until the first command has the connection, this one may get it.
            let wait = Duration::from_millis(10);
            if let Err(error) = client.blpop::<i64>(keys.of("none"), wait).await {
                return error;
            }
        }
    })
    .await;
    assert!(matches!(error.kind(), ErrorKind::Timeout(TimeoutKind::Pool) | ErrorKind::Pool), "{error}");
    assert!(!error.may_have_run(), "{error}");
    assert_eq!(error.command(), Some("BLPOP"), "{error}");
    client.rpush(keys.of("held"), 1).await.unwrap();
    assert_eq!(in_time("the first one", holder).await.unwrap().unwrap(), Some((keys.of("held").into(), 1)));
}

#[tokio::test]
async fn a_blocking_command_without_an_answer_times_out_after_the_grace() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "blocking_grace=200ms&command_timeout=100ms").await;
    let sprung = proxy.trap("BLPOP", Fault::Silence);
    let popping = client.blpop::<i64>(Keys::new().of("none"), Duration::from_millis(100));
    let error = refused(in_time("the deadline", popping).await);
    sprung.wait().await;
    assert_eq!(error.kind(), &ErrorKind::Timeout(TimeoutKind::Command), "{error}");
    assert!(error.may_have_run(), "{error}");
    let again = client.blpop::<i64>(Keys::new().of("none"), Duration::from_millis(10));
    assert_eq!(in_time("the next one", again).await.unwrap(), None);
}
