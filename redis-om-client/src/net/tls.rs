//! TLS by rustls. Its crypto provider (ring) is chosen here, because rustls can panic if other crates decide the
//! provider.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        self, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    },
};

use crate::{
    config::{Pem, TlsConfig},
    error::{Error, ErrorKind, Execution, Result},
};

/// Makes the TLS handshake on a connected stream.
pub(super) async fn agree<S>(tls: &TlsConfig, host: &str, stream: S) -> Result<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let name = tls.server_name.as_deref().unwrap_or(host);
    let server = ServerName::try_from(name.to_owned()).map_err(|_| {
        refused(format!("`{name}` is not a name that a certificate can have: set the server name"))
    })?;
    let connector = TlsConnector::from(Arc::new(client_config(tls)?));
    connector.connect(server, stream).await.map_err(|error| {
        let remedy = match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidCertificate(_)) => {
                format!(" (the server's certificate is not valid for `{name}`: set its CA, or the server name that it has)")
            }
            Some(rustls::Error::InvalidMessage(_)) => " (does the server speak TLS on this port?)".to_owned(),
            _ => String::new(),
        };
        refused(format!("the TLS handshake failed: {error}{remedy}")).with_source(error)
    })
}

fn refused(text: String) -> Error {
    Error::new(ErrorKind::Tls, Execution::NotSent, text)
}

fn client_config(tls: &TlsConfig) -> Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(error.to_string()))?;
    let builder = if tls.danger_accept_invalid_certs {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(AcceptAny(provider)))
    } else {
        builder.with_root_certificates(roots(tls)?)
    };
    match (&tls.cert, &tls.key) {
        (Some(cert), Some(key)) => {
            let chain = certificates(cert, "the client certificate")?;
            let key =
                PrivateKeyDer::from_pem_slice(&read(key, "the client's private key")?).map_err(|error| {
                    Error::config(format!("the client's private key is not a PEM key: {error}"))
                })?;
            builder.with_client_auth_cert(chain, key).map_err(|error| {
                Error::config(format!("the client certificate and the private key do not match: {error}"))
            })
        }
        (None, None) => Ok(builder.with_no_client_auth()),
        _ => Err(Error::config(
            "a client certificate needs its private key, and a private key needs its certificate: set both",
        )),
    }
}

fn roots(tls: &TlsConfig) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    match &tls.ca {
        Some(ca) => {
            for certificate in certificates(ca, "the CA")? {
                roots
                    .add(certificate)
                    .map_err(|error| Error::config(format!("a CA certificate cannot be used: {error}")))?;
            }
        }
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    Ok(roots)
}

fn certificates(pem: &Pem, what: &str) -> Result<Vec<CertificateDer<'static>>> {
    let certificates = CertificateDer::pem_slice_iter(&read(pem, what)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Error::config(format!("{what} is not a PEM certificate: {error}")))?;
    if certificates.is_empty() {
        return Err(Error::config(format!(
            "{what} contains no certificate: expected PEM (-----BEGIN CERTIFICATE-----)"
        )));
    }
    Ok(certificates)
}

fn read(pem: &Pem, what: &str) -> Result<Vec<u8>> {
    match pem {
        Pem::Bytes(bytes) => Ok(bytes.to_vec()),
        Pem::Path(path) => std::fs::read(path).map_err(|error| {
            Error::config(format!("{what} cannot be read from {}: {error}", path.display()))
                .with_source(error)
        }),
    }
}

/// Accepts any certificate. It is used only with `danger_accept_invalid_certs`. The signatures of the handshake are
/// still checked.
#[derive(Debug)]
struct AcceptAny(Arc<CryptoProvider>);

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
