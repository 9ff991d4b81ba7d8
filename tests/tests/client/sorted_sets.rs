//! Sorted sets on real servers.

use std::{collections::BTreeMap, time::Duration};

use redis_om_client::{
    Result,
    commands::{ScanOptions, ZAddOptions, ZAggregate, ZCombine, ZEnd, ZRange},
    prelude::*,
};
use redis_om_tests::{Keys, On, matrix};

matrix!(valkey on Valkey: scores, ranks, ranges, words, removing, popping, together, pages);
matrix!(redis8 on Redis8: with_scores_of_rank);
matrix!(oldest on Redis6: scores, ranks, ranges);

const SOON: Duration = Duration::from_millis(10);

fn scored<const N: usize>(members: [(&str, f64); N]) -> Vec<(String, f64)> {
    members.map(|(member, score)| (member.to_owned(), score)).into()
}

async fn abc(on: &On, key: &str) -> Result<()> {
    assert_eq!(on.zadd(key, [(1.0, "a"), (2.5, "b"), (3.0, "c")]).await?, 3);
    Ok(())
}

async fn scores(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    abc(on, &k).await?;
    assert_eq!(on.zadd(&k, (5, "a")).await?, 0);
    assert_eq!(on.zadd_with(&k, (6, "a"), ZAddOptions::new().ch()).await?, 1);
    assert_eq!(on.zadd_with(&k, (7, "a"), ZAddOptions::new().nx()).await?, 0);
    assert_eq!(on.zadd_with(&k, (1, "new"), ZAddOptions::new().xx()).await?, 0);
    assert_eq!(on.zadd_with(&k, (1, "a"), ZAddOptions::new().gt().ch()).await?, 0);
    assert_eq!(on.zadd_with(&k, (1, "a"), ZAddOptions::new().lt().ch()).await?, 1);
    assert_eq!(on.zadd_with(&k, (0.5, "a"), ZAddOptions::new().incr()).await?, Some(1.5));
    assert_eq!(on.zadd_with(&k, (0.5, "a"), ZAddOptions::new().nx().incr()).await?, None);
    assert_eq!(on.zincr_by(&k, -0.5, "a").await?, 1.0);
    assert_eq!(on.zscore(&k, "b").await?, Some(2.5));
    assert_eq!(on.zscore(&k, "x").await?, None);
    assert_eq!(on.zmscore(&k, ["a", "x"]).await?, [Some(1.0), None]);
    on.zadd(&k, (f64::INFINITY, "far")).await?;
    assert_eq!(on.zscore(&k, "far").await?, Some(f64::INFINITY));
    assert_eq!(on.zcard(&k).await?, 4);
    assert_eq!(on.zrem(&k, ["far", "x"]).await?, 1);
    Ok(())
}

async fn ranks(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    abc(on, &k).await?;
    assert_eq!(on.zrank(&k, "c").await?, Some(2));
    assert_eq!(on.zrank(&k, "x").await?, None);
    assert_eq!(on.zrevrank(&k, "c").await?, Some(0));
    let drawn: String = on.zrandmember(&k).await?;
    assert!(["a", "b", "c"].contains(&&*drawn));
    assert_eq!(on.zrandmember_count::<Vec<String>>(&k, 9).await?.len(), 3);
    let mut pairs = on.zrandmember_with_scores::<String>(&k, 3).await?;
    pairs.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(pairs, scored([("a", 1.0), ("b", 2.5), ("c", 3.0)]));
    Ok(())
}

async fn with_scores_of_rank(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    abc(on, &k).await?;
    assert_eq!(on.zrank_with_score(&k, "b").await?, Some((1, 2.5)));
    assert_eq!(on.zrevrank_with_score(&k, "b").await?, Some((1, 2.5)));
    assert_eq!(on.zrank_with_score(&k, "x").await?, None);
    Ok(())
}

async fn ranges(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    abc(on, &k).await?;
    assert_eq!(on.zrange::<Vec<String>>(&k, 0, -2).await?, ["a", "b"]);
    assert_eq!(on.zrange_with_scores::<String>(&k, -1, -1).await?, scored([("c", 3.0)]));
    assert_eq!(on.zrange_with::<Vec<String>>(&k, ZRange::by_rank(0, 0).rev()).await?, ["c"]);
    let by_score = ZRange::by_score(1.0..3.0).limit(1, 5).with_scores();
    assert_eq!(on.zrange_with::<Vec<(String, f64)>>(&k, by_score).await?, scored([("b", 2.5)]));
    assert_eq!(on.zrangestore(keys.of("to"), &k, ZRange::by_score(2.0..)).await?, 2);
    assert_eq!(on.zcount(&k, 1.0..=2.5).await?, 2);
    assert_eq!(on.zcount(&k, ..).await?, 3);
    assert_eq!(on.zrevrange::<Vec<String>>(&k, 0, 0).await?, ["c"]);
    assert_eq!(on.zrevrange_with_scores::<String>(&k, 0, 0).await?, scored([("c", 3.0)]));
    assert_eq!(on.zrangebyscore::<Vec<String>>(&k, 2.0..).await?, ["b", "c"]);
    assert_eq!(on.zrangebyscore_with_scores::<String>(&k, ..2.0).await?, scored([("a", 1.0)]));
    assert_eq!(on.zrevrangebyscore::<Vec<String>>(&k, ..).await?, ["c", "b", "a"]);
    let reversed = on.zrevrangebyscore_with_scores::<String>(&k, 2.5..=3.0).await?;
    assert_eq!(reversed, scored([("c", 3.0), ("b", 2.5)]));
    Ok(())
}

async fn words(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    on.zadd(&k, [(0, "a"), (0, "b"), (0, "c"), (0, "d")]).await?;
    assert_eq!(on.zlexcount(&k, "b"..="c").await?, 2);
    assert_eq!(on.zrangebylex::<Vec<String>>(&k, "b".."d").await?, ["b", "c"]);
    assert_eq!(on.zrevrangebylex::<Vec<String>>(&k, "c"..).await?, ["d", "c"]);
    assert_eq!(on.zrange_with::<Vec<String>>(&k, ZRange::by_lex(.."b")).await?, ["a"]);
    assert_eq!(on.zremrangebylex(&k, "a"..="b").await?, 2);
    Ok(())
}

async fn removing(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    abc(on, &k).await?;
    assert_eq!(on.zremrangebyrank(&k, 0, 0).await?, 1);
    assert_eq!(on.zremrangebyscore(&k, 2.0..3.0).await?, 1);
    assert_eq!(on.zrange::<Vec<String>>(&k, 0, -1).await?, ["c"]);
    Ok(())
}

async fn popping(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    on.zadd(&k, (1..=9).map(|n| (n, n)).collect::<Vec<_>>()).await?;
    assert_eq!(on.zpopmin::<i64>(&k).await?, Some((1, 1.0)));
    assert_eq!(on.zpopmax::<i64>(&k).await?, Some((9, 9.0)));
    assert_eq!(on.zpopmin_count::<i64>(&k, 1).await?, [(2, 2.0)]);
    assert_eq!(on.zpopmax_count::<i64>(&k, 2).await?, [(8, 8.0), (7, 7.0)]);
    assert_eq!(on.zmpop::<i64>([&k], ZEnd::Min, 1).await?, Some((k.as_str().into(), vec![(3, 3.0)])));
    assert_eq!(on.bzpopmin::<i64>(&k, SOON).await?, Some((k.as_str().into(), 4, 4.0)));
    assert_eq!(on.bzpopmax::<i64>(&k, SOON).await?, Some((k.as_str().into(), 6, 6.0)));
    assert_eq!(on.bzmpop::<i64>([&k], ZEnd::Max, 2, SOON).await?, Some((k.as_str().into(), vec![(5, 5.0)])));
    assert_eq!(on.zpopmin::<i64>(&k).await?, None);
    assert_eq!(on.zmpop::<i64>([&k], ZEnd::Min, 1).await?, None);
    assert_eq!(on.bzpopmin::<i64>(&k, SOON).await?, None);
    assert_eq!(on.bzpopmax::<i64>(&k, SOON).await?, None);
    assert_eq!(on.bzmpop::<i64>([&k], ZEnd::Max, 2, SOON).await?, None);
    Ok(())
}

async fn together(on: &On, keys: &Keys) -> Result<()> {
    let [a, b, to] = keys.each(["a", "b", "to"]);
    on.zadd(&a, [(1, "x"), (2, "y")]).await?;
    on.zadd(&b, [(10, "y"), (20, "z")]).await?;
    let both = [&a, &b];
    assert_eq!(on.zunion::<Vec<String>>(both).await?, ["x", "y", "z"]);
    assert_eq!(on.zinter::<Vec<String>>(both).await?, ["y"]);
    assert_eq!(on.zdiff::<Vec<String>>(both).await?, ["x"]);
    let most = ZCombine::new().weights([1.0, 2.0]).aggregate(ZAggregate::Max);
    let union = on.zunion_with_scores::<String>(both, most.clone()).await?;
    assert_eq!(union, scored([("x", 1.0), ("y", 20.0), ("z", 40.0)]));
    let least = ZCombine::new().aggregate(ZAggregate::Min);
    assert_eq!(on.zinter_with_scores::<String>(both, least.clone()).await?, scored([("y", 2.0)]));
    assert_eq!(on.zdiff_with_scores::<String>(both).await?, scored([("x", 1.0)]));
    assert_eq!(on.zintercard(both).await?, 1);
    assert_eq!(on.zintercard_limit(both, 1).await?, 1);
    assert_eq!(on.zunionstore(&to, both).await?, 3);
    assert_eq!(on.zunionstore_with(&to, both, most).await?, 3);
    assert_eq!(on.zinterstore(&to, both).await?, 1);
    assert_eq!(on.zinterstore_with(&to, both, least).await?, 1);
    assert_eq!(on.zdiffstore(&to, both).await?, 1);
    Ok(())
}

async fn pages(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    let wanted: BTreeMap<String, i64> = (0..1_000).map(|n| (format!("m{n}"), n)).collect();
    on.zadd(&k, wanted.iter().map(|(member, score)| (*score, member)).collect::<Vec<_>>()).await?;
    let (mut cursor, mut found) = (0, BTreeMap::new());
    loop {
        let page = on.zscan::<String>(&k, cursor).await?;
        found.extend(page.items.into_iter().map(|(member, score)| (member, score as i64)));
        cursor = page.cursor;
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(found, wanted);
    let some = on.zscan_with::<String>(&k, 0, ScanOptions::new().pattern("m7?").count(5_000)).await?;
    assert_eq!(some.items.len(), 10);
    Ok(())
}
