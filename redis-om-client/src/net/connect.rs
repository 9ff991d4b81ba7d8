//! From an address to a greeted stream.

use std::io;

use bytes::BytesMut;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    config::{ByteStream, Config, Endpoint, Protocol, Without},
    error::{Error, ErrorKind, Execution, Result, TimeoutKind},
    resp::{Aside, Frame, Limits, Replies, Scanner, regular},
    session::{Greeting, Identity, Optional, Step},
};

use super::{
    socket,
    stream::{CustomStream, Stream},
};

/// Connects, makes the TLS handshake if the settings have TLS, and sends the greeting. The connect timeout limits all
/// of it together.
///
/// If the peer closes the connection on an optional command of the greeting, the next attempt leaves that command out.
/// When a greeting succeeds, the settings remember which commands it left out, for later connections.
///
/// The future must be polled inside a tokio runtime with I/O and timers. Returns the stream and the protocol that was
/// agreed on.
pub(super) async fn connect(config: &Config) -> Result<(Stream, Protocol)> {
    let endpoint = &config.endpoint;
    match tokio::time::timeout(config.connect_timeout, attempts(config)).await {
        Ok(outcome) => {
            outcome.map_err(|error: Error| error.context(format_args!("connecting to {endpoint}")))
        }
        Err(_) => Err(Error::new(
            ErrorKind::Timeout(TimeoutKind::Connect),
            Execution::NotSent,
            format!(
                "connecting to {endpoint}: no connection, or no answer to the greeting, within {:?}: is a \
                 Redis server reachable at this address?",
                config.connect_timeout
            ),
        )),
    }
}

/// Makes at most five attempts. Each attempt leaves out one more optional command, with one exception: after the first
/// close on `HELLO`, it is sent once more. A server that is stopped at that moment closes the connection, too, and a
/// client must not speak RESP2 for good because of that.
async fn attempts(config: &Config) -> Result<(Stream, Protocol)> {
    let mut without = config.learned.get();
    let mut hello_again = true;
    loop {
        let mut stream = open(config).await?;
        let (error, optional) = match greet(config, &mut stream, without).await? {
            Greeted::Ready(protocol) => {
                config.learned.add(without);
                return Ok((stream, protocol));
            }
            Greeted::Closed(error, optional) => (error, optional),
        };
        match optional {
            None => return Err(error),
            Some(Optional::Library) => without.library = true,
            Some(Optional::ClientName) => without.client_name = true,
            Some(Optional::Resp3) if hello_again => hello_again = false,
            Some(Optional::Resp3) => without.resp3 = true,
        }
        tracing::debug!(%error, ?without, "connecting again");
    }
}

async fn open(config: &Config) -> Result<Stream> {
    if let Some(connector) = &config.connector {
        let stream = connector
            .connect(&config.endpoint)
            .await
            .map_err(|error| Error::io("the connector opened no stream", error))?;
        return custom(config, stream).await;
    }
    let stream = match &config.endpoint {
        Endpoint::Tcp { host, port } => {
            let stream = TcpStream::connect((host.as_str(), *port))
                .await
                .map_err(|error| Error::io("no TCP connection", error))?;
            socket::prepare(&stream, config.tcp_keepalive)?;
            stream
        }
        #[cfg(unix)]
        Endpoint::Unix { path } => {
            return tokio::net::UnixStream::connect(path)
                .await
                .map(Stream::Unix)
                .map_err(|error| Error::io("no connection to the unix socket", error));
        }
        #[cfg(not(unix))]
        Endpoint::Unix { .. } => {
            return Err(Error::config("unix sockets need a unix system: use a host and a port"));
        }
    };
    match &config.tls {
        None => Ok(Stream::Tcp(stream)),
        #[cfg(feature = "tls")]
        Some(tls) => {
            let stream = super::tls::agree(tls, host(config)?, stream).await?;
            Ok(Stream::Tls(Box::new(stream)))
        }
        #[cfg(not(feature = "tls"))]
        Some(_) => Err(no_tls()),
    }
}

/// Wraps a custom stream in TLS if the settings have TLS.
async fn custom(config: &Config, stream: Box<dyn ByteStream>) -> Result<Stream> {
    let stream = match &config.tls {
        None => stream,
        #[cfg(feature = "tls")]
        Some(tls) => Box::new(super::tls::agree(tls, host(config)?, stream).await?),
        #[cfg(not(feature = "tls"))]
        Some(_) => return Err(no_tls()),
    };
    Ok(Stream::Custom(CustomStream::new(stream)))
}

/// The host name that the server's certificate must be valid for.
#[cfg(feature = "tls")]
fn host(config: &Config) -> Result<&str> {
    match &config.endpoint {
        Endpoint::Tcp { host, .. } => Ok(host),
        Endpoint::Unix { .. } => Err(Error::config(
            "TLS works over TCP and not over a unix socket: use a TCP address, or turn TLS off",
        )),
    }
}

#[cfg(not(feature = "tls"))]
fn no_tls() -> Error {
    Error::config(
        "this is a TLS address and the crate was built without TLS: add features = [\"tls\"] in Cargo.toml",
    )
}

/// How a greeting ended, if no answer refused it.
enum Greeted {
    Ready(Protocol),
    /// The peer closed the connection. The second field is the optional command that the next attempt can leave out.
    Closed(Error, Option<Optional>),
}

fn identity(config: &Config, without: Without) -> Identity {
    Identity {
        resp3: config.protocol == Protocol::Resp3 && !without.resp3,
        username: config.username.clone(),
        password: config.password.clone(),
        database: config.database,
        client_name: config.client_name.clone().filter(|_| !without.client_name),
        library: !without.library,
    }
}

async fn greet(config: &Config, stream: &mut Stream, without: Without) -> Result<Greeted> {
    let mut greeting = Greeting::new(identity(config, without));
    let mut step = greeting.start();
    let mut buffer = BytesMut::with_capacity(1024);
    let mut scanner = Scanner::new(Limits { bulk: 1 << 20, reply: 1 << 20, depth: 8 });
    while let Step::Send(bytes, replies) = step {
        // A server that refuses a client sends the reason and closes the connection. So the answer is read even if the
        // write found the connection closed.
        let mut end = send(stream, &bytes).await.err();
        if let Some(error) = end.take_if(|error| !is_closed(error)) {
            return Err(Error::io("sending the greeting", error));
        }
        let (mut seen, mut scanned) = (0, 0);
        while seen < replies {
            match next_answer(&mut scanner, &buffer[scanned..])? {
                // Push messages are skipped.
                Some(frame) if frame.push => {
                    let tail = buffer.split_off(scanned);
                    buffer.extend_from_slice(&tail[frame.end..]);
                }
                Some(frame) => {
                    if frame.irregular {
                        let tail = buffer.split_off(scanned);
                        let plain = regular(&tail[..frame.end]).map_err(in_the_greeting)?;
                        buffer.extend_from_slice(&plain);
                        scanned += plain.len();
                        buffer.extend_from_slice(&tail[frame.end..]);
                    } else {
                        scanned += frame.end;
                    }
                    seen += 1;
                }
                None => match stream.read_buf(&mut buffer).await {
                    Ok(1..) => {}
                    Ok(0) => break,
                    Err(error) => {
                        end = end.or(Some(error));
                        break;
                    }
                },
            }
        }
        let answer = buffer.split_to(scanned);
        let mut answers = Replies::new(&answer);
        if seen < replies {
            let optional = greeting.closed(&mut answers, seen)?;
            return match end {
                Some(error) if !is_closed(&error) => {
                    Err(Error::io("reading the answer to the greeting", error))
                }
                end => Ok(Greeted::Closed(closed(end), optional)),
            };
        }
        step = greeting.next(&mut answers)?;
    }
    while let Ok(Some(frame)) = next_answer(&mut scanner, &buffer)
        && frame.push
    {
        drop(buffer.split_to(frame.end));
    }
    if buffer.is_empty() {
        let resp3 = matches!(step, Step::Ready { resp3: true });
        return Ok(Greeted::Ready(if resp3 { Protocol::Resp3 } else { Protocol::Resp2 }));
    }
    // Otherwise these bytes would be taken for the reply to the first command.
    Err(Error::new(
        ErrorKind::Protocol,
        Execution::NotSent,
        format!(
            "{} unexpected bytes follow the answer to the greeting: is a Redis server behind this address?",
            buffer.len()
        ),
    ))
}

/// The end of the next answer, or of a push message before it. An answer that exceeds a limit ends the greeting: what
/// follows it would be read without a bound.
fn next_answer(scanner: &mut Scanner, bytes: &[u8]) -> Result<Option<Frame>> {
    let frame = scanner.frame(bytes).map_err(in_the_greeting)?;
    let aside = match frame {
        Some(frame) if frame.aside => scanner.take_aside(),
        None => Aside { error: scanner.discard().map(|(error, ..)| error), ..Aside::default() },
        Some(_) => Aside::default(),
    };
    match aside {
        Aside { error: Some(error), .. } => Err(in_the_greeting(error)),
        Aside { pushes, .. } if !pushes.is_empty() => Err(in_the_greeting(Error::new(
            ErrorKind::Protocol,
            Execution::NotSent,
            "the server sent a push message inside a reply",
        ))),
        Aside { .. } => Ok(frame),
    }
}

fn in_the_greeting(error: Error) -> Error {
    error.context("the answer to the greeting")
}

/// Greets over a stream of a test. `None`: the peer closed the connection without a reason.
#[cfg(test)]
pub(crate) async fn greet_over(config: &Config, stream: Box<dyn ByteStream>) -> Result<Option<Protocol>> {
    let mut stream = Stream::Custom(CustomStream::new(stream));
    match greet(config, &mut stream, Without::default()).await? {
        Greeted::Ready(protocol) => Ok(Some(protocol)),
        Greeted::Closed(..) => Ok(None),
    }
}

async fn send(stream: &mut Stream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

/// Whether an error says that the peer has closed the connection.
fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | UnexpectedEof)
}

fn closed(cause: Option<io::Error>) -> Error {
    let error = Error::new(
        ErrorKind::Disconnected,
        Execution::NotSent,
        "the server closed the connection during the greeting: does it expect TLS (rediss://), or has it \
         reached its connection limit (maxclients)?",
    );
    match cause {
        Some(cause) => error.with_source(cause),
        None => error,
    }
}
