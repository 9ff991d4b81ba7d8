//! The ways to write the closure of `watch`: what it captures, decides and returns, on the oldest and the newest servers.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use redis_om_client::{
    Client, Connection, Error, ErrorKind, Executor, Result, blocking,
    prelude::*,
    testing::{Kind, Server},
};
use redis_om_tests::{Keys, in_time, server};

const KINDS: [Kind; 3] = [Kind::Valkey, Kind::Redis8, Kind::Redis6];

/// An error of a user's own.
#[derive(Debug, PartialEq, Eq)]
enum SaleError {
    SoldOut { wanted: i64 },
    Redis(ErrorKind),
}

impl From<Error> for SaleError {
    fn from(error: Error) -> Self {
        Self::Redis(error.kind().clone())
    }
}

impl fmt::Display for SaleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for SaleError {}

/// A client of a server with one pooled connection, and a key that holds 10.
async fn stock(server: &Server) -> (Client, String) {
    let url = format!("{}?pool_size=1&pool_timeout=5s", server.url());
    let (client, key) = (Client::connect(&url).await.unwrap(), Keys::new().of("stock"));
    client.set(&key, 10).await.unwrap();
    (client, key)
}

/// Another client, which changes a watched key.
async fn other(server: &Server) -> Client {
    Client::connect(&server.url()).await.unwrap()
}

#[tokio::test]
async fn a_captured_owned_key_serves_each_attempt() {
    for kind in KINDS {
        let server = server(kind);
        let (client, key) = stock(&server).await;
        let (left,) = client
            .watch([&key], async |conn| -> Result<_> {
                let stock: i64 = conn.get(&key).await?;
                Ok(atomic().decr_by(&key, stock - 1))
            })
            .await
            .unwrap();
        assert_eq!(left, 1);
        // The closure owns the key.
        let (owned, rival, attempts) = (key.clone(), other(&server).await, Arc::new(AtomicUsize::new(0)));
        let (left,) = client
            .watch([&key], async move |conn| -> Result<_> {
                let stock: i64 = conn.get(&owned).await?;
                if attempts.fetch_add(1, Ordering::Relaxed) < 2 {
                    rival.incr(&owned).await?;
                }
                Ok(atomic().incr_by(owned, stock * 10))
            })
            .await
            .unwrap();
        assert_eq!(left, 33, "1, twice incremented, and ten times as much added");
        // A closure that returns a future, into which an owned key is moved.
        let owned = key.clone();
        let (left,) = client
            .watch([&key], |conn| async move {
                let stock: i64 = conn.get(&owned).await?;
                Ok::<_, Error>(atomic().decr_by(owned, stock))
            })
            .await
            .unwrap();
        assert_eq!(left, 0);
    }
}

#[tokio::test]
async fn nothing_this_time_and_a_value_beside_the_transaction() {
    for kind in KINDS {
        let server = server(kind);
        let (client, key) = stock(&server).await;
        let take = async |wanted: i64| -> Result<_> {
            client
                .watch([&key], async |conn| {
                    let stock: i64 = conn.get(&key).await?;
                    Ok(((stock >= wanted).then(|| atomic().decr_by(&key, wanted)), stock))
                })
                .await
        };
        assert_eq!(take(4).await.unwrap(), (Some((6,)), 10));
        assert_eq!(take(7).await.unwrap(), (None, 6), "the value comes out although nothing was written");
        assert_eq!(
            take(6).await.unwrap(),
            (Some((0,)), 6),
            "the connection is free again, and watches nothing"
        );
        let nothing = client.watch([&key], async |_| Ok::<_, Error>(None::<redis_om_client::Command<i64>>));
        assert_eq!(nothing.await.unwrap(), None);
        // An `Option` is a plan of `run`, too.
        assert_eq!(client.run(Some(atomic().incr(&key))).await.unwrap(), Some((1,)));
        assert_eq!(client.run(None::<redis_om_client::Command<i64>>).await.unwrap(), None);
    }
}

#[tokio::test]
async fn an_error_of_the_callers_own_comes_out_as_it_went_in() {
    let sell = async |client: &Client, key: &str, wanted: i64| -> Result<i64, SaleError> {
        let (_digits, before) = client
            .watch([key], async |conn| -> Result<_, SaleError> {
                let stock: i64 = conn.get(key).await?;
                if stock < wanted {
                    return Err(SaleError::SoldOut { wanted });
                }
                Ok((cmd().strlen(key), stock))
            })
            .await?;
        Ok(before)
    };
    for kind in KINDS {
        let server = server(kind);
        let (client, key) = stock(&server).await;
        assert_eq!(sell(&client, &key, 11).await, Err(SaleError::SoldOut { wanted: 11 }));
        assert_eq!(sell(&client, &key, 10).await, Ok(10));
        client.set(&key, "text").await.unwrap();
        assert_eq!(sell(&client, &key, 1).await, Err(SaleError::Redis(ErrorKind::Decode)));
        // The error of `watch` itself is made into the caller's.
        let none: [&str; 0] = [];
        let refused = client
            .watch(none, async |_| Err::<redis_om_client::Command<i64>, _>(SaleError::SoldOut { wanted: 1 }));
        assert_eq!(refused.await, Err(SaleError::Redis(ErrorKind::Argument)));
        // Any error type that is made from `Error` will do.
        let boxed: std::result::Result<(i64,), Box<dyn std::error::Error + Send + Sync>> =
            client.watch([&key], async |_| Err::<redis_om_client::Command<(i64,)>, _>("no".into())).await;
        assert_eq!(boxed.unwrap_err().to_string(), "no");
    }
}

#[tokio::test]
async fn it_runs_in_a_task_of_its_own() {
    let server = server(Kind::Valkey);
    let (client, key) = stock(&server).await;
    let names = [String::from("ann")];
    let (spawned, owned) = (client.clone(), key.clone());
    let task = tokio::spawn(async move {
        spawned
            .watch([&owned], async |conn| -> Result<_> {
                let stock: i64 = conn.get(&owned).await?;
                let name = names.first().map_or("", String::as_str);
                Ok((atomic().set(&owned, stock - 1), format!("{name} took one")))
            })
            .await
    });
    let (((),), text) = in_time("the task", task).await.unwrap().unwrap();
    assert_eq!((text.as_str(), client.get::<i64>(&key).await.unwrap()), ("ann took one", 9));
    // From a helper that lends its parameters, in a task.
    async fn take(client: &Client, key: &str, wanted: i64) -> Result<i64, SaleError> {
        let (left,) = client
            .watch([key], async |conn: Connection| {
                let stock: i64 = conn.get(key).await?;
                if stock < wanted {
                    return Err(SaleError::SoldOut { wanted });
                }
                Ok(atomic().decr_by(key, wanted))
            })
            .await?;
        Ok(left)
    }
    let task = tokio::spawn(async move { take(&client, &key, 20).await });
    assert_eq!(in_time("the task", task).await.unwrap(), Err(SaleError::SoldOut { wanted: 20 }));
}

#[test]
fn the_blocking_client_takes_the_same_closures() {
    for kind in KINDS {
        let server = server(kind);
        let client = blocking::Client::connect(&format!("{}?pool_size=1", server.url())).unwrap();
        let key = Keys::new().of("stock");
        client.set(&key, 10).unwrap();
        let take = |wanted: i64| {
            client.watch([&key], |conn| {
                let stock: i64 = conn.get(&key)?;
                if stock == 0 {
                    return Err(SaleError::SoldOut { wanted });
                }
                Ok(((stock >= wanted).then(|| atomic().decr_by(&key, wanted)), stock))
            })
        };
        assert_eq!(take(11), Ok((None, 10)));
        assert_eq!(take(10), Ok((Some((0,)), 10)));
        assert_eq!(take(1), Err(SaleError::SoldOut { wanted: 1 }));
        let owned = key.clone();
        let (n,) = client
            .watch([&key], move |conn| -> Result<_> {
                let stock: i64 = conn.get(&owned)?;
                Ok(atomic().incr_by(owned, stock + 1))
            })
            .unwrap();
        assert_eq!(n, 1);
    }
}

/// The error of a command on the lent connection, which is to be refused before it is sent.
async fn refused_inside<R>(
    client: &Client,
    key: &str,
    write: impl AsyncFn(&Connection, &str) -> Result<R>,
) -> Error {
    client
        .watch([key], async |conn| match write(&conn, key).await {
            Ok(_) => Ok(None::<redis_om_client::Command<i64>>),
            Err(error) => Err(error),
        })
        .await
        .unwrap_err()
}

#[tokio::test]
async fn a_write_to_a_watched_key_is_refused_with_the_remedy() {
    for kind in KINDS {
        let server = server(kind);
        let (client, key) = stock(&server).await;
        let is_told = |error: Error, name: &str| {
            assert_eq!((error.kind(), error.key()), (&ErrorKind::Argument, Some(&*key)), "{error}");
            assert_eq!(error.command(), Some(name), "{error}");
            assert!(
                !error.may_have_run() && error.to_string().contains("return the command in the transaction"),
                "{error}"
            );
        };
        is_told(refused_inside(&client, &key, async |conn, key| conn.incr(key).await).await, "INCR");
        is_told(
            refused_inside(&client, &key, async |conn, key| conn.hset(key, ("f", 1)).await).await,
            "HSET",
        );
        is_told(
            refused_inside(&client, &key, async |conn, key| {
                conn.expire(key, std::time::Duration::from_secs(9)).await
            })
            .await,
            "EXPIRE",
        );
        is_told(
            refused_inside(&client, &key, async |conn, key| {
                conn.execute(raw("incr").key(key).reply::<i64>()).await
            })
            .await,
            "INCR",
        );
        is_told(
            refused_inside(&client, &key, async |conn, key| conn.eval::<i64>("return 1", key, ()).await)
                .await,
            "EVAL",
        );
        if kind == Kind::Redis8 {
            is_told(
                refused_inside(&client, &key, async |conn, key| conn.json_set(key, "$", 1).await).await,
                "JSON.SET",
            );
        }
        assert_eq!(client.get::<i64>(&key).await.unwrap(), 10, "nothing was sent");
        // Other keys can be written, and watched keys can be read by every command that only reads.
        let (left,) = client
            .watch([&key], async |conn| -> Result<_> {
                conn.incr(format!("{key}:attempts")).await?;
                assert_eq!(conn.strlen(&key).await?, 2);
                let raw: i64 = conn.execute(redis_om_client::raw("GET").key(&key).readonly().reply()).await?;
                Ok(atomic().decr_by(&key, raw))
            })
            .await
            .unwrap();
        assert_eq!(left, 0);
    }
}

#[tokio::test]
async fn a_watch_that_gives_up_says_what_ran_and_what_did_not() {
    for kind in [Kind::Valkey, Kind::Redis6] {
        let server = server(kind);
        let (client, key) = stock(&server).await;
        let rival = other(&server).await;
        let log = format!("{key}:log");
        let outcome = client
            .watch([&key], async |conn| -> Result<_> {
                conn.incr(&log).await?;
                rival.incr(&key).await?;
                Ok(atomic().set(&key, 0))
            })
            .await;
        let error = outcome.unwrap_err();
        assert_eq!((error.kind(), error.key()), (&ErrorKind::Conflict, Some(&*key)), "{error}");
        let text = error.to_string();
        assert!(text.contains("the transaction did not run; what the closure itself wrote"), "{error}");
        assert!(text.contains("through a client"), "{error}");
        let ran: (i64, i64) = client.run(pipe().get(&log).get(&key)).await.unwrap();
        assert_eq!(ran, (64, 74));
    }
}

#[tokio::test]
async fn a_watch_that_gives_up_suggests_what_the_reason_may_be() {
    let server = server(Kind::Redis8);
    let (client, key) = stock(&server).await;
    let rival = other(&server).await;
    let outcome = client.watch([&key], async |_| {
        rival.incr(&key).await?;
        Ok(atomic().set(&key, 0))
    });
    let error: Error = outcome.await.unwrap_err();
    assert!(
        error.to_string().contains("the transaction did not run: if the closure itself changes"),
        "{error}"
    );
}
