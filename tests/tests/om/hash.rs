//! Models that are hashes.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use redis_om::{ErrorKind, Result, ServerErrorCode, commands::Ttl, prelude::*};
use redis_om_tests::{Keys, On, matrix};
use uuid::Uuid;

matrix!(valkey on Valkey: every_type, a_life, many, what_does_not_fit, embedded);
matrix!(redis8 on Redis8: every_type, a_life);
matrix!(oldest on Redis6: every_type, a_life, many, embedded);

#[derive(RedisModel, Debug, Clone, PartialEq)]
#[redis(hash, prefix = "every")]
struct Every {
    #[redis(id)]
    id: String,
    text: String,
    bytes: Vec<u8>,
    letter: char,
    small: i8,
    large: u64,
    huge: i128,
    float: f64,
    flag: bool,
    at: DateTime<Utc>,
    day: NaiveDate,
    uuid: Uuid,
    ulid: Ulid,
    state: State,
    cents: Cents,
    list: Vec<i64>,
    map: BTreeMap<String, f64>,
    #[redis(separator = ",")]
    tags: HashSet<String>,
    some: Option<u32>,
    none: Option<String>,
}

#[derive(RedisValue, Debug, Clone, Copy, PartialEq, Eq)]
#[redis(rename_all = "kebab-case")]
enum State {
    InStock,
}

#[derive(RedisValue, Debug, Clone, Copy, PartialEq)]
struct Cents(i64);

fn every(keys: &Keys) -> Every {
    Every {
        id: keys.of("1"),
        text: "ä \"quoted\"\r\n\0 and 🦀".into(),
        bytes: (0..=255).collect(),
        letter: 'ß',
        small: i8::MIN,
        large: u64::MAX,
        huge: i128::MIN,
        float: 1e-300,
        flag: true,
        at: Utc.timestamp_millis_opt(-1_700_000_000_123).unwrap(),
        day: NaiveDate::from_ymd_opt(1969, 12, 31).unwrap(),
        uuid: Uuid::from_u128(u128::MAX),
        ulid: Ulid::from_parts(1, 2),
        state: State::InStock,
        cents: Cents(-5),
        list: vec![1, -2, i64::MAX],
        map: [("k\n".into(), 0.1)].into(),
        tags: ["a,b".into(), "\\".into(), "c".into()].into(),
        some: Some(7),
        none: None,
    }
}

async fn every_type(on: &On, keys: &Keys) -> Result<()> {
    let one = every(keys);
    one.save(on).await?;
    assert_eq!(Every::get(on, &one.id).await?, Some(one.clone()));
    let other = Every { id: keys.of("2"), flag: false, list: vec![], map: [].into(), tags: [].into(), ..one };
    other.save(on).await?;
    assert_eq!(Every::get(on, &other.id).await?, Some(other));
    Ok(())
}

#[derive(RedisModel, Debug, Clone, PartialEq)]
#[redis(hash, prefix = "user")]
struct User {
    #[redis(id)]
    id: String,
    name: String,
    nick: Option<String>,
    age: Option<u8>,
}

fn user(id: String) -> User {
    User { id, name: "Ann".into(), nick: Some("A".into()), age: Some(30) }
}

async fn a_life(on: &On, keys: &Keys) -> Result<()> {
    let mut ann = user(keys.of("ann"));
    assert!(!User::exists(on, &ann.id).await?);
    assert_eq!(User::get(on, &ann.id).await?, None);
    ann.save(on).await?;
    assert!(User::exists(on, &ann.id).await?);
    assert!(ann.expire(on, Duration::from_secs(60)).await?);
    // A field that became `None` is removed in the same step; the expiry stays.
    ann.nick = None;
    ann.save(on).await?;
    assert!(!on.hexists(ann.key(), "nick").await?);
    assert_eq!(on.hget::<u32>(ann.key(), "age").await?, 30);
    assert!(ann.ttl(on).await?.left().is_some_and(|left| left <= Duration::from_secs(60)));
    assert_eq!(User::get(on, &ann.id).await?, Some(ann.clone()));
    ann.nick = Some(String::new());
    ann.save(on).await?;
    assert_eq!(User::get(on, &ann.id).await?, Some(ann.clone()));
    assert!(ann.delete(on).await?);
    assert!(!User::delete_by_id(on, &ann.id).await?);
    assert_eq!(ann.ttl(on).await?, Ttl::Missing);
    Ok(())
}

async fn many(on: &On, keys: &Keys) -> Result<()> {
    let users: Vec<User> = (0..300)
        .map(|n| User { nick: (n % 2 == 0).then(|| n.to_string()), ..user(keys.of(&n.to_string())) })
        .collect();
    User::save_many(on, &users).await?;
    let ids: Vec<String> = users.iter().map(|user| user.id.clone()).chain([keys.of("absent")]).collect();
    let found = User::get_many(on, &ids).await?;
    let (absent, found) = found.split_last().unwrap();
    assert!(absent.is_none() && found.iter().map(Option::as_ref).eq(users.iter().map(Some)));
    let ((), one, gone, there) = on
        .run(User::exists(
            atomic()
                .add(users[0].save(cmd()))
                .add(User::get(cmd(), &ids[1]))
                .add(User::delete_many(cmd(), &ids[2..4])),
            &ids[2],
        ))
        .await?;
    assert_eq!((one.as_ref(), gone, there), (Some(&users[1]), 2, false));
    Ok(())
}

async fn what_does_not_fit(on: &On, keys: &Keys) -> Result<()> {
    let ann = user(keys.of("ann"));
    let key = ann.key().to_string();
    let cases: [(&str, &[u8], &str); 3] = [
        ("age", b"three hundred", "User.age"),
        ("age", b"300", "User.age"),
        ("name", b"caf\xe9", "User.name"),
    ];
    for (field, stored, at) in cases {
        ann.save(on).await?;
        on.hset(&key, (field, stored)).await?;
        let error = User::get(on, &ann.id).await.unwrap_err();
        assert_eq!((error.kind(), error.key()), (&ErrorKind::Decode, Some(&*key)), "{error}");
        assert!(error.to_string().contains(at), "{error}");
        let error = User::get_many(on, [&ann.id]).await.unwrap_err();
        assert!(error.to_string().contains(at), "{error}");
    }
    on.hdel(&key, "name").await?;
    let error = User::get(on, &ann.id).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Decode, "{error}");
    assert!(error.to_string().contains("User.name") && error.to_string().contains("no field"), "{error}");
    on.set(&key, "text").await?;
    for error in [User::get(on, &ann.id).await.map(drop).unwrap_err(), ann.save(on).await.unwrap_err()] {
        assert_eq!(error.code(), Some(&ServerErrorCode::WrongType), "{error}");
        assert_eq!(error.key(), Some(&*key), "{error}");
    }
    let without = User { nick: None, ..ann.clone() };
    let error = without.save(on).await.unwrap_err();
    assert!(error.to_string().contains("WRONGTYPE") && error.key() == Some(&*key), "{error}");
    on.del(&key).await?;
    ann.save(on).await?;
    assert_eq!(User::get(on, &ann.id).await?, Some(ann));
    Ok(())
}

#[derive(RedisModel, Debug, Clone, PartialEq)]
#[redis(hash, prefix = "house")]
struct House {
    #[redis(id)]
    id: String,
    #[redis(embed)]
    address: Address,
    #[redis(embed)]
    summer: Option<Address>,
}

#[derive(RedisEmbedded, Debug, Clone, PartialEq)]
struct Address {
    city: String,
    zip: Option<u32>,
}

async fn embedded(on: &On, keys: &Keys) -> Result<()> {
    let oslo = Address { city: "Oslo".into(), zip: Some(150) };
    let mut house = House { id: keys.of("1"), address: oslo.clone(), summer: Some(oslo) };
    house.save(on).await?;
    assert_eq!(on.hget::<String>(house.key(), "address.city").await?, "Oslo");
    assert_eq!(House::get(on, &house.id).await?, Some(house.clone()));
    house.summer = None;
    house.address.zip = None;
    house.save(on).await?;
    assert_eq!(on.hget::<Option<String>>(house.key(), "summer.city").await?, None);
    assert_eq!(House::get(on, &house.id).await?, Some(house));
    Ok(())
}
