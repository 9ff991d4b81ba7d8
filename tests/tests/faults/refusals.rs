//! What the server or a limit refuses: the errors are typed, and the connection stays usable.

use std::{
    future::{Future, poll_fn},
    sync::atomic::{AtomicUsize, Ordering},
    task::Poll,
    time::Duration,
};

use redis_om_client::{
    Client, ErrorKind, Result, ServerErrorCode, TimeoutKind, blocking,
    prelude::*,
    raw,
    testing::{Kind, Server},
};
use redis_om_tests::{Fault, Keys, Proxy, in_time, valkey};

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

/// The server would only queue each further command, so its connection is closed, and the commands behind the transaction
/// fail.
#[tokio::test]
async fn a_server_without_exec_leaves_no_connection_inside_a_transaction() {
    let server = Server::builder().kind(Kind::Redis6).config("rename-command EXEC \"\"").start().unwrap();
    let client = connect(&format!("{}?{QUICK}&pool_size=1", server.url())).await.unwrap();
    client.set("k", 7).await.unwrap();
    for dropped in [false, true] {
        let mut transaction = Box::pin(client.run(atomic().incr("k")));
        let (beside, written) = if dropped {
            assert!(poll_fn(|cx| Poll::Ready(transaction.as_mut().poll(cx).is_pending())).await);
            drop(transaction);
            tokio::join!(client.get::<i64>("k"), client.set("lost", 1))
        } else {
            let (outcome, beside, written) =
                tokio::join!(transaction, client.get::<i64>("k"), client.set("lost", 1));
            assert!(refused(outcome).to_string().contains("EXEC"));
            (beside, written)
        };
        assert_eq!(beside.unwrap(), 7, "a read is sent again");
        // A write either fails, or is made.
        let is_written: Option<i64> = in_time("a read", client.get("lost")).await.unwrap();
        assert_eq!(written.is_ok(), is_written.is_some(), "{written:?}");
        client.del("lost").await.unwrap();
        let error = refused(client.watch(["k"], async |_| Ok(atomic().incr("k"))).await);
        assert!(error.to_string().contains("EXEC"), "{error}");
        // The only place in the pool is free again, and its connection is not inside a transaction.
        let taken = client.watch(["k"], async |_| -> Result<_> { Ok(pipe().get::<i64>("k")) });
        assert_eq!(in_time("a watch", taken).await.unwrap(), (7,));
    }
    // Also if the server refuses the first attempt.
    let proxy = Proxy::to(server.port());
    let client = connect(&format!("{}?{QUICK}&retry_initial=1ms", proxy.url())).await.unwrap();
    let loading =
        "+OK\r\n-LOADING Redis is loading the dataset in memory\r\n-EXECABORT Transaction discarded.\r\n";
    let sprung = proxy.trap("MULTI", Fault::Replace(loading.into()));
    let error = refused(in_time("a transaction", client.run(atomic().incr("k"))).await);
    sprung.wait().await;
    assert!(error.to_string().contains("EXEC"), "{error}");
    assert_eq!(in_time("a read", client.get::<i64>("k")).await.unwrap(), 7);
}

#[tokio::test]
async fn a_refused_multi_leaves_no_watch_behind() {
    let server = Server::builder().user("ann on >hers ~* +@all -multi").start().unwrap();
    let client = connect(&format!("{}?pool_size=1", server.url_for("ann", "hers"))).await.unwrap();
    let admin = connect(&server.url()).await.unwrap();
    let error = refused(client.watch(["watched"], async |_| Ok(atomic().incr("n"))).await);
    assert_eq!((error.code(), error.may_have_run()), (Some(&ServerErrorCode::NoPerm), true), "{error}");
    admin.run(raw("ACL SETUSER").arg("ann").arg("+multi").reply::<()>()).await.unwrap();
    admin.set("watched", 1).await.unwrap();
    let attempts = AtomicUsize::new(0);
    let again = client.watch(["other"], async |_| -> Result<_> {
        attempts.fetch_add(1, Ordering::Relaxed);
        Ok(atomic().incr("n"))
    });
    assert_eq!((in_time("a watch", again).await.unwrap(), attempts.load(Ordering::Relaxed)), ((2,), 1));
}

/// A connection of its own takes time to make. That time counts.
#[tokio::test]
async fn connecting_counts_for_the_deadline_of_a_command() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client =
        connect(&format!("{}?{QUICK}&command_timeout=100ms&connect_timeout=1h", proxy.url())).await.unwrap();
    proxy.stall();
    let killed = in_time("SCRIPT KILL", client.script_kill()).await;
    let watched = in_time("WATCH", client.watch(["k"], async |_| Ok(atomic().incr("k")))).await;
    for error in [refused(killed), refused(watched.map(drop))] {
        assert_eq!(error.kind(), &ErrorKind::Timeout(TimeoutKind::Command), "{error}");
        assert!(!error.may_have_run(), "{error}");
    }
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
