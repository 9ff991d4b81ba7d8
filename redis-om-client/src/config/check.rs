//! Checks the settings as a whole. Setters do not fail, so this runs after a URL was read and before a client opens its
//! first connection.

use super::{Config, Endpoint, Topology};
use crate::error::{Error, Result};

impl Config {
    /// Fails with a config error that names the first invalid setting.
    pub(crate) fn check(&self) -> Result<()> {
        for (setting, wrong, remedy) in self.faults() {
            if wrong {
                return Err(Error::config(format!("setting `{setting}`: {remedy}")));
            }
        }
        Ok(())
    }

    /// Each rule: the setting, whether it is violated, and what is valid. No value is quoted: see `url`.
    fn faults(&self) -> impl Iterator<Item = (&'static str, bool, &'static str)> {
        let nodes = self.nodes();
        let tls = self.tls.as_ref();
        let is_unix = |node: &Endpoint| matches!(node, Endpoint::Unix { .. });
        let (reconnect, retry) = (&self.reconnect, &self.retry);
        let part = |number: f64| !(0.0..=1.0).contains(&number);
        let factor = |number: f64| !(number.is_finite() && number >= 1.0);
        const LONGER: &str = "must be longer than zero";
        const ABSENT: &str = "must be longer than zero, or `none`";
        const ONE: &str = "must be at least 1";
        const PART: &str = "must be from 0 to 1";
        const FACTOR: &str = "must be at least 1";
        [
            ("host", nodes.is_empty(), "there must be at least one node"),
            ("host", nodes.iter().any(names_nothing), "a host or path must not be empty, nor a port 0"),
            (
                "tls",
                tls.is_some() && nodes.iter().any(is_unix),
                "a unix socket does not support TLS: leave TLS out, or name a host",
            ),
            (
                "tls_key",
                tls.is_some_and(|tls| tls.cert.is_some() != tls.key.is_some()),
                "a client certificate needs its private key, and the key its certificate",
            ),
            (
                "host",
                self.topology != Topology::Standalone && nodes.iter().any(is_unix),
                "the nodes of Sentinel or a cluster must be hosts, not unix sockets",
            ),
            (
                "service",
                matches!(&self.topology, Topology::Sentinel(sentinel) if sentinel.service.is_empty()),
                "must name the service of the primary: redis-sentinel://host:26379/service",
            ),
            (
                "sentinel_username",
                matches!(&self.topology, Topology::Sentinel(sentinel)
                    if sentinel.username.is_some() && sentinel.password.is_none()),
                "needs `sentinel_password`",
            ),
            (
                "client_name",
                self.client_name.as_ref().is_some_and(|name| !is_client_name(name)),
                "must be printable ASCII without spaces, and not empty",
            ),
            (
                "username",
                self.username.as_ref().is_some_and(String::is_empty),
                "must not be empty: leave it out for the default user",
            ),
            (
                "username",
                self.username.is_some() && self.password.is_none(),
                "a user needs a password: redis://user:password@host (a user without one: redis://user:@host)",
            ),
            ("connect_timeout", self.connect_timeout.is_zero(), LONGER),
            ("command_timeout", self.command_timeout.is_some_and(|time| time.is_zero()), ABSENT),
            ("idle_ping", self.idle_ping.is_some_and(|time| time.is_zero()), ABSENT),
            ("ping_timeout", self.ping_timeout.is_zero(), LONGER),
            ("tcp_keepalive", self.tcp_keepalive.is_some_and(|time| time.is_zero()), ABSENT),
            ("connections", self.connections == 0, ONE),
            ("pool_size", self.pool_size == 0, ONE),
            ("queue_budget", self.queue_budget == 0, ONE),
            ("queue_commands", self.queue_commands == 0, ONE),
            ("max_bulk", self.max_bulk == 0, ONE),
            ("max_reply", self.max_reply == 0, ONE),
            ("max_depth", self.max_depth == 0, ONE),
            ("reconnect_initial", reconnect.initial.is_zero(), LONGER),
            ("reconnect_max", reconnect.max.is_zero(), LONGER),
            ("reconnect_factor", factor(reconnect.factor), FACTOR),
            ("reconnect_jitter", part(reconnect.jitter), PART),
            ("retry_attempts", retry.attempts == 0, ONE),
            ("retry_factor", factor(retry.factor), FACTOR),
            ("retry_jitter", part(retry.jitter), PART),
        ]
        .into_iter()
    }

    /// All nodes that the settings name.
    pub(crate) fn nodes(&self) -> &[Endpoint] {
        match &self.topology {
            Topology::Standalone => std::slice::from_ref(&self.endpoint),
            Topology::Sentinel(sentinel) => &sentinel.nodes,
            Topology::Cluster { nodes } => nodes,
        }
    }
}

fn names_nothing(node: &Endpoint) -> bool {
    match node {
        Endpoint::Tcp { host, port } => host.is_empty() || *port == 0,
        Endpoint::Unix { path } => path.as_os_str().is_empty(),
    }
}

fn is_client_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic())
}
