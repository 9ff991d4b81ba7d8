//! What the server or a limit refuses: the errors are typed, and the connection stays usable.

use std::time::Duration;

use redis_om_client::{
    Client, ErrorKind, Result, ServerErrorCode, blocking,
    prelude::*,
    raw,
    testing::{Kind, Server},
};
use redis_om_tests::{Keys, in_time, valkey};

use super::{QUICK, connect, refused};

#[tokio::test]
async fn a_reply_beyond_the_limit() {
    let server = valkey();
    let keys = Keys::new();
    let roomy = connect(&server.url()).await.unwrap();
    roomy.set(keys.of("large"), "x".repeat(2 << 20)).await.unwrap();
    roomy.rpush(keys.of("many"), (0..200_000).collect::<Vec<_>>()).await.unwrap();
    roomy.set(keys.of("small"), "x").await.unwrap();
    let client = connect(&format!("{}?{QUICK}&max_bulk=1MiB&max_reply=1MiB", server.url())).await.unwrap();
    for _ in 0..3 {
        let error = refused(in_time("the large value", client.get::<String>(keys.of("large"))).await);
        assert_eq!(error.kind(), &ErrorKind::Protocol, "{error}");
        assert!(error.to_string().contains("1048576"), "the limit is not named: {error}");
        assert_eq!(error.command(), Some("GET"));
        assert_eq!(in_time("the small one", client.get::<String>(keys.of("small"))).await.unwrap(), "x");
        let error = refused(in_time("many values", client.lrange::<Vec<i64>>(keys.of("many"), 0, -1)).await);
        assert_eq!(error.kind(), &ErrorKind::Protocol, "{error}");
        assert_eq!(in_time("the small one", client.get::<String>(keys.of("small"))).await.unwrap(), "x");
    }
}

#[tokio::test]
async fn a_server_that_is_full_of_clients() {
    let server = Server::builder().args(["--maxclients", "2"]).start().unwrap();
    let one = connect(&server.url()).await.unwrap();
    let two = connect(&server.url()).await.unwrap();
    for protocol in [2, 3] {
        let error = refused(connect(&format!("{}?protocol={protocol}", server.url())).await);
        assert!(error.to_string().contains("max number of clients"), "{error}");
    }
    one.ping().await.unwrap();
    drop(one);
    drop(two);
    in_time("a place to come free", async { while connect(&server.url()).await.is_err() {} }).await;
}

#[tokio::test]
async fn a_server_that_is_out_of_memory() {
    let server = Server::builder().args(["--maxmemory", "1mb"]).start().unwrap();
    let client = connect(&server.url()).await.unwrap();
    let error = refused(client.set("k", "x".repeat(1 << 20)).await.and(client.set("k2", 1).await));
    assert_eq!(error.code(), Some(&ServerErrorCode::OutOfMemory), "{error}");
    assert!(error.to_string().contains("maxmemory"), "the remedy is missing: {error}");
    assert!(!error.may_have_run());
    client.ping().await.unwrap();
}

#[tokio::test]
async fn a_replica_takes_no_writes() {
    let primary = Server::start().unwrap();
    let port = primary.port().to_string();
    let replica = Server::builder().args(["--replicaof", "127.0.0.1", &port]).start().unwrap();
    let client = connect(&replica.url()).await.unwrap();
    let error = refused(client.set("k", 1).await);
    assert_eq!(error.code(), Some(&ServerErrorCode::ReadOnly), "{error}");
    assert!(error.to_string().contains("primary"), "the remedy is missing: {error}");
    client.run(raw("CONFIG SET").arg("replica-serve-stale-data").arg("no").reply::<()>()).await.unwrap();
    drop(primary);
    let error = in_time("the replica to miss its primary", async {
        loop {
            if let Err(error) = client.get::<Option<i64>>("k").await {
                return error;
            }
        }
    })
    .await;
    assert_eq!(error.code(), Some(&ServerErrorCode::MasterDown), "{error}");
    // The command is tried as often as the policy says. A caller that decodes a `Result` gets the refusal as a value.
    for attempts in [1, 3] {
        let options = format!("{QUICK}&retry_refusals={}&retry_initial=1ms", attempts - 1);
        let client = connect(&format!("{}?{options}", replica.url())).await.unwrap();
        let before = refusals_of_get(&client).await;
        let (outcome,) = client.run(pipe().get::<Option<i64>>("k").checked()).await.unwrap();
        assert_eq!(refused(outcome).code(), Some(&ServerErrorCode::MasterDown));
        assert_eq!(refusals_of_get(&client).await - before, attempts);
        let outcome = client.get::<Result<i64>>("k").await.unwrap();
        assert_eq!(refused(outcome).code(), Some(&ServerErrorCode::MasterDown));
        assert_eq!(refusals_of_get(&client).await - before, 2 * attempts);
        let url = format!("{}?{options}", replica.url());
        let outcome = tokio::task::spawn_blocking(move || {
            blocking::Client::connect(&url).and_then(|client| client.get::<Result<i64>>("k"))
        });
        assert_eq!(refused(outcome.await.unwrap().unwrap()).code(), Some(&ServerErrorCode::MasterDown));
        assert_eq!(refusals_of_get(&client).await - before, 3 * attempts);
    }
}

/// How often this server has refused a `GET`.
async fn refusals_of_get(client: &Client) -> u64 {
    let info = client.run(raw("INFO").arg("commandstats").readonly().reply::<String>()).await.unwrap();
    let line = info.lines().find(|line| line.starts_with("cmdstat_get:")).unwrap_or_default();
    let count = line.split(',').find_map(|pair| pair.strip_prefix("rejected_calls="));
    count.map_or(0, |count| count.parse().unwrap())
}

#[tokio::test]
async fn a_user_without_the_right_to_a_command() {
    let server = Server::builder().user("ann on >hers ~own:* +get +ping +hello +client").start().unwrap();
    let client = connect(&server.url_for("ann", "hers")).await.unwrap();
    for error in [refused(client.set("own:k", 1).await), refused(client.get::<Option<i64>>("other").await)] {
        assert_eq!(error.code(), Some(&ServerErrorCode::NoPerm), "{error}");
    }
    assert_eq!(client.get::<Option<i64>>("own:k").await.unwrap(), None);
    // Without the right to `MULTI`, the server runs the commands one by one, and the error says so.
    let error = refused(client.run(atomic().get::<Option<i64>>("own:k")).await);
    assert_eq!((error.code(), error.may_have_run()), (Some(&ServerErrorCode::NoPerm), true), "{error}");
    assert!(error.to_string().contains("MULTI"), "{error}");
    client.ping().await.unwrap();
}

#[tokio::test]
async fn a_server_without_exec_leaves_no_connection_inside_a_transaction() {
    let server = Server::builder().kind(Kind::Redis6).config("rename-command EXEC \"\"").start().unwrap();
    let client = connect(&format!("{}?{QUICK}&pool_size=1", server.url())).await.unwrap();
    client.set("k", 7).await.unwrap();
    for _ in 0..2 {
        let error = refused(client.run(atomic().incr("k")).await);
        assert!(error.to_string().contains("EXEC"), "{error}");
        assert_eq!(in_time("a read", client.get::<i64>("k")).await.unwrap(), 7);
        let error = refused(client.watch(["k"], |_| async { Ok(atomic().incr("k")) }).await);
        assert!(error.to_string().contains("EXEC"), "{error}");
        // The only place in the pool is free again, and its connection is not inside a transaction.
        let taken =
            client.watch(["k"], |conn| async move { Ok(pipe().set("read", conn.get::<i64>("k").await?)) });
        in_time("a watch", taken).await.unwrap();
    }
    assert_eq!(client.get::<i64>("read").await.unwrap(), 7);
}

#[tokio::test]
async fn a_busy_script_refuses_other_commands_until_it_is_killed() {
    let server = Server::builder().args(["--busy-reply-threshold", "10"]).start().unwrap();
    let busy = connect(&server.url()).await.unwrap();
    let other = connect(&server.url()).await.unwrap();
    let running = tokio::spawn(async move { (busy.eval::<i64>("while true do end", (), ()).await, busy) });
    let error = in_time("the server to be busy", async {
        loop {
            if let Err(error) = other.get::<Option<i64>>("k").await {
                return error;
            }
        }
    })
    .await;
    assert_eq!(error.code(), Some(&ServerErrorCode::Busy), "{error}");
    assert!(error.is_retryable(), "{error}");
    other.script_kill().await.unwrap();
    let (killed, busy) = in_time("the script to end", running).await.unwrap();
    assert_eq!(refused(killed).command(), Some("EVAL"));
    assert_eq!(busy.get::<Option<i64>>("k").await.unwrap(), None);
}

#[tokio::test]
async fn commands_that_change_a_shared_connection_are_refused() {
    let server = valkey();
    let client = connect(&server.url()).await.unwrap();
    for name in ["SUBSCRIBE", "MONITOR", "SELECT", "MULTI", "WATCH", "AUTH", "HELLO", "QUIT", "CLIENT REPLY"]
    {
        let words = || raw(name).arg("1").reply::<redis_om_client::Value>();
        for error in [
            refused(client.run(words()).await),
            refused(client.run(pipe().many([words()])).await),
            refused(client.run(atomic().many([words()])).await),
        ] {
            assert_eq!(error.kind(), &ErrorKind::Argument, "{error}");
            assert!(!error.may_have_run(), "{error}");
        }
    }
    client.ping().await.unwrap();
}

#[tokio::test]
async fn a_transaction_with_a_command_that_fails() {
    let server = valkey();
    let client = connect(&server.url()).await.unwrap();
    let keys = Keys::new();
    let [text, n] = keys.each(["text", "n"]);
    client.set(&text, "text").await.unwrap();
    // A command that is refused when it is queued: none of the commands runs.
    let unknown = raw("NO.SUCH").key(&text).reply::<()>();
    let error = refused(client.run(atomic().incr(&n).many([unknown])).await);
    assert_eq!(error.command(), Some("NO.SUCH"), "{error}");
    assert_eq!(client.get::<Option<i64>>(&n).await.unwrap(), None);
    // A command that fails when it runs: the others have run, and the error names the failed one.
    let error = refused(client.run(atomic().incr(&n).incr(&text).incr(&n)).await);
    assert_eq!((error.command(), error.key()), (Some("INCR"), Some(&*text)), "{error}");
    assert_eq!(client.get::<i64>(&n).await.unwrap(), 2);
    let (checked, after) = client.run(atomic().incr(&text).checked().incr(&n)).await.unwrap();
    assert_eq!((checked.unwrap_err().key(), after), (Some(&*text), 3));
}

#[tokio::test]
async fn a_late_reply_does_not_go_to_the_next_command() {
    let server = Server::builder().args(["--enable-debug-command", "yes"]).start().unwrap();
    let client = connect(&format!("{}?command_timeout=50ms", server.url())).await.unwrap();
    // The server is busy for longer than the time limit of the command. Its reply arrives while later commands wait.
    for n in 0..5 {
        let slow = client.run(raw("DEBUG SLEEP").arg(0.2).reply::<String>());
        let error = refused(in_time("the deadline", slow).await);
        assert!(matches!(error.kind(), ErrorKind::Timeout(_)) && error.may_have_run(), "{error}");
        let next = in_time("the next command", async {
            loop {
                match client.echo::<String>(n.to_string()).await {
                    Ok(echoed) => return echoed,
                    Err(error) => assert!(matches!(error.kind(), ErrorKind::Timeout(_)), "{error}"),
                }
            }
        });
        assert_eq!(next.await, n.to_string());
    }
    tokio::time::timeout(Duration::from_secs(5), client.ping()).await.unwrap().unwrap();
}
