//! Writes a [`Config`] as a URL, without its secrets.

use std::{
    borrow::Cow,
    fmt::{self, Write},
};

use super::{Config, Endpoint, HIDDEN, Sentinel, TlsConfig, Topology, options::SETTINGS};

impl Config {
    /// The URL of these settings, for logs and errors. Each password and each PEM text in memory appears as `***`.
    /// Settings with their default are left out. If the URL is read again, it gives the same settings, except for these
    /// secrets and for a [`connector`](Self::connector), which no URL can hold.
    ///
    /// ```
    /// use redis_om_client::Config;
    ///
    /// let config = Config::from_url("unix://app:secret@/run/redis.sock?db=2")?;
    /// assert_eq!(config.to_url_redacted(), "redis+unix://app:***@/run/redis.sock?db=2");
    /// # Ok::<(), redis_om_client::Error>(())
    /// ```
    #[must_use]
    pub fn to_url_redacted(&self) -> String {
        self.to_string()
    }

    /// The value of each setting that is missing in the URL. The options are compared with these.
    fn plain(&self) -> Self {
        Self {
            topology: match &self.topology {
                Topology::Sentinel(_) => Topology::Sentinel(Sentinel::new([], "")),
                other => other.clone(),
            },
            tls: self.tls.as_ref().map(|_| TlsConfig::default()),
            ..Self::default()
        }
    }
}

impl fmt::Display for Config {
    /// The same as [`Config::to_url_redacted`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_unix =
            matches!((&self.topology, &self.endpoint), (Topology::Standalone, Endpoint::Unix { .. }));
        f.write_str(if self.tls.is_some() { "rediss" } else { "redis" })?;
        f.write_str(match self.topology {
            Topology::Standalone if is_unix => "+unix://",
            Topology::Standalone => "://",
            Topology::Sentinel(_) => "-sentinel://",
            Topology::Cluster { .. } => "-cluster://",
        })?;
        // Without a password, the user is written as an option: before the host, `name@` and `name:@` would be the
        // same.
        let in_authority = self.password.is_some();
        if in_authority {
            write!(f, "{}:{HIDDEN}@", encode(self.username.as_deref().unwrap_or_default(), ""))?;
        }
        for (n, node) in self.nodes().iter().enumerate() {
            if n > 0 {
                f.write_char(',')?;
            }
            write_node(f, node)?;
        }
        if let Topology::Sentinel(sentinel) = &self.topology {
            write!(f, "/{}", encode(&sentinel.service, ""))?;
        }
        if self.database != 0 && !is_unix {
            write!(f, "/{}", self.database)?;
        }
        let (mut mine, mut plain) = (self.clone(), self.plain());
        let mut separator = '?';
        for setting in SETTINGS {
            let written_above = match setting.name {
                "username" | "password" => in_authority,
                "db" => !is_unix,
                _ => false,
            };
            let show = |config| (setting.slot)(config).and_then(|slot| slot.show());
            let (value, default) = (show(&mut mine), show(&mut plain));
            if let Some(value) = value
                && !written_above
                && Some(&value) != default.as_ref()
            {
                write!(f, "{separator}{}={}", setting.name, encode(&value, "/:*"))?;
                separator = '&';
            }
        }
        Ok(())
    }
}

/// Writes a node, always with its port, so that a log is complete.
fn write_node(f: &mut fmt::Formatter<'_>, node: &Endpoint) -> fmt::Result {
    match node {
        Endpoint::Tcp { host, port } if host.contains(':') => write!(f, "[{}]:{port}", encode(host, ":")),
        Endpoint::Tcp { host, port } => write!(f, "{}:{port}", encode(host, "")),
        Endpoint::Unix { path } => f.write_str(&encode(&path.to_string_lossy(), "/")),
    }
}

/// Percent-encodes every character that may have a meaning in a URL, except for the characters in `keep`.
fn encode<'a>(text: &'a str, keep: &str) -> Cow<'a, str> {
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep.as_bytes().contains(&byte);
    if text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut encoded = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        if is_plain(byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    Cow::Owned(encoded)
}
