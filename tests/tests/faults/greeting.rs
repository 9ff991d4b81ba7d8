//! The greeting: it fails with the server's own text if it must fail, and never because of an optional part.

use std::{
    io::{Read, Write},
    net::{IpAddr, SocketAddr, TcpListener, UdpSocket},
    sync::Arc,
    thread,
};

use redis_om_client::{
    Client, Command, Error, ErrorKind, Result, ServerErrorCode, blocking, prelude::*, raw, testing::Server,
};
use redis_om_tests::{Fault, Keys, Kind, Proxy, in_time, redis6, redis8, valkey};

use super::{QUICK, connect, refused};

const KINDS: [Kind; 3] = [Kind::Valkey, Kind::Redis8, Kind::Redis6];

/// Settings with which a refusal is returned to the caller at once.
const ONCE: &str = "retry_attempts=1&retry_refusals=0";

fn info() -> Command<String> {
    raw("CLIENT INFO").reply()
}

/// The server's information about a connection of each client, async and blocking.
async fn infos(url: &str) -> [String; 2] {
    let client = connect(url).await.unwrap();
    let of_async = in_time("CLIENT INFO", client.run(info())).await.unwrap();
    [of_async, of_blocking(url, |client| client.run(info())).unwrap()]
}

/// Runs the blocking client on a thread that may block.
fn of_blocking<T: Send + 'static>(
    url: &str,
    work: impl FnOnce(blocking::Client) -> Result<T> + Send + 'static,
) -> Result<T> {
    let url = url.to_owned();
    thread::spawn(move || blocking::Client::connect(&url).and_then(work)).join().unwrap()
}

/// The error of each client that cannot connect.
async fn errors(url: &str) -> [Error; 2] {
    [refused(connect(url).await), refused(of_blocking(url, |_| Ok(())))]
}

/// Whether `CLIENT INFO` or `CLIENT LIST` contains this word, such as `resp=3`.
fn has(info: &str, word: &str) -> bool {
    info.split_whitespace().any(|found| found == word)
}

#[tokio::test]
async fn the_librarys_name_is_left_out_if_the_peer_closes_on_it() {
    let server = valkey();
    for protocol in [2, 3] {
        let proxy = Proxy::to(server.port());
        let sprung = proxy.trap("SETINFO", Fault::CutBefore);
        let url = format!("{}/5?{QUICK}&client_name=anna&protocol={protocol}", proxy.url());
        let client = connect(&url).await.unwrap();
        sprung.wait().await;
        let check = |info: &str| {
            for word in [&format!("resp={protocol}"), "db=5", "name=anna", "lib-name="] {
                assert!(has(info, word), "{word}: {info}");
            }
        };
        check(&client.run(info()).await.unwrap());
        assert_eq!(proxy.counts().accepted, 2);
        // The client remembers it: the next connection succeeds at the first attempt.
        let _never = proxy.trap("SETINFO", Fault::CutBefore);
        proxy.cut();
        // A read is repeated, so it finds the new connection.
        in_time("the read", client.get::<Option<i64>>("k")).await.unwrap();
        check(&client.run(info()).await.unwrap());
        assert_eq!(proxy.counts().accepted, 3);
    }
}

#[tokio::test]
async fn a_blocking_client_leaves_out_the_librarys_name_if_the_peer_closes_on_it() {
    let server = valkey();
    for protocol in [2, 3] {
        let proxy = Proxy::to(server.port());
        let sprung = proxy.trap("SETINFO", Fault::CutBefore);
        let url = format!("{}?client_name=anna&protocol={protocol}", proxy.url());
        let info = of_blocking(&url, |client| client.run(info())).unwrap();
        sprung.wait().await;
        assert!(has(&info, "name=anna") && has(&info, &format!("resp={protocol}")), "{info}");
    }
}

#[tokio::test]
async fn the_connections_name_is_left_out_if_the_peer_closes_on_it() {
    let server = valkey();
    for protocol in [2, 3] {
        let proxy = Proxy::to(server.port());
        // The client first leaves out the library's name, which is sent after the client's name.
        let sprung = [(); 2].map(|()| proxy.trap("SETNAME", Fault::CutBefore));
        let client =
            connect(&format!("{}/5?client_name=anna&protocol={protocol}", proxy.url())).await.unwrap();
        for sprung in sprung {
            sprung.wait().await;
        }
        let info = client.run(info()).await.unwrap();
        for word in [&format!("resp={protocol}"), "db=5", "name="] {
            assert!(has(&info, word), "{word}: {info}");
        }
    }
}

#[tokio::test]
async fn resp2_is_used_if_the_peer_closes_on_hello() {
    let server = valkey();
    for (closes, fault, resp) in
        [(1, Fault::CutBefore, 3), (2, Fault::CutBefore, 2), (2, Fault::ResetBefore, 2)]
    {
        for blocking in [false, true] {
            let proxy = Proxy::to(server.port());
            let sprung: Vec<_> = (0..closes).map(|_| proxy.trap("HELLO", fault.clone())).collect();
            let url = format!("{}?client_name=anna", proxy.url());
            let info = if blocking {
                of_blocking(&url, |client| client.run(info())).unwrap()
            } else {
                connect(&url).await.unwrap().run(info()).await.unwrap()
            };
            for sprung in sprung {
                sprung.wait().await;
            }
            // One closed connection may be chance: a server that is being stopped closes its connections, too.
            assert!(has(&info, &format!("resp={resp}")) && has(&info, "name=anna"), "{closes}: {info}");
        }
    }
}

#[tokio::test]
async fn a_user_without_rights_on_the_greeting_commands_can_connect() {
    for kind in KINDS {
        let server = Server::builder()
            .kind(kind)
            .user("ann on >hers ~* &* +@all -client -hello -ping")
            .start()
            .unwrap();
        let admin = connect(&server.url()).await.unwrap();
        for protocol in [2, 3] {
            let url = format!("{}/4?client_name=anna&protocol={protocol}", server.url_for("ann", "hers"));
            let client = connect(&url).await.unwrap();
            let key = Keys::new().of("k");
            client.set(&key, 1).await.unwrap();
            let all: String = admin.run(raw("CLIENT LIST").reply()).await.unwrap();
            let hers = all.lines().find(|line| has(line, "user=ann")).unwrap();
            assert!(has(hers, "db=4") && has(hers, "name="), "{hers}");
            assert_eq!(of_blocking(&url, move |client| client.get::<i64>(&key)).unwrap(), 1);
        }
    }
}

#[tokio::test]
async fn a_user_without_the_right_to_select_gets_an_error() {
    for kind in KINDS {
        let server = Server::builder().kind(kind).user("ann on >hers ~* &* +@all -select").start().unwrap();
        for protocol in [2, 3] {
            let url = server.url_for("ann", "hers");
            connect(&format!("{url}?protocol={protocol}")).await.unwrap().ping().await.unwrap();
            for error in errors(&format!("{url}/4?protocol={protocol}")).await {
                assert_eq!(error.code(), Some(&ServerErrorCode::NoPerm), "{error}");
                assert!(error.to_string().contains("choosing database 4"), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn the_error_of_a_server_with_too_many_clients_has_its_text() {
    for kind in KINDS {
        let server = Server::builder().kind(kind).args(["--maxclients", "1"]).start().unwrap();
        // The launcher's own connection may still be open.
        let only = in_time("a place", async {
            loop {
                if let Ok(client) = connect(&server.url()).await {
                    return client;
                }
            }
        })
        .await;
        for protocol in [2, 3] {
            for error in errors(&format!("{}?protocol={protocol}&client_name=anna", server.url())).await {
                assert!(error.to_string().contains("max number of clients"), "{kind:?}: {error}");
                assert!(!error.may_have_run());
            }
        }
        only.ping().await.unwrap();
    }
}

/// An address of this host that is not loopback.
fn address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    // No packet is sent: the system only chooses a route. The address is reserved for documentation.
    socket.connect("198.51.100.1:9").ok()?;
    let address = socket.local_addr().unwrap().ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

#[tokio::test]
async fn the_error_of_protected_mode_has_the_servers_text() {
    // With real servers, if this host has an address that they protect.
    if let Some(address) = address() {
        for kind in [Kind::Valkey, Kind::Redis8] {
            let server = Server::builder()
                .kind(kind)
                .args(["--bind", "127.0.0.1", &address.to_string(), "--protected-mode", "yes"])
                .start()
                .unwrap();
            for protocol in [2, 3] {
                protected(&format!("redis://{address}:{}?protocol={protocol}", server.port())).await;
            }
        }
    }
    // With their answer, which a proxy sends.
    let server = valkey();
    for (protocol, first) in [(2, "PING"), (3, "HELLO")] {
        let proxy = Proxy::to(server.port());
        let line = b"-DENIED Running in protected mode because protected mode is enabled\r\n".to_vec();
        let _sprung = [(); 2].map(|()| proxy.trap(first, Fault::ReplaceThenClose(line.clone())));
        protected(&format!("{}?protocol={protocol}", proxy.url())).await;
    }
}

async fn protected(url: &str) {
    for error in errors(url).await {
        assert_eq!(error.code(), Some(&ServerErrorCode::Denied), "{url}: {error}");
        let text = error.to_string();
        assert!(text.contains("protected mode is enabled") && text.contains("set a password"), "{text}");
    }
}

/// Sends every received byte back, on a port of its own.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let mut bytes = [0; 1024];
                while let Ok(read @ 1..) = stream.read(&mut bytes) {
                    if stream.write_all(&bytes[..read]).is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn an_echo_service_is_recognized() {
    let address = echo();
    for options in ["protocol=2", "protocol=3", "protocol=2&password=p", "protocol=3&username=u&password=p"] {
        for error in errors(&format!("redis://{address}/3?{options}")).await {
            assert_eq!(error.kind(), &ErrorKind::Protocol, "{error}");
            assert!(error.to_string().contains("is a Redis server behind this address?"), "{error}");
            assert!(!error.may_have_run());
        }
    }
}

#[tokio::test]
async fn every_server_is_greeted_in_both_protocols() {
    for server in [valkey(), redis8(), redis6()] {
        for protocol in [2, 3] {
            let url = format!("{}/5?client_name=anna&protocol={protocol}", server.url());
            for info in infos(&url).await {
                for word in ["db=5", "name=anna"] {
                    assert!(has(&info, word), "{word}: {info}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_replica_that_may_not_serve_old_data_is_greeted() {
    // Its primary accepts connections and answers nothing.
    let primary = Proxy::to(valkey().port());
    primary.stall();
    for kind in KINDS {
        let replica = Server::builder().kind(kind).start().unwrap();
        let admin = connect(&replica.url()).await.unwrap();
        admin.run(raw("CONFIG SET").arg("replica-serve-stale-data").arg("no").reply::<()>()).await.unwrap();
        admin.run(raw("REPLICAOF").arg("127.0.0.1").arg(primary.port()).reply::<()>()).await.unwrap();
        for protocol in [2, 3] {
            let url = format!("{}?protocol={protocol}&{ONCE}", replica.url());
            let client = connect(&url).await.unwrap();
            known(kind, &ServerErrorCode::MasterDown, refused(client.get::<Option<i64>>("k").await));
        }
    }
}

/// Real refusals of the servers: the client knows each of them by its whole text.
#[tokio::test]
async fn the_refusals_of_real_servers_are_known() {
    for kind in KINDS {
        let server = Server::builder().kind(kind).args(["--lua-time-limit", "1"]).start().unwrap();
        let client = connect(&format!("{}?{ONCE}", server.url())).await.unwrap();
        let replica = client.run(raw("REPLICAOF").arg("127.0.0.1").arg(server.port()).reply::<()>());
        replica.await.unwrap();
        known(kind, &ServerErrorCode::ReadOnly, refused(client.set("k", 1).await));
        client.run(raw("REPLICAOF").arg("NO").arg("ONE").reply::<()>()).await.unwrap();

        let error = refused(client.run(raw("EVALSHA").arg("0".repeat(40)).arg(0).reply::<i64>()).await);
        assert_eq!(error.code(), Some(&ServerErrorCode::NoScript), "{error}");
        assert!(!error.is_retryable(), "the same command fails again: {error}");

        let script = raw("EVAL").arg("while true do end").arg(0).reply::<i64>();
        let busy = Arc::new(connect(&format!("{}?{ONCE}", server.url())).await.unwrap());
        let running = tokio::spawn({
            let busy = Arc::clone(&busy);
            async move { busy.run(script).await }
        });
        let error = in_time("the script to be found slow", slow(&client)).await;
        known(kind, &ServerErrorCode::Busy, error);
        client.run(raw("SCRIPT KILL").reply::<()>()).await.unwrap();
        assert_eq!(refused(running.await.unwrap()).code(), Some(&ServerErrorCode::Err));

        let node = Server::builder().kind(kind).args(["--cluster-enabled", "yes"]).start().unwrap();
        let client = connect(&format!("{}?{ONCE}", node.url())).await.unwrap();
        known(kind, &ServerErrorCode::ClusterDown, refused(client.set("k", 1).await));
    }
}

async fn slow(client: &Client) -> Error {
    loop {
        if let Err(error) = client.get::<Option<i64>>("k").await {
            return error;
        }
    }
}

fn known(kind: Kind, code: &ServerErrorCode, error: Error) {
    assert_eq!(error.code(), Some(code), "{kind:?}: {error}");
    assert!(error.is_retryable(), "{kind:?}: {error}");
}

#[tokio::test]
async fn an_error_inside_a_script_has_its_code_on_every_server() {
    for server in [valkey(), redis8(), redis6()] {
        let client = connect(&server.url()).await.unwrap();
        let key = Keys::new().of("k");
        let text = "redis.call('SET', KEYS[1], 'x') return redis.call('LPUSH', KEYS[1], 'y')";
        let error = refused(client.run(raw("EVAL").arg(text).arg(1).key(&key).reply::<i64>()).await);
        assert_eq!(error.code(), Some(&ServerErrorCode::WrongType), "{error}");
        assert!(!error.is_retryable());
        assert_eq!(client.get::<String>(&key).await.unwrap(), "x");
    }
}
