//! Hashes on real servers, and the expiry of their fields.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, SystemTime},
};

use redis_om_client::{
    Result, ServerErrorCode,
    commands::{
        ExpireOptions, ExpireTime, FieldExpiry, FieldPersist, HGetEx, HSetExOptions, ScanOptions, Ttl,
    },
    prelude::*,
};
use redis_om_tests::{Keys, On, matrix};

const MINUTE: Duration = Duration::from_secs(60);

matrix!(valkey on Valkey: fields, whole, numbers, random);
matrix!(redis8 on Redis8: expiry_of_fields, with_expiry, taking_fields);
matrix!(oldest on Redis6: fields, whole, numbers);

async fn fields(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    assert_eq!(on.hset(&k, [("name", "Ann"), ("city", "Oslo")]).await?, 2);
    assert_eq!(on.hset(&k, ("age", 7)).await?, 1);
    assert_eq!(on.hset(&k, ("age", 8)).await?, 0);
    assert_eq!(on.hget::<String>(&k, "name").await?, "Ann");
    assert_eq!(on.hget::<Option<String>>(&k, "absent").await?, None);
    assert_eq!(on.hget::<Option<String>>(keys.of("absent"), "name").await?, None);
    assert!(!on.hsetnx(&k, "name", "Bob").await?);
    assert!(on.hsetnx(&k, "new", 1).await?);
    on.hmset(&k, [("new", 2)]).await?;
    let found: (Option<String>, Option<String>, i64) = on.hmget(&k, ["name", "absent", "new"]).await?;
    assert_eq!(found, (Some("Ann".into()), None, 2));
    assert!(on.hexists(&k, "city").await?);
    assert_eq!(on.hdel(&k, ["city", "absent"]).await?, 1);
    assert!(!on.hexists(&k, "city").await?);
    assert_eq!(on.hlen(&k).await?, 3);
    assert_eq!(on.hstrlen(&k, "name").await?, 3);
    Ok(())
}

async fn whole(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    let wanted: BTreeMap<String, i64> = (0..500).map(|n| (format!("f{n}"), n)).collect();
    assert_eq!(on.hset(&k, &wanted).await?, 500);
    assert_eq!(on.hgetall::<BTreeMap<String, i64>>(&k).await?, wanted);
    assert_eq!(on.hgetall::<HashMap<String, i64>>(&k).await?.len(), 500);
    assert_eq!(on.hgetall::<Vec<(String, i64)>>(&k).await?.len(), 500);
    assert!(on.hgetall::<BTreeMap<String, i64>>(keys.of("absent")).await?.is_empty());
    let mut names: Vec<String> = on.hkeys(&k).await?;
    names.sort();
    assert!(names.iter().eq(wanted.keys()));
    let (mut cursor, mut scanned) = (0, BTreeMap::new());
    loop {
        let page = on.hscan::<String, i64>(&k, cursor).await?;
        scanned.extend(page.items);
        cursor = page.cursor;
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(scanned, wanted);
    let some = on.hscan_with::<String, i64>(&k, 0, ScanOptions::new().pattern("f7*").count(1_000)).await?;
    assert_eq!(some.items.len(), 11);
    assert_eq!(on.hvals::<Vec<i64>>(&k).await?.into_iter().sum::<i64>(), 499 * 250);
    on.set(keys.of("text"), 1).await?;
    let error = on.hgetall::<BTreeMap<String, i64>>(keys.of("text")).await.unwrap_err();
    assert_eq!(error.code(), Some(&ServerErrorCode::WrongType));
    Ok(())
}

async fn numbers(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    assert_eq!(on.hincr_by(&k, "n", 5).await?, 5);
    assert_eq!(on.hincr_by(&k, "n", -7).await?, -2);
    assert_eq!(on.hincr_by_float(&k, "x", 0.5).await?, 0.5);
    assert_eq!(on.hget::<f64>(&k, "x").await?, 0.5);
    Ok(())
}

async fn random(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    assert_eq!(on.hrandfield::<Option<String>>(&k).await?, None);
    on.hset(&k, [("a", 1), ("b", 2)]).await?;
    assert!(["a", "b"].contains(&&*on.hrandfield::<String>(&k).await?));
    assert_eq!(on.hrandfield_count::<Vec<String>>(&k, 9).await?.len(), 2);
    assert_eq!(on.hrandfield_count::<Vec<String>>(&k, -9).await?.len(), 9);
    let mut pairs: Vec<(String, i64)> = on.hrandfield_with_values(&k, 2).await?;
    pairs.sort();
    assert_eq!(pairs, [("a".into(), 1), ("b".into(), 2)]);
    Ok(())
}

async fn expiry_of_fields(on: &On, keys: &Keys) -> Result<()> {
    use FieldExpiry::{ConditionNotMet, Deleted, NoField, Set};
    let (once, if_any) = (ExpireOptions::new().nx(), ExpireOptions::new().xx());
    let k = keys.of("k");
    on.hset(&k, [("a", 1), ("b", 2), ("c", 3), ("d", 4)]).await?;
    assert_eq!(on.hexpire(&k, MINUTE, ["a", "absent"]).await?, [Set, NoField]);
    assert_eq!(on.hexpire_with(&k, MINUTE, ["a", "b"], once).await?, [ConditionNotMet, Set]);
    assert_eq!(on.hpexpire(&k, 2 * MINUTE, "a").await?, [Set]);
    assert_eq!(on.hpexpire_with(&k, MINUTE, "a", ExpireOptions::new().gt()).await?, [ConditionNotMet]);
    // Whole seconds, the unit in which the server stores them.
    let later = SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000);
    assert_eq!(on.hexpireat(&k, later, "a").await?, [Set]);
    assert_eq!(on.hexpireat_with(&k, later, "c", if_any).await?, [ConditionNotMet]);
    assert_eq!(on.hpexpireat_with(&k, later, "b", ExpireOptions::new().lt()).await?, [ConditionNotMet]);
    assert_eq!(on.hpexpireat(&k, later, "b").await?, [Set]);
    assert_eq!(on.hexpireat(&k, SystemTime::UNIX_EPOCH + MINUTE, "d").await?, [Deleted]);
    let times = on.hexpiretime(&k, ["a", "c", "d"]).await?;
    assert_eq!(times, [ExpireTime::At(later), ExpireTime::Persistent, ExpireTime::Missing]);
    assert_eq!(on.hpexpiretime(&k, "b").await?, [ExpireTime::At(later)]);
    let left = on.httl(&k, ["a", "c", "d"]).await?;
    assert!(left[0].left().unwrap() > MINUTE, "{left:?}");
    assert_eq!(left[1..], [Ttl::Persistent, Ttl::Missing]);
    assert!(on.hpttl(&k, "b").await?[0].left().unwrap() > MINUTE);
    let persisted = on.hpersist(&k, ["a", "c", "d"]).await?;
    assert_eq!(persisted, [FieldPersist::Cleared, FieldPersist::NoExpiry, FieldPersist::NoField]);
    assert_eq!(on.hgetall::<BTreeMap<String, i64>>(&k).await?.len(), 3);
    Ok(())
}

async fn with_expiry(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    assert!(on.hsetex(&k, [("a", 1), ("b", 2)], HSetExOptions::new().fnx().ex(MINUTE)).await?);
    assert!(!on.hsetex(&k, [("a", 3), ("c", 4)], HSetExOptions::new().fnx()).await?);
    assert!(on.hsetex(&k, [("a", 3)], HSetExOptions::new().fxx().keep_ttl()).await?);
    assert!(on.hpttl(&k, "a").await?[0].left().is_some());
    assert_eq!(on.hgetex::<Vec<Option<i64>>>(&k, ["a", "absent"], HGetEx::Persist).await?, [Some(3), None]);
    assert_eq!(on.httl(&k, "a").await?, [Ttl::Persistent]);
    assert_eq!(on.hgetex::<Vec<i64>>(&k, "a", HGetEx::In(MINUTE)).await?, [3]);
    assert!(on.httl(&k, "a").await?[0].left().is_some());
    Ok(())
}

async fn taking_fields(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    on.hset(&k, [("a", 1), ("b", 2)]).await?;
    assert_eq!(on.hgetdel::<Vec<Option<i64>>>(&k, ["a", "absent"]).await?, [Some(1), None]);
    assert_eq!(on.hkeys::<Vec<String>>(&k).await?, ["b"]);
    Ok(())
}
