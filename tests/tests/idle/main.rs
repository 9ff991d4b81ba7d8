//! Waiting uses no processor time: a client that waits for a server, a reply or room in a socket does not poll in a
//! loop. This is a binary of its own, because it measures the processor time of the whole process.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use redis_om_client::{Client, Config, Pem, TlsConfig, blocking, prelude::*};
use redis_om_tests::{Certificates, Proxy, TlsFront, in_time, valkey};

const WHILE: Duration = Duration::from_millis(800);

/// Processor time of this process, in ticks of ten milliseconds.
fn ticks() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// Waits and does nothing else. A task that polls in a loop would use most of the time of a core.
async fn rests(what: &str) {
    let before = ticks();
    tokio::time::sleep(WHILE).await;
    let used = Duration::from_millis((ticks() - before) * 10);
    assert!(used < WHILE / 2, "{what} took {used:?} of processor time in {WHILE:?}");
}

async fn client_rests() {
    let server = valkey();
    let proxy = Proxy::narrow(server.port());
    let url = format!("{}?command_timeout=none&idle_ping=100ms", proxy.url());
    let client = in_time("connecting", Client::connect(&url)).await.unwrap();
    rests("an idle connection").await;

    proxy.stall();
    let get = tokio::spawn({
        let client = client.clone();
        async move { client.get::<Option<String>>("none").await }
    });
    rests("waiting for a reply").await;
    proxy.resume();
    assert_eq!(in_time("the reply", get).await.unwrap().unwrap(), None);

    proxy.stall();
    let set = tokio::spawn({
        let client = client.clone();
        async move { client.set("large", "x".repeat(16 << 20)).await }
    });
    rests("waiting for room in the socket").await;
    proxy.resume();
    in_time("the large write", set).await.unwrap().unwrap();

    proxy.refuse();
    let get = tokio::spawn({
        let client = client.clone();
        async move { client.get::<Option<String>>("none").await }
    });
    rests("waiting for the server").await;
    proxy.accept();
    assert_eq!(in_time("the reply", get).await.unwrap().unwrap(), None);
}

async fn tls_client_rests() {
    let server = valkey();
    let proxy = Proxy::narrow(server.port());
    let certificates = Certificates::new(&["localhost"]);
    let front = TlsFront::to(proxy.port(), &certificates);
    let url = format!("rediss://localhost:{}?command_timeout=none", front.port());
    let tls = TlsConfig::new().ca(Pem::bytes(&certificates.authority));
    let client = Client::with_config(Config::from_url(url).unwrap().tls(tls)).await.unwrap();
    proxy.stall();
    let set = tokio::spawn(async move { client.set("large", "x".repeat(16 << 20)).await });
    rests("waiting for room in the socket behind TLS").await;
    proxy.resume();
    in_time("the large write", set).await.unwrap().unwrap();
}

#[test]
fn waiting_costs_no_processor_time() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(client_rests());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(client_rests());
    runtime.block_on(tls_client_rests());

    let server = valkey();
    let client = blocking::Client::connect(&server.url()).unwrap();
    let before = ticks();
    assert_eq!(client.blpop::<String>("none", WHILE).unwrap(), None);
    assert!(Duration::from_millis((ticks() - before) * 10) < WHILE / 2, "a blocking command polls in a loop");
}
