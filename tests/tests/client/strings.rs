//! Strings on real servers.

use std::time::{Duration, SystemTime};

use redis_om_client::{
    ErrorKind, Result, ServerErrorCode,
    commands::{DelEx, GetEx, IncrEx, LcsOptions, MSetExOptions, SetOptions},
    prelude::*,
};
use redis_om_tests::{Keys, On, matrix};

const MINUTE: Duration = Duration::from_secs(60);

matrix!(valkey on Valkey: values, counters, several, options, expiries, parts, common, errors);

async fn values(on: &On, keys: &Keys) -> Result<()> {
    let [text, raw, empty] = keys.each(["text", "raw", "empty"]);
    on.set(&text, "héllo").await?;
    assert_eq!(on.get::<String>(&text).await?, "héllo");
    assert_eq!(on.get::<Option<String>>(keys.of("absent")).await?, None);
    let bytes: Vec<u8> = (0..=255).collect();
    on.set(&raw, &bytes).await?;
    assert_eq!(on.get::<Vec<u8>>(&raw).await?, bytes);
    on.set(&empty, "").await?;
    assert_eq!(on.get::<String>(&empty).await?, "");
    assert!(on.setnx(keys.of("new"), 1).await?);
    assert!(!on.setnx(keys.of("new"), 2).await?);
    assert_eq!(on.getset::<Option<i64>>(keys.of("new"), 3).await?, Some(1));
    assert_eq!(on.getdel::<Option<i64>>(keys.of("new")).await?, Some(3));
    assert_eq!(on.getdel::<Option<i64>>(keys.of("new")).await?, None);
    let large = "x".repeat(3 << 20);
    on.set(keys.of("large"), &large).await?;
    assert_eq!(on.get::<String>(keys.of("large")).await?, large);
    Ok(())
}

async fn counters(on: &On, keys: &Keys) -> Result<()> {
    let n = keys.of("n");
    assert_eq!(on.incr(&n).await?, 1);
    assert_eq!(on.incr_by(&n, 41).await?, 42);
    assert_eq!(on.decr(&n).await?, 41);
    assert_eq!(on.decr_by(&n, 50).await?, -9);
    assert_eq!(on.get::<i64>(&n).await?, -9);
    assert_eq!(on.incr_by_float(keys.of("x"), 0.25).await?, 0.25);
    assert_eq!(on.incr_by_float(keys.of("x"), -1.5).await?, -1.25);
    on.set(&n, i64::MAX).await?;
    assert_eq!(on.incr(&n).await.unwrap_err().code(), Some(&ServerErrorCode::Err));
    Ok(())
}

async fn several(on: &On, keys: &Keys) -> Result<()> {
    let [a, b, c] = keys.each(["a", "b", "c"]);
    on.mset([(&a, 1), (&b, 2)]).await?;
    assert_eq!(on.mget::<Vec<Option<i64>>>([&a, &b, &c]).await?, [Some(1), Some(2), None]);
    assert!(!on.msetnx([(&b, 5), (&c, 6)]).await?);
    assert!(on.msetnx([(&c, 6)]).await?);
    assert_eq!(on.mget::<(i64, i64, i64)>([&a, &b, &c]).await?, (1, 2, 6));
    assert!(!on.msetex([(&a, 7), (&keys.of("d"), 8)], MSetExOptions::new().nx()).await?);
    assert!(on.msetex([(&a, 7), (&b, 8)], MSetExOptions::new().xx().ex(MINUTE)).await?);
    let none = on.mget::<Vec<String>>(Vec::<String>::new()).await.unwrap_err();
    assert_eq!(none.kind(), &ErrorKind::Argument, "{none}");
    Ok(())
}

async fn options(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    assert!(!on.set_with(&k, 1, SetOptions::new().xx()).await?);
    assert!(on.set_with(&k, 1, SetOptions::new().nx().ex(MINUTE)).await?);
    assert!(!on.set_with(&k, 2, SetOptions::new().nx()).await?);
    assert_eq!(on.set_with(&k, 2, SetOptions::new().keep_ttl().get::<i64>()).await?, Some(1));
    let other = on.set_with(keys.of("other"), 2, SetOptions::new().get::<i64>()).await?;
    assert_eq!(other, None);
    assert!(on.set_with(&k, 3, SetOptions::new().ifeq(2)).await?);
    assert!(!on.set_with(&k, 4, SetOptions::new().ifeq(2)).await?);
    let past = SystemTime::now() + MINUTE;
    assert!(on.set_with(&k, 5, SetOptions::new().exat(past)).await?);
    assert!(!on.delifeq(&k, 6).await?);
    assert!(on.delifeq(&k, 5).await?);
    assert_eq!(on.get::<Option<i64>>(&k).await?, None);
    Ok(())
}

async fn expiries(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    on.setex(&k, MINUTE, "a").await?;
    on.psetex(&k, Duration::from_millis(59_500), "b").await?;
    assert_eq!(on.getex::<String>(&k, GetEx::In(MINUTE)).await?, "b");
    assert_eq!(on.getex::<String>(&k, GetEx::At(SystemTime::now() + MINUTE)).await?, "b");
    assert_eq!(on.getex::<String>(&k, GetEx::Persist).await?, "b");
    assert_eq!(
        on.getex::<Option<String>>(&k, GetEx::At(SystemTime::UNIX_EPOCH + MINUTE)).await?.as_deref(),
        Some("b")
    );
    // A time in the past deletes the key.
    assert_eq!(on.get::<Option<String>>(&k).await?, None);
    let zero = on.setex(&k, Duration::ZERO, 1).await.unwrap_err();
    assert!(matches!(zero.kind(), ErrorKind::Argument | ErrorKind::Server(_)), "{zero}");
    Ok(())
}

async fn parts(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    assert_eq!(on.append(&k, "Hello ").await?, 6);
    assert_eq!(on.append(&k, "World").await?, 11);
    assert_eq!(on.setrange(&k, 6, "Redis").await?, 11);
    assert_eq!(on.getrange::<String>(&k, 0, -1).await?, "Hello Redis");
    assert_eq!(on.substr::<String>(&k, -5, -1).await?, "Redis");
    assert_eq!(on.strlen(&k).await?, 11);
    assert_eq!(on.strlen(keys.of("absent")).await?, 0);
    assert_eq!(on.getrange::<String>(keys.of("absent"), 0, -1).await?, "");
    Ok(())
}

async fn common(on: &On, keys: &Keys) -> Result<()> {
    let [a, b] = keys.each(["a", "b"]);
    on.mset([(&a, "ohmytext"), (&b, "mynewtext")]).await?;
    assert_eq!(on.lcs::<String>(&a, &b).await?, "mytext");
    assert_eq!(on.lcs_len(&a, &b).await?, 6);
    let found = on.lcs_idx(&a, &b, LcsOptions::new().min_match_len(4)).await?;
    assert_eq!((found.len, found.matches.len()), (6, 1));
    assert_eq!((found.matches[0].one.clone(), found.matches[0].other.clone()), (4..=7, 5..=8));
    assert_eq!(found.matches[0].len(), 4);
    Ok(())
}

async fn errors(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    on.set(&k, "text").await?;
    let error = on.incr(&k).await.unwrap_err();
    assert_eq!((error.command(), error.key()), (Some("INCR"), Some(&*k)), "{error}");
    let error = on.get::<i64>(&k).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Decode);
    assert_eq!((error.command(), error.key()), (Some("GET"), Some(&*k)), "{error}");
    let error = on.incr_by_float(&k, f64::NAN).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Argument, "{error}");
    // Commands that no available server knows: they give the server's error, and the connection stays usable.
    for error in [
        on.digest(&k).await.map(drop).unwrap_err(),
        on.delex(&k, DelEx::ifne("x")).await.map(drop).unwrap_err(),
        on.increx(&k, IncrEx::by(1)).await.map(drop).unwrap_err(),
    ] {
        assert!(matches!(error.kind(), ErrorKind::Server(_)), "{error}");
        assert!(error.to_string().contains("unknown command"), "{error}");
    }
    assert_eq!(on.get::<String>(&k).await?, "text");
    Ok(())
}
