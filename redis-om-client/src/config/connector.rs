//! The trait for a program that opens the byte streams of a client itself.

use std::{fmt, future::Future, io, ops::Deref, pin::Pin, sync::Arc};

use tokio::io::{AsyncRead, AsyncWrite};

use super::Endpoint;

/// A byte stream in both directions, which a [`Connector`] returns. Every type with these bounds implements it: a TCP
/// or unix socket of tokio, a channel of an SSH library, one side of [`tokio::io::duplex`].
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + ?Sized> ByteStream for S {}

/// The future of a [`Connector`]: the open stream, or the reason why there is none.
pub type Connecting<'a> = Pin<Box<dyn Future<Output = io::Result<Box<dyn ByteStream>>> + Send + 'a>>;

/// Opens the byte streams of a client in place of the client: through a tunnel or a proxy, from a given network
/// interface, or to a server inside the same process. Set it with [`Config::connector`](super::Config::connector).
///
/// The client calls it for each connection that it opens: each of
/// [`Config::connections`](super::Config::connections), each reconnection, each connection of the pool, and the connection
/// of a command that ends other commands (`SCRIPT KILL`). TLS (if the settings have it) and the greeting run over the returned stream. The connect timeout covers all of
/// this: when it passes, the future is dropped.
///
/// The client sets no socket options on such a stream: no `TCP_NODELAY`, no keepalive, no TCP user timeout. A connector
/// that opens a TCP socket sets them itself.
///
/// ```
/// use redis_om_client::{Config, Connecting, Connector, Endpoint};
/// use tokio::net::TcpStream;
///
/// /// Reaches every server through a relay on this host.
/// #[derive(Debug)]
/// struct Relay {
///     port: u16,
/// }
///
/// impl Connector for Relay {
///     fn connect<'a>(&'a self, _endpoint: &'a Endpoint) -> Connecting<'a> {
///         Box::pin(async move {
///             let stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
///             stream.set_nodelay(true)?;
///             Ok(Box::new(stream) as _)
///         })
///     }
/// }
///
/// let config = Config::from_url("redis://cache.internal")?.connector(Relay { port: 7000 });
/// assert!(config.has_connector());
/// # Ok::<(), redis_om_client::Error>(())
/// ```
pub trait Connector: fmt::Debug + Send + Sync {
    /// Opens a stream to the server at `endpoint`.
    ///
    /// # Errors
    ///
    /// No stream could be opened. The client reports the error with the kind [`Io`](crate::ErrorKind::Io), and tries
    /// again according to its [`ReconnectPolicy`](super::ReconnectPolicy).
    fn connect<'a>(&'a self, endpoint: &'a Endpoint) -> Connecting<'a>;
}

/// The connector in a [`Config`](super::Config). Two are equal if they are the same value in memory.
#[derive(Clone)]
pub(crate) struct SharedConnector(Arc<dyn Connector>);

impl SharedConnector {
    pub(super) fn new(connector: impl Connector + 'static) -> Self {
        Self(Arc::new(connector))
    }
}

impl Deref for SharedConnector {
    type Target = dyn Connector;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl PartialEq for SharedConnector {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for SharedConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
