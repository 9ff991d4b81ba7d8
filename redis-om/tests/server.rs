//! Models on real servers, over each kind of executor.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{cell::Cell, collections::BTreeSet, sync::Arc, time::Duration};

use redis_om::{
    Client, Config, Error, ErrorKind, Protocol, Result, blocking,
    prelude::*,
    testing::{Kind, Module, Server},
};
use serde::{Deserialize, Serialize};

#[derive(RedisModel, Debug, Clone, PartialEq)]
#[redis(hash, prefix = "t:user")]
struct User {
    #[redis(id)]
    id: u64,
    name: String,
    nick: Option<String>,
    tags: Vec<String>,
}

#[derive(RedisModel, Serialize, Deserialize, Debug, Clone, PartialEq)]
#[redis(json, prefix = "t:doc")]
struct Doc {
    #[redis(id)]
    id: Ulid,
    title: String,
    body: Option<String>,
}

fn user(id: u64) -> User {
    User { id, name: format!("user {id}"), nick: Some("x".into()), tags: vec!["a".into()] }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

async fn clients(server: &Server) -> [Client; 2] {
    let config = |protocol| Config::from_url(server.url()).unwrap().protocol(protocol);
    [
        Client::with_config(config(Protocol::Resp2)).await.unwrap(),
        Client::with_config(config(Protocol::Resp3)).await.unwrap(),
    ]
}

#[test]
fn a_hash_is_written_read_and_deleted() {
    let servers =
        [Arc::new(Server::start().unwrap()), Arc::new(Server::builder().kind(Kind::Redis6).start().unwrap())];
    for server in servers {
        run(async {
            for client in clients(&server).await {
                let mut ann = user(1);
                ann.save(&client).await.unwrap();
                assert_eq!(User::get(&client, 1).await.unwrap(), Some(ann.clone()));
                assert!(User::exists(&client, 1).await.unwrap());
                assert!(ann.expire(&client, Duration::from_secs(100)).await.unwrap());
                ann.nick = None;
                ann.tags.clear();
                ann.save(&client).await.unwrap();
                assert_eq!(client.hexists("t:user:1", "nick").await.ok(), Some(false));
                assert_eq!(User::get(&client, 1).await.unwrap(), Some(ann.clone()));
                let ttl = ann.ttl(&client).await.unwrap();
                assert!(ttl.left().is_some_and(|left| left <= Duration::from_secs(100)), "{ttl:?}");

                // A pipeline and a transaction.
                let (found, there, n): (Option<User>, bool, i64) = client
                    .run(pipe().add(User::get(cmd(), 1)).add(User::exists(cmd(), 2)).incr("t:n"))
                    .await
                    .unwrap();
                assert_eq!((found.as_ref(), there, n > 0), (Some(&ann), false, true));
                let both = [user(2), User { nick: None, ..user(3) }];
                let ((), found) = client
                    .run(atomic().add(User::save_many(cmd(), &both)).add(User::get_many(cmd(), [3, 4, 2])))
                    .await
                    .unwrap();
                assert_eq!(found, [Some(both[1].clone()), None, Some(both[0].clone())]);

                assert_eq!(User::delete_many(&client, [2, 3, 4]).await.unwrap(), 2);
                assert!(ann.delete(&client).await.unwrap());
                assert!(!User::delete_by_id(&client, 1).await.unwrap());
                assert_eq!(User::get(&client, 1).await.unwrap(), None);
                assert_eq!(User::get_many(&client, Vec::<u64>::new()).await.unwrap(), []);
                User::save_many(&client, &[]).await.unwrap();
            }
        });
        let client = blocking::Client::connect(&server.url()).unwrap();
        user(1).save(&client).unwrap();
        assert_eq!(User::get(&client, 1).unwrap(), Some(user(1)));
        assert_eq!(User::get_many(&client, [1, 2]).unwrap(), [Some(user(1)), None]);
    }
}

#[test]
fn what_does_not_fit_names_key_model_and_field() {
    let server = Server::start().unwrap();
    run(async {
        for client in clients(&server).await {
            User::save_many(&client, &[user(1), user(2)]).await.unwrap();
            client.hset("t:user:2", ("tags", "[1]")).await.unwrap();
            let expected = "HGETALL `t:user:2`: at `User.tags.[0]`: the JSON does not fit";
            let error = User::get(&client, 2).await.unwrap_err();
            assert!(error.to_string().starts_with(expected), "{error}");
            assert_eq!(error.kind(), &ErrorKind::Decode);
            let error = User::get_many(&client, [1, 2]).await.unwrap_err();
            assert_eq!((error.command(), error.key()), (Some("HGETALL"), Some("t:user:2")), "{error}");
            let error = client.run(pipe().incr("n").add(User::get_many(cmd(), [1, 2]))).await.unwrap_err();
            assert_eq!((error.command(), error.key()), (Some("HGETALL"), Some("t:user:2")), "{error}");
            let error = client.run(atomic().incr("n").add(User::get_many(cmd(), [1, 2]))).await.unwrap_err();
            assert_eq!((error.command(), error.key()), (Some("HGETALL"), Some("t:user:2")), "{error}");

            client.set("t:user:3", "text").await.unwrap();
            let error = User::get(&client, 3).await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Server(_)), "{error}");
            let error = User { nick: None, ..user(3) }.save(&client).await.unwrap_err();
            assert!(error.to_string().contains("WRONGTYPE"), "{error}");
            let error = User::save_many(&client, &[user(1), user(3)]).await.unwrap_err();
            assert_eq!((error.command(), error.key()), (Some("HSET"), Some("t:user:3")), "{error}");
            client.hdel("t:user:1", "name").await.unwrap();
            let error = User::get(&client, 1).await.unwrap_err();
            assert!(error.to_string().contains("at `User.name`: the hash has no field `name`"), "{error}");
        }
    });
}

#[test]
fn a_document_is_written_read_and_deleted() {
    let server = Server::builder().kind(Kind::Redis8).module(Module::Json).start().unwrap();
    run(async {
        for client in clients(&server).await {
            let mut doc = Doc { id: Ulid::from_parts(1, 1), title: "ä".into(), body: Some("b".into()) };
            doc.save(&client).await.unwrap();
            assert_eq!(Doc::get(&client, doc.id).await.unwrap(), Some(doc.clone()));
            doc.body = None;
            doc.save(&client).await.unwrap();
            assert_eq!(Doc::get(&client, doc.id).await.unwrap(), Some(doc.clone()));
            let found = Doc::get_many(&client, [doc.id, Ulid::nil()]).await.unwrap();
            assert_eq!(found, [Some(doc.clone()), None]);
            let ((), (), found) = client
                .run(atomic().add(user(1).save(cmd())).add(doc.save(cmd())).add(Doc::get(cmd(), doc.id)))
                .await
                .unwrap();
            assert_eq!(found.as_ref(), Some(&doc));
            let error = Doc::get(&client, Ulid::from_parts(1, 2)).await.unwrap();
            assert_eq!(error, None);
            client.execute(doc.save(cmd())).await.unwrap();
            assert!(doc.delete(&client).await.unwrap());
        }
    });
}

#[derive(RedisModel, Debug, Clone, PartialEq)]
#[redis(hash, prefix = "t:[w]*")]
struct Odd {
    #[redis(id)]
    id: u64,
    name: String,
}

#[test]
fn all_are_found() {
    let server = Server::builder().kind(Kind::Redis8).module(Module::Json).start().unwrap();
    // Short, since the server is stopped in the end.
    let config = Config::from_url(server.url()).unwrap().command_timeout(Duration::from_secs(1));
    let blocking = blocking::Client::with_config(config).unwrap();
    let odd: Vec<Odd> = (0..1234).map(|id| Odd { id, name: format!("n{id}") }).collect();
    Odd::save_many(&blocking, &odd).unwrap();
    // Keys that are not of this model: another type, no id, and a prefix that the unescaped glob would match.
    blocking.set("t:[w]*:99999", "text").unwrap();
    blocking.hset("t:[w]*:7:orders", ("a", 1)).unwrap();
    blocking.hset("t:wx:5", ("id", 5)).unwrap();
    run(async {
        for client in clients(&server).await {
            let mut ids = Vec::new();
            let mut found = Odd::all_ids(&client).page_size(100);
            while let Some(id) = found.next().await {
                ids.push(id.unwrap());
            }
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids, (0..1234).collect::<Vec<_>>());
            let mut all = Vec::new();
            let mut found = Odd::all(&client);
            while let Some(model) = found.next().await {
                all.push(model.unwrap());
            }
            all.sort_by_key(|model| model.id);
            all.dedup();
            assert_eq!(all, odd);

            let docs: Vec<Doc> =
                (0..50).map(|n| Doc { id: Ulid::from_parts(n, 1), title: "x".into(), body: None }).collect();
            Doc::save_many(&client, &docs).await.unwrap();
            let mut found = Doc::all(&client).page_size(7);
            let mut count = 0;
            while let Some(doc) = found.next().await {
                assert!(docs.contains(&doc.unwrap()));
                count += 1;
            }
            assert!(count >= 50, "{count}");
        }
    });
    let ids: Result<BTreeSet<u64>, _> = Odd::all_ids(&blocking).collect();
    assert_eq!(ids.unwrap().len(), 1234);
    // A model that cannot be read is one error; the others are found.
    blocking.hdel("t:[w]*:77", "name").unwrap();
    let (good, bad): (Vec<_>, Vec<_>) = Odd::all(&blocking).partition(Result::is_ok);
    let good: BTreeSet<u64> = good.into_iter().map(|model| model.unwrap().id).collect();
    assert_eq!((good.len(), bad.len()), (1233, 1));
    let error = bad.into_iter().next().unwrap().unwrap_err();
    assert_eq!((error.command(), error.key()), (Some("HGETALL"), Some("t:[w]*:77")));
    drop(server);
    let outcomes: Vec<_> = Odd::all(&blocking).collect();
    assert!(outcomes.len() == 1 && outcomes[0].is_err(), "the error of a page is the last item");
}

#[test]
fn read_decide_and_save_unless_it_changed_meanwhile() {
    let server = Server::start().unwrap();
    run(async {
        let [client, other] = clients(&server).await;
        user(1).save(&client).await.unwrap();
        let attempts = Cell::new(0);
        let ((),) = client
            .watch([User::key_of(1)], async |conn| -> Result<_> {
                attempts.update(|n| n + 1);
                let mut user = User::get(&conn, 1).await?.ok_or_else(|| Error::aborted("no such user"))?;
                if attempts.get() == 1 {
                    other.hset("t:user:1", ("nick", "theirs")).await?;
                }
                user.name.push('!');
                user.nick = user.nick.filter(|nick| nick == "theirs");
                Ok(atomic().add(user.save(cmd())))
            })
            .await
            .unwrap();
        assert_eq!(attempts.get(), 2);
        let found = User::get(&client, 1).await.unwrap().unwrap();
        assert_eq!((found.name.as_str(), found.nick.as_deref()), ("user 1!", Some("theirs")));

        client.hset("t:user:1", ("name", b"\xff")).await.unwrap();
        let error = User::get(&client, 1).await.unwrap_err();
        let expected = "HGETALL `t:user:1`: at `User.name`: expected text, found bytes that are not UTF-8";
        assert!(error.to_string().starts_with(expected), "{error}");
    });
}
