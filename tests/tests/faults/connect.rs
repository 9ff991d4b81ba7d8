//! What prevents a connection: each case is a typed error in bounded time, and does not affect the next attempt.

use std::time::Duration;

use redis_om_client::{
    Client, Config, Error, ErrorKind, KeyName, ReconnectPolicy, RetryPolicy, ServerErrorCode, TimeoutKind,
    blocking, prelude::*, raw, testing::Server,
};
use redis_om_tests::{Keys, Kind, Proxy, in_time, valkey};

use super::{connect, refused, through};

async fn error(url: &str) -> Error {
    refused(connect(url).await)
}

/// Whether a round trip works over a new connection.
async fn works(url: &str) {
    let key = Keys::new().of("works");
    let client = connect(url).await.unwrap();
    client.set(&key, 1).await.unwrap();
    assert_eq!(client.get::<i64>(&key).await.unwrap(), 1);
}

#[tokio::test]
async fn no_server_listens_at_the_port() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    proxy.refuse();
    let error = error(&proxy.url()).await;
    assert_eq!(error.kind(), &ErrorKind::Io, "{error}");
    assert!(error.to_string().contains(&format!("127.0.0.1:{}", proxy.port())), "{error}");
    assert!(!error.may_have_run());
    proxy.accept();
    works(&proxy.url()).await;
}

#[tokio::test]
async fn the_address_is_not_reachable() {
    // An address that is reserved for documentation: some systems refuse at once, others never answer.
    let error = error("redis://192.0.2.1:6379?connect_timeout=300ms").await;
    assert!(matches!(error.kind(), ErrorKind::Io | ErrorKind::Timeout(TimeoutKind::Connect)), "{error}");
    assert!(error.to_string().contains("192.0.2.1:6379"), "{error}");
}

#[tokio::test]
async fn the_name_does_not_resolve() {
    let error = error("redis://no-such-host.invalid?connect_timeout=5s").await;
    assert!(matches!(error.kind(), ErrorKind::Io | ErrorKind::Timeout(TimeoutKind::Connect)), "{error}");
    assert!(error.to_string().contains("no-such-host.invalid"), "{error}");
}

#[tokio::test]
async fn the_unix_socket_does_not_exist() {
    let error = error("redis+unix:///nowhere/server.sock").await;
    assert_eq!(error.kind(), &ErrorKind::Io, "{error}");
    assert!(error.to_string().contains("/nowhere/server.sock"), "{error}");
}

#[tokio::test]
async fn the_peer_accepts_and_sends_nothing() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    proxy.stall();
    let error = error(&format!("{}?connect_timeout=200ms", proxy.url())).await;
    assert_eq!(error.kind(), &ErrorKind::Timeout(TimeoutKind::Connect), "{error}");
    assert!(error.to_string().contains(&format!("127.0.0.1:{}", proxy.port())), "{error}");
    proxy.resume();
    works(&proxy.url()).await;
}

#[tokio::test]
async fn the_peer_accepts_and_closes() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    for word in ["HELLO", "HELLO"] {
        let sprung = proxy.trap(word, redis_om_tests::Fault::CutBefore);
        // It returns an error or tries again by itself, but it never hangs.
        let outcome = connect(&proxy.url()).await;
        sprung.wait().await;
        if let Err(error) = outcome {
            assert!(matches!(error.kind(), ErrorKind::Io | ErrorKind::Disconnected), "{error}");
        }
    }
    works(&proxy.url()).await;
}

#[tokio::test]
async fn the_login_is_wrong() {
    let server = Server::builder().password("secret").user("ann on >hers ~* &* +@all").start().unwrap();
    let port = server.port();
    let cases = [
        (format!("redis://:wrong@127.0.0.1:{port}"), ServerErrorCode::WrongPass),
        (format!("redis://bob:secret@127.0.0.1:{port}"), ServerErrorCode::WrongPass),
        (format!("redis://127.0.0.1:{port}"), ServerErrorCode::NoAuth),
    ];
    for (url, code) in cases {
        for protocol in [2, 3] {
            let error = error(&format!("{url}?protocol={protocol}")).await;
            assert_eq!(error.code(), Some(&code), "{url}: {error}");
            let text = error.to_string();
            assert!(!text.contains("wrong") || !text.contains(":wrong@"), "the password is shown: {text}");
        }
    }
    for protocol in [2, 3] {
        works(&format!("{}?protocol={protocol}", server.url())).await;
        works(&format!("{}?protocol={protocol}", server.url_for("ann", "hers"))).await;
    }
}

#[tokio::test]
async fn the_database_does_not_exist() {
    let server = valkey();
    for protocol in [2, 3] {
        let error = error(&format!("{}/999?protocol={protocol}", server.url())).await;
        assert_eq!(error.code(), Some(&ServerErrorCode::Err), "{error}");
        assert!(error.to_string().contains("SELECT"), "{error}");
        assert!(error.to_string().contains("999"), "{error}");
    }
    works(&format!("{}/3", server.url())).await;
}

#[tokio::test]
async fn hello_is_refused() {
    let old = Server::builder().password("secret").args(["--rename-command", "HELLO", ""]).start().unwrap();
    let client = connect(&format!("{}/2?client_name=elder", old.url())).await.unwrap();
    let info: String = client.run(raw("CLIENT INFO").reply()).await.unwrap();
    for expected in ["resp=2", "db=2", "name=elder"] {
        assert!(info.contains(expected), "{expected}: {info}");
    }
    works(&old.url()).await;
    let error = error(&format!("redis://:wrong@127.0.0.1:{}", old.port())).await;
    assert_eq!(error.code(), Some(&ServerErrorCode::WrongPass), "{error}");
}

#[tokio::test]
async fn the_greeting_sets_the_name_the_database_and_the_protocol() {
    let server = valkey();
    for protocol in [2, 3] {
        let url = format!("{}/5?client_name=anna&protocol={protocol}", server.url());
        let client = connect(&url).await.unwrap();
        let info: String = client.run(raw("CLIENT INFO").reply()).await.unwrap();
        for expected in [format!("resp={protocol}"), "db=5".into(), "name=anna".into()] {
            assert!(info.contains(&expected), "{expected}: {info}");
        }
    }
    works(&redis_om_tests::server(Kind::Redis6).url()).await;
}

#[tokio::test]
async fn a_unix_socket_works() {
    let server = Server::builder().unix_socket().password("s/e?c").start().unwrap();
    works(&server.unix_url().unwrap()).await;
}

#[tokio::test]
async fn the_url_is_invalid() {
    let cases = [
        ("redis://localhost?comand_timeout=1s", "command_timeout"),
        ("redis://localhost?protocol=4", "protocol"),
        ("redis://localhost/db", "db"),
        ("http://localhost", "redis"),
    ];
    for (url, expected) in cases {
        let error = error(url).await;
        assert_eq!(error.kind(), &ErrorKind::Config, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test]
async fn garbage_answers_the_greeting() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let garbage = b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec();
    let _sprung = proxy.trap("HELLO", redis_om_tests::Fault::ReplaceThenClose(garbage));
    if let Err(error) = connect(&proxy.url()).await {
        assert_eq!(error.kind(), &ErrorKind::Protocol, "{error}");
    }
    let client = through(&proxy, "").await;
    client.set(Keys::new().of("k"), 1).await.unwrap();
}

#[tokio::test]
async fn unsupported_topologies_are_an_error() {
    for url in ["redis-sentinel://127.0.0.1:26379/main", "redis-cluster://127.0.0.1:7000"] {
        let error = error(url).await;
        assert!(matches!(error.kind(), ErrorKind::Routing | ErrorKind::Config), "{error}");
        assert!(error.to_string().contains("not"), "{error}");
    }
}

#[tokio::test]
async fn the_number_of_connections_is_that_of_the_settings() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "connections=3&tcp_keepalive=60s").await;
    let key = Keys::new().of("n");
    let names = (0..30).map(|_| cmd().incr(&key));
    client.run(pipe().many(names)).await.unwrap();
    for _ in 0..30 {
        client.incr(&key).await.unwrap();
    }
    assert_eq!(client.get::<i64>(&key).await.unwrap(), 60);
    assert_eq!(proxy.until("three connections", |counts| counts.accepted == 3).await.open, 3);
}

#[tokio::test]
async fn times_are_rounded_up_and_never_overflow() {
    let server = valkey();
    // Times are whole milliseconds: less than one becomes one, and a round trip over loopback may fit into it.
    let short = connect(&format!("{}?command_timeout=900us", server.url())).await.unwrap();
    in_time("a command within 1 ms", async { while short.ping().await.is_err() {} }).await;
    let ever = Duration::MAX;
    let policy = ReconnectPolicy::default().max(ever);
    for time in [Duration::from_nanos(1), ever] {
        let config = Config::from_url(server.url())
            .unwrap()
            .connect_timeout(ever)
            .command_timeout(ever)
            .blocking_grace(time)
            .idle_ping(ever)
            .ping_timeout(ever)
            .pool_timeout(ever)
            .tcp_keepalive(time)
            .reconnect(policy.clone().initial(time))
            .retry(RetryPolicy::default().initial(time).max(ever));
        let key = Keys::new().of("q");
        let client = in_time("connecting", Client::with_config(config.clone())).await.unwrap();
        client.rpush(&key, [1, 2]).await.unwrap();
        let taken: Option<(KeyName, i64)> = client.blpop(&key, Duration::from_secs(9)).await.unwrap();
        assert_eq!(taken.unwrap().1, 1);
        let blocking = std::thread::spawn(move || {
            let client = blocking::Client::with_config(config)?;
            client.lpop::<Option<i64>>(&key)
        });
        assert_eq!(blocking.join().unwrap().unwrap(), Some(2));
    }
}
