//! Promise 6: the client works again after an outage, without a restart of the program.

use std::time::Duration;

use redis_om_client::{ErrorKind, TimeoutKind, prelude::*, raw, testing::Server};
use redis_om_tests::{Fault, Keys, Proxy, in_time, valkey};

use super::{QUICK, connect, refused, through};

#[tokio::test]
async fn commands_of_an_outage_run_after_the_restart() {
    let server = Server::builder().password("secret").start().unwrap();
    let client = connect(&format!("{}/3?client_name=survivor&{QUICK}", server.url())).await.unwrap();
    client.set("before", 1).await.unwrap();
    server.stop();
    let mut waiting = tokio::task::JoinSet::new();
    for n in 0..100_i64 {
        let client = client.clone();
        waiting.spawn(async move {
            // The first ones may use a connection that is not yet known to be lost.
            let outcome = client.incr_by("n", 1).await;
            (n, outcome)
        });
    }
    tokio::task::yield_now().await;
    server.restart().unwrap();
    let (mut done, mut unknown) = (0, 0);
    while let Some(task) = in_time("what waited", waiting.join_next()).await {
        match task.unwrap() {
            (_, Ok(_)) => done += 1,
            (n, Err(error)) => {
                assert!(error.may_have_run(), "command {n}: {error}");
                unknown += 1;
            }
        }
    }
    assert_eq!(done + unknown, 100);
    // The new process has no data. The login, the database and the name are set on the new connection, too.
    assert_eq!(client.get::<Option<i64>>("before").await.unwrap(), None);
    assert_eq!(client.get::<Option<i64>>("n").await.unwrap().unwrap_or(0), done);
    let info: String = client.run(raw("CLIENT INFO").reply()).await.unwrap();
    assert!(info.contains("db=3") && info.contains("name=survivor"), "{info}");
}

#[tokio::test]
async fn commands_wait_while_the_server_is_down() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "").await;
    let keys = Keys::new();
    proxy.refuse();
    // A read is repeated until it is answered. Until then the client has found the loss.
    let noticing = tokio::time::timeout(Duration::from_millis(200), client.get::<Option<i64>>(keys.of("n")));
    assert!(noticing.await.is_err(), "no server can have answered");
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (client, key) = (client.clone(), keys.of("n"));
        waiting.spawn(async move { client.incr(&key).await });
    }
    tokio::task::yield_now().await;
    proxy.accept();
    while let Some(task) = in_time("what waited", waiting.join_next()).await {
        task.unwrap().unwrap();
    }
    assert_eq!(client.get::<i64>(keys.of("n")).await.unwrap(), 100);
}

#[tokio::test]
async fn a_repetition_does_not_extend_the_deadline() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "command_timeout=1s").await;
    let key = Keys::new().of("k");
    let silent = proxy.trap("GET", Fault::Silence);
    let read = || {
        let (client, key) = (client.clone(), key.clone());
        tokio::spawn(async move { client.get::<Option<String>>(&key).await })
    };
    let first = read();
    silent.wait().await;
    // The test is about time: most of the first command's time passes before it is tried again, while the server is not
    // reachable.
    tokio::time::sleep(Duration::from_millis(700)).await;
    proxy.stall();
    proxy.cut();
    let second = read();
    let error = refused(in_time("the first", first).await.unwrap());
    assert!(matches!(error.kind(), ErrorKind::Timeout(TimeoutKind::Command)), "{error}");
    assert!(!second.is_finished(), "the one that began later had its time used up first");
    let error = refused(in_time("the second", second).await.unwrap());
    assert!(matches!(error.kind(), ErrorKind::Timeout(TimeoutKind::Command)), "{error}");
}

#[tokio::test]
async fn a_command_to_a_frozen_server_times_out_and_no_reply_is_shifted() {
    let server = Server::start().unwrap();
    let client = connect(&format!("{}?command_timeout=300ms", server.url())).await.unwrap();
    client.set("text", "mine").await.unwrap();
    server.pause().unwrap();
    let error = refused(in_time("the deadline", client.incr("n")).await);
    assert_eq!(error.kind(), &ErrorKind::Timeout(TimeoutKind::Command), "{error}");
    assert!(error.may_have_run(), "{error}");
    assert_eq!((error.command(), error.key()), (Some("INCR"), Some("n")));
    server.resume().unwrap();
    let value = in_time("the server to continue", async {
        loop {
            match client.get::<String>("text").await {
                Ok(value) => return value,
                Err(error) => assert!(matches!(error.kind(), ErrorKind::Timeout(_)), "{error}"),
            }
        }
    });
    assert_eq!(value.await, "mine");
    // The INCR that was sent in time may have run, at most once.
    assert!(client.get::<Option<i64>>("n").await.unwrap().unwrap_or(0) <= 1);
}

#[tokio::test]
async fn a_ping_finds_a_dead_peer() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "idle_ping=100ms&ping_timeout=200ms").await;
    let sprung = proxy.trap("PING", Fault::Silence);
    // No command is running: the client pings, gets no answer, and opens another connection.
    sprung.wait().await;
    proxy.until("another connection", |counts| counts.accepted >= 2).await;
    let key = Keys::new().of("n");
    assert_eq!(in_time("the next command", client.incr(&key)).await.unwrap(), 1);
}

#[tokio::test]
async fn a_connection_closed_while_idle_does_not_fail_the_next_command() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "").await;
    let key = Keys::new().of("n");
    for n in 1..=20 {
        if n % 2 == 0 {
            proxy.cut()
        } else {
            proxy.reset()
        }
        // The client sees its connection end while no command is running.
        proxy.until("another connection", |counts| counts.accepted > n).await;
        assert_eq!(in_time("the next command", client.incr(&key)).await.unwrap(), n as i64);
    }
}

#[tokio::test]
async fn waiting_commands_fail_with_the_error_of_a_revoked_login() {
    let server = Server::builder().user("ann on >hers ~* &* +@all").start().unwrap();
    let options = format!("command_timeout=500ms&{QUICK}");
    let client = connect(&format!("{}?{options}", server.url_for("ann", "hers"))).await.unwrap();
    client.set("k", 1).await.unwrap();
    let root = connect(&server.url()).await.unwrap();
    root.run(raw("ACL SETUSER").arg("ann").arg("resetpass").arg(">other").reply::<()>()).await.unwrap();
    root.run(raw("CLIENT KILL").arg("USER").arg("ann").reply::<i64>()).await.unwrap();
    let error = in_time("an error", async {
        loop {
            if let Err(error) = client.set("k", 2).await {
                return error;
            }
        }
    })
    .await;
    assert!(!error.to_string().contains("hers"), "the password is shown: {error}");
    root.run(raw("ACL SETUSER").arg("ann").arg("resetpass").arg(">hers").reply::<()>()).await.unwrap();
    in_time("the client to work again", async { while client.set("k", 3).await.is_err() {} }).await;
}

#[tokio::test]
async fn a_dropped_client_closes_its_connections() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "").await;
    let blocked = client.blpop::<i64>(Keys::new().of("none"), Duration::from_millis(10));
    assert_eq!(blocked.await.unwrap(), None);
    let clone = client.clone();
    drop(client);
    clone.set(Keys::new().of("k"), 1).await.unwrap();
    drop(clone);
    proxy.until("all connections to close", |counts| counts.open == 0).await;
}

/// Each answered command ends an outage: the attempts to reconnect and their pauses start again.
#[tokio::test]
async fn attempts_to_reconnect_are_counted_anew_after_an_answer() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "reconnect_attempts=2").await;
    let key = Keys::new().of("k");
    for losses in 1..=6 {
        client.set(&key, losses).await.unwrap();
        proxy.cut();
        // A read is sent again on the next connection.
        assert_eq!(in_time("a read", client.get::<i64>(&key)).await.unwrap(), losses);
        assert_eq!(proxy.counts().accepted, losses as u64 + 1);
    }
}
