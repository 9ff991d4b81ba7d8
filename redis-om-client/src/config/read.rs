//! Reading a [`Config`]. Passwords have no getter: what is not read cannot be logged.

use std::time::Duration;

use super::{Config, Endpoint, Protocol, ReconnectPolicy, RetryPolicy, TlsConfig, Topology, WhenFull};

impl Config {
    /// Where a connection goes; with Sentinel or a cluster, the first node named.
    #[must_use]
    pub fn get_endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// How the servers stand together.
    #[must_use]
    pub fn get_topology(&self) -> &Topology {
        &self.topology
    }

    /// Whether the streams are opened by a [`connector`](Self::connector) of the user's.
    #[must_use]
    pub fn has_connector(&self) -> bool {
        self.connector.is_some()
    }

    /// The TLS settings, where TLS is spoken.
    #[must_use]
    pub fn get_tls(&self) -> Option<&TlsConfig> {
        self.tls.as_ref()
    }

    /// The ACL user.
    #[must_use]
    pub fn get_username(&self) -> Option<&str> {
        self.username.as_deref()
    }

    /// Whether there is a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.password.is_some()
    }

    /// The number of the database.
    #[must_use]
    pub fn get_database(&self) -> u32 {
        self.database
    }

    /// The name of each connection.
    #[must_use]
    pub fn get_client_name(&self) -> Option<&str> {
        self.client_name.as_deref()
    }

    /// The protocol asked for.
    #[must_use]
    pub fn get_protocol(&self) -> Protocol {
        self.protocol
    }

    /// How long opening a connection may take.
    #[must_use]
    pub fn get_connect_timeout(&self) -> Duration {
        self.connect_timeout
    }

    /// How long a command may take.
    #[must_use]
    pub fn get_command_timeout(&self) -> Option<Duration> {
        self.command_timeout
    }

    /// How long after its own timeout a blocking command's reply may still come.
    #[must_use]
    pub fn get_blocking_grace(&self) -> Duration {
        self.blocking_grace
    }

    /// How long a connection may be silent before a PING.
    #[must_use]
    pub fn get_idle_ping(&self) -> Option<Duration> {
        self.idle_ping
    }

    /// How long such a PING may stay unanswered.
    #[must_use]
    pub fn get_ping_timeout(&self) -> Duration {
        self.ping_timeout
    }

    /// How long a TCP connection may be silent before the operating system probes it.
    #[must_use]
    pub fn get_tcp_keepalive(&self) -> Option<Duration> {
        self.tcp_keepalive
    }

    /// How many connections the ordinary commands share.
    #[must_use]
    pub fn get_connections(&self) -> usize {
        self.connections
    }

    /// How many exclusive connections there may be.
    #[must_use]
    pub fn get_pool_size(&self) -> usize {
        self.pool_size
    }

    /// How long to wait for one of these.
    #[must_use]
    pub fn get_pool_timeout(&self) -> Duration {
        self.pool_timeout
    }

    /// How many bytes of commands may wait to be sent.
    #[must_use]
    pub fn get_queue_budget(&self) -> usize {
        self.queue_budget
    }

    /// How many commands may be under way at once.
    #[must_use]
    pub fn get_queue_commands(&self) -> usize {
        self.queue_commands
    }

    /// What a command does where one of these is used up.
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

    /// How many bytes one string of a reply may have.
    #[must_use]
    pub fn get_max_bulk(&self) -> usize {
        self.max_bulk
    }

    /// How many bytes one reply may have.
    #[must_use]
    pub fn get_max_reply(&self) -> usize {
        self.max_reply
    }

    /// How deep a reply may be nested.
    #[must_use]
    pub fn get_max_depth(&self) -> usize {
        self.max_depth
    }
}
