//! Promise 1: no write happens twice, and none is lost without an error.

use std::time::Duration;

use redis_om_client::{Client, Error, Execution, prelude::*, raw};
use redis_om_tests::{Fault, Keys, Proxy, in_time, valkey};

use super::{connect, refused, through};

struct Lossy {
    proxy: Proxy,
    /// Through the proxy.
    client: Client,
    /// Directly to the server.
    direct: Client,
    keys: Keys,
    _server: std::sync::Arc<redis_om_client::testing::Server>,
}

async fn lossy(options: &str) -> Lossy {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, options).await;
    let direct = connect(&server.url()).await.unwrap();
    Lossy { proxy, client, direct, keys: Keys::new(), _server: server }
}

fn may_have_run(error: &Error) {
    assert!(error.may_have_run(), "{error}");
    assert_eq!(error.execution(), Execution::MaybeExecuted);
    assert!(!error.is_retryable(), "{error}");
    assert!(error.to_string().contains("may have run"), "{error}");
}

#[tokio::test]
async fn a_write_whose_reply_is_lost_is_an_error_and_is_not_repeated() {
    let l = lossy("").await;
    for done in 1..=20 {
        let fault = if done % 2 == 0 { Fault::LoseReply } else { Fault::Truncate(1) };
        let sprung = l.proxy.trap("INCR", fault);
        let error = refused(in_time("the write", l.client.incr(l.keys.of("n"))).await);
        sprung.wait().await;
        may_have_run(&error);
        assert_eq!(error.command(), Some("INCR"));
        assert_eq!(l.direct.get::<i64>(l.keys.of("n")).await.unwrap(), done);
    }
}

#[tokio::test]
async fn a_read_whose_reply_is_lost_is_repeated() {
    let l = lossy("").await;
    l.direct.set(l.keys.of("k"), "value").await.unwrap();
    for _ in 0..10 {
        let sprung = l.proxy.trap("GET", Fault::LoseReply);
        assert_eq!(in_time("the read", l.client.get::<String>(l.keys.of("k"))).await.unwrap(), "value");
        sprung.wait().await;
    }
}

/// The sentence is a warning against repeating a write. A read can always be repeated.
#[tokio::test]
async fn only_a_write_that_timed_out_is_said_to_may_have_run() {
    let l = lossy("command_timeout=100ms&retry_attempts=1").await;
    let [k, n] = l.keys.each(["k", "n"]);
    let blocking_url = format!("{}?command_timeout=100ms&retry_attempts=1", l.proxy.url());
    let blocking =
        tokio::task::spawn_blocking(move || redis_om_client::blocking::Client::connect(&blocking_url));
    let blocking = in_time("connecting", blocking).await.unwrap().unwrap();
    l.proxy.stall();
    let reads = [
        refused(in_time("a read", l.client.get::<Option<i64>>(&k)).await),
        refused(in_time("a hash", l.client.hgetall::<Vec<(String, String)>>(&k)).await),
        refused(in_time("a document", l.client.json_get::<Option<String>>(&k, ())).await),
        refused(in_time("a script", l.client.eval_ro::<i64>("return 1", &k, ())).await),
        refused(in_time("reads", l.client.run(pipe().get::<i64>(&k).exists(&k))).await),
        refused(in_time("a transaction", l.client.run(atomic().get::<i64>(&k).exists(&k))).await),
    ];
    for error in reads {
        let text = error.to_string();
        assert!(text.contains("timed out") && !text.contains("may have run"), "{error}");
    }
    may_have_run(&refused(in_time("a write", l.client.incr(&n)).await));
    let mixed = refused(in_time("both", l.client.run(atomic().get::<i64>(&k).incr(&n))).await);
    may_have_run(&mixed);
    let write = refused(in_time("writes behind a read", l.client.run(pipe().incr(&n).get::<i64>(&k))).await);
    may_have_run(&write);
    let both = tokio::task::spawn_blocking(move || {
        let texts = (refused(blocking.get::<i64>(&k)).to_string(), refused(blocking.incr(&n)).to_string());
        drop(blocking);
        texts
    });
    let (read, write) = in_time("the blocking client", both).await.unwrap();
    assert!(read.contains("timed out") && !read.contains("may have run"), "{read}");
    assert!(write.contains("may have run"), "{write}");
}

/// A repeated write would undo a confirmed write that another client made meanwhile.
#[tokio::test]
async fn a_write_that_overwrites_is_not_repeated_unasked() {
    let l = lossy("").await;
    let key = l.keys.of("k");
    let sprung = l.proxy.trap("SET", Fault::LoseReply);
    let error = refused(in_time("the write", l.client.set(&key, "mine")).await);
    sprung.wait().await;
    may_have_run(&error);
    assert_eq!(l.direct.get::<String>(&key).await.unwrap(), "mine");
    l.direct.set(&key, "another's").await.unwrap();
    assert_eq!(in_time("reading", l.client.get::<String>(&key)).await.unwrap(), "another's");
    // A caller that knows that no other client writes the key declares the command idempotent.
    let sprung = l.proxy.trap("SET", Fault::LoseReply);
    in_time("the write", l.client.run(cmd().set(&key, "again").idempotent())).await.unwrap();
    sprung.wait().await;
    assert_eq!(l.direct.get::<String>(&key).await.unwrap(), "again");
}

#[tokio::test]
async fn a_command_marked_idempotent_is_repeated() {
    let l = lossy("").await;
    let sprung = l.proxy.trap("SETRANGE", Fault::LoseReply);
    let command = raw("SETRANGE").key(l.keys.of("k")).arg(0).arg("same").idempotent().reply::<u64>();
    assert_eq!(in_time("the write", l.client.run(command)).await.unwrap(), 4);
    sprung.wait().await;
}

#[tokio::test]
async fn a_pipeline_with_a_write_is_not_repeated() {
    let l = lossy("").await;
    let [a, b] = l.keys.each(["a", "b"]);
    let sprung = l.proxy.trap("INCR", Fault::LoseReply);
    let error = refused(in_time("the pipeline", l.client.run(pipe().incr(&a).get::<i64>(&a).incr(&b))).await);
    sprung.wait().await;
    may_have_run(&error);
    // Some replies arrived. It is unknown whether the other commands ran, and none runs twice.
    let sprung = l.proxy.trap("INCR", Fault::Truncate(6));
    may_have_run(&refused(in_time("the pipeline", l.client.run(pipe().incr(&a).incr(&b))).await));
    sprung.wait().await;
    assert_eq!(l.direct.run(pipe().get::<i64>(&a).get::<i64>(&b)).await.unwrap(), (2, 2));
    // A pipeline that only reads is repeated.
    let sprung = l.proxy.trap("GET", Fault::LoseReply);
    let reads = pipe().get::<i64>(&a).get::<i64>(&b);
    assert_eq!(in_time("the reads", l.client.run(reads)).await.unwrap(), (2, 2));
    sprung.wait().await;
}

#[tokio::test]
async fn a_transaction_is_not_repeated() {
    let l = lossy("").await;
    let [a, b] = l.keys.each(["a", "b"]);
    for done in 1..=5 {
        let sprung = l.proxy.trap("EXEC", Fault::LoseReply);
        may_have_run(&refused(in_time("the transaction", l.client.run(atomic().incr(&a).incr(&b))).await));
        sprung.wait().await;
        assert_eq!(l.direct.run(pipe().get::<i64>(&a).get::<i64>(&b)).await.unwrap(), (done, done));
    }
}

#[tokio::test]
async fn the_error_of_an_unsent_write_says_that_it_did_not_run() {
    let l = lossy("command_timeout=300ms").await;
    l.proxy.refuse();
    // The client has found the loss: from now on nothing can be sent.
    in_time("noticing", async { while l.client.get::<Option<i64>>(l.keys.of("n")).await.is_ok() {} }).await;
    let error = refused(in_time("the write", l.client.incr(l.keys.of("n"))).await);
    assert_eq!(error.execution(), Execution::NotSent, "{error}");
    assert!(error.is_retryable(), "{error}");
    assert_eq!(error.command(), Some("INCR"));
    l.proxy.accept();
    // A command that has failed is not sent later, when the server is reachable again.
    let counted = in_time("the server to be reachable", async {
        loop {
            if let Ok(n) = l.client.incr(l.keys.of("n")).await {
                return n;
            }
        }
    });
    assert_eq!(counted.await, 1);
}

/// Many writers, and a connection that is lost repeatedly. Each write is confirmed (then it was done once), or its
/// error says that it may have run, or that it was not sent (then it was not done).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_write_runs_twice_over_many_losses() {
    let l = lossy("").await;
    let key = l.keys.of("balance");
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (client, key) = (l.client.clone(), key.clone());
        writers.spawn(async move {
            let (mut confirmed, mut unknown) = (0, 0);
            for _ in 0..200 {
                match client.incr(&key).await {
                    Ok(_) => confirmed += 1,
                    Err(error) if error.may_have_run() => unknown += 1,
                    Err(error) => assert_eq!(error.execution(), Execution::NotSent, "{error}"),
                }
            }
            (confirmed, unknown)
        });
    }
    let mut cuts = 0;
    let (mut confirmed, mut unknown) = (0, 0);
    let all = async {
        while !writers.is_empty() {
            tokio::select! {
                Some(done) = writers.join_next() => {
                    let (some, others) = done.unwrap();
                    confirmed += some;
                    unknown += others;
                }
                // This pause only makes the losses come at random moments.
                () = tokio::time::sleep(Duration::from_millis(7)) => {
                    cuts += 1;
                    if cuts % 2 == 0 { l.proxy.cut() } else { l.proxy.reset() }
                }
            }
        }
    };
    in_time("all writers", all).await;
    let counted = l.direct.get::<Option<i64>>(&key).await.unwrap().unwrap_or(0);
    assert!(confirmed <= counted && counted <= confirmed + unknown, "{confirmed} {counted} {unknown}");
    assert!(confirmed > 0);
}
