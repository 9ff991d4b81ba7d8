//! The shortest and the longest times on real servers. Each server has its own rules for them.

use std::time::{Duration, SystemTime};

use redis_om_client::{
    Client, ErrorKind, Result, TimeoutKind,
    commands::{ListEnd, MigrateOptions, PauseMode, SetOptions, Ttl, ZEnd},
    prelude::*,
    testing::{Kind, Server},
};
use redis_om_tests::{Keys, On, in_time, matrix};

matrix!(valkey on Valkey: shortest, shortest_newer, longest, longest_newer, lifetimes);
matrix!(redis8 on Redis8: shortest, shortest_newer, longest, longest_newer, lifetimes);
matrix!(oldest on Redis6: shortest, longest, lifetimes);

/// None of these may become zero, which means no limit. Redis 6.2 never answers `BLPOP k 0.001`.
const SHORT: [Duration; 3] =
    [Duration::from_nanos(1), Duration::from_millis(1), Duration::from_micros(1_500)];

/// The longest lifetime, in milliseconds.
const LONGEST: u64 = 9_000_000_000_000_000_000;

async fn shortest(on: &On, keys: &Keys) -> Result<()> {
    let [a, b] = keys.each(["a", "b"]);
    for wait in SHORT {
        assert_eq!(on.blpop::<i64>(&a, wait).await?, None);
        assert_eq!(on.brpop::<i64>(&a, wait).await?, None);
        assert_eq!(on.blmove::<Option<i64>>(&a, &b, ListEnd::Left, ListEnd::Left, wait).await?, None);
        assert_eq!(on.brpoplpush::<Option<i64>>(&a, &b, wait).await?, None);
        assert_eq!(on.bzpopmin::<i64>(&a, wait).await?, None);
        assert_eq!(on.bzpopmax::<i64>(&a, wait).await?, None);
    }
    // There is no replica, so the wait ends with its timeout.
    let (_, replicas) = on.run(pipe().set(&a, 1).wait(1, Duration::from_nanos(1))).await?;
    assert_eq!(replicas, 0);
    Ok(())
}

async fn shortest_newer(on: &On, keys: &Keys) -> Result<()> {
    let a = keys.of("a");
    for wait in SHORT {
        assert_eq!(on.blmpop::<i64>(&a, ListEnd::Left, 1, wait).await?, None);
        assert_eq!(on.bzmpop::<i64>(&a, ZEnd::Min, 1, wait).await?, None);
    }
    let (_, copies) = on.run(pipe().set(&a, 1).waitaof(false, 1, Duration::from_nanos(1))).await?;
    assert_eq!(copies, (0, 0));
    Ok(())
}

async fn longest(on: &On, keys: &Keys) -> Result<()> {
    let [a, b, z] = keys.each(["a", "b", "z"]);
    on.rpush(&a, [1, 2, 3, 4, 5, 6]).await?;
    on.zadd(&z, [(1, 1), (2, 2)]).await?;
    let wait = Duration::MAX;
    assert_eq!(on.blpop::<i64>(&a, wait).await?, Some((a.as_str().into(), 1)));
    assert_eq!(on.brpop::<i64>(&a, wait).await?, Some((a.as_str().into(), 6)));
    assert_eq!(on.blmove::<i64>(&a, &b, ListEnd::Left, ListEnd::Left, wait).await?, 2);
    assert_eq!(on.brpoplpush::<i64>(&a, &b, wait).await?, 5);
    assert_eq!(on.bzpopmin::<i64>(&z, wait).await?, Some((z.as_str().into(), 1, 1.0)));
    assert_eq!(on.bzpopmax::<i64>(&z, wait).await?, Some((z.as_str().into(), 2, 2.0)));
    let (one, other) = on.run(pipe().blpop::<i64>(&a, wait).blpop::<i64>(&a, wait)).await?;
    assert_eq!((one.map(|(_, n)| n), other.map(|(_, n)| n)), (Some(3), Some(4)));
    assert_eq!(on.run(pipe().set(&a, 1).wait(0, wait)).await?, ((), 0));
    Ok(())
}

async fn longest_newer(on: &On, keys: &Keys) -> Result<()> {
    let [a, z] = keys.each(["a", "z"]);
    on.rpush(&a, 1).await?;
    on.zadd(&z, (1, 1)).await?;
    let wait = Duration::MAX;
    assert_eq!(on.blmpop::<i64>(&a, ListEnd::Left, 1, wait).await?, Some((a.as_str().into(), vec![1])));
    assert_eq!(on.bzmpop(&z, ZEnd::Min, 1, wait).await?, Some((z.as_str().into(), vec![(1, 1.0)])));
    Ok(())
}

/// A time that the client refuses is refused before anything is sent; the server accepts every other time.
async fn lifetimes(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    let longest = Duration::from_millis(LONGEST);
    on.set(&k, 1).await?;
    for lifetime in [longest + Duration::from_nanos(1), Duration::MAX, Duration::ZERO] {
        assert!(on.expire(&k, lifetime).await.is_err());
        assert!(on.pexpire(&k, lifetime).await.is_err());
        assert!(on.set_with(&k, 2, SetOptions::new().ex(lifetime)).await.is_err());
        assert!(on.setex(&k, lifetime, 2).await.is_err());
    }
    assert!(on.expireat(&k, SystemTime::UNIX_EPOCH).await.is_err());
    assert_eq!((on.get::<i64>(&k).await?, on.ttl(&k).await?), (1, Ttl::Persistent));
    assert!(on.expire(&k, longest).await? && on.pexpire(&k, longest).await?);
    assert!(on.set_with(&k, 2, SetOptions::new().ex(longest)).await?);
    on.setex(&k, longest, 3).await?;
    assert!(on.expireat(&k, SystemTime::UNIX_EPOCH + longest).await?);
    assert_eq!(on.get::<i64>(&k).await?, 3);
    // The shortest lifetime is a millisecond, not a deletion: only then the key can expire.
    assert!(on.pexpire(&k, Duration::from_nanos(1)).await?);
    Ok(())
}

#[tokio::test]
async fn an_element_comes_while_the_longest_timeout_runs() {
    for kind in [Kind::Valkey, Kind::Redis8, Kind::Redis6] {
        let server = Server::builder().kind(kind).start().unwrap();
        let client = Client::connect(&server.url()).await.unwrap();
        let popping = client.blpop::<i64>("queue", Duration::MAX);
        let pushing = async {
            loop {
                let clients = client.client_list().await?;
                if clients.iter().any(|client| client.flags.contains('b')) {
                    return client.rpush("queue", 7).await;
                }
            }
        };
        let (popped, pushed) = in_time("the element", async { tokio::join!(popping, pushing) }).await;
        assert_eq!((popped.unwrap(), pushed.unwrap()), (Some(("queue".into(), 7)), 1));
    }
}

#[tokio::test]
async fn pauses_and_migrations_of_any_length() {
    for kind in [Kind::Valkey, Kind::Redis8, Kind::Redis6] {
        let [from, to] = [(); 2].map(|()| Server::builder().kind(kind).start().unwrap());
        let client = Client::connect(&from.url()).await.unwrap();
        client.client_pause(Duration::MAX, PauseMode::Write).await.unwrap();
        client.client_unpause().await.unwrap();
        client.set("k", 1).await.unwrap();
        let migrating = |timeout| client.migrate("127.0.0.1", to.port(), "k", timeout, MigrateOptions::new());
        assert!(migrating(Duration::ZERO).await.is_err());
        assert!(in_time("the migration", migrating(Duration::MAX)).await.unwrap());
        assert_eq!(client.exists("k").await.unwrap(), 0);
        assert_eq!(Client::connect(&to.url()).await.unwrap().get::<i64>("k").await.unwrap(), 1);
    }
}

/// The pool has 16 connections by default.
#[tokio::test]
async fn the_seventeenth_command_that_blocks_names_the_setting() {
    for kind in [Kind::Valkey, Kind::Redis8, Kind::Redis6] {
        // It has a server of its own, because it counts blocked clients.
        let (server, key) = (Server::builder().kind(kind).start().unwrap(), Keys::new().of("q"));
        let client = Client::connect(&format!("{}?pool_timeout=50ms", server.url())).await.unwrap();
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let (client, key) = (client.clone(), key.clone());
            waiting.spawn(async move { client.blpop::<i64>(key, Duration::ZERO).await });
        }
        let blocked = async {
            while !client
                .run(raw("INFO").arg("clients").readonly().reply::<String>())
                .await?
                .contains(&blocked_of(16))
            {}
            Ok::<_, redis_om_client::Error>(())
        };
        in_time("16 blocked commands", blocked).await.unwrap();
        let error = in_time("the 17th", client.brpop::<i64>(&key, Duration::ZERO)).await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Timeout(TimeoutKind::Pool), "{error}");
        assert_eq!((error.command(), error.key()), (Some("BRPOP"), Some(&*key)), "{error}");
        let text = error.to_string();
        assert!(text.contains("there are 16 (pool_size)") && text.contains("?pool_size=32"), "{error}");
        client.rpush(&key, (0..16).collect::<Vec<i64>>()).await.unwrap();
        while let Some(popped) = in_time("an element", waiting.join_next()).await {
            assert!(popped.unwrap().unwrap().is_some());
        }
    }
}

/// The line of `INFO` that counts the clients which wait.
fn blocked_of(count: usize) -> String {
    format!("blocked_clients:{count}\r\n")
}
