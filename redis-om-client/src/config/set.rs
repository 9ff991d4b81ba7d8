//! Constructors and chained setters of a [`Config`]. No setter fails: `check` finds invalid settings before anything is
//! opened.

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

    /// Connects to one server at this address.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = endpoint;
        self.topology = Topology::Standalone;
        self
    }

    /// Uses TLS with these settings ([`TlsConfig::new`] for the defaults), or no TLS (`None`).
    #[must_use]
    pub fn tls(mut self, tls: impl Into<Option<TlsConfig>>) -> Self {
        self.tls = tls.into();
        self
    }

    /// Opens each byte stream with this value in place of a TCP or unix socket: through a tunnel, or for a test. The
    /// async and the blocking client call it for each connection that they open; see [`Connector`]. It has no option in
    /// a URL.
    #[must_use]
    pub fn connector(mut self, connector: impl Connector + 'static) -> Self {
        self.connector = Some(SharedConnector::new(connector));
        self
    }

    /// Sets the ACL user. Without one, the password is that of the default user.
    #[must_use]
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// Sets the password. No error text, log line or `Debug` output contains it.
    #[must_use]
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into().into());
        self
    }

    /// Sets the number of the database (default 0; `db` in a URL).
    #[must_use]
    pub fn database(mut self, number: u32) -> Self {
        self.database = number;
        self
    }

    /// Sets the name of each connection in `CLIENT LIST`: printable ASCII without spaces.
    #[must_use]
    pub fn client_name(mut self, name: impl Into<String>) -> Self {
        self.client_name = Some(name.into());
        self
    }

    /// Sets the protocol to request (default RESP3). If a server refuses it, the connection uses RESP2.
    #[must_use]
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// Sets the time limit for opening a connection, including TLS and greeting (default 5 s).
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets the time limit of a command, from its first poll (or its blocking call) to its reply, including the wait in the queue (default 10 s;
    /// `None`: no limit). It is rounded up to whole milliseconds. A blocking command such as `BLPOP` has another limit:
    /// see [`blocking_grace`](Self::blocking_grace).
    ///
    /// Without a limit, a server that is busy with one command for longer than [`idle_ping`](Self::idle_ping) plus
    /// [`ping_timeout`](Self::ping_timeout) is given up: the connection is closed, and the command fails. For longer
    /// commands set a limit here that is longer than they take, or raise `ping_timeout`, or set `idle_ping` to `None`.
    #[must_use]
    pub fn command_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.command_timeout = timeout.into();
        self
    }

    /// Sets how long after its own timeout a blocking command waits for its reply (default 2 s).
    ///
    /// A server that vanishes while a command blocks is found independently of this time, also if the command has no
    /// timeout. The operating system finds it ([`tcp_keepalive`](Self::tcp_keepalive)); a blocked connection cannot
    /// answer a `PING`.
    #[must_use]
    pub fn blocking_grace(mut self, grace: Duration) -> Self {
        self.blocking_grace = grace;
        self
    }

    /// Sets how long a connection may be silent before a PING checks the server (default 30 s; `None`: no PING). A PING
    /// also follows a command that timed out. A
    /// connection with a blocking command in progress gets no PING; there [`tcp_keepalive`](Self::tcp_keepalive) finds
    /// a dead server. A connection is not closed while a command on it has time left; with
    /// [`command_timeout`](Self::command_timeout) `None` this does not hold, as described there.
    #[must_use]
    pub fn idle_ping(mut self, idle: impl Into<Option<Duration>>) -> Self {
        self.idle_ping = idle.into();
        self
    }

    /// Sets the time limit for the reply to the PING of [`idle_ping`](Self::idle_ping) (default 5 s). Without a reply
    /// the connection is closed, but not before the latest deadline of the commands in flight.
    ///
    /// With [`command_timeout`](Self::command_timeout) `None`, a server that is busy for longer than `idle_ping` and
    /// `ping_timeout` together counts as dead. For such long commands, raise `ping_timeout` or set `idle_ping` to `None`.
    #[must_use]
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.ping_timeout = timeout;
        self
    }

    /// Sets how long a TCP connection may be silent before the operating system probes the peer (default 30 s; `None`:
    /// no probes).
    ///
    /// The interval between probes is a sixth of this time, at least 1 s and at most 5 s. After three probes without an
    /// answer the connection has failed. On Linux and Android the TCP user timeout is set to the sum, so that
    /// unacknowledged bytes end the connection after the same time. With 30 s, a server whose host has vanished is
    /// found after 45 s, also during a blocking command such as `BLPOP` without a timeout. The probes also keep a
    /// silent connection in the tables of routers and firewalls.
    ///
    /// Operating systems use whole seconds: the time is rounded up, and is at most 32,767 s. Unix sockets and the
    /// streams of a [`connector`](Self::connector) have no keepalive.
    #[must_use]
    pub fn tcp_keepalive(mut self, idle: impl Into<Option<Duration>>) -> Self {
        self.tcp_keepalive = idle.into();
        self
    }

    /// Sets how many connections the ordinary commands of all tasks share (default 1, which is seldom the bottleneck).
    #[must_use]
    pub fn connections(mut self, count: usize) -> Self {
        self.connections = count;
        self
    }

    /// Sets the most exclusive connections (default 16). Each serves one blocking command or one `watch` at a time.
    /// They are opened when they are needed.
    #[must_use]
    pub fn pool_size(mut self, count: usize) -> Self {
        self.pool_size = count;
        self
    }

    /// Sets the longest wait for an exclusive connection (default 5 s).
    #[must_use]
    pub fn pool_timeout(mut self, timeout: Duration) -> Self {
        self.pool_timeout = timeout;
        self
    }

    /// Sets the most bytes of commands that wait to be sent, for each shared connection (default 4 MiB). A larger
    /// command is sent when no other command waits.
    #[must_use]
    pub fn queue_budget(mut self, bytes: usize) -> Self {
        self.queue_budget = bytes;
        self
    }

    /// Sets the most commands in progress at once, for each shared connection (default 32,768).
    #[must_use]
    pub fn queue_commands(mut self, count: usize) -> Self {
        self.queue_commands = count;
        self
    }

    /// Sets what a command does when one of these two limits is reached (default: it waits).
    #[must_use]
    pub fn when_full(mut self, when_full: WhenFull) -> Self {
        self.when_full = when_full;
        self
    }

    /// Sets how a lost connection is opened again.
    #[must_use]
    pub fn reconnect(mut self, policy: ReconnectPolicy) -> Self {
        self.reconnect = policy;
        self
    }

    /// Sets how a failed command is tried again, if it did not run or may run twice.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets the most bytes of one string in a reply (default 512 MiB, which is the server's own limit). A reply with a
    /// longer string is skipped and not kept in memory: its command fails, and the other commands on the connection are
    /// not affected. The same holds for the other limits of replies.
    #[must_use]
    pub fn max_bulk(mut self, bytes: usize) -> Self {
        self.max_bulk = bytes;
        self
    }

    /// Sets the most bytes of one reply of any kind (default 2 GiB).
    #[must_use]
    pub fn max_reply(mut self, bytes: usize) -> Self {
        self.max_reply = bytes;
        self
    }

    /// Sets the deepest nesting of arrays and maps in a reply (default 128). A [`Value`](crate::Value) holds at most 256
    /// levels.
    #[must_use]
    pub fn max_depth(mut self, levels: usize) -> Self {
        self.max_depth = levels;
        self
    }
}
