//! Tests of the harness: the proxy injects the faults that the other tests rely on.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use redis_om_tests::{Certificates, Fault, Kind, Proxy, TlsFront, in_time, server, valkey};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

async fn connect(proxy: &Proxy) -> TcpStream {
    TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap()
}

/// Sends a line and reads until this number of bytes has arrived, or until the end.
async fn ask(socket: &mut TcpStream, line: &str, bytes: usize) -> String {
    socket.write_all(format!("{line}\r\n").as_bytes()).await.ok();
    hear(socket, bytes).await
}

async fn hear(socket: &mut TcpStream, bytes: usize) -> String {
    let mut heard = Vec::new();
    let mut socket = socket.take(bytes as u64);
    in_time("reading", socket.read_to_end(&mut heard)).await.ok();
    String::from_utf8(heard).unwrap()
}

#[tokio::test]
async fn bytes_pass_and_are_counted() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let mut socket = connect(&proxy).await;
    assert_eq!(ask(&mut socket, "PING", 7).await, "+PONG\r\n");
    let counts = proxy.until("the count of what passed", |counts| counts.down == 7).await;
    assert_eq!((counts.accepted, counts.open, counts.up), (1, 1, 6));
}

#[tokio::test]
async fn a_trap_springs_once_and_the_server_has_run_the_command() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let sprung = proxy.trap("INCR", Fault::LoseReply);
    let mut socket = connect(&proxy).await;
    assert_eq!(ask(&mut socket, "INCR harness:lost", 4).await, "");
    sprung.wait().await;
    let mut socket = connect(&proxy).await;
    assert_eq!(ask(&mut socket, "INCR harness:lost", 4).await, ":2\r\n");
}

#[tokio::test]
async fn each_fault_does_what_it_says() {
    let server = valkey();
    let cases = [
        (Fault::CutBefore, ""),
        (Fault::ResetBefore, ""),
        (Fault::Truncate(3), "+PO"),
        (Fault::ReplaceThenClose(b"garbage".to_vec()), "garbage"),
    ];
    for (fault, heard) in cases {
        let proxy = Proxy::to(server.port());
        let sprung = proxy.trap("PING", fault.clone());
        let mut socket = connect(&proxy).await;
        assert_eq!(ask(&mut socket, "PING", 7).await, heard, "{fault:?}");
        sprung.wait().await;
    }
    let proxy = Proxy::to(server.port());
    let silent = proxy.trap("PING", Fault::Silence);
    let mut socket = connect(&proxy).await;
    socket.write_all(b"PING\r\n").await.unwrap();
    silent.wait().await;
    let delayed = proxy.trap("PING", Fault::Delay(Duration::from_millis(1)));
    let mut other = connect(&proxy).await;
    assert_eq!(ask(&mut other, "PING", 7).await, "+PONG\r\n");
    delayed.wait().await;
    assert_eq!(proxy.counts().open, 2);
}

#[tokio::test]
async fn what_stalls_goes_on_and_what_was_refused_is_taken_again() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let mut socket = connect(&proxy).await;
    assert_eq!(ask(&mut socket, "PING", 7).await, "+PONG\r\n");
    proxy.stall();
    socket.write_all(b"PING\r\n").await.unwrap();
    assert_eq!(proxy.counts().up, 6);
    proxy.resume();
    assert_eq!(hear(&mut socket, 7).await, "+PONG\r\n");
    proxy.refuse();
    assert_eq!(hear(&mut socket, 1).await, "");
    assert!(TcpStream::connect(("127.0.0.1", proxy.port())).await.is_err());
    proxy.accept();
    let mut socket = connect(&proxy).await;
    assert_eq!(ask(&mut socket, "PING", 7).await, "+PONG\r\n");
    proxy.reset();
    assert_eq!(hear(&mut socket, 1).await, "");
}

#[tokio::test]
async fn a_narrow_proxy_passes_everything_to_those_who_read() {
    let server = valkey();
    let proxy = Proxy::narrow(server.port());
    let (mut read, mut write) = connect(&proxy).await.into_split();
    let count = 20_000;
    let lines = format!("ECHO {}\r\n", "x".repeat(100)).repeat(count);
    let writing = async move {
        write.write_all(lines.as_bytes()).await.unwrap();
        write
    };
    let mut replies = vec![0; count * 108];
    let reading = read.read_exact(&mut replies);
    let both = async { tokio::join!(writing, reading) };
    let (_write, outcome) = in_time("writing and reading at once", both).await;
    outcome.unwrap();
}

#[tokio::test]
async fn tls_ends_in_front_of_the_server() {
    let server = server(Kind::Redis6);
    let certificates = Certificates::new(&["localhost"]);
    assert!(certificates.authority.starts_with("-----BEGIN CERTIFICATE-----"));
    let front = TlsFront::to_known_clients(server.port(), &certificates);
    // A plain line is not a TLS handshake: none of it reaches the server.
    let mut socket = TcpStream::connect(("127.0.0.1", front.port())).await.unwrap();
    assert!(!ask(&mut socket, "PING", 7).await.contains("PONG"));
}
