//! The addresses of the servers: one endpoint, and the topology around it.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use super::Secret;

/// The default port of a server.
pub(super) const PORT: u16 = 6379;
/// The default port of a Sentinel.
pub(super) const SENTINEL_PORT: u16 = 26379;

/// The address of one server.
///
/// ```
/// use redis_om_client::Endpoint;
///
/// assert_eq!(Endpoint::tcp("::1", 6379).to_string(), "[::1]:6379");
/// assert_eq!(Endpoint::unix("/run/redis.sock").to_string(), "/run/redis.sock");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// A host and a port.
    Tcp {
        /// A name or an address; an IPv6 address without its brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// A socket in the file system.
    Unix {
        /// The path of the socket.
        path: PathBuf,
    },
}

impl Endpoint {
    /// A host and a port.
    #[must_use]
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {
        Self::Tcp { host: host.into(), port }
    }

    /// A socket in the file system.
    #[must_use]
    pub fn unix(path: impl AsRef<Path>) -> Self {
        Self::Unix { path: path.as_ref().to_owned() }
    }
}

impl fmt::Display for Endpoint {
    /// `host:port`, with brackets around an IPv6 address, or the path.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix { path } => path.display().fmt(f),
        }
    }
}

/// How the servers are arranged.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Topology {
    /// One server, at the endpoint.
    Standalone,
    /// Sentinels, which know the primary of a service.
    Sentinel(Sentinel),
    /// A cluster. Any of its nodes describes it.
    Cluster {
        /// The nodes to ask, in this order.
        nodes: Vec<Endpoint>,
    },
}

/// The settings for asking Sentinels for a primary. `username` and `password` of the [`Config`](super::Config) belong
/// to the servers; the Sentinels have their own.
///
/// ```
/// use redis_om_client::{Config, Endpoint, Sentinel};
///
/// let nodes = [Endpoint::tcp("s1", 26379), Endpoint::tcp("s2", 26379)];
/// let config = Config::sentinel(Sentinel::new(nodes, "orders").password("for the Sentinels"));
/// assert_eq!(
///     config.to_string(),
///     "redis-sentinel://s1:26379,s2:26379/orders?sentinel_password=***",
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sentinel {
    pub(crate) nodes: Vec<Endpoint>,
    pub(crate) service: String,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<Secret>,
}

impl Sentinel {
    /// The settings for the primary of this service. The Sentinels are asked in this order.
    #[must_use]
    pub fn new(nodes: impl IntoIterator<Item = Endpoint>, service: impl Into<String>) -> Self {
        Self { nodes: nodes.into_iter().collect(), service: service.into(), username: None, password: None }
    }

    /// Sets the user for the Sentinels (`sentinel_username` in a URL).
    #[must_use]
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// Sets the password for the Sentinels (`sentinel_password` in a URL).
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into().into());
        self
    }

    /// The Sentinels to ask.
    #[must_use]
    pub fn get_nodes(&self) -> &[Endpoint] {
        &self.nodes
    }

    /// The service of the primary.
    #[must_use]
    pub fn get_service(&self) -> &str {
        &self.service
    }
}
