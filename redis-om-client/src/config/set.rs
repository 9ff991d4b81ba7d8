//! Making a [`Config`] and changing it: constructors and chained setters. No setter fails; what makes no sense is
//! found by `check`, before anything is opened.

use std::{path::Path, time::Duration};

use super::{
    Config, Connector, Endpoint, Protocol, ReconnectPolicy, RetryPolicy, Sentinel, SharedConnector,
    TlsConfig, Topology, WhenFull,
};

impl Config {
    /// A server at this host (a name, or an address without brackets) and port.
    ///
    /// ```
    /// use redis_om_client::Config;
    ///
    /// assert_eq!(Config::new("::1", 6379).database(2).to_string(), "redis://[::1]:6379/2");
    /// ```
    #[must_use]
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self::default().endpoint(Endpoint::tcp(host, port))
    }

    /// A server at this unix socket.
    ///
    /// ```
    /// use redis_om_client::Config;
    ///
    /// assert_eq!(Config::unix("/run/redis.sock").to_string(), "redis+unix:///run/redis.sock");
    /// ```
    #[must_use]
    pub fn unix(path: impl AsRef<Path>) -> Self {
        Self::default().endpoint(Endpoint::unix(path))
    }

    /// The primary of a service, found through Sentinels.
    #[must_use]
    pub fn sentinel(sentinel: Sentinel) -> Self {
        let mut config = Self::default();
        if let Some(first) = sentinel.nodes.first() {
            config.endpoint = first.clone();
        }
        config.topology = Topology::Sentinel(sentinel);
        config
    }

    /// A cluster, found through any of these nodes.
    ///
    /// ```
    /// use redis_om_client::{Config, Endpoint};
    ///
    /// let config = Config::cluster([Endpoint::tcp("a", 7000), Endpoint::tcp("b", 7001)]);
    /// assert_eq!(config.to_string(), "redis-cluster://a:7000,b:7001");
    /// ```
    #[must_use]
    pub fn cluster(nodes: impl IntoIterator<Item = Endpoint>) -> Self {
        let mut config = Self::default();
        let nodes: Vec<_> = nodes.into_iter().collect();
        if let Some(first) = nodes.first() {
            config.endpoint = first.clone();
        }
        config.topology = Topology::Cluster { nodes };
        config
    }

    /// One server, listening here.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = endpoint;
        self.topology = Topology::Standalone;
        self
    }

    /// Speaks TLS, with these settings: [`TlsConfig::new`] for the usual ones. `None` speaks plain.
    #[must_use]
    pub fn tls(mut self, tls: impl Into<Option<TlsConfig>>) -> Self {
        self.tls = tls.into();
        self
    }

    /// Opens each byte stream by this value, in place of a TCP or unix socket: through a tunnel, or for a test. It is
    /// asked at each dial, by the async and by the blocking client; see [`Connector`]. It has no option in a URL.
    #[must_use]
    pub fn connector(mut self, connector: impl Connector + 'static) -> Self {
        self.connector = Some(SharedConnector::new(connector));
        self
    }

    /// The ACL user to authenticate as; without one, a password is the default user's.
    #[must_use]
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// The password to authenticate with. It is in no error text, log line or `Debug` output.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into().into());
        self
    }

    /// The number of the database: 0 unless set (`db` in a URL).
    #[must_use]
    pub fn database(mut self, number: u32) -> Self {
        self.database = number;
        self
    }

    /// The name of each connection, as `CLIENT LIST` shows it: printable ASCII without spaces.
    #[must_use]
    pub fn client_name(mut self, name: impl Into<String>) -> Self {
        self.client_name = Some(name.into());
        self
    }

    /// The protocol to ask for: RESP3 unless set. A server that refuses it is spoken to in RESP2.
    #[must_use]
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// How long opening a connection may take, with its TLS and its greeting: 5 s unless set.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a command may take, from its call to its reply, waiting in the queue included: 10 s unless set;
    /// `None`, for ever. It is rounded up to whole milliseconds. A blocking command such as `BLPOP` has a deadline of
    /// its own: see [`blocking_grace`](Self::blocking_grace).
    #[must_use]
    pub fn command_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.command_timeout = timeout.into();
        self
    }

    /// How long after its own timeout a blocking command's reply may still come: 2 s unless set.
    ///
    /// A server that vanishes while a command blocks is found before that, also where the command has no timeout: not by
    /// `PING`, which a blocked connection cannot answer, but by the operating system, as
    /// [`tcp_keepalive`](Self::tcp_keepalive) says.
    #[must_use]
    pub fn blocking_grace(mut self, grace: Duration) -> Self {
        self.blocking_grace = grace;
        self
    }

    /// How long a connection may be silent before it is asked with PING whether the server is still there: 30 s unless
    /// set; `None`, it is never asked. A connection that waits in a blocking command is not asked; there
    /// [`tcp_keepalive`](Self::tcp_keepalive) finds a dead server.
    #[must_use]
    pub fn idle_ping(mut self, idle: impl Into<Option<Duration>>) -> Self {
        self.idle_ping = idle.into();
        self
    }

    /// How long such a PING may stay unanswered before the connection is given up: 5 s unless set.
    #[must_use]
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.ping_timeout = timeout;
        self
    }

    /// How long a TCP connection may be silent before the operating system asks the server's operating system whether
    /// the connection still exists: 30 s unless set; `None`, it never asks.
    ///
    /// The probes follow each other after a sixth of this time, at least 1 s and at most 5 s, and after three without an
    /// answer the connection has failed. On Linux and Android the TCP user timeout is set to the sum, so that bytes which
    /// were sent and not acknowledged end the connection after the same time. With 30 s a server whose host has vanished is
    /// found after 45 s, also behind a blocking command such as `BLPOP`, which waits for ever otherwise. The probes also
    /// keep routers on the way from forgetting a silent connection.
    ///
    /// Systems take whole seconds: the time is rounded up, and is at most 32,767 s. Unix sockets and the streams of a
    /// [`connector`](Self::connector) have no keepalive.
    #[must_use]
    pub fn tcp_keepalive(mut self, idle: impl Into<Option<Duration>>) -> Self {
        self.tcp_keepalive = idle.into();
        self
    }

    /// How many connections the ordinary commands of all tasks share: 1 unless set, which is seldom the bottleneck.
    #[must_use]
    pub fn connections(mut self, count: usize) -> Self {
        self.connections = count;
        self
    }

    /// How many connections there may be besides, each for one blocking command or one `watch` at a time: 16 unless
    /// set. They are opened when needed.
    #[must_use]
    pub fn pool_size(mut self, count: usize) -> Self {
        self.pool_size = count;
        self
    }

    /// How long to wait for one of these: 5 s unless set.
    #[must_use]
    pub fn pool_timeout(mut self, timeout: Duration) -> Self {
        self.pool_timeout = timeout;
        self
    }

    /// How many bytes of commands may wait to be sent, for each shared connection: 4 MiB unless set. One command
    /// larger than this is sent when nothing else waits.
    #[must_use]
    pub fn queue_budget(mut self, bytes: usize) -> Self {
        self.queue_budget = bytes;
        self
    }

    /// How many commands may be under way at once, for each shared connection: 32,768 unless set.
    #[must_use]
    pub fn queue_commands(mut self, count: usize) -> Self {
        self.queue_commands = count;
        self
    }

    /// What a command does where one of these is used up: it waits, unless set.
    #[must_use]
    pub fn when_full(mut self, when_full: WhenFull) -> Self {
        self.when_full = when_full;
        self
    }

    /// How a lost connection is opened again.
    #[must_use]
    pub fn reconnect(mut self, policy: ReconnectPolicy) -> Self {
        self.reconnect = policy;
        self
    }

    /// How a command is tried again that failed without having taken effect, or that may safely run twice.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// How many bytes one string of a reply may have: 512 MiB unless set, which is the server's own limit. A reply with a
    /// longer one is passed over without being kept in memory: its command fails, the others on the connection go on. So it
    /// is with the other limits of replies.
    #[must_use]
    pub fn max_bulk(mut self, bytes: usize) -> Self {
        self.max_bulk = bytes;
        self
    }

    /// How many bytes one reply may have, whatever it is made of: 2 GiB unless set.
    #[must_use]
    pub fn max_reply(mut self, bytes: usize) -> Self {
        self.max_reply = bytes;
        self
    }

    /// How deep the arrays and maps of a reply may be nested: 128 unless set. A [`Value`](crate::Value) takes at most 256
    /// levels.
    #[must_use]
    pub fn max_depth(mut self, levels: usize) -> Self {
        self.max_depth = levels;
        self
    }
}
