//! From an address to a greeted stream.

use std::time::Duration;

use bytes::BytesMut;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    config::{Config, Endpoint, Protocol},
    error::{Error, ErrorKind, Execution, Result, TimeoutKind},
    resp::{Limits, Replies, Scanner},
    session::{Greeting, Identity, Step},
};

use super::stream::Stream;

/// Connects, agrees on TLS, greets; all within the connect timeout.
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
    let stream = match &config.endpoint {
        Endpoint::Tcp { host, port } => {
            let stream = TcpStream::connect((host.as_str(), *port))
                .await
                .map_err(|error| Error::io("no TCP connection", error))?;
            stream.set_nodelay(true).map_err(|error| Error::io("setting TCP_NODELAY", error))?;
            if let Some(idle) = config.tcp_keepalive {
                keepalive(&stream, idle)?;
            }
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
    match (&config.tls, &config.endpoint) {
        (None, _) => Ok(Stream::Tcp(stream)),
        #[cfg(feature = "tls")]
        (Some(tls), Endpoint::Tcp { host, .. }) => super::tls::agree(tls, host, stream).await,
        #[cfg(not(feature = "tls"))]
        (Some(_), _) => Err(Error::config(
            "this is a TLS address and the crate was built without TLS: add features = [\"tls\"] in Cargo.toml",
        )),
        #[cfg(feature = "tls")]
        (Some(_), Endpoint::Unix { .. }) => {
            Err(Error::config("TLS is for TCP addresses, not for unix sockets"))
        }
    }
}

fn keepalive(stream: &TcpStream, idle: Duration) -> Result<()> {
    let settings = socket2::TcpKeepalive::new().with_time(idle);
    socket2::SockRef::from(stream)
        .set_tcp_keepalive(&settings)
        .map_err(|error| Error::io("setting TCP keepalive", error))
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
