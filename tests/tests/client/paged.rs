//! A user's own pagers over each kind of client, and the forms in which a client is an executor.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use redis_om_client::{
    AsyncExecutor, BlockingExecutor, Client, Command, Connected, Executor, KeyName, Paged, Pager, Result,
    ServerErrorCode, atomic, blocking, cmd,
    commands::{HashCommands, KeyCommands, ScanOptions, ScanPage, StringCommands},
    testing::Kind,
};
use redis_om_tests::{Keys, server, valkey};

/// The keys that match a glob: a complete pager for `SCAN`.
struct KeysLike {
    pattern: String,
    cursor: Option<u64>,
}

impl Pager for KeysLike {
    type Item = String;
    type Reply = ScanPage<KeyName>;

    fn command(&mut self, page_size: u64) -> Option<Command<Self::Reply>> {
        let options = ScanOptions::new().pattern(&self.pattern).count(page_size);
        self.cursor.map(|cursor| cmd().scan_with(cursor, options))
    }

    fn take(&mut self, page: Self::Reply) -> impl IntoIterator<Item = Result<String>> {
        self.cursor = (!page.is_last()).then_some(page.cursor);
        page.items.into_iter().map(|key| Ok(key.to_string()))
    }
}

fn like(keys: &Keys) -> KeysLike {
    KeysLike { pattern: format!("{}:*", keys.prefix()), cursor: Some(0) }
}

async fn fill(client: &Client, keys: &Keys) -> BTreeSet<String> {
    let wanted: BTreeSet<String> = (0..1_000).map(|n| keys.of(&n.to_string())).collect();
    client.mset(wanted.iter().map(|key| (key, 1)).collect::<Vec<_>>()).await.unwrap();
    wanted
}

/// The items of a pager over any async executor. The server may return a key twice, so sets are compared.
async fn found<E>(keys: &Keys, executor: E) -> BTreeSet<String>
where
    E: Connected,
    E::Output<ScanPage<KeyName>>: Future<Output = Result<ScanPage<KeyName>>> + Unpin,
{
    let mut paged = Paged::new(like(keys), executor).page_size(100);
    let mut found = BTreeSet::new();
    while let Some(key) = paged.next().await {
        found.insert(key.unwrap());
    }
    assert!(paged.next().await.is_none(), "an ended pager asks again");
    found
}

/// A function over any executor. The test passes clients to it in all their forms.
fn visit<E: Executor>(executor: E, keys: &Keys) -> E::Output<i64> {
    executor.incr(keys.of("visits"))
}

/// Two replies of different types, and one bound.
async fn visits<E: AsyncExecutor>(on: E, keys: &Keys) -> Result<(i64, Option<String>)> {
    let on = on.commands();
    let visits = on.incr(keys.of("generic")).await?;
    on.hset(keys.of("hash"), ("visits", visits)).await?;
    Ok((visits, on.hget(keys.of("hash"), "visits").await?))
}

/// The twin without async.
fn visits_blocking<E: BlockingExecutor>(on: E, keys: &Keys) -> Result<(i64, Option<String>)> {
    let on = on.commands();
    let visits = on.incr(keys.of("generic"))?;
    on.hset(keys.of("hash"), ("visits", visits))?;
    Ok((visits, on.hget(keys.of("hash"), "visits")?))
}

#[tokio::test]
async fn a_function_with_one_bound_over_all_that_is_awaited() {
    for kind in [Kind::Valkey, Kind::Redis8, Kind::Redis6] {
        let (server, keys) = (server(kind), Keys::new());
        let client = Arc::new(Client::connect(&server.url()).await.unwrap());
        let borrowed: &Client = &client;
        assert_eq!(visits(borrowed, &keys).await.unwrap(), (1, Some("1".into())));
        assert_eq!(visits(&borrowed, &keys).await.unwrap(), (2, Some("2".into())));
        assert_eq!(visits(&client, &keys).await.unwrap(), (3, Some("3".into())));
        let watched = client.watch([keys.of("watched")], async |connection| -> Result<_> {
            assert_eq!(visits(&connection, &keys).await?, (4, Some("4".into())));
            Ok(None::<Command<i64>>)
        });
        assert_eq!(watched.await.unwrap(), None);
        let (spawned, own) = (client.clone(), keys.clone());
        let task = tokio::spawn(async move { visits(&spawned, &own).await });
        assert_eq!(task.await.unwrap().unwrap(), (5, Some("5".into())));
    }
}

#[test]
fn a_function_with_one_bound_over_all_that_waits() {
    for kind in [Kind::Valkey, Kind::Redis8, Kind::Redis6] {
        let (server, keys) = (server(kind), Keys::new());
        let client = Arc::new(blocking::Client::connect(&server.url()).unwrap());
        let borrowed: &blocking::Client = &client;
        assert_eq!(visits_blocking(borrowed, &keys).unwrap(), (1, Some("1".into())));
        let twice: &&blocking::Client = &borrowed;
        assert_eq!(visits_blocking(twice, &keys).unwrap(), (2, Some("2".into())));
        assert_eq!(visits_blocking(&client, &keys).unwrap(), (3, Some("3".into())));
        let watched = client.watch([keys.of("watched")], |connection| -> Result<_> {
            assert_eq!(visits_blocking(&connection, &keys)?, (4, Some("4".into())));
            Ok(None::<Command<i64>>)
        });
        assert_eq!(watched.unwrap(), None);
    }
}

#[tokio::test]
async fn over_each_form_of_an_async_client() {
    let (server, keys) = (valkey(), Keys::new());
    let client = Arc::new(Client::connect(&server.url()).await.unwrap());
    let wanted = fill(&client, &keys).await;
    let borrowed: &Client = &client;
    assert_eq!(found(&keys, borrowed).await, wanted);
    assert_eq!(found(&keys, &borrowed).await, wanted);
    assert_eq!(found(&keys, &client).await, wanted);
    let (all, expected) = (&keys, &wanted);
    client
        .watch([keys.of("watched")], async |connection| -> Result<_> {
            assert_eq!(found(all, &connection).await, *expected);
            Ok(atomic().get::<Option<i64>>(all.of("watched")))
        })
        .await
        .unwrap();

    assert_eq!(visit(borrowed, &keys).await.unwrap(), 1);
    assert_eq!(visit(&borrowed, &keys).await.unwrap(), 2);
    assert_eq!(visit(&client, &keys).await.unwrap(), 3);
    // As the receiver of a method, an `Arc` is dereferenced automatically.
    assert_eq!(client.incr(keys.of("visits")).await.unwrap(), 4);
}

#[test]
fn over_each_form_of_a_blocking_client() {
    let (server, keys) = (valkey(), Keys::new());
    let client = Arc::new(blocking::Client::connect(&server.url()).unwrap());
    let wanted = client.block_on(async { Ok(fill(client.as_async(), &keys).await) }).unwrap();
    let borrowed: &blocking::Client = &client;
    let whole = |paged: Result<BTreeSet<String>>| assert_eq!(paged.unwrap(), wanted);
    whole(Paged::new(like(&keys), borrowed).collect());
    whole(Paged::new(like(&keys), &borrowed).collect());
    whole(Paged::new(like(&keys), &client).page_size(0).collect());

    assert_eq!(visit(borrowed, &keys).unwrap(), 1);
    assert_eq!(visit(&borrowed, &keys).unwrap(), 2);
    assert_eq!(visit(&client, &keys).unwrap(), 3);
    assert_eq!(client.incr(keys.of("visits")).unwrap(), 4);
}

/// A pager without an end: it shows whether another page is requested.
struct Forever {
    command: Command<i64>,
    asked: Arc<AtomicU32>,
}

impl Pager for Forever {
    type Item = i64;
    type Reply = i64;

    fn command(&mut self, _: u64) -> Option<Command<i64>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Some(self.command.clone())
    }

    fn take(&mut self, reply: i64) -> impl IntoIterator<Item = Result<i64>> {
        // Some pages are empty; then the next one is requested at once.
        (reply % 2 == 0).then_some(Ok(reply))
    }
}

#[tokio::test]
async fn a_failed_command_is_the_last_item() {
    let (server, keys) = (valkey(), Keys::new());
    let client = Client::connect(&server.url()).await.unwrap();
    let asked = Arc::default();
    let command = cmd().incr(keys.of("n"));
    let mut paged = Paged::new(Forever { command, asked: Arc::clone(&asked) }, &client);
    let count = || asked.load(Ordering::Relaxed);
    assert_eq!(count(), 0, "asked before an item was wanted");
    assert_eq!(paged.next().await.unwrap().unwrap(), 2);
    assert_eq!(count(), 2, "asked ahead of need");
    client.del(keys.of("n")).await.unwrap();
    client.hset(keys.of("n"), ("a", 1)).await.unwrap();
    let error = paged.next().await.unwrap().unwrap_err();
    assert_eq!(error.code(), Some(&ServerErrorCode::WrongType), "{error}");
    assert!(paged.next().await.is_none());
    assert_eq!(count(), 3, "asked after a failure");
}
