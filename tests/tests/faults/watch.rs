//! Transactions with WATCH: they run again after a conflict, and the connection can always be used again.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use redis_om_client::{Client, Command, Decoder, Error, ErrorKind, Result, prelude::*};
use redis_om_tests::{Fault, Keys, Proxy, in_time, valkey};

use super::{connect, refused, through};

struct Watched {
    proxy: Proxy,
    /// Through the proxy, with one pooled connection: the next command misses a connection that was not returned.
    client: Client,
    other: Client,
    key: String,
    _server: Arc<redis_om_client::testing::Server>,
}

async fn watched() -> Watched {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "pool_size=1&pool_timeout=2s").await;
    let other = connect(&server.url()).await.unwrap();
    let key = Keys::new().of("stock");
    other.set(&key, 10).await.unwrap();
    Watched { proxy, client, other, key, _server: server }
}

impl Watched {
    /// Takes one piece without a conflict: it works only if the pooled connection was returned and watches no key.
    async fn take(&self) -> i64 {
        let key = &self.key;
        let taking = self.client.watch([key], async |conn| {
            let stock: i64 = conn.get(key).await?;
            Ok::<_, Error>(atomic().set(key, stock - 1).get::<i64>(key))
        });
        let ((), left) = in_time("taking a piece", taking).await.unwrap();
        left
    }
}

#[tokio::test]
async fn after_a_conflict_the_closure_runs_again() {
    let w = watched().await;
    let attempts = AtomicUsize::new(0);
    let taking = w.client.watch([&w.key], async |conn| -> Result<_> {
        let stock: i64 = conn.get(&w.key).await?;
        if attempts.fetch_add(1, Ordering::Relaxed) < 2 {
            w.other.incr(&w.key).await?;
        }
        Ok(atomic().set(&w.key, stock - 1).get::<i64>(&w.key))
    });
    let ((), left) = in_time("the transaction", taking).await.unwrap();
    assert_eq!((left, attempts.load(Ordering::Relaxed)), (11, 3));
    assert_eq!(w.take().await, 10);
    // One connection for commands, and one exclusive connection.
    assert_eq!(w.proxy.counts().accepted, 2);
}

#[tokio::test]
async fn concurrent_transactions_lose_no_update() {
    let server = valkey();
    let client = connect(&format!("{}?pool_size=4", server.url())).await.unwrap();
    let key = Keys::new().of("stock");
    client.set(&key, 0).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (client, key) = (client.clone(), key.clone());
        tasks.spawn(async move {
            let (mut done, mut given_up) = (0, 0);
            for _ in 0..25 {
                let adding = client.watch([&key], async |conn| -> Result<_> {
                    let stock: i64 = conn.get(&key).await?;
                    Ok(atomic().set(&key, stock + 1))
                });
                match adding.await {
                    Ok(_) => done += 1,
                    Err(error) if error.kind() == &ErrorKind::Conflict => given_up += 1,
                    Err(error) => panic!("{error}"),
                }
            }
            (done, given_up)
        });
    }
    let mut sum = 0;
    while let Some(task) = in_time("all of them", tasks.join_next()).await {
        sum += task.unwrap().0;
    }
    assert_eq!(client.get::<i64>(&key).await.unwrap(), sum);
    assert!(sum > 0);
}

#[tokio::test]
async fn an_error_of_the_caller_ends_the_watch_and_nothing_is_written() {
    let w = watched().await;
    let outcome = w.client.watch([&w.key], async |conn| {
        let _stock: i64 = conn.get(&w.key).await?;
        match w.key.is_empty() {
            true => Ok(atomic().incr(&w.key)),
            false => Err(Error::aborted("sold out")),
        }
    });
    let error = refused(in_time("the transaction", outcome).await);
    assert_eq!((error.kind(), error.to_string()), (&ErrorKind::Aborted, "sold out".into()));
    // If the key were still watched, this write would make the next EXEC fail.
    w.other.incr(&w.key).await.unwrap();
    assert_eq!(w.take().await, 10);
}

#[tokio::test]
async fn a_command_that_fails_inside_ends_the_watch() {
    let w = watched().await;
    w.other.set(&w.key, "text").await.unwrap();
    let outcome = w.client.watch([&w.key], async |conn| {
        let stock: i64 = conn.get(&w.key).await?;
        Ok(atomic().set(&w.key, stock))
    });
    let error = refused(in_time("the transaction", outcome).await);
    assert_eq!(error.kind(), &ErrorKind::Decode, "{error}");
    w.other.set(&w.key, 10).await.unwrap();
    assert_eq!(w.take().await, 9);
}

#[tokio::test]
async fn a_dropped_watch_leaves_no_key_watched() {
    let w = watched().await;
    for _ in 0..5 {
        let (reached, half_way) = tokio::sync::oneshot::channel();
        let reached = std::sync::Mutex::new(Some(reached));
        let never = w.client.watch([&w.key], async |conn| -> Result<_> {
            let stock: i64 = conn.get(&w.key).await?;
            reached.lock().unwrap().take().map(|reached| reached.send(()));
            std::future::pending::<()>().await;
            Ok(atomic().set(&w.key, stock))
        });
        tokio::select! {
            _ = never => panic!("it never ends"),
            outcome = half_way => outcome.unwrap(),
        }
        w.other.incr(&w.key).await.unwrap();
        assert_eq!(w.take().await, 10);
    }
}

#[tokio::test]
async fn a_connection_that_outlives_its_attempt_cannot_be_used() {
    let w = watched().await;
    let outcome = w.client.watch([&w.key], async |conn| -> Result<_> { Ok((atomic().incr(&w.key), conn)) });
    let ((n,), conn) = in_time("the transaction", outcome).await.unwrap();
    assert_eq!(n, 11);
    refused(in_time("the leaked handle", conn.get::<i64>(&w.key)).await);
    drop(conn);
    assert_eq!(w.take().await, 10);
}

#[tokio::test]
async fn a_lost_exec_is_an_error_and_is_not_repeated() {
    let w = watched().await;
    let sprung = w.proxy.trap("EXEC", Fault::LoseReply);
    let outcome = w.client.watch([&w.key], async |_| Ok(atomic().incr(&w.key)));
    let error = refused(in_time("the transaction", outcome).await);
    sprung.wait().await;
    assert!(error.may_have_run(), "{error}");
    assert_eq!(w.other.get::<i64>(&w.key).await.unwrap(), 11);
    assert_eq!(w.take().await, 10);
}

#[tokio::test]
async fn a_plan_that_watch_does_not_protect_is_refused() {
    let w = watched().await;
    let writes = w.client.watch([&w.key], async |_| Ok(pipe().set(&w.key, 1)));
    let error = refused(in_time("a pipeline", writes).await);
    assert!(error.to_string().contains("atomic()") && !error.may_have_run(), "{error}");
    assert_eq!(w.take().await, 9, "nothing was written, and the connection is back");
    // A command without parts gets no reply of another command.
    let other = Keys::new().of("text");
    w.client.set(&other, "text").await.unwrap();
    let reads = w.client.watch([&w.key], async |conn| -> Result<_> {
        let none = Command::<()>::together(Vec::<Command<i64>>::new(), Decoder::new(|_| Ok(())));
        let ((), stock, text) =
            tokio::try_join!(conn.execute(none), conn.get::<i64>(&w.key), conn.get::<String>(&other))?;
        assert_eq!((stock, text.as_str()), (9, "text"));
        Ok(pipe())
    });
    in_time("reads", reads).await.unwrap();
}
