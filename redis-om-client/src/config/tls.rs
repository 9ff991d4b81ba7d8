//! The trusted and the presented certificates, as data. `net` reads the files and parses the certificates.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// The TLS settings of a connection. By default it trusts the certificate authorities of the web, and expects a
/// certificate for the host that it connects to.
///
/// ```
/// use redis_om_client::{Config, Pem, TlsConfig};
///
/// let tls = TlsConfig::new()
///     .ca(Pem::path("ca.pem"))
///     .client_certificate(Pem::path("client.pem"), Pem::path("client.key"))
///     .server_name("cache.internal");
/// let config = Config::new("10.0.0.7", 6380).tls(tls);
/// let same = "rediss://10.0.0.7:6380?tls_ca=ca.pem&tls_cert=client.pem&tls_key=client.key\
///     &tls_server_name=cache.internal";
/// assert_eq!(config, Config::from_url(same)?);
/// # Ok::<(), redis_om_client::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TlsConfig {
    pub(crate) ca: Option<Pem>,
    pub(crate) cert: Option<Pem>,
    pub(crate) key: Option<Pem>,
    pub(crate) server_name: Option<String>,
    pub(crate) danger_accept_invalid_certs: bool,
}

impl TlsConfig {
    /// The default settings.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts only these certificate authorities: one or more certificates (`tls_ca` in a URL).
    #[must_use]
    pub fn ca(mut self, certificates: Pem) -> Self {
        self.ca = Some(certificates);
        self
    }

    /// Sets the client certificate, which is sent if the server requests one: the chain, with the client's own
    /// certificate first, and its private key (`tls_cert` and `tls_key` in a URL).
    #[must_use]
    pub fn client_certificate(mut self, chain: Pem, key: Pem) -> Self {
        self.cert = Some(chain);
        self.key = Some(key);
        self
    }

    /// Requests this name (SNI) and expects a certificate for it, in place of the host that the client connects to
    /// (`tls_server_name` in a URL).
    #[must_use]
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// Accepts any certificate: expired, for another name, or without a signature of a trusted authority. Any host
    /// between client and server can then read and change all data, including passwords. Use it for experiments only
    /// (`tls_danger_accept_invalid_certs=true` in a URL).
    #[must_use]
    pub fn danger_accept_invalid_certs(mut self, accept: bool) -> Self {
        self.danger_accept_invalid_certs = accept;
        self
    }
}

/// Certificates or a private key in PEM (`-----BEGIN …`), in memory or in a file that is read for each new connection.
///
/// ```
/// use redis_om_client::Pem;
///
/// let key = Pem::bytes("-----BEGIN PRIVATE KEY-----…");
/// assert_eq!(format!("{key:?}"), "Bytes(***)");
/// assert_eq!(format!("{:?}", Pem::path("client.key")), r#"Path("client.key")"#);
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pem {
    /// The text itself.
    Bytes(Vec<u8>),
    /// The path of a file with the text. It is read for each new connection, so a renewed certificate is used.
    Path(PathBuf),
}

impl Pem {
    /// The text itself.
    #[must_use]
    pub fn bytes(text: impl AsRef<[u8]>) -> Self {
        Self::Bytes(text.as_ref().to_vec())
    }

    /// The path of a file with the text.
    #[must_use]
    pub fn path(path: impl AsRef<Path>) -> Self {
        Self::Path(path.as_ref().to_owned())
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(_) => write!(f, "Bytes({})", super::HIDDEN),
            Self::Path(path) => write!(f, "Path({path:?})"),
        }
    }
}
