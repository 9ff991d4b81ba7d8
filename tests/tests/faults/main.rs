//! Tests with real injected faults, and the promises of the client under them.

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
mod large;
mod outage;
mod panics;
mod patient;
mod refusals;
mod replies;
mod runtimes;
mod tls;
mod watch;
mod writes;

use redis_om_client::{Client, Error, Result};
use redis_om_tests::{Proxy, in_time};

/// Reconnects without long pauses, because the tests check only that it reconnects.
const QUICK: &str = "reconnect_initial=1ms&reconnect_max=20ms";

/// A client through the proxy, with further settings as URL options.
async fn through(proxy: &Proxy, options: &str) -> Client {
    connect(&format!("{}?{QUICK}&{options}", proxy.url())).await.unwrap()
}

async fn connect(url: &str) -> Result<Client> {
    in_time("connecting", Client::connect(url)).await
}

/// The error of an operation that must fail.
#[track_caller]
fn refused<T>(outcome: Result<T>) -> Error {
    match outcome {
        Ok(_) => panic!("it succeeded"),
        Err(error) => error,
    }
}
