//! TLS for the rows `*-tls`: a process that terminates TLS in front of the server, and the settings of the clients.
//!
//! The servers that `cargo xtask servers` fetches are built without TLS. The process runs on the core of the server, and
//! does the same work for every contestant. All clients use rustls with the provider ring, so that the rows compare the
//! clients and not their cryptography.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, client};

/// The name in the server's certificate.
pub(crate) const HOST: &str = "127.0.0.1";

/// The size of each buffer between the client and the server.
const ROOM: usize = 64 * 1024;

/// An encrypted stream of a client.
pub(crate) type TlsStream = client::TlsStream<TcpStream>;

/// The certificate that the clients trust, in PEM form.
#[derive(Clone)]
pub(crate) struct Authority(Vec<u8>);

impl Authority {
    /// Reads the file that [`serve`] has written. Makes ring the provider of this process, for clients that do not choose
    /// one.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let pem = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
        // It fails if it was done before.
        let _ = CryptoProvider::install_default(ring::default_provider());
        Ok(Self(pem))
    }

    /// The certificate in PEM form.
    pub(crate) fn pem(&self) -> &[u8] {
        &self.0
    }

    /// Settings for clients that take those of rustls.
    pub(crate) fn client_config(&self) -> Result<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&self.0)?)?;
        Ok(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
    }
}

/// Terminates TLS in front of the server at `port` until the process is ended. It writes the certificate of its authority
/// to a file, then prints its own port.
pub(crate) async fn serve(port: u16, authority: &Path) -> Result<()> {
    let acceptor = acceptor(authority)?;
    let listener = TcpListener::bind((HOST, 0)).await?;
    println!("{}", listener.local_addr()?.port());
    std::io::stdout().flush()?;
    loop {
        let (client, _) = listener.accept().await?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            if let Err(error) = pass_on(client, acceptor, port).await {
                eprintln!("TLS in front of the server: {error:#}");
            }
        });
    }
}

async fn pass_on(client: TcpStream, acceptor: TlsAcceptor, port: u16) -> Result<()> {
    client.set_nodelay(true)?;
    let mut client = acceptor.accept(client).await.context("handshake")?;
    let mut server = TcpStream::connect((HOST, port)).await.context("connect the server")?;
    server.set_nodelay(true)?;
    // A contestant that has ended closes its connection without a goodbye.
    let _ended = tokio::io::copy_bidirectional_with_sizes(&mut client, &mut server, ROOM, ROOM).await;
    Ok(())
}

fn acceptor(authority: &Path) -> Result<TlsAcceptor> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new([HOST.to_owned()])?.signed_by(&key, &issuer)?;
    std::fs::write(authority, issuer.pem()).with_context(|| format!("write {}", authority.display()))?;
    let private = PrivateKeyDer::try_from(key.serialize_der()).map_err(anyhow::Error::msg)?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
