//! Every setting of a client, as plain data: [`Config`].
//!
//! Layer 1: uses only `error`. Nothing here opens a socket, reads a file or looks at a clock: the layers above take
//! what they need. What a setting is called, in a URL and on the builder, and what it is when nobody sets it stands
//! here and in `options`, once.

mod check;
mod connector;
mod endpoint;
mod options;
mod policy;
mod read;
mod set;
mod show;
mod spelling;
mod tls;
mod units;
mod url;

#[cfg(test)]
mod tests;

use std::{fmt, ops::Deref, time::Duration};

pub(crate) use connector::SharedConnector;
pub use connector::{ByteStream, Connecting, Connector};
pub use endpoint::{Endpoint, Sentinel, Topology};
pub use policy::{ReconnectPolicy, RetryPolicy, WhenFull};
pub use tls::{Pem, TlsConfig};
pub(crate) use units::millis;

/// The settings of a client: where the server is, who asks, and how long, how much and how often.
///
/// Made from a URL, from host and port, or from a socket's path, then changed by chained setters. Each setting has
/// one name: the setter's, which is the URL's option too (`db` for the database), and its getter's, after `get_`.
///
/// ```
/// use std::time::Duration;
/// use redis_om_client::{Config, Protocol};
///
/// let config = Config::from_url("rediss://app:secret@cache.example:6380/3?command_timeout=500ms")?
///     .client_name("billing")
///     .protocol(Protocol::Resp2);
/// assert_eq!(config.get_database(), 3);
/// assert_eq!(config.get_command_timeout(), Some(Duration::from_millis(500)));
/// // What is written into logs and errors has no password.
/// assert_eq!(
///     config.to_string(),
///     "rediss://app:***@cache.example:6380/3?client_name=billing&protocol=2&command_timeout=500ms",
/// );
/// # Ok::<(), redis_om_client::Error>(())
/// ```
///
/// # URLs
///
/// | URL | what it means |
/// |---|---|
/// | `redis://[[user]:password@]host[:port][/db][?options]` | TCP; port 6379 and database 0 unless said |
/// | `rediss://…` | the same over TLS |
/// | `redis+unix://[[user]:password@]/path[?options]`, `unix://…` | a unix socket; the database is `?db=3` |
/// | `redis-sentinel://host[:port][,host[:port]…]/service[/db]` | ask Sentinels (port 26379) for the primary |
/// | `redis-cluster://host[:port][,host[:port]…]` | a cluster, found through any of these nodes |
/// | `rediss-sentinel://…`, `rediss-cluster://…` | the same over TLS |
///
/// `valkey` may stand for `redis` in each. User, password, host, path and values are percent-decoded: a `/`, `?`,
/// `#`, `%` or `@` in a password is written `%2F`, `%3F`, `%23`, `%25`, `%40`. A name alone (`redis://name@host`) is a
/// user, who needs a password from elsewhere (`?password=`); a password alone has its colon (`redis://:secret@host`). An IPv6 address stands in brackets, and a host
/// left out is `localhost`.
///
/// Options are `?name=value&name=value`. A duration is `500ms`, `2s`, `1m`, or plain seconds (`0.5`), and `none`
/// where it may be absent; a size is `4MiB`, `512KiB`, or plain bytes. An unknown option is an error that names the
/// nearest one, and so is an option given twice.
///
/// | option | default | |
/// |---|---|---|
/// | `db` | 0 | [`database`](Self::database) |
/// | `username`, `password` | none | [`username`](Self::username), [`password`](Self::password) |
/// | `client_name` | none | [`client_name`](Self::client_name) |
/// | `protocol` | 3 | [`protocol`](Self::protocol): 2 or 3 |
/// | `connect_timeout` | 5s | [`connect_timeout`](Self::connect_timeout) |
/// | `command_timeout` | 10s | [`command_timeout`](Self::command_timeout), or `none` |
/// | `blocking_grace` | 2s | [`blocking_grace`](Self::blocking_grace) |
/// | `idle_ping`, `ping_timeout` | 30s, 5s | [`idle_ping`](Self::idle_ping), or `none`; [`ping_timeout`](Self::ping_timeout) |
/// | `tcp_keepalive` | none | [`tcp_keepalive`](Self::tcp_keepalive) |
/// | `connections` | 1 | [`connections`](Self::connections) |
/// | `pool_size`, `pool_timeout` | 16, 5s | [`pool_size`](Self::pool_size), [`pool_timeout`](Self::pool_timeout) |
/// | `queue_budget`, `queue_commands` | 4MiB, 32768 | [`queue_budget`](Self::queue_budget), [`queue_commands`](Self::queue_commands) |
/// | `when_full` | wait | [`when_full`](Self::when_full): `wait` or `fail` |
/// | `reconnect_initial`, `reconnect_factor`, `reconnect_max`, `reconnect_jitter`, `reconnect_attempts` | 50ms, 2, 5s, 0.5, none | [`ReconnectPolicy`] |
/// | `retry_attempts`, `retry_initial`, `retry_factor`, `retry_max`, `retry_jitter` | 3, 20ms, 2, 1s, 0.5 | [`RetryPolicy`] |
/// | `max_bulk`, `max_reply`, `max_depth` | 512MiB, 2GiB, 128 | [`max_bulk`](Self::max_bulk), [`max_reply`](Self::max_reply), [`max_depth`](Self::max_depth) |
/// | `tls_ca`, `tls_cert`, `tls_key` | none | [`TlsConfig`]: paths of PEM files |
/// | `tls_server_name`, `tls_danger_accept_invalid_certs` | none, false | [`TlsConfig`] |
/// | `sentinel_username`, `sentinel_password` | none | [`Sentinel`] |
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// Where one connection goes. With Sentinel or a cluster: the first node named; `route` puts others here.
    pub(crate) endpoint: Endpoint,
    pub(crate) topology: Topology,
    pub(crate) connector: Option<SharedConnector>,
    pub(crate) tls: Option<TlsConfig>,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) database: u32,
    pub(crate) client_name: Option<String>,
    pub(crate) protocol: Protocol,
    pub(crate) connect_timeout: Duration,
    pub(crate) command_timeout: Option<Duration>,
    pub(crate) blocking_grace: Duration,
    pub(crate) idle_ping: Option<Duration>,
    pub(crate) ping_timeout: Duration,
    pub(crate) tcp_keepalive: Option<Duration>,
    pub(crate) connections: usize,
    pub(crate) pool_size: usize,
    pub(crate) pool_timeout: Duration,
    pub(crate) queue_budget: usize,
    pub(crate) queue_commands: usize,
    pub(crate) when_full: WhenFull,
    pub(crate) reconnect: ReconnectPolicy,
    pub(crate) retry: RetryPolicy,
    pub(crate) max_bulk: usize,
    pub(crate) max_reply: usize,
    pub(crate) max_depth: usize,
}

impl Default for Config {
    /// `redis://localhost:6379`, and every other setting as the table above says.
    fn default() -> Self {
        Self {
            endpoint: Endpoint::tcp("localhost", endpoint::PORT),
            topology: Topology::Standalone,
            connector: None,
            tls: None,
            username: None,
            password: None,
            database: 0,
            client_name: None,
            protocol: Protocol::Resp3,
            connect_timeout: Duration::from_secs(5),
            command_timeout: Some(Duration::from_secs(10)),
            blocking_grace: Duration::from_secs(2),
            idle_ping: Some(Duration::from_secs(30)),
            ping_timeout: Duration::from_secs(5),
            tcp_keepalive: None,
            connections: 1,
            pool_size: 16,
            pool_timeout: Duration::from_secs(5),
            queue_budget: 4 << 20,
            queue_commands: 32_768,
            when_full: WhenFull::Wait,
            reconnect: ReconnectPolicy::default(),
            retry: RetryPolicy::default(),
            max_bulk: 512 << 20,
            max_reply: 2 << 30,
            max_depth: 128,
        }
    }
}

/// The version of the protocol that a connection asks for in its greeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Protocol {
    /// RESP2, spoken by every server.
    Resp2,
    /// RESP3: maps, sets, doubles and push messages on the same connection. Redis 6 and later, every Valkey.
    #[default]
    Resp3,
}

/// A password: read like any string, and written as `***` wherever it is shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

/// What stands where a secret was.
const HIDDEN: &str = "***";

impl Deref for Secret {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}
