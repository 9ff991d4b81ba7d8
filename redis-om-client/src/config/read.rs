//! Getters of a [`Config`]. Passwords have none, so that no code can log them by mistake.

use std::time::Duration;

use super::{Config, Endpoint, Protocol, ReconnectPolicy, RetryPolicy, TlsConfig, Topology, WhenFull};

impl Config {
    /// The address of the server; with Sentinel or a cluster, the first node that the settings name.
    #[must_use]
    pub fn get_endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// How the servers are arranged.
    #[must_use]
    pub fn get_topology(&self) -> &Topology {
        &self.topology
    }

    /// Whether a [`connector`](Self::connector) opens the streams.
    #[must_use]
    pub fn has_connector(&self) -> bool {
        self.connector.is_some()
    }

    /// The TLS settings; `None` without TLS.
    #[must_use]
    pub fn get_tls(&self) -> Option<&TlsConfig> {
        self.tls.as_ref()
    }

    /// The ACL user; `None` for the default user.
    #[must_use]
    pub fn get_username(&self) -> Option<&str> {
        self.username.as_deref()
    }

    /// Whether a password is set.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.password.is_some()
    }

    /// The number of the database.
    #[must_use]
    pub fn get_database(&self) -> u32 {
        self.database
    }

    /// The name of each connection; `None` if it has none.
    #[must_use]
    pub fn get_client_name(&self) -> Option<&str> {
        self.client_name.as_deref()
    }

    /// The protocol that each connection requests.
    #[must_use]
    pub fn get_protocol(&self) -> Protocol {
        self.protocol
    }

    /// The time limit for opening a connection.
    #[must_use]
    pub fn get_connect_timeout(&self) -> Duration {
        self.connect_timeout
    }

    /// The time limit of a command; `None`: no limit.
    #[must_use]
    pub fn get_command_timeout(&self) -> Option<Duration> {
        self.command_timeout
    }

    /// How long after its own timeout a blocking command waits for its reply.
    #[must_use]
    pub fn get_blocking_grace(&self) -> Duration {
        self.blocking_grace
    }

    /// How long a connection may be silent before a PING; `None`: no PING.
    #[must_use]
    pub fn get_idle_ping(&self) -> Option<Duration> {
        self.idle_ping
    }

    /// The time limit for the reply to this PING.
    #[must_use]
    pub fn get_ping_timeout(&self) -> Duration {
        self.ping_timeout
    }

    /// How long a TCP connection may be silent before the operating system probes it; `None`: no probes.
    #[must_use]
    pub fn get_tcp_keepalive(&self) -> Option<Duration> {
        self.tcp_keepalive
    }

    /// How many connections the ordinary commands share.
    #[must_use]
    pub fn get_connections(&self) -> usize {
        self.connections
    }

    /// The most exclusive connections.
    #[must_use]
    pub fn get_pool_size(&self) -> usize {
        self.pool_size
    }

    /// The longest wait for an exclusive connection.
    #[must_use]
    pub fn get_pool_timeout(&self) -> Duration {
        self.pool_timeout
    }

    /// The most bytes of commands that wait to be sent, for each shared connection.
    #[must_use]
    pub fn get_queue_budget(&self) -> usize {
        self.queue_budget
    }

    /// The most commands in progress at once, for each shared connection.
    #[must_use]
    pub fn get_queue_commands(&self) -> usize {
        self.queue_commands
    }

    /// What a command does when one of these two limits is reached.
    #[must_use]
    pub fn get_when_full(&self) -> WhenFull {
        self.when_full
    }

    /// How a lost connection is opened again.
    #[must_use]
    pub fn get_reconnect(&self) -> &ReconnectPolicy {
        &self.reconnect
    }

    /// How a failed command is tried again.
    #[must_use]
    pub fn get_retry(&self) -> &RetryPolicy {
        &self.retry
    }

    /// The most bytes of one string in a reply.
    #[must_use]
    pub fn get_max_bulk(&self) -> usize {
        self.max_bulk
    }

    /// The most bytes of one reply.
    #[must_use]
    pub fn get_max_reply(&self) -> usize {
        self.max_reply
    }

    /// The deepest nesting of a reply.
    #[must_use]
    pub fn get_max_depth(&self) -> usize {
        self.max_depth
    }
}
