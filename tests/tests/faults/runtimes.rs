//! Clients in the wrong runtime, without a runtime, and after the last attempt to reconnect.

use redis_om_client::{ErrorKind, blocking, prelude::*};
use redis_om_tests::{Keys, Proxy, in_time, valkey};

use super::{connect, refused};

#[tokio::test]
async fn the_blocking_client_in_async_code_is_an_error_not_a_panic() {
    let server = valkey();
    let error = refused(blocking::Client::connect(&server.url()));
    assert_eq!(error.kind(), &ErrorKind::Config, "{error}");
    assert!(error.to_string().contains("spawn_blocking"), "the remedy is missing: {error}");
    // The error names `spawn_blocking` as the remedy.
    let (url, key) = (server.url(), Keys::new().of("n"));
    let client = tokio::task::spawn_blocking(move || {
        let client = blocking::Client::connect(&url).unwrap();
        assert_eq!(client.incr(&key).unwrap(), 1);
        assert_eq!(client.run(pipe().incr(&key).incr(&key)).unwrap(), (2, 3));
        client
    })
    .await
    .unwrap();
    let error = refused(client.ping());
    assert_eq!(error.kind(), &ErrorKind::Config, "{error}");
    // It is dropped here, which is allowed.
    drop(client);
}

#[test]
fn the_error_of_a_client_says_that_its_runtime_has_ended() {
    let server = valkey();
    let start =
        || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let first = start();
    let client = first.block_on(connect(&server.url())).unwrap();
    // From another runtime, while its own runtime lives.
    start().block_on(async {
        in_time("a command from another runtime", client.set(Keys::new().of("k"), 1)).await.unwrap();
    });
    drop(first);
    start().block_on(async {
        let error = refused(in_time("a command without a runtime", client.ping()).await);
        assert_eq!(error.kind(), &ErrorKind::Disconnected, "{error}");
        assert!(!error.may_have_run(), "{error}");
    });
}

#[tokio::test]
async fn commands_fail_at_once_after_reconnecting_is_given_up() {
    let server = valkey();
    for options in ["reconnect_attempts=0", "reconnect_attempts=2&reconnect_initial=1ms"] {
        let proxy = Proxy::to(server.port());
        let client = connect(&format!("{}?command_timeout=none&{options}", proxy.url())).await.unwrap();
        client.ping().await.unwrap();
        proxy.refuse();
        for _ in 0..3 {
            let error = refused(in_time("the refusal", client.incr(Keys::new().of("n"))).await);
            assert!(matches!(error.kind(), ErrorKind::Disconnected | ErrorKind::Io), "{error}");
            assert_eq!(error.command(), Some("INCR"), "{error}");
        }
    }
}
