//! Lists on real servers. More tests of blocking commands are among the tests of faults.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    time::Duration,
};

use redis_om_client::{
    Result,
    commands::{LPosOptions, ListEnd, ListSide},
    prelude::*,
};
use redis_om_tests::{Keys, On, matrix};

matrix!(valkey on Valkey: ends, places, moves, waiting, long);
matrix!(oldest on Redis6: ends, places, long);

const SOON: Duration = Duration::from_millis(10);

async fn ends(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    assert_eq!(on.rpush(&k, ["b", "c"]).await?, 2);
    assert_eq!(on.lpush(&k, "a").await?, 3);
    assert_eq!(on.lpushx(keys.of("absent"), "x").await?, 0);
    assert_eq!(on.rpushx(&k, "d").await?, 4);
    assert_eq!(on.lrange::<Vec<String>>(&k, 0, -1).await?, ["a", "b", "c", "d"]);
    assert_eq!(on.llen(&k).await?, 4);
    assert_eq!(on.lpop::<String>(&k).await?, "a");
    assert_eq!(on.rpop::<Option<String>>(&k).await?.as_deref(), Some("d"));
    assert_eq!(on.lpop_count::<Vec<String>>(&k, 1).await?, ["b"]);
    assert_eq!(on.rpop_count::<Vec<String>>(&k, 9).await?, ["c"]);
    assert_eq!(on.lpop::<Option<String>>(&k).await?, None);
    assert_eq!(on.lpop_count::<Option<Vec<String>>>(&k, 2).await?, None);
    Ok(())
}

async fn places(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    on.rpush(&k, ["a", "b", "c", "b", "d"]).await?;
    assert_eq!(on.lindex::<String>(&k, -1).await?, "d");
    assert_eq!(on.lindex::<Option<String>>(&k, 9).await?, None);
    assert_eq!(on.lpos(&k, "b").await?, Some(1));
    assert_eq!(on.lpos(&k, "x").await?, None);
    assert_eq!(on.lpos_with(&k, "b", LPosOptions::new().rank(-1)).await?, Some(3));
    assert_eq!(on.lpos_with(&k, "b", LPosOptions::new().count(0)).await?, [1, 3]);
    assert_eq!(on.linsert(&k, ListSide::Before, "c", "x").await?, Some(6));
    assert_eq!(on.linsert(&k, ListSide::After, "absent", "x").await?, None);
    on.lset(&k, 0, "A").await?;
    assert_eq!(on.lrem(&k, 0, "b").await?, 2);
    assert_eq!(on.lrange::<Vec<String>>(&k, 0, -1).await?, ["A", "x", "c", "d"]);
    on.ltrim(&k, 1, 2).await?;
    assert_eq!(on.lrange::<Vec<String>>(&k, 0, -1).await?, ["x", "c"]);
    assert!(on.lset(&k, 9, "x").await.is_err());
    Ok(())
}

/// Replies that are longer than one read, into every kind of collection.
async fn long(on: &On, keys: &Keys) -> Result<()> {
    let [list, set, scored, hash] = keys.each(["list", "set", "scored", "hash"]);
    let numbers: Vec<u32> = (0..20_000).collect();
    let names: Vec<String> = numbers.iter().map(|number| format!("member:{number:010}")).collect();
    on.rpush(&list, &names).await?;
    on.sadd(&set, &names).await?;
    let scores: Vec<(f64, &String)> = numbers.iter().map(|number| f64::from(*number)).zip(&names).collect();
    on.zadd(&scored, &scores).await?;
    let fields: BTreeMap<&String, u32> = names.iter().zip(numbers.iter().copied()).collect();
    on.hset(&hash, &fields).await?;

    assert_eq!(on.lrange::<Vec<String>>(&list, 0, -1).await?, names);
    assert_eq!(on.lrange::<Vec<Vec<u8>>>(&list, 0, -1).await?.len(), names.len());
    let members: HashSet<String> = on.smembers(&set).await?;
    assert_eq!(members, names.iter().cloned().collect());
    let sorted: BTreeSet<String> = on.smembers(&set).await?;
    assert!(sorted.iter().eq(&names));
    let ranked: Vec<(String, f64)> = on.zrange_with_scores(&scored, 0, -1).await?;
    assert!(ranked.iter().map(|(name, score)| (*score, name)).eq(scores));
    let map: HashMap<String, u32> = on.hgetall(&hash).await?;
    assert!(map.len() == names.len() && fields.iter().all(|(name, number)| map[*name] == *number));
    let pairs: Vec<(String, u32)> = on.hgetall(&hash).await?;
    assert_eq!(pairs.into_iter().collect::<HashMap<_, _>>(), map);
    Ok(())
}

async fn moves(on: &On, keys: &Keys) -> Result<()> {
    let [a, b] = keys.each(["a", "b"]);
    on.rpush(&a, [1, 2, 3]).await?;
    assert_eq!(on.lmove::<i64>(&a, &b, ListEnd::Left, ListEnd::Right).await?, 1);
    assert_eq!(on.rpoplpush::<i64>(&a, &b).await?, 3);
    assert_eq!(on.lrange::<Vec<i64>>(&b, 0, -1).await?, [3, 1]);
    assert_eq!(on.lmpop::<i64>([&a, &b], ListEnd::Left, 5).await?, Some((a.as_str().into(), vec![2])));
    assert_eq!(on.lmpop::<i64>([&a], ListEnd::Left, 5).await?, None);
    Ok(())
}

async fn waiting(on: &On, keys: &Keys) -> Result<()> {
    let [a, b] = keys.each(["a", "b"]);
    on.rpush(&a, [1, 2, 3, 4, 5]).await?;
    assert_eq!(on.blpop::<i64>([&b, &a], SOON).await?, Some((a.as_str().into(), 1)));
    assert_eq!(on.brpop::<i64>(&a, SOON).await?, Some((a.as_str().into(), 5)));
    assert_eq!(on.blmove::<Option<i64>>(&a, &b, ListEnd::Left, ListEnd::Left, SOON).await?, Some(2));
    assert_eq!(on.brpoplpush::<Option<i64>>(&a, &b, SOON).await?, Some(4));
    assert_eq!(on.blmpop::<i64>([&b], ListEnd::Left, 9, SOON).await?, Some((b.as_str().into(), vec![4, 2])));
    assert_eq!(on.blpop::<i64>(&b, SOON).await?, None);
    assert_eq!(on.brpop::<i64>(&b, SOON).await?, None);
    assert_eq!(on.blmove::<Option<i64>>(&b, &a, ListEnd::Left, ListEnd::Left, SOON).await?, None);
    assert_eq!(on.brpoplpush::<Option<i64>>(&b, &a, SOON).await?, None);
    assert_eq!(on.blmpop::<i64>([&b], ListEnd::Right, 1, SOON).await?, None);
    Ok(())
}
