//! Every type of reply from a real server, and every type of argument, written and read back.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    net::IpAddr,
};

use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use redis_om_client::{
    ErrorKind, FromRedis, Json, Result, ToArg, Value,
    prelude::*,
    raw,
    testing::{Kind, Server},
};
use redis_om_tests::{Keys, On, every_cell, matrix};
use uuid::Uuid;

matrix!(valkey on Valkey: scalars, texts, foreign, collections);

async fn back<T>(on: &On, keys: &Keys, value: T) -> Result<()>
where
    T: ToArg + FromRedis + PartialEq + std::fmt::Debug,
{
    let k = keys.of("k");
    on.set(&k, &value).await?;
    assert_eq!(on.get::<T>(&k).await?, value);
    assert_eq!(on.get::<Option<T>>(&k).await?, Some(value));
    Ok(())
}

async fn scalars(on: &On, keys: &Keys) -> Result<()> {
    back(on, keys, i16::MIN).await?;
    back(on, keys, u16::MAX).await?;
    back(on, keys, i32::MIN).await?;
    back(on, keys, u32::MAX).await?;
    back(on, keys, i64::MIN).await?;
    back(on, keys, u64::MAX).await?;
    back(on, keys, i128::MIN).await?;
    back(on, keys, u128::MAX).await?;
    back(on, keys, true).await?;
    back(on, keys, 'ß').await?;
    for float in [0.0, -0.0, 0.1, 1e300, 5e-324, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, 1.0 / 3.0] {
        back(on, keys, float).await?;
    }
    back(on, keys, 0.1_f32).await?;
    // A value outside of the type's range is an error, not a wrap-around.
    on.set(keys.of("k"), i64::MAX).await?;
    let error = on.get::<i32>(keys.of("k")).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Decode, "{error}");
    on.set(keys.of("k"), -1).await?;
    assert!(on.get::<u64>(keys.of("k")).await.is_err());
    Ok(())
}

async fn texts(on: &On, keys: &Keys) -> Result<()> {
    for text in ["", " ", "\r\n", "$5\r\nhello\r\n", "\0", "ä€🦀", "\"quoted\" \\"] {
        back(on, keys, text.to_owned()).await?;
        back(on, keys, text.as_bytes().to_vec()).await?;
    }
    // Keys with any bytes, too.
    for key in [&b"\xff\0\r\n"[..], b"", b"{slot}", b" "] {
        let key = [keys.prefix().as_bytes(), key].concat();
        on.set(&key, &key).await?;
        assert_eq!(on.get::<Vec<u8>>(&key).await?, key);
    }
    for size in [1, 63, 64, 4_095, 65_535, 65_536, 1_000_000] {
        back(on, keys, "x".repeat(size)).await?;
    }
    Ok(())
}

async fn foreign(on: &On, keys: &Keys) -> Result<()> {
    back(on, keys, Uuid::from_u128(7)).await?;
    back(on, keys, ulid::Ulid::from_parts(1, 2)).await?;
    back(on, keys, Utc.timestamp_millis_opt(1_700_000_000_123).unwrap()).await?;
    back(on, keys, NaiveDate::from_ymd_opt(2026, 2, 28).unwrap()).await?;
    on.set(keys.of("k"), "yesterday").await?;
    assert!(on.get::<DateTime<Utc>>(keys.of("k")).await.is_err());
    assert!(on.get::<Uuid>(keys.of("k")).await.is_err());
    let map: HashMap<String, Vec<Option<IpAddr>>> = [("a".into(), vec![None, "::1".parse().ok()])].into();
    on.set(keys.of("json"), Json(&map)).await?;
    assert_eq!(on.get::<Json<HashMap<String, Vec<Option<IpAddr>>>>>(keys.of("json")).await?.0, map);
    on.set(keys.of("json"), "{broken").await?;
    let error = on.get::<Json<Vec<i64>>>(keys.of("json")).await.unwrap_err();
    assert_eq!((error.kind(), error.key()), (&ErrorKind::Decode, Some(&*keys.of("json"))), "{error}");
    Ok(())
}

async fn collections(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    on.rpush(&k, [1, 2, 2]).await?;
    assert_eq!(on.lrange::<Vec<i64>>(&k, 0, -1).await?, [1, 2, 2]);
    assert_eq!(on.lrange::<[i64; 3]>(&k, 0, -1).await?, [1, 2, 2]);
    assert_eq!(on.lrange::<(i64, String, f64)>(&k, 0, -1).await?, (1, "2".into(), 2.0));
    assert_eq!(on.lrange::<BTreeSet<i64>>(&k, 0, -1).await?, [1, 2].into());
    assert_eq!(on.lrange::<HashSet<String>>(&k, 0, -1).await?.len(), 2);
    assert_eq!(on.lrange::<Box<[i64]>>(&k, 0, -1).await?.len(), 3);
    for error in [
        on.lrange::<[i64; 2]>(&k, 0, -1).await.map(drop).unwrap_err(),
        on.lrange::<(i64, i64)>(&k, 0, -1).await.map(drop).unwrap_err(),
        on.lrange::<i64>(&k, 0, -1).await.map(drop).unwrap_err(),
        on.lrange::<BTreeMap<i64, i64>>(&k, 0, -1).await.map(drop).unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.key()), (&ErrorKind::Decode, Some(&*k)), "{error}");
    }
    on.rpush(&k, "three").await?;
    let error = on.lrange::<Vec<i64>>(&k, 0, -1).await.unwrap_err();
    assert!(error.to_string().contains("at `3`"), "the place is missing: {error}");
    Ok(())
}

fn kind<R: FromRedis>(name: &str) -> redis_om_client::Command<R> {
    raw("DEBUG PROTOCOL").arg(name).reply()
}

/// Replies that only a few commands have, made by the server's command for client tests.
async fn of_the_protocol(on: &On, _: &Keys) -> Result<()> {
    assert_eq!(on.run(kind::<String>("string")).await?, "Hello World");
    assert_eq!(on.run(kind::<i64>("integer")).await?, 12_345);
    assert_eq!(on.run(kind::<f64>("double")).await? * 1_000.0, 3_141.0);
    assert_eq!(on.run(kind::<Option<String>>("null")).await?, None);
    assert_eq!(on.run(kind::<Vec<i64>>("array")).await?, [0, 1, 2]);
    assert_eq!(on.run(kind::<BTreeSet<i64>>("set")).await?, [0, 1, 2].into());
    let map: BTreeMap<i64, bool> = on.run(kind("map")).await?;
    assert_eq!(map, [(0, false), (1, true), (2, false)].into());
    assert_eq!(on.run(kind::<String>("verbatim")).await?, "This is a verbatim\nstring");
    assert!(on.run(kind::<bool>("true")).await?);
    assert!(!on.run(kind::<bool>("false")).await?);
    assert_eq!(on.run(kind::<i128>("bignum")).await?, 1_234_567_999_999_999_999_999_999_999_999_999_999);
    assert!(on.run(kind::<i64>("bignum")).await.is_err());
    // Attributes belong to the reply behind them, and are no replies themselves.
    let text = "Some real reply following the attribute";
    assert_eq!(on.run(kind::<String>("attrib")).await?, text);
    let both = pipe().many([kind::<String>("attrib"), kind("string"), kind("attrib")]);
    assert_eq!(on.run(both).await?.0, [text, "Hello World", text]);
    for name in
        ["string", "integer", "double", "null", "array", "set", "map", "verbatim", "true", "bignum", "attrib"]
    {
        on.run(kind::<Value>(name)).await?;
    }
    Ok(())
}

/// A push message of the server arrives between replies, and no command takes it as its reply.
async fn pushed(on: &On, _: &Keys) -> Result<()> {
    let text = "Some real reply following the push reply";
    for _ in 0..10 {
        match on.run(kind::<String>("push")).await {
            Ok(reply) => assert_eq!(reply, text),
            Err(error) => assert!(error.to_string().contains("RESP2"), "{error}"),
        }
        assert_eq!(on.run(kind::<String>("string")).await?, "Hello World");
    }
    Ok(())
}

#[test]
fn every_type_of_the_protocol() {
    for kind in [Kind::Valkey, Kind::Redis8] {
        let server = Server::builder().kind(kind).args(["--enable-debug-command", "yes"]).start().unwrap();
        every_cell(&server.url(), of_the_protocol);
        every_cell(&server.url(), pushed);
    }
}
