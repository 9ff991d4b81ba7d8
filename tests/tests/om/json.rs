//! Models that are JSON documents.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, TimeZone, Utc};
use redis_om::{ErrorKind, Result, ServerErrorCode, prelude::*};
use redis_om_tests::{Keys, On, matrix};
use serde::{Deserialize, Serialize};

matrix!(redis8 on Redis8: a_life, many, what_does_not_fit);

#[derive(RedisModel, Serialize, Deserialize, Debug, Clone, PartialEq)]
#[redis(json, prefix = "shop")]
struct Shop {
    #[redis(id)]
    id: String,
    name: String,
    opened: DateTime<Utc>,
    articles: Vec<Article>,
    prices: BTreeMap<String, f64>,
    note: Option<String>,
}

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
struct Article {
    name: String,
    stock: u32,
}

fn shop(id: String) -> Shop {
    Shop {
        id,
        name: "Lämpchen \"& Co\" 🪔".into(),
        opened: Utc.timestamp_millis_opt(1_700_000_000_123).unwrap(),
        articles: vec![Article { name: "lamp".into(), stock: 4 }],
        prices: [("lamp".into(), 18.5)].into(),
        note: Some("new".into()),
    }
}

async fn a_life(on: &On, keys: &Keys) -> Result<()> {
    let mut shop = shop(keys.of("1"));
    assert_eq!(Shop::get(on, &shop.id).await?, None);
    shop.save(on).await?;
    assert_eq!(Shop::get(on, &shop.id).await?, Some(shop.clone()));
    assert!(shop.expire(on, Duration::from_secs(60)).await?);
    shop.note = None;
    shop.articles.clear();
    shop.save(on).await?;
    assert_eq!(Shop::get(on, &shop.id).await?, Some(shop.clone()));
    assert!(Shop::exists(on, &shop.id).await?);
    assert!(shop.delete(on).await?);
    assert!(!Shop::exists(on, &shop.id).await?);
    Ok(())
}

async fn many(on: &On, keys: &Keys) -> Result<()> {
    let shops: Vec<Shop> = (0..50).map(|n| shop(keys.of(&n.to_string()))).collect();
    Shop::save_many(on, &shops).await?;
    let ids: Vec<String> = shops.iter().map(|shop| shop.id.clone()).chain([keys.of("absent")]).collect();
    let found = Shop::get_many(on, &ids).await?;
    let (absent, found) = found.split_last().unwrap();
    assert!(absent.is_none() && found.iter().map(Option::as_ref).eq(shops.iter().map(Some)));
    assert_eq!(Shop::delete_many(on, &ids).await?, 50);
    Ok(())
}

async fn what_does_not_fit(on: &On, keys: &Keys) -> Result<()> {
    let shop = shop(keys.of("1"));
    let key = shop.key().to_string();
    shop.save(on).await?;
    on.json_set(&key, "$.articles[0].stock", r#""many""#).await?;
    let error = Shop::get(on, &shop.id).await.unwrap_err();
    assert_eq!((error.kind(), error.key()), (&ErrorKind::Decode, Some(&*key)), "{error}");
    assert!(error.to_string().contains("articles") && error.to_string().contains("stock"), "{error}");
    shop.save(on).await?;
    on.json_del(&key, "$.name").await?;
    let error = Shop::get(on, &shop.id).await.unwrap_err();
    assert!(error.kind() == &ErrorKind::Decode && error.to_string().contains("name"), "{error}");
    on.del(&key).await?;
    on.hset(&key, ("f", 1)).await?;
    for error in [Shop::get(on, &shop.id).await.map(drop).unwrap_err(), shop.save(on).await.unwrap_err()] {
        assert!(matches!(error.kind(), ErrorKind::Server(_)), "{error}");
        assert!(
            error.code() == Some(&ServerErrorCode::WrongType) || error.to_string().contains("wrong"),
            "{error}"
        );
        assert_eq!(error.key(), Some(&*key), "{error}");
    }
    on.del(&key).await?;
    shop.save(on).await?;
    assert_eq!(Shop::get(on, &shop.id).await?, Some(shop));
    Ok(())
}
