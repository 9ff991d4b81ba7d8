//! TLS in front of a plain server, with certificates that are made for the test.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer},
        server::WebPkiClientVerifier,
    },
};

use crate::{block, runtime};

/// A certificate authority for tests, a server's certificate and a client's, all in PEM form.
#[derive(Debug, Clone)]
pub struct Certificates {
    /// The authority's certificate, which a client must trust.
    pub authority: String,
    /// The client's certificate.
    pub client: String,
    /// The client's private key.
    pub client_key: String,
    authority_der: Vec<u8>,
    server_der: Vec<u8>,
    server_key_der: Vec<u8>,
}

impl Certificates {
    /// A server certificate for these names (host names or addresses), from a new authority.
    #[must_use]
    pub fn new(names: &[&str]) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "redis-om test authority");
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let issue = |names: &[&str], usage: ExtendedKeyUsagePurpose| {
            let names: Vec<String> = names.iter().map(|&name| name.into()).collect();
            let mut params = CertificateParams::new(names).unwrap();
            params.extended_key_usages = vec![usage];
            params.use_authority_key_identifier_extension = true;
            let key = KeyPair::generate().unwrap();
            (params.signed_by(&key, &authority).unwrap(), key)
        };
        let (server, server_key) = issue(names, ExtendedKeyUsagePurpose::ServerAuth);
        let (client, client_key) = issue(&["client"], ExtendedKeyUsagePurpose::ClientAuth);
        Self {
            authority: authority.pem(),
            client: client.pem(),
            client_key: client_key.serialize_pem(),
            authority_der: authority.der().to_vec(),
            server_der: server.der().to_vec(),
            server_key_der: server_key.serialize_der(),
        }
    }

    fn acceptor(&self, client_must_show: bool) -> TlsAcceptor {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone());
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = if client_must_show {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from(self.authority_der.clone())).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let chain = vec![CertificateDer::from(self.server_der.clone())];
        let key = PrivateKeyDer::try_from(self.server_key_der.clone()).unwrap();
        TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).unwrap()))
    }
}

/// Terminates TLS and passes the plain bytes to a server (or to a proxy). It ends when dropped.
#[derive(Debug)]
pub struct TlsFront {
    port: u16,
    task: tokio::task::JoinHandle<()>,
}

impl TlsFront {
    /// TLS in front of the server at this port of loopback.
    #[must_use]
    pub fn to(target: u16, certificates: &Certificates) -> Self {
        Self::start(target, certificates.acceptor(false))
    }

    /// The same; only clients with a certificate of the same authority are accepted.
    #[must_use]
    pub fn to_known_clients(target: u16, certificates: &Certificates) -> Self {
        Self::start(target, certificates.acceptor(true))
    }

    fn start(target: u16, acceptor: TlsAcceptor) -> Self {
        let listener = block(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let port = listener.local_addr().unwrap().port();
        let task = runtime().spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // A client whose handshake fails gets an error from the handshake.
                    let Ok(mut client) = acceptor.accept(client).await else { return };
                    let Ok(mut server) = TcpStream::connect(("127.0.0.1", target)).await else { return };
                    tokio::io::copy_bidirectional(&mut client, &mut server).await.ok();
                });
            }
        });
        Self { port, task }
    }

    /// The port on loopback.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        self.task.abort();
    }
}
