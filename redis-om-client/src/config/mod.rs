//! Every setting of a client, as plain data: [`Config`].
//!
//! Layer 1: uses only `error`; knows nothing of sockets, files and clocks. The promise kept here: the name of a
//! setting, in a URL and on the builder, and its default stand here and in `options` only.

mod check;
mod connector;
mod endpoint;
mod learned;
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
pub(crate) use learned::{Learned, Without};
pub use policy::{ReconnectPolicy, RetryPolicy, WhenFull};
pub use tls::{Pem, TlsConfig};
pub(crate) use units::millis;

/// The settings of a client: the address of the server, the login, time limits, size limits and retries.
///
/// Create it from a URL, from a host and a port, or from the path of a socket, then change it with chained setters.
/// Each setting has one name. The setter and the URL option have this name (but the option of the database is `db`),
/// and the getter has it after `get_`.
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
/// // Logs and errors show no password.
/// assert_eq!(
///     config.to_string(),
///     "rediss://app:***@cache.example:6380/3?client_name=billing&protocol=2&command_timeout=500ms",
/// );
/// # Ok::<(), redis_om_client::Error>(())
/// ```
///
/// # URLs
///
/// | URL | meaning |
/// |---|---|
/// | `redis://[[user]:password@]host[:port][/db][?options]` | TCP; port 6379 and database 0 by default |
/// | `rediss://…` | the same over TLS |
/// | `redis+unix://[[user]:password@]/path[?options]`, `unix://…` | a unix socket; the database is `?db=3` |
/// | `redis-sentinel://host[:port][,host[:port]…]/service[/db]` | the primary, found through Sentinels (port 26379) |
/// | `redis-cluster://host[:port][,host[:port]…]` | a cluster, found through any of these nodes |
/// | `rediss-sentinel://…`, `rediss-cluster://…` | the same over TLS |
///
/// `valkey` can replace `redis` in each scheme. User, password, host, path and values are percent-decoded: write a `/`,
/// `?`, `#`, `%` or `@` in a password as `%2F`, `%3F`, `%23`, `%25`, `%40`. A name alone (`redis://name@host`) is a
/// user, which needs a password from an option (`?password=`). A password alone keeps its colon
/// (`redis://:secret@host`). An IPv6 address needs brackets. A missing host means `localhost`.
///
/// Options are `?name=value&name=value`. A duration is `500ms`, `2s`, `1m`, or plain seconds (`0.5`); `none` is allowed
/// where the table lists it. Durations are rounded up to whole milliseconds, and more than 100 years count as 100
/// years. A size is `4MiB`, `512KiB`, or plain bytes. An unknown option is an error that names the nearest known one.
/// An option that is given twice is an error, too.
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
/// | `tcp_keepalive` | 30s | [`tcp_keepalive`](Self::tcp_keepalive), or `none` |
/// | `connections` | 1 | [`connections`](Self::connections) |
/// | `pool_size`, `pool_timeout` | 16, 5s | [`pool_size`](Self::pool_size), [`pool_timeout`](Self::pool_timeout) |
/// | `queue_budget`, `queue_commands` | 4MiB, 32768 | [`queue_budget`](Self::queue_budget), [`queue_commands`](Self::queue_commands) |
/// | `when_full` | wait | [`when_full`](Self::when_full): `wait` or `fail` |
/// | `reconnect_initial`, `reconnect_factor`, `reconnect_max`, `reconnect_jitter`, `reconnect_attempts` | 50ms, 2, 5s, 0.5, none | [`ReconnectPolicy`] |
/// | `retry_attempts`, `retry_refusals`, `retry_initial`, `retry_factor`, `retry_max`, `retry_jitter` | 3, 32, 20ms, 2, 1s, 0.5 | [`RetryPolicy`] |
/// | `max_bulk`, `max_reply`, `max_depth` | 512MiB, 2GiB, 128 | [`max_bulk`](Self::max_bulk), [`max_reply`](Self::max_reply), [`max_depth`](Self::max_depth) |
/// | `tls_ca`, `tls_cert`, `tls_key` | none | [`TlsConfig`]: paths of PEM files |
/// | `tls_server_name`, `tls_danger_accept_invalid_certs` | none, false | [`TlsConfig`] |
/// | `sentinel_username`, `sentinel_password` | none | [`Sentinel`] |
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// The address of a connection. With Sentinel or a cluster it is the first node that the settings name, and `route`
    /// replaces it.
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
    pub(crate) learned: Learned,
}

impl Default for Config {
    /// `redis://localhost:6379`, and every other setting with the default of the table above.
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
            tcp_keepalive: Some(Duration::from_secs(30)),
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
            learned: Learned::default(),
        }
    }
}

/// The version of the protocol that a connection requests in its greeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Protocol {
    /// RESP2, which every server supports.
    Resp2,
    /// RESP3: maps, sets, doubles and push messages on the same connection. Redis 6 and later, and every Valkey,
    /// support it.
    #[default]
    Resp3,
}

/// A password. It can be read like a string, and `Debug` shows it as `***`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

/// The text that replaces a secret.
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
