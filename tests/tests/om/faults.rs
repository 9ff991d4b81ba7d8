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

#[tokio::test]
async fn a_save_that_removes_works_where_no_script_is_loaded() {
    let server = redis_om::testing::Server::start().unwrap();
    let client = connect(&server.url()).await;
    for _ in 0..3 {
        let model = pair("1".into(), 1);
        model.save(&client).await.unwrap();
        client.script_flush().await.unwrap();
        model.save(&client).await.unwrap();
        client.script_flush().await.unwrap();
        let ((), found) = client.run(pipe().add(model.save(cmd())).add(Pair::get(cmd(), "1"))).await.unwrap();
        assert_eq!(found.as_ref(), Some(&model));
        client.script_flush().await.unwrap();
        let ((), found) =
            client.run(atomic().add(model.save(cmd())).add(Pair::get(cmd(), "1"))).await.unwrap();
        assert_eq!(found, Some(model));
        server.restart().unwrap();
        // A round trip, so that the client finds the loss: a save on the lost connection would fail with "may have
        // run".
        client.ping().await.unwrap();
    }
}
