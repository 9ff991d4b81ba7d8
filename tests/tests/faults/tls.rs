//! TLS through a terminator in front of a plain server: which certificates the client accepts, and which the server
//! accepts.

use redis_om_client::{Client, Config, ErrorKind, Pem, Result, TlsConfig, prelude::*};
use redis_om_tests::{Certificates, Fault, Keys, Proxy, TlsFront, in_time, valkey};

use super::{QUICK, refused};

async fn connect(host: &str, front: &TlsFront, tls: TlsConfig) -> Result<Client> {
    let config = Config::from_url(format!("rediss://{host}:{}?connect_timeout=5s", front.port())).unwrap();
    let client = in_time("connecting", Client::with_config(config.tls(tls))).await?;
    let key = Keys::new().of("tls");
    // Large enough for many TLS records in each direction.
    let value = "x".repeat(1 << 20);
    client.set(&key, &value).await?;
    assert_eq!(client.get::<String>(&key).await?, value);
    Ok(client)
}

fn trusting(certificates: &Certificates) -> TlsConfig {
    TlsConfig::new().ca(Pem::bytes(&certificates.authority))
}

#[tokio::test]
async fn a_certificate_of_the_own_authority_is_trusted() {
    let server = valkey();
    let certificates = Certificates::new(&["localhost", "127.0.0.1"]);
    let front = TlsFront::to(server.port(), &certificates);
    connect("localhost", &front, trusting(&certificates)).await.unwrap();
    connect("127.0.0.1", &front, trusting(&certificates)).await.unwrap();
}

#[tokio::test]
async fn a_certificate_that_does_not_verify_is_refused() {
    let server = valkey();
    let certificates = Certificates::new(&["localhost"]);
    let front = TlsFront::to(server.port(), &certificates);
    let strangers = [
        ("no trusted authority", TlsConfig::new()),
        ("another's", trusting(&Certificates::new(&["localhost"]))),
    ];
    for (whose, tls) in strangers {
        let error = refused(connect("localhost", &front, tls).await);
        assert_eq!(error.kind(), &ErrorKind::Tls, "{whose}: {error}");
        assert!(error.to_string().contains("localhost"), "{whose}: {error}");
    }
    let accepting = TlsConfig::new().danger_accept_invalid_certs(true);
    connect("localhost", &front, accepting).await.unwrap();
}

#[tokio::test]
async fn the_name_must_be_the_one_in_the_certificate() {
    let server = valkey();
    let certificates = Certificates::new(&["redis.example"]);
    let front = TlsFront::to(server.port(), &certificates);
    let error = refused(connect("localhost", &front, trusting(&certificates)).await);
    assert_eq!(error.kind(), &ErrorKind::Tls, "{error}");
    let named = trusting(&certificates).server_name("redis.example");
    connect("localhost", &front, named).await.unwrap();
}

#[tokio::test]
async fn a_client_sends_its_certificate_if_the_server_requires_it() {
    let server = valkey();
    let certificates = Certificates::new(&["localhost"]);
    let front = TlsFront::to_known_clients(server.port(), &certificates);
    let error = refused(connect("localhost", &front, trusting(&certificates)).await);
    assert!(matches!(error.kind(), ErrorKind::Tls | ErrorKind::Io | ErrorKind::Disconnected), "{error}");
    let (chain, key) = (Pem::bytes(&certificates.client), Pem::bytes(&certificates.client_key));
    let known = trusting(&certificates).client_certificate(chain, key);
    connect("localhost", &front, known).await.unwrap();
}

#[tokio::test]
async fn invalid_certificates_are_an_error_before_any_byte_is_sent() {
    let server = valkey();
    let certificates = Certificates::new(&["localhost"]);
    let front = TlsFront::to(server.port(), &certificates);
    for tls in [TlsConfig::new().ca(Pem::bytes("no PEM")), TlsConfig::new().ca(Pem::path("/nowhere/ca.pem"))]
    {
        let error = refused(connect("localhost", &front, tls).await);
        assert!(matches!(error.kind(), ErrorKind::Tls | ErrorKind::Config | ErrorKind::Io), "{error}");
    }
}

#[tokio::test]
async fn a_plain_server_behind_a_tls_url_is_an_error_not_a_hang() {
    let server = valkey();
    let url = format!("rediss://127.0.0.1:{}?connect_timeout=2s", server.port());
    let error = refused(in_time("connecting", Client::connect(url.as_str())).await);
    assert!(
        matches!(
            error.kind(),
            ErrorKind::Tls | ErrorKind::Io | ErrorKind::Disconnected | ErrorKind::Timeout(_)
        ),
        "{error}"
    );
}

#[tokio::test]
async fn faults_behind_tls() {
    let server = valkey();
    let proxy = Proxy::narrow(server.port());
    let certificates = Certificates::new(&["localhost"]);
    let front = TlsFront::to(proxy.port(), &certificates);
    let url = format!("rediss://localhost:{}?{QUICK}&command_timeout=60s", front.port());
    let config = Config::from_url(url).unwrap().tls(trusting(&certificates));
    let client = in_time("connecting", Client::with_config(config)).await.unwrap();
    let keys = Keys::new();
    // Over TLS, reading and writing progress independently, too.
    let value = "0123456789abcdef".repeat(640);
    let names: Vec<String> = (0..500).map(|n| keys.of(&n.to_string())).collect();
    let sets = names.iter().map(|key| cmd().getset::<Option<String>>(key, &value));
    let gets = names.iter().map(|key| cmd().get::<String>(key));
    let (before, after) = in_time("5 MiB each way", client.run(pipe().many(sets).many(gets))).await.unwrap();
    assert!(before.iter().all(Option::is_none) && after.iter().all(|got| *got == value));
    for done in 1..=5 {
        let sprung = proxy.trap("INCR", Fault::LoseReply);
        let error = refused(in_time("the write", client.incr(keys.of("n"))).await);
        sprung.wait().await;
        assert!(error.may_have_run(), "{error}");
        assert_eq!(in_time("the read", client.get::<i64>(keys.of("n"))).await.unwrap(), done);
        proxy.cut();
        client.set(keys.of("k"), done).await.ok();
        assert_eq!(in_time("the read", client.get::<i64>(keys.of("n"))).await.unwrap(), done);
    }
}
