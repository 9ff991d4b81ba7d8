//! Clients in the wrong runtime, after the end of their runtime, and after the last attempt to reconnect.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Barrier,
    task::Poll,
    thread,
    time::Duration,
};

use redis_om_client::{
    Client, Config, ErrorKind, Pem, Result, TlsConfig, blocking, commands::PauseMode, prelude::*,
    testing::Server,
};
use redis_om_tests::{Certificates, Keys, Proxy, TlsFront, in_time, valkey};
use tokio::{
    runtime::{Builder, Runtime},
    sync::OnceCell,
};

use super::{QUICK, connect, refused};

#[tokio::test]
async fn the_blocking_client_in_async_code_is_an_error_not_a_panic() {
    let server = valkey();
    let error = refused(blocking::Client::connect(&server.url()));
    assert_eq!(error.kind(), &ErrorKind::Config, "{error}");
    assert!(error.to_string().contains("spawn_blocking"), "the remedy is missing: {error}");
    // The error names `spawn_blocking` as the remedy.
    let (url, key) = (server.url(), Keys::new().of("n"));
    let client = tokio::task::spawn_blocking(move || {
        let client = blocking::Client::connect(&url).unwrap();
        assert_eq!(client.incr(&key).unwrap(), 1);
        assert_eq!(client.run(pipe().incr(&key).incr(&key)).unwrap(), (2, 3));
        client
    })
    .await
    .unwrap();
    let error = refused(client.ping());
    assert_eq!(error.kind(), &ErrorKind::Config, "{error}");
    // It is dropped here, which is allowed.
    drop(client);
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// What is in flight when the runtime ends gets its reply: the connection moves.
#[test]
fn a_client_outlives_the_runtime_that_it_was_connected_in() {
    let server = Server::builder().unix_socket().start().unwrap();
    for url in [server.url(), server.unix_url().unwrap()] {
        let (first, keys) = (runtime(), Keys::new());
        let client = first.block_on(connect(&url)).unwrap();
        let admin = first.block_on(connect(&server.url())).unwrap();
        let number = first.block_on(client.client_id()).unwrap();
        // The server answers writes later than the first runtime ends.
        let second = runtime();
        first.block_on(admin.client_pause(Duration::from_secs(600), PauseMode::Write)).unwrap();
        let mut write = pin!(client.incr(keys.of("n")));
        second.block_on(poll_fn(|cx| {
            assert!(write.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        }));
        let is_received = |list: String| {
            list.lines().any(|line| line.starts_with(&format!("id={number} ")) && line.contains(" cmd=incr "))
        };
        let list = || raw("CLIENT").arg("LIST").readonly().reply::<String>();
        while !is_received(first.block_on(admin.run(list())).unwrap()) {}
        drop(first);
        second.block_on(async {
            in_time("an end of the pause", admin.client_unpause()).await.unwrap();
            assert_eq!(in_time("the write in flight", write).await.unwrap(), 1);
            assert_eq!(in_time("its connection", client.client_id()).await.unwrap(), number);
            use_in_all_ways(&client, &keys).await;
        });
        drop(second);
        runtime().block_on(use_in_all_ways(&client, &keys));
    }
}

/// Commands, batches, and what needs an exclusive connection.
async fn use_in_all_ways(client: &Client, keys: &Keys) {
    let [n, hash, queue] = keys.each(["n", "hash", "queue"]);
    let before: i64 = in_time("a read", client.get(&n)).await.unwrap();
    assert_eq!(in_time("a write", client.incr(&n)).await.unwrap(), before + 1);
    let batch = pipe().hset(&hash, ("f", before)).hget::<i64>(&hash, "f").rpush(&queue, 7);
    let (_, found, _) = in_time("a pipeline", client.run(batch)).await.unwrap();
    assert_eq!(found, before);
    let popped = in_time("BLPOP", client.blpop::<i64>(&queue, Duration::ZERO)).await.unwrap();
    assert_eq!(popped.map(|(_, element)| element), Some(7));
    let watched = client.watch([&n], async |conn| -> Result<_> {
        let number: i64 = conn.get(&n).await?;
        Ok(atomic().set(&n, number + 1))
    });
    in_time("watch", watched).await.unwrap();
    assert_eq!(client.get::<i64>(&n).await.unwrap(), before + 2);
}

/// TLS cannot leave its runtime, so its connection is made again: nothing runs twice, and a read is repeated.
#[test]
fn a_connection_with_tls_is_made_again_in_the_next_runtime() {
    let server = valkey();
    let certificates = Certificates::new(&["localhost"]);
    let front = TlsFront::to(server.port(), &certificates);
    let config = Config::from_url(format!("rediss://localhost:{}?{QUICK}", front.port())).unwrap();
    let config = config.tls(TlsConfig::new().ca(Pem::bytes(&certificates.authority)));
    let (first, keys) = (runtime(), Keys::new());
    let client = first.block_on(Client::with_config(config)).unwrap();
    first.block_on(client.set(keys.of("n"), 1)).unwrap();
    drop(first);
    runtime().block_on(use_in_all_ways(&client, &keys));
}

/// As the tests of a user do it: each has a runtime of its own, they run at the same time, and the first to end made the
/// connections.
#[test]
fn a_static_client_serves_several_runtimes_that_end() {
    static CLIENT: OnceCell<Client> = OnceCell::const_new();
    let server = valkey();
    let (url, keys) = (server.url(), Keys::new());
    let start = Barrier::new(6);
    thread::scope(|scope| {
        for number in 0..6 {
            let (url, keys, start) = (&url, &keys, &start);
            scope.spawn(move || {
                let client = || CLIENT.get_or_try_init(|| connect(url));
                if number == 0 {
                    // The connections belong to this runtime, which ends while the others use them.
                    runtime().block_on(async {
                        client().await.unwrap().ping().await.unwrap();
                        start.wait();
                        for _ in 0..20 {
                            client().await.unwrap().incr(keys.of("sum")).await.unwrap();
                        }
                    });
                    return;
                }
                start.wait();
                for _ in 0..20 {
                    runtime().block_on(async {
                        let client = in_time("connecting", client()).await.unwrap();
                        for _ in 0..20 {
                            in_time("a write", client.incr(keys.of("sum"))).await.unwrap();
                        }
                        let (n, hash) = (keys.of("n"), keys.of(&format!("hash{number}")));
                        client.run(pipe().incr(&n).hset(&hash, ("f", number))).await.unwrap();
                        assert_eq!(client.hget::<i32>(&hash, "f").await.unwrap(), number);
                    });
                }
            });
        }
    });
    let sum = runtime().block_on(async { CLIENT.get().unwrap().get::<i64>(keys.of("sum")).await });
    assert_eq!(sum.unwrap(), 20 + 5 * 20 * 20, "each write ran once");
}

#[tokio::test]
async fn commands_fail_at_once_after_reconnecting_is_given_up() {
    let server = valkey();
    for options in ["reconnect_attempts=0", "reconnect_attempts=2&reconnect_initial=1ms"] {
        let proxy = Proxy::to(server.port());
        let client = connect(&format!("{}?command_timeout=none&{options}", proxy.url())).await.unwrap();
        client.ping().await.unwrap();
        proxy.refuse();
        for _ in 0..3 {
            let error = refused(in_time("the refusal", client.incr(Keys::new().of("n"))).await);
            assert!(matches!(error.kind(), ErrorKind::Disconnected | ErrorKind::Io), "{error}");
            assert_eq!(error.command(), Some("INCR"), "{error}");
        }
    }
}
