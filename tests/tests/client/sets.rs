//! Sets on real servers.

use std::collections::{BTreeSet, HashSet};

use redis_om_client::{Result, commands::ScanOptions, prelude::*};
use redis_om_tests::{Keys, On, matrix};

matrix!(valkey on Valkey: members, together, pages);
matrix!(oldest on Redis6: members);

fn set<const N: usize>(members: [&str; N]) -> BTreeSet<String> {
    members.map(str::to_owned).into()
}

async fn members(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    assert_eq!(on.sadd(&k, ["a", "b", "c"]).await?, 3);
    assert_eq!(on.sadd(&k, "a").await?, 0);
    assert_eq!(on.scard(&k).await?, 3);
    assert!(on.sismember(&k, "a").await?);
    assert_eq!(on.smismember(&k, ["a", "x"]).await?, [true, false]);
    assert_eq!(on.smembers::<BTreeSet<String>>(&k).await?, set(["a", "b", "c"]));
    assert_eq!(on.smembers::<HashSet<String>>(keys.of("absent")).await?.len(), 0);
    assert!(on.smove(&k, keys.of("other"), "a").await?);
    assert!(!on.smove(&k, keys.of("other"), "a").await?);
    assert_eq!(on.srem(&k, ["b", "x"]).await?, 1);
    assert_eq!(on.srandmember::<Option<String>>(&k).await?.as_deref(), Some("c"));
    assert_eq!(on.srandmember_count::<Vec<String>>(&k, -3).await?, ["c", "c", "c"]);
    assert_eq!(on.spop::<String>(&k).await?, "c");
    assert_eq!(on.spop::<Option<String>>(&k).await?, None);
    assert_eq!(on.spop_count::<Vec<String>>(keys.of("other"), 5).await?, ["a"]);
    Ok(())
}

async fn together(on: &On, keys: &Keys) -> Result<()> {
    let [a, b, to] = keys.each(["a", "b", "to"]);
    on.sadd(&a, ["1", "2", "3"]).await?;
    on.sadd(&b, ["2", "3", "4"]).await?;
    assert_eq!(on.sdiff::<BTreeSet<String>>([&a, &b]).await?, set(["1"]));
    assert_eq!(on.sinter::<BTreeSet<String>>([&a, &b]).await?, set(["2", "3"]));
    assert_eq!(on.sunion::<BTreeSet<i64>>([&a, &b]).await?, [1, 2, 3, 4].into());
    assert_eq!(on.sintercard([&a, &b]).await?, 2);
    assert_eq!(on.sintercard_limit([&a, &b], 1).await?, 1);
    assert_eq!(on.sdiffstore(&to, [&a, &b]).await?, 1);
    assert_eq!(on.sinterstore(&to, [&a, &b]).await?, 2);
    assert_eq!(on.sunionstore(&to, [&a, &b]).await?, 4);
    Ok(())
}

async fn pages(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    let wanted: BTreeSet<String> = (0..2_000).map(|n| format!("m{n}")).collect();
    on.sadd(&k, &wanted).await?;
    let (mut cursor, mut found, mut pages) = (0, BTreeSet::new(), 0);
    loop {
        let page = on.sscan::<String>(&k, cursor).await?;
        found.extend(page.items);
        pages += 1;
        cursor = page.cursor;
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(found, wanted);
    assert!(pages > 1);
    let some = on.sscan_with::<String>(&k, 0, ScanOptions::new().pattern("m1?").count(5_000)).await?;
    assert_eq!(some.items.len(), 10);
    Ok(())
}
