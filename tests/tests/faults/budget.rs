//! Promises 4 and 5: memory is bounded, deadlines are kept, and reading and writing progress independently.

use std::time::Duration;

use redis_om_client::{Client, Config, ErrorKind, Execution, Pem, TimeoutKind, TlsConfig, prelude::*};
use redis_om_tests::{Certificates, Keys, Proxy, TlsFront, in_time, valkey};

use super::{QUICK, through};

const VALUE: usize = 16 * 1024;

/// Sends writes of 16 KiB without answers, until one fails or the number is reached.
async fn flood(
    client: &Client,
    keys: &Keys,
    most: usize,
) -> tokio::task::JoinSet<redis_om_client::Result<()>> {
    let mut writes = tokio::task::JoinSet::new();
    for n in 0..most {
        let (client, key) = (client.clone(), keys.of(&n.to_string()));
        writes.spawn(async move { client.set(&key, "x".repeat(VALUE)).await });
    }
    tokio::task::yield_now().await;
    writes
}

#[tokio::test]
async fn over_budget_a_command_fails_at_once_if_the_settings_say_so() {
    let server = valkey();
    let proxy = Proxy::narrow(server.port());
    let client = through(&proxy, "queue_budget=256KiB&when_full=fail&command_timeout=20s").await;
    let keys = Keys::new();
    proxy.stall();
    let mut writes = flood(&client, &keys, 1_000).await;
    let first = in_time("the first refusal", writes.join_next()).await.unwrap().unwrap();
    let error = first.expect_err("nothing can be answered yet");
    assert_eq!(error.kind(), &ErrorKind::QueueFull, "{error}");
    assert_eq!(error.execution(), Execution::NotSent);
    assert_eq!(error.command(), Some("SET"));
    proxy.resume();
    let (mut written, mut refused) = (0, 1);
    while let Some(done) = in_time("the others", writes.join_next()).await {
        match done.unwrap() {
            Ok(()) => written += 1,
            Err(error) => {
                assert_eq!(error.kind(), &ErrorKind::QueueFull, "{error}");
                refused += 1;
            }
        }
    }
    assert!(written > 0 && refused > 0, "{written} written, {refused} refused");
    // No refused write was done, and every other one was.
    let names = (0..1_000).map(|n| keys.of(&n.to_string()));
    let there: Vec<bool> = client
        .run(pipe().many(names.map(|key| cmd().exists(key))))
        .await
        .unwrap()
        .0
        .into_iter()
        .map(|found| found > 0)
        .collect();
    assert_eq!(there.iter().filter(|&&there| there).count(), written);
}

#[tokio::test]
async fn over_budget_commands_wait_and_none_is_lost() {
    let server = valkey();
    let proxy = Proxy::narrow(server.port());
    let client = through(&proxy, "queue_budget=64KiB&queue_commands=16&command_timeout=20s").await;
    let keys = Keys::new();
    proxy.stall();
    let mut writes = flood(&client, &keys, 100).await;
    proxy.resume();
    let mut written = 0;
    while let Some(done) = in_time("all of them", writes.join_next()).await {
        done.unwrap().unwrap();
        written += 1;
    }
    assert_eq!(written, 100);
}

#[tokio::test]
async fn the_deadline_counts_from_the_call() {
    let server = valkey();
    let proxy = Proxy::narrow(server.port());
    let client = through(&proxy, "queue_budget=64KiB&command_timeout=300ms").await;
    let keys = Keys::new();
    proxy.stall();
    let mut writes = flood(&client, &keys, 200).await;
    let (mut not_sent, mut unknown) = (0, 0);
    while let Some(done) = in_time("all deadlines", writes.join_next()).await {
        let error = done.unwrap().expect_err("nothing was answered");
        assert!(
            matches!(error.kind(), ErrorKind::Timeout(TimeoutKind::Command)),
            "{error}: {:?}",
            error.kind()
        );
        if error.may_have_run() { unknown += 1 } else { not_sent += 1 }
    }
    // A write that waited for room was not sent, and is not sent later.
    assert!(not_sent > 0 && unknown > 0, "{not_sent} not sent, {unknown} unknown");
    proxy.resume();
    in_time("the client to work again", async { while client.set(keys.of("after"), 1).await.is_err() {} })
        .await;
    let names = (0..200).map(|n| keys.of(&n.to_string()));
    let there = client.run(pipe().many(names.map(|key| cmd().exists(key)))).await.unwrap().0;
    assert!(there.into_iter().filter(|&found| found > 0).count() <= unknown);
}

/// A peer that reads nothing: the bytes of the first commands fill the buffers of the system or of the stream, and
/// those of the others stay in the queue.
async fn deadlines_hold_while_output_is_stuck(proxy: &Proxy, client: &Client) {
    let keys = Keys::new();
    proxy.stall();
    let mut not_sent = 0;
    for _ in 0..2 {
        let mut writes = flood(client, &keys, 600).await;
        // Small ones stand behind them.
        for n in 0..20 {
            let (client, key) = (client.clone(), keys.of(&format!("small{n}")));
            writes.spawn(async move { client.set(&key, n).await });
        }
        while let Some(done) = in_time("all deadlines", writes.join_next()).await {
            let error = done.unwrap().expect_err("nothing was read");
            assert_eq!(error.kind(), &ErrorKind::Timeout(TimeoutKind::Command), "{error}");
            not_sent += usize::from(!error.may_have_run());
        }
    }
    // Where one write takes the whole queue, all commands of the first round count as sent.
    assert!(not_sent > 0, "all was sent");
    proxy.resume();
    in_time("the client to work again", async { while client.set(keys.of("after"), 1).await.is_err() {} })
        .await;
    assert_eq!(client.get::<i64>(keys.of("after")).await.unwrap(), 1);
}

#[tokio::test]
async fn deadlines_hold_while_a_socket_takes_nothing() {
    let server = valkey();
    let proxy = Proxy::narrow(server.port());
    let client = through(&proxy, "command_timeout=300ms&queue_budget=32MiB").await;
    deadlines_hold_while_output_is_stuck(&proxy, &client).await;
}

#[tokio::test]
async fn deadlines_hold_while_a_tls_stream_takes_nothing() {
    let server = valkey();
    let certificates = Certificates::new(&["localhost"]);
    let front = TlsFront::to(server.port(), &certificates);
    let proxy = Proxy::narrow(front.port());
    let tls = TlsConfig::new().ca(Pem::bytes(&certificates.authority));
    let url = format!("rediss://localhost:{}?{QUICK}&command_timeout=300ms&queue_budget=32MiB", proxy.port());
    let client = Client::with_config(Config::from_url(url).unwrap().tls(tls)).await.unwrap();
    deadlines_hold_while_output_is_stuck(&proxy, &client).await;
}

#[tokio::test]
async fn one_command_larger_than_the_budget_is_sent() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "queue_budget=64KiB").await;
    let key = Keys::new().of("large");
    let value = "x".repeat(1 << 20);
    in_time("the large write", client.set(&key, &value)).await.unwrap();
    assert_eq!(client.get::<String>(&key).await.unwrap(), value);
}

#[tokio::test]
async fn ten_megabytes_through_small_buffers_do_not_deadlock() {
    let server = valkey();
    let proxy = Proxy::narrow(server.port());
    let client = through(&proxy, "command_timeout=60s").await;
    let keys = Keys::new();
    let value = "0123456789abcdef".repeat(640);
    let names: Vec<String> = (0..1_000).map(|n| keys.of(&n.to_string())).collect();
    // Each value is read back at once: replies arrive while most of the 10 MiB is not yet written.
    let sets_and_gets = names.iter().map(|key| cmd().getset::<Option<String>>(key, &value));
    let gets = names.iter().map(|key| cmd().get::<String>(key));
    let moving = client.run(pipe().many(sets_and_gets).many(gets));
    let (before, after) = tokio::time::timeout(Duration::from_secs(60), moving).await.unwrap().unwrap();
    assert!(before.iter().all(Option::is_none));
    assert!(after.iter().all(|got| *got == value));
}
