//! Commands that remove elements reply with the removed elements, which can have any bytes: a removed element that
//! cannot be decoded would be lost. The same holds for the keys in all other replies.

use std::time::Duration;

use redis_om_client::{
    Client, KeyName, Result,
    commands::{GetEx, ListEnd, ScanOptions, ZEnd},
    prelude::*,
    testing::{Kind, Server},
};
use redis_om_tests::{in_time, redis8, server};

use super::connect;

const WAIT: Duration = Duration::from_secs(20);

/// A key that is not UTF-8, for one test.
fn binary(name: &str) -> Vec<u8> {
    [b"binary:", name.as_bytes(), b"\xff\xc0\0\r\n"].concat()
}

async fn each_protocol(kind: Kind, body: impl AsyncFn(&Client) -> Result<()>) {
    let server = server(kind);
    for protocol in [2, 3] {
        let client = connect(&format!("{}?protocol={protocol}", server.url())).await.unwrap();
        in_time("the commands", body(&client)).await.unwrap();
    }
}

#[tokio::test]
async fn an_element_of_a_list_whose_key_is_not_utf8() {
    for kind in [Kind::Valkey, Kind::Redis8, Kind::Redis6] {
        each_protocol(kind, async |client| {
            let key = binary("list");
            client.rpush(&key, ["a", "b", "c", "d"]).await?;
            assert_eq!(client.blpop(&key, WAIT).await?, Some((KeyName::from(&*key), "a".to_owned())));
            assert_eq!(client.brpop(&key, WAIT).await?, Some((KeyName::from(&*key), "d".to_owned())));
            // The key name of the reply is used as a key again.
            let (name, taken): (KeyName, String) = client.blpop(&key, WAIT).await?.unwrap();
            assert_eq!((client.llen(&name).await?, taken.as_str()), (1, "b"));
            assert_eq!(client.del(name).await?, 1);
            Ok(())
        })
        .await;
    }
}

#[tokio::test]
async fn several_elements_of_a_list_whose_key_is_not_utf8() {
    for kind in [Kind::Valkey, Kind::Redis8] {
        each_protocol(kind, async |client| {
            let key = binary("lists");
            client.rpush(&key, [1, 2, 3]).await?;
            let name = KeyName::from(&*key);
            assert_eq!(client.lmpop(&key, ListEnd::Left, 2).await?, Some((name.clone(), vec![1, 2])));
            assert_eq!(client.blmpop(&key, ListEnd::Left, 2, WAIT).await?, Some((name, vec![3])));
            Ok(())
        })
        .await;
    }
}

#[tokio::test]
async fn members_of_a_sorted_set_whose_key_is_not_utf8() {
    for kind in [Kind::Valkey, Kind::Redis8, Kind::Redis6] {
        each_protocol(kind, async |client| {
            let key = binary("zset");
            let name = || KeyName::from(&*key);
            client.zadd(&key, [(f64::NEG_INFINITY, "a"), (1e300, "b"), (f64::INFINITY, "c")]).await?;
            let lowest = Some((name(), "a".to_owned(), f64::NEG_INFINITY));
            assert_eq!(client.bzpopmin(&key, WAIT).await?, lowest);
            assert_eq!(client.bzpopmax(&key, WAIT).await?, Some((name(), "c".to_owned(), f64::INFINITY)));
            assert_eq!(client.zpopmin(&key).await?, Some(("b".to_owned(), 1e300)));
            Ok(())
        })
        .await;
    }
    for kind in [Kind::Valkey, Kind::Redis8] {
        each_protocol(kind, async |client| {
            let key = binary("zsets");
            let name = || KeyName::from(&*key);
            client.zadd(&key, [(1.5, "a"), (f64::INFINITY, "b")]).await?;
            let one = |member: &str, score| Some((name(), vec![(member.to_owned(), score)]));
            assert_eq!(client.zmpop(&key, ZEnd::Min, 1).await?, one("a", 1.5));
            assert_eq!(client.bzmpop(&key, ZEnd::Min, 1, WAIT).await?, one("b", f64::INFINITY));
            Ok(())
        })
        .await;
    }
}

/// Elements that are removed or moved by a command whose reply has the caller's type: bytes, if the caller asks for
/// bytes.
#[tokio::test]
async fn values_that_are_not_utf8() {
    let value = b"\xff\0\r\n".to_vec();
    for kind in [Kind::Valkey, Kind::Redis8, Kind::Redis6] {
        each_protocol(kind, async |client| {
            let (key, other) = (binary("value"), binary("other"));
            client.set(&key, &value).await?;
            assert_eq!(client.getex::<Vec<u8>>(&key, GetEx::Persist).await?, value);
            assert_eq!(client.getset::<Vec<u8>>(&key, &value).await?, value);
            assert_eq!(client.getdel::<Vec<u8>>(&key).await?, value);
            client.rpush(&key, &value).await?;
            let moved: Vec<u8> = client.blmove(&key, &other, ListEnd::Left, ListEnd::Left, WAIT).await?;
            assert_eq!(moved, value);
            assert_eq!(client.lpop::<Vec<u8>>(&other).await?, value);
            client.sadd(&key, &value).await?;
            assert_eq!(client.spop::<Vec<u8>>(&key).await?, value);
            client.zadd(&key, (1, &value)).await?;
            assert_eq!(client.zpopmax::<Vec<u8>>(&key).await?, Some((value.clone(), 1.0)));
            Ok(())
        })
        .await;
    }
    let server = redis8();
    let client = connect(&server.url()).await.unwrap();
    let key = binary("hash");
    client.hset(&key, (&value, &value)).await.unwrap();
    assert_eq!(client.hgetdel::<Vec<Vec<u8>>>(&key, &value).await.unwrap(), [value]);
}

#[tokio::test]
async fn keys_that_are_not_utf8_are_listed() {
    for kind in [Kind::Valkey, Kind::Redis8, Kind::Redis6] {
        // It has a server of its own, because RANDOMKEY and SCAN see all keys.
        let server = Server::builder().kind(kind).start().unwrap();
        for protocol in [2, 3] {
            let client = connect(&format!("{}?protocol={protocol}", server.url())).await.unwrap();
            let key = binary("listed");
            client.set(&key, 1).await.unwrap();
            assert_eq!(client.keys("*").await.unwrap(), [&*key]);
            assert_eq!(client.randomkey().await.unwrap(), Some(KeyName::from(&*key)));
            assert_eq!(client.scan(0).await.unwrap().items, [&*key]);
            let options = ScanOptions::new().pattern(b"*\xff*");
            assert_eq!(client.scan_with(0, options).await.unwrap().items, [&*key]);
            client.del(&key).await.unwrap();
            assert_eq!(client.randomkey().await.unwrap(), None);
            assert_eq!(client.keys("*").await.unwrap(), [""; 0]);
        }
    }
}
