//! Faults that are really injected, and what the client promises when they happen.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod attempts;
mod blocking;
mod budget;
mod cancel;
mod chaos;
mod connect;
mod connector;
mod destructive;
mod framing;
mod greeting;
mod outage;
mod patient;
mod refusals;
mod replies;
mod runtimes;
mod tls;
mod watch;
mod writes;

use redis_om_client::{Client, Error, Result};
use redis_om_tests::{Proxy, in_time};

/// Reconnecting without long pauses: what is tested is that it happens.
const QUICK: &str = "reconnect_initial=1ms&reconnect_max=20ms";

/// A client through the proxy, with further settings as a URL has them.
async fn through(proxy: &Proxy, options: &str) -> Client {
    connect(&format!("{}?{QUICK}&{options}", proxy.url())).await.unwrap()
}

async fn connect(url: &str) -> Result<Client> {
    in_time("connecting", Client::connect(url)).await
}

/// The error, where there must be one.
#[track_caller]
fn refused<T>(outcome: Result<T>) -> Error {
    match outcome {
        Ok(_) => panic!("it succeeded"),
        Err(error) => error,
    }
}
