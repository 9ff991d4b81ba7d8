//! Keys on real servers: lifetimes, names, types, pages, copies.

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};

use redis_om_client::{
    KeyName, Result,
    commands::{
        CopyOptions, ExpireOptions, ExpireTime, KeyType, MigrateOptions, ObjectEncoding, RestoreOptions,
        ScanOptions, SortOptions, Ttl,
    },
    prelude::*,
};
use redis_om_tests::{Keys, On, matrix, redis6};

const MINUTE: Duration = Duration::from_secs(60);

matrix!(valkey on Valkey: lifetimes, names, kinds, copies, pages, sorting, replicas);
matrix!(oldest on Redis6: names, kinds, pages, sorting);

async fn lifetimes(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    assert_eq!(on.ttl(&k).await?, Ttl::Missing);
    assert!(!on.expire(&k, MINUTE).await?);
    on.set(&k, 1).await?;
    assert_eq!(on.pttl(&k).await?, Ttl::Persistent);
    assert_eq!(on.expiretime(&k).await?, ExpireTime::Persistent);
    assert!(on.expire(&k, MINUTE).await?);
    assert!(on.ttl(&k).await?.left().is_some_and(|left| left <= MINUTE));
    assert!(!on.expire_with(&k, 2 * MINUTE, ExpireOptions::new().nx()).await?);
    assert!(on.pexpire(&k, 3 * MINUTE).await?);
    assert!(!on.pexpire_with(&k, MINUTE, ExpireOptions::new().gt()).await?);
    let later = SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000);
    assert!(on.expireat(&k, later).await?);
    assert_eq!(on.expiretime(&k).await?, ExpireTime::At(later));
    assert!(on.expireat_with(&k, later, ExpireOptions::new().xx()).await?);
    let finer = later + Duration::from_millis(5);
    assert!(on.pexpireat(&k, finer).await?);
    assert_eq!(on.pexpiretime(&k).await?, ExpireTime::At(finer));
    assert!(!on.pexpireat_with(&k, finer, ExpireOptions::new().lt()).await?);
    assert!(on.persist(&k).await?);
    assert!(!on.persist(&k).await?);
    assert_eq!(on.pexpiretime(&k).await?, ExpireTime::Persistent);
    Ok(())
}

async fn names(on: &On, keys: &Keys) -> Result<()> {
    let [a, b, c] = keys.each(["a", "b", "c"]);
    on.mset([(&a, 1), (&b, 2)]).await?;
    assert_eq!(on.exists([&a, &b, &c, &a]).await?, 3);
    assert_eq!(on.touch([&a, &c]).await?, 1);
    on.rename(&a, &c).await?;
    assert!(!on.renamenx(&c, &b).await?);
    assert!(on.renamenx(&c, &a).await?);
    let mut all = on.keys(format!("{}:*", keys.prefix())).await?;
    all.sort();
    assert_eq!(all, [a.as_str(), b.as_str()]);
    assert!(on.randomkey().await?.is_some());
    assert_eq!(on.del([&a, &c]).await?, 1);
    assert_eq!(on.unlink([&b]).await?, 1);
    assert!(on.rename(&a, &b).await.is_err());
    assert!(on.del(Vec::<String>::new()).await.is_err());
    Ok(())
}

async fn kinds(on: &On, keys: &Keys) -> Result<()> {
    let [text, list, set, hash] = keys.each(["text", "list", "set", "hash"]);
    on.set(&text, 1).await?;
    on.rpush(&list, 1).await?;
    on.sadd(&set, 1).await?;
    on.hset(&hash, ("f", 1)).await?;
    let wanted =
        [(text.clone(), KeyType::String), (list, KeyType::List), (set, KeyType::Set), (hash, KeyType::Hash)];
    for (key, kind) in wanted {
        assert_eq!(on.type_(key).await?, kind);
    }
    assert_eq!(on.type_(keys.of("absent")).await?, KeyType::None);
    assert_eq!(on.object_encoding(&text).await?, Some(ObjectEncoding::Int));
    assert_eq!(on.object_encoding(keys.of("absent")).await?, None);
    assert!(on.object_refcount(&text).await?.is_some_and(|count| count > 0));
    assert!(on.object_idletime(&text).await?.is_some_and(|idle| idle < MINUTE));
    // Only where the server counts uses (an LFU policy).
    assert!(on.object_freq(&text).await.is_err());
    Ok(())
}

async fn copies(on: &On, keys: &Keys) -> Result<()> {
    let [a, b] = keys.each(["a", "b"]);
    on.set(&a, "text").await?;
    assert!(on.copy(&a, &b).await?);
    assert!(!on.copy(&a, &b).await?);
    assert!(on.copy_with(&a, &b, CopyOptions::new().replace()).await?);
    assert!(on.copy_with(&a, &a, CopyOptions::new().db(1)).await?);
    let dumped = on.dump(&a).await?.unwrap();
    assert_eq!(on.dump(keys.of("absent")).await?, None);
    on.restore(keys.of("restored"), &dumped).await?;
    assert!(on.restore(keys.of("restored"), &dumped).await.is_err());
    on.restore_with(keys.of("restored"), &dumped, RestoreOptions::new().replace().ex(MINUTE)).await?;
    assert!(on.ttl(keys.of("restored")).await?.left().is_some());
    assert_eq!(on.get::<String>(keys.of("restored")).await?, "text");
    assert!(on.move_(&b, 2).await?);
    assert!(!on.move_(&b, 2).await?);
    // To a server that does not know this version's format: an error, and not OK.
    let other = redis6();
    let options = MigrateOptions::new().copy();
    assert!(!on.migrate("127.0.0.1", other.port(), keys.of("absent"), MINUTE, options.clone()).await?);
    assert!(on.migrate("127.0.0.1", other.port(), &a, MINUTE, options).await.is_err());
    Ok(())
}

async fn pages(on: &On, keys: &Keys) -> Result<()> {
    let names: BTreeSet<KeyName> = (0..300).map(|n| keys.of(&n.to_string()).into()).collect();
    on.mset(names.iter().map(|key| (key, 1)).collect::<Vec<_>>()).await?;
    let options = ScanOptions::new().pattern(format!("{}:*", keys.prefix())).count(100);
    let (mut cursor, mut found) = (0, BTreeSet::new());
    loop {
        let page = on.scan_with(cursor, options.clone()).await?;
        found.extend(page.items);
        cursor = page.cursor;
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(found, names);
    on.scan(0).await?;
    Ok(())
}

async fn sorting(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    on.rpush(&k, [3, 10, 1]).await?;
    assert_eq!(on.sort::<Vec<i64>>(&k).await?, [1, 3, 10]);
    assert_eq!(on.sort_with::<Vec<i64>>(&k, SortOptions::new().desc().limit(0, 2)).await?, [10, 3]);
    assert_eq!(on.sort_with::<Vec<i64>>(&k, SortOptions::new().alpha()).await?, [1, 10, 3]);
    assert_eq!(on.sort_store(&k, keys.of("to"), SortOptions::new()).await?, 3);
    Ok(())
}

async fn replicas(on: &On, keys: &Keys) -> Result<()> {
    assert!(on.sort_ro::<Vec<i64>>(keys.of("absent"), SortOptions::new()).await?.is_empty());
    let short = Duration::from_millis(10);
    let batch = pipe().set(keys.of("k"), 1).wait(0, short).waitaof(false, 0, short);
    assert_eq!(on.run(batch).await?, ((), 0, (0, 0)));
    Ok(())
}
