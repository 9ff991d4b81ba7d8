//! From an address to a greeted stream.

use bytes::BytesMut;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    config::{ByteStream, Config, Endpoint, Protocol},
    error::{Error, ErrorKind, Execution, Result, TimeoutKind},
    resp::{Limits, Replies, Scanner},
    session::{Greeting, Identity, Step},
};

use super::{
    socket,
    stream::{CustomStream, Stream},
};

/// Connects, agrees on TLS, greets; all within the connect timeout.
///
/// It must be polled inside a tokio runtime with I/O and time.
pub(super) async fn connect(config: &Config) -> Result<Stream> {
    let endpoint = &config.endpoint;
    let attempt = async {
        let mut stream = open(config).await?;
        greet(config, &mut stream).await?;
        Ok(stream)
    };
    match tokio::time::timeout(config.connect_timeout, attempt).await {
        Ok(outcome) => {
            outcome.map_err(|error: Error| error.context(format_args!("connecting to {endpoint}")))
        }
        Err(_) => Err(Error::new(
            ErrorKind::Timeout(TimeoutKind::Connect),
            Execution::NotSent,
            format!(
                "connecting to {endpoint}: no connection, or no answer to the greeting, within {:?}: is it a Redis \
                 server, reachable from here?",
                config.connect_timeout
            ),
        )),
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

/// TLS over a custom stream, where the settings have it.
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

/// The host that a certificate must be for.
#[cfg(feature = "tls")]
fn host(config: &Config) -> Result<&str> {
    match &config.endpoint {
        Endpoint::Tcp { host, .. } => Ok(host),
        Endpoint::Unix { .. } => Err(Error::config("TLS is for TCP addresses, not for unix sockets")),
    }
}

#[cfg(not(feature = "tls"))]
fn no_tls() -> Error {
    Error::config(
        "this is a TLS address and the crate was built without TLS: add features = [\"tls\"] in Cargo.toml",
    )
}

async fn greet(config: &Config, stream: &mut Stream) -> Result<()> {
    let mut greeting = Greeting::new(Identity {
        resp3: config.protocol == Protocol::Resp3,
        username: config.username.clone(),
        password: config.password.as_deref().map(str::to_owned),
        database: config.database,
        client_name: config.client_name.clone(),
    });
    let mut step = greeting.start();
    let mut buffer = BytesMut::with_capacity(1024);
    let mut scanner = Scanner::new(Limits { bulk: 1 << 20, reply: 1 << 20, depth: 8 });
    while let Step::Send(bytes, replies) = step {
        stream.write_all(&bytes).await.map_err(|error| Error::io("sending the greeting", error))?;
        stream.flush().await.map_err(|error| Error::io("sending the greeting", error))?;
        let mut end = 0;
        let mut seen = 0;
        while seen < replies {
            match scanner
                .frame(&buffer[end..])
                .map_err(|error| error.context("the answer to the greeting"))?
            {
                // Notices of the server's own are passed over.
                Some(frame) if frame.push => drop(buffer.split_to(frame.end)),
                Some(frame) => {
                    end += frame.end;
                    seen += 1;
                }
                None => {
                    let read = stream.read_buf(&mut buffer).await;
                    if read.map_err(|error| Error::io("reading the answer to the greeting", error))? == 0 {
                        return Err(Error::new(
                            ErrorKind::Disconnected,
                            Execution::NotSent,
                            "the server closed the connection during the greeting: does it want TLS (rediss://), or is it \
                             out of connections (maxclients)?",
                        ));
                    }
                }
            }
        }
        let answer = buffer.split_to(end);
        step = greeting.next(&mut Replies::new(&answer))?;
    }
    Ok(())
}
