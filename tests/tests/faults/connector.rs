//! Streams that the user's own code opens: the client behaves with them as with a socket.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use redis_om_client::{
    ByteStream, Client, Config, Connecting, Connector, Endpoint, ErrorKind, KeyName, Pem, RetryPolicy,
    TimeoutKind, TlsConfig, blocking, prelude::*,
};
use redis_om_tests::{Certificates, Fault, Keys, Proxy, TlsFront, in_time, valkey};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional},
    net::TcpStream,
};

use super::{QUICK, refused};

/// What the connector returns.
#[derive(Debug, Clone, Copy)]
enum How {
    /// A TCP stream.
    Tcp,
    /// One end of a pipe in memory with a buffer of this number of bytes; a task relays the other end.
    Pipe(usize),
    /// A TCP stream that takes 0 bytes at the writes after a call of [`Tunnel::clog`].
    Clogged,
    Refused,
    Never,
}

/// Connects to a port of loopback, whatever the endpoint is.
#[derive(Debug, Clone)]
struct Tunnel {
    port: u16,
    how: How,
    dials: Arc<AtomicU32>,
    /// How many of the next writes take 0 bytes (of a clogged stream).
    clogs: Arc<AtomicU32>,
}

impl Tunnel {
    fn to(port: u16, how: How) -> Self {
        Self { port, how, dials: Arc::default(), clogs: Arc::default() }
    }

    /// The next writes, of this number, take 0 bytes.
    fn clog(&self, writes: u32) {
        self.clogs.store(writes, Ordering::SeqCst);
    }

    fn dials(&self) -> u32 {
        self.dials.load(Ordering::SeqCst)
    }
}

impl Connector for Tunnel {
    fn connect<'a>(&'a self, endpoint: &'a Endpoint) -> Connecting<'a> {
        Box::pin(async move {
            assert_eq!(endpoint.to_string(), "behind.the.tunnel.invalid:7");
            self.dials.fetch_add(1, Ordering::SeqCst);
            let open = TcpStream::connect(("127.0.0.1", self.port));
            let stream: Box<dyn ByteStream> = match self.how {
                How::Tcp => Box::new(open.await?),
                How::Pipe(room) => {
                    let mut server = open.await?;
                    let (near, mut far) = tokio::io::duplex(room);
                    tokio::spawn(async move { copy_bidirectional(&mut far, &mut server).await });
                    Box::new(near)
                }
                How::Clogged => Box::new(Clogged { stream: open.await?, clogs: self.clogs.clone() }),
                How::Refused => return Err(io::Error::other("the tunnel is closed")),
                How::Never => std::future::pending().await,
            };
            Ok(stream)
        })
    }
}

/// A TCP stream whose write returns `Ok(0)` as often as it was told to.
struct Clogged {
    stream: TcpStream,
    clogs: Arc<AtomicU32>,
}

impl AsyncRead for Clogged {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Clogged {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let one_less = |left: u32| left.checked_sub(1);
        if self.clogs.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok() {
            return Poll::Ready(Ok(0));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A name that does not resolve: only the connector can reach a server.
fn config(tunnel: &Tunnel, options: &str) -> Config {
    let url = format!("redis://behind.the.tunnel.invalid:7?{QUICK}&{options}");
    Config::from_url(url).unwrap().connector(tunnel.clone())
}

async fn client(tunnel: &Tunnel, options: &str) -> Client {
    in_time("connecting", Client::with_config(config(tunnel, options))).await.unwrap()
}

#[tokio::test]
async fn the_connector_opens_every_connection() {
    let server = valkey();
    for how in [How::Tcp, How::Pipe(64), How::Pipe(1 << 20)] {
        for protocol in [2, 3] {
            let tunnel = Tunnel::to(server.port(), how);
            let client = client(&tunnel, &format!("protocol={protocol}&connections=2")).await;
            let keys = Keys::new();
            client.set(keys.of("k"), "v").await.unwrap();
            assert_eq!(client.get::<String>(keys.of("k")).await.unwrap(), "v");
            client.rpush(keys.of("q"), 1).await.unwrap();
            let taken: Option<(KeyName, i64)> =
                client.blpop(keys.of("q"), Duration::from_secs(5)).await.unwrap();
            assert_eq!(taken.unwrap().1, 1);
            // Two shared connections, and one for the blocking command.
            assert_eq!(tunnel.dials(), 3, "{how:?}");
        }
    }
}

#[tokio::test]
async fn reading_and_writing_progress_independently() {
    let server = valkey();
    let tunnel = Tunnel::to(server.port(), How::Pipe(4 << 10));
    let client = client(&tunnel, "command_timeout=60s&queue_budget=16MiB").await;
    let keys = Keys::new();
    let value = "0123456789abcdef".repeat(640);
    let names: Vec<String> = (0..500).map(|n| keys.of(&n.to_string())).collect();
    let sets = names.iter().map(|key| cmd().getset::<Option<String>>(key, &value));
    let gets = names.iter().map(|key| cmd().get::<String>(key));
    let (before, after) = in_time("5 MiB each way", client.run(pipe().many(sets).many(gets))).await.unwrap();
    assert!(before.iter().all(Option::is_none) && after.iter().all(|got| *got == value));
}

#[tokio::test]
async fn a_lost_stream_is_opened_again() {
    let server = valkey();
    for how in [How::Tcp, How::Pipe(512)] {
        let proxy = Proxy::to(server.port());
        let tunnel = Tunnel::to(proxy.port(), how);
        let client = client(&tunnel, "").await;
        let key = Keys::new().of("n");
        for done in 1..=5 {
            let sprung = proxy.trap("INCR", Fault::LoseReply);
            let error = refused(in_time("the write", client.incr(&key)).await);
            sprung.wait().await;
            assert!(error.may_have_run(), "{error}");
            assert_eq!(in_time("the read", client.get::<i64>(&key)).await.unwrap(), done);
            proxy.cut();
            assert_eq!(in_time("the read", client.get::<i64>(&key)).await.unwrap(), done);
        }
        assert!(tunnel.dials() >= 11, "{how:?}: {}", tunnel.dials());
    }
}

#[test]
fn the_blocking_client_uses_the_connector() {
    let server = valkey();
    for how in [How::Tcp, How::Pipe(512)] {
        let proxy = Proxy::to(server.port());
        let tunnel = Tunnel::to(proxy.port(), how);
        let client = blocking::Client::with_config(config(&tunnel, "")).unwrap();
        let key = Keys::new().of("n");
        for done in 1..=3 {
            assert_eq!(client.incr(&key).unwrap(), done);
            proxy.cut();
            assert_eq!(client.get::<i64>(&key).unwrap(), done);
        }
        assert!(tunnel.dials() >= 4, "{how:?}: {}", tunnel.dials());
    }
}

#[tokio::test]
async fn tls_works_over_its_streams() {
    let server = valkey();
    let certificates = Certificates::new(&["behind.the.tunnel.invalid"]);
    let front = TlsFront::to(server.port(), &certificates);
    for how in [How::Tcp, How::Pipe(512)] {
        let tunnel = Tunnel::to(front.port(), how);
        let tls = TlsConfig::new().ca(Pem::bytes(&certificates.authority));
        let client = in_time("connecting", Client::with_config(config(&tunnel, "").tls(tls))).await.unwrap();
        let (key, value) = (Keys::new().of("k"), "x".repeat(1 << 20));
        client.set(&key, &value).await.unwrap();
        assert_eq!(client.get::<String>(&key).await.unwrap(), value);
    }
}

#[tokio::test]
async fn a_stream_that_takes_no_bytes_is_replaced_and_nothing_of_it_was_sent() {
    let server = valkey();
    let tunnel = Tunnel::to(server.port(), How::Clogged);
    let client = client(&tunnel, "").await;
    let key = Keys::new().of("n");
    for done in 1..=3 {
        // The command was not sent, so it is sent on the next connection, also a write.
        tunnel.clog(1);
        assert_eq!(in_time("the write", client.incr(&key)).await.unwrap(), done);
        assert_eq!(tunnel.dials(), done as u32 + 1);
    }
    // The same in the greeting: the next attempt to connect succeeds.
    tunnel.clog(3);
    assert_eq!(in_time("the write", client.incr(&key)).await.unwrap(), 4);
    // Where nothing is tried again, the error tells the reason.
    let once = client.sharing(|config| config.retry(RetryPolicy::never())).unwrap();
    tunnel.clog(1);
    let error = refused(in_time("the write", once.incr(&key)).await);
    assert_eq!((error.kind(), error.may_have_run()), (&ErrorKind::Disconnected, false), "{error}");
    assert!(error.to_string().contains("the stream takes no bytes"), "{error}");
    assert_eq!(in_time("the write", client.incr(&key)).await.unwrap(), 5);
}

#[tokio::test]
async fn its_errors_and_delays_are_errors_and_timeouts_of_the_client() {
    let tunnel = Tunnel::to(1, How::Refused);
    let error = refused(Client::with_config(config(&tunnel, "")).await);
    assert_eq!(error.kind(), &ErrorKind::Io, "{error}");
    assert_eq!(
        error.to_string(),
        "connecting to behind.the.tunnel.invalid:7: the connector opened no stream: the tunnel is closed"
    );
    assert!(error.is_retryable());
    let tunnel = Tunnel::to(1, How::Never);
    let error =
        refused(in_time("connecting", Client::with_config(config(&tunnel, "connect_timeout=50ms"))).await);
    assert_eq!(error.kind(), &ErrorKind::Timeout(TimeoutKind::Connect), "{error}");
}
