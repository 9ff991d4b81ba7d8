//! Models under injected faults: a saved model is complete or absent, and reading returns what was saved.

use std::time::Duration;

use redis_om::{Client, ErrorKind, prelude::*};
use redis_om_tests::{Fault, Keys, Proxy, in_time, valkey};

#[derive(RedisModel, Debug, Clone, PartialEq)]
#[redis(hash, prefix = "pair")]
struct Pair {
    #[redis(id)]
    id: String,
    left: String,
    right: String,
    extra: Option<u64>,
}

fn pair(id: String, n: u64) -> Pair {
    Pair { id, left: n.to_string(), right: n.to_string(), extra: n.is_multiple_of(2).then_some(n) }
}

async fn connect(url: &str) -> Client {
    let url = format!("{url}?reconnect_initial=1ms&reconnect_max=20ms");
    in_time("connecting", Client::connect(&url)).await.unwrap()
}

#[tokio::test]
async fn a_model_is_read_in_spite_of_a_lost_reply() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = connect(&proxy.url()).await;
    let wanted = pair(Keys::new().of("1"), 2);
    wanted.save(&client).await.unwrap();
    for bytes in [0, 1, 10, 40] {
        let sprung = proxy.trap("HGETALL", Fault::Truncate(bytes));
        let found = in_time("reading", Pair::get(&client, &wanted.id)).await.unwrap();
        sprung.wait().await;
        assert_eq!(found.as_ref(), Some(&wanted));
    }
}

/// Tasks that save while their connection is lost repeatedly. A direct reader never finds a model with fields of two
/// saves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_is_never_half_saved() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = connect(&proxy.url()).await;
    let direct = connect(&server.url()).await;
    let id = Keys::new().of("1");
    pair(id.clone(), 0).save(&direct).await.unwrap();
    let saving = {
        let (client, id) = (client.clone(), id.clone());
        tokio::spawn(async move {
            for n in 0..500 {
                if let Err(error) = pair(id.clone(), n).save(&client).await {
                    let passing = matches!(error.kind(), ErrorKind::Disconnected | ErrorKind::Io);
                    assert!(passing, "{error}");
                }
            }
        })
    };
    let mut cuts = 0;
    while !saving.is_finished() {
        let found = in_time("reading", Pair::get(&direct, &id)).await.unwrap().unwrap();
        assert_eq!(found.left, found.right);
        assert_eq!(found.extra.map(|extra| extra.to_string()), (found.extra.is_some()).then_some(found.left));
        if cuts < 50 {
            cuts += 1;
            proxy.reset();
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    in_time("the savers", saving).await.unwrap();
}

/// A save that removes fields runs as a whole or not at all, whatever the server refuses, and says which.
#[tokio::test]
async fn a_save_that_removes_says_what_was_refused() {
    let server = valkey();
    let direct = connect(&server.url()).await;
    let [id, n] = Keys::new().each(["id", "n"]);
    let user = "may-not-remove";
    let rules = ["on", "nopass", "~*", "+@all", "-hdel"];
    direct.run(raw("ACL").arg("SETUSER").arg(user).args(rules).reply::<()>()).await.unwrap();
    let client = Client::connect(&format!("redis://{user}:x@localhost:{}", server.port())).await.unwrap();
    let (whole, partly) = (pair(id.clone(), 4), pair(id.clone(), 3));
    assert!(whole.extra.is_some() && partly.extra.is_none());
    let key = whole.key().to_string();
    whole.save(&client).await.unwrap();
    for error in [
        partly.save(&client).await.unwrap_err(),
        Pair::save_many(&client, [&partly]).await.unwrap_err(),
        client.run(pipe().add(partly.save(cmd())).incr(&n)).await.unwrap_err(),
        client.run(atomic().add(partly.save(cmd())).incr(&n)).await.unwrap_err(),
    ] {
        assert_eq!((error.command(), error.key()), (Some("HDEL"), Some(key.as_str())), "{error}");
        assert!(error.to_string().contains("none of its commands ran"), "{error}");
        assert!(!error.may_have_run(), "{error}");
    }
    assert_eq!(Pair::get(&direct, &*id).await.unwrap().as_ref(), Some(&whole), "nothing was written");
    assert_eq!(
        direct.get::<Option<i64>>(&n).await.unwrap(),
        Some(1),
        "the other command of the pipeline ran"
    );

    // Where `MULTI` itself is refused, the commands run one by one, and the error says that they may have run.
    direct.run(raw("ACL").arg("SETUSER").arg(user).args(["+hdel", "-multi"]).reply::<()>()).await.unwrap();
    let error = partly.save(&client).await.unwrap_err();
    assert!(error.may_have_run() && error.to_string().contains("one by one"), "{error}");
    let (checked, n) = client.run(pipe().add(partly.save(cmd())).checked().incr(&n)).await.unwrap();
    assert!(checked.unwrap_err().may_have_run());
    assert_eq!(n, 2, "the reply of the next command is its own");
}

/// It would end the watch, so it is refused before anything is sent.
#[tokio::test]
async fn a_save_that_removes_does_not_run_on_a_watching_connection() {
    let server = valkey();
    let client = connect(&server.url()).await;
    let [key, model] = Keys::new().each(["watched", "model"]);
    let partly = Pair { extra: None, ..pair(model, 1) };
    let error = client
        .watch(&key, async |connection| -> redis_om::Result<_> {
            partly.save(&connection).await?;
            Ok(atomic().incr(&key))
        })
        .await
        .unwrap_err();
    assert!(error.to_string().contains("return it from the closure"), "{error}");
    assert_eq!(client.exists([&key, &partly.key().to_string()]).await.unwrap(), 0);
    let () = client.watch(&key, async |_| -> redis_om::Result<_> { Ok(partly.save(cmd())) }).await.unwrap();
    assert_eq!(Pair::get(&client, &*partly.id).await.unwrap(), Some(partly));
}
