//! Hash models: the commands that are written and the replies that are read. No server.

mod common;

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;
use chrono::{DateTime, TimeZone, Utc};
use common::{decode, decode_err, map2, map3};
use redis_om::prelude::*;
use uuid::Uuid;

#[derive(RedisModel, Debug, Clone, PartialEq)]
#[redis(hash, prefix = "user")]
struct User {
    #[redis(id)]
    id: u64,
    name: String,
    age: u32,
    score: f64,
    active: bool,
}

fn ann() -> User {
    User { id: 7, name: "Ann Lee".into(), age: 30, score: 1.5, active: true }
}

#[test]
fn words() {
    assert_eq!(ann().save(cmd()).to_string(), "HSET user:7 id 7 name \"Ann Lee\" age 30 score 1.5 active 1");
    assert_eq!(User::get(cmd(), 7).to_string(), "HGETALL user:7");
    let id = &ann().id;
    assert_eq!(User::get(cmd(), id).to_string(), "HGETALL user:7");
    assert_eq!(User::exists(cmd(), 7).to_string(), "EXISTS user:7");
    assert_eq!(ann().delete(cmd()).to_string(), "DEL user:7");
    assert_eq!(User::get_many(cmd(), [1, 2]).to_string(), "HGETALL user:1 | HGETALL user:2");
    assert_eq!(User::get_many(cmd(), [1, 2].iter()).to_string(), "HGETALL user:1 | HGETALL user:2");
    assert_eq!(User::delete_many(cmd(), [1, 2]).to_string(), "DEL user:1 | DEL user:2");
    assert_eq!(User::delete_many(cmd(), Vec::<u64>::new()).to_string(), "");
    assert_eq!(User::MODEL_NAME, "User");
}

/// A future or pager can be moved to a spawned task.
#[test]
fn futures_and_pagers_can_be_sent() {
    fn sent<T: Send>(_: impl Fn(&'static Client) -> T) {}
    sent(|client| ann().save(client));
    sent(|client| User::get_many(client, [1, 2]));
    sent(User::all);
    sent(|client| async move { User::all_ids(client).next().await });
}

#[test]
fn loads_from_both_protocols() {
    let pairs = [("id", "7"), ("name", "Ann Lee"), ("age", "30"), ("score", "1.5"), ("active", "1")];
    for bytes in [map2(&pairs), map3(&pairs)] {
        assert_eq!(decode(User::get(cmd(), 7), &bytes).unwrap(), Some(ann()));
    }
    // The fields in another order, and one that the struct does not have.
    let pairs =
        [("active", "0"), ("old", "x"), ("score", "2"), ("age", "30"), ("name", "Ann Lee"), ("id", "7")];
    let user = decode(User::get(cmd(), 7), &map3(&pairs)).unwrap().unwrap();
    assert_eq!(user, User { active: false, score: 2.0, ..ann() });
    assert_eq!(decode(User::get(cmd(), 7), b"*0\r\n").unwrap(), None);
    assert_eq!(decode(User::get(cmd(), 7), b"%0\r\n").unwrap(), None);
}

#[test]
fn errors_name_model_and_field() {
    let missing = decode_err(User::get(cmd(), 7), &map3(&[("id", "7"), ("name", "Ann")]));
    assert_eq!(
        missing,
        "at `User.age`: the hash has no field `age` (make it an `Option`, or give it `#[redis(default)]`)"
    );
    let wrong = decode_err(User::get(cmd(), 7), &map3(&[("id", "7"), ("age", "old")]));
    assert_eq!(wrong, "at `User.age`: expected an integer (u32), found \"old\"");
    let wrong = decode_err(
        User::get(cmd(), 7),
        &map3(&[("name", "\u{fffd}")])
            .into_iter()
            .map(|b| if b == 0xef { 0xff } else { b })
            .collect::<Vec<_>>(),
    );
    assert!(
        wrong.starts_with("at `User.name`: expected text, found bytes that are not UTF-8 at 0"),
        "{wrong}"
    );
    let wrong = decode_err(User::get(cmd(), 7), b"-WRONGTYPE Operation against a key\r\n");
    assert!(wrong.starts_with("WRONGTYPE"), "{wrong}");
    let wrong = decode_err(User::get(cmd(), 7), b":1\r\n");
    assert_eq!(wrong, "expected a hash, found the integer 1");
    let many = [map3(&[("id", "7")]), map3(&[("id", "x")])].concat();
    let wrong = decode_err(User::get_many(cmd(), [1, 2]), &many);
    assert!(wrong.starts_with("at `0.User.name`"), "{wrong}");
}

#[test]
fn many() {
    let one = map3(&[("id", "7"), ("name", "Ann Lee"), ("age", "30"), ("score", "1.5"), ("active", "1")]);
    let bytes = [&one[..], b"%0\r\n", &one].concat();
    let users = decode(User::get_many(cmd(), [7, 8, 7]), &bytes).unwrap();
    assert_eq!(users, [Some(ann()), None, Some(ann())]);
    assert_eq!(decode(User::delete_many(cmd(), [7, 8, 9]), b":1\r\n:0\r\n:1\r\n").unwrap(), 2);
    decode(User::save_many(cmd(), &[ann(), ann()]), b":5\r\n:0\r\n").unwrap();
    decode(User::save_many(cmd(), [&ann()]), b"-ERR no\r\n").unwrap_err();
    assert_eq!(decode(User::get_many(cmd(), Vec::<u64>::new()), b"").unwrap(), []);
}

#[test]
fn in_a_batch() {
    let users = [ann()];
    let plan = atomic()
        .add(User::save_many(cmd(), &users))
        .add(ann().save(cmd()))
        .add(User::get_many(cmd(), [7, 8]))
        .incr("n");
    assert_eq!(
        plan.to_string(),
        "MULTI | HSET user:7 id 7 name \"Ann Lee\" age 30 score 1.5 active 1 \
         | HSET user:7 id 7 name \"Ann Lee\" age 30 score 1.5 active 1 | HGETALL user:7 | HGETALL user:8 | INCR n | EXEC"
    );
    // Each command takes its own replies and no more.
    let one = map3(&[("id", "7"), ("name", "Ann Lee"), ("age", "30"), ("score", "1.5"), ("active", "1")]);
    let plan = pipe().add(User::get_many(cmd(), [7, 8])).incr("n");
    let bytes = [&one[..], b"%0\r\n:3\r\n"].concat();
    let (found, n) = common::read(plan, &bytes);
    assert_eq!((found, n), (vec![Some(ann()), None], 3));
}

#[derive(RedisModel, Debug, Clone, PartialEq)]
#[redis(hash)]
struct EveryType {
    #[redis(id)]
    id: Ulid,
    text: String,
    boxed: Box<str>,
    letter: char,
    byte: u8,
    small: i8,
    large: i128,
    float: f32,
    flag: bool,
    bytes: Vec<u8>,
    shared: Bytes,
    at: DateTime<Utc>,
    day: chrono::NaiveDate,
    uuid: Uuid,
    state: State,
    cents: Cents,
    list: Vec<String>,
    map: BTreeMap<String, u32>,
    pair: (f64, f64),
    array: [i64; 2],
    #[redis(separator = "|")]
    tags: Vec<String>,
    #[redis(separator = ",")]
    states: HashSet<State>,
    #[redis(json)]
    shape: Shape,
}

#[derive(RedisValue, Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[redis(rename_all = "kebab-case")]
enum State {
    InStock,
    #[redis(rename = "gone")]
    SoldOut,
}

#[derive(RedisValue, Debug, Clone, Copy, PartialEq)]
struct Cents(i64);

#[derive(serde::Serialize, serde::Deserialize, Debug, Clone, PartialEq)]
enum Shape {
    Circle { radius: f64 },
}

#[test]
fn every_type_is_read_back_equal() {
    let id = Ulid::from_string("01ARZ3NDEKTSV4RRFFQ69G5FAV").unwrap();
    let model = EveryType {
        id,
        text: "ä b".into(),
        boxed: "x".into(),
        letter: 'ß',
        byte: 255,
        small: -1,
        large: i128::MIN,
        float: 0.1,
        flag: false,
        bytes: vec![0, 255, 13, 10],
        shared: Bytes::from_static(b"\r\n"),
        at: Utc.timestamp_millis_opt(1_700_000_000_123).unwrap(),
        day: chrono::NaiveDate::from_ymd_opt(2026, 1, 31).unwrap(),
        uuid: Uuid::from_u128(7),
        state: State::SoldOut,
        cents: Cents(-5),
        list: vec!["a".into(), "b\"".into()],
        map: BTreeMap::from([("k".into(), 1)]),
        pair: (1.5, -2.0),
        array: [1, 2],
        tags: vec!["a|b".into(), String::new()],
        states: HashSet::from([State::InStock]),
        shape: Shape::Circle { radius: 2.0 },
    };
    let command = model.save(cmd());
    let words = common::words(&command);
    let value = |name: &str| {
        let at = words.iter().position(|word| word == name.as_bytes()).unwrap();
        words[at + 1].escape_ascii().to_string()
    };
    assert_eq!(words[1], b"every_type:01ARZ3NDEKTSV4RRFFQ69G5FAV");
    for (name, expected) in [
        ("byte", "255"),
        ("float", "0.1"),
        ("flag", "0"),
        ("bytes", r"\x00\xff\r\n"),
        ("at", "1700000000123"),
        ("day", "2026-01-31"),
        ("uuid", "00000000-0000-0000-0000-000000000007"),
        ("state", "gone"),
        ("cents", "-5"),
        ("list", r#"[\"a\",\"b\\\"\"]"#),
        ("map", r#"{\"k\":1}"#),
        ("pair", "[1.5,-2.0]"),
        ("array", "[1,2]"),
        ("tags", r"a\\|b|"),
        ("states", "in-stock"),
        ("shape", r#"{\"Circle\":{\"radius\":2.0}}"#),
    ] {
        assert_eq!(value(name), expected, "{name}");
    }
    let fields = &words[2..];
    assert_eq!(decode(EveryType::get(cmd(), id), &common::map_of(fields)).unwrap(), Some(model));
}

#[derive(RedisModel, Debug, Clone, PartialEq, Default)]
#[redis(hash, prefix = "p", rename_all = "camelCase")]
struct Optional {
    #[redis(id)]
    id: String,
    first_name: Option<String>,
    r#type: Option<u8>,
    #[redis(rename = "T")]
    tags: Option<Vec<String>>,
    #[redis(separator = ";")]
    joined: Option<Vec<u32>>,
    #[redis(skip)]
    cache: Option<HashSet<u8>>,
    #[redis(default)]
    visits: u64,
    #[redis(default = "new".to_owned())]
    state: String,
}

#[test]
fn what_is_none_is_removed_in_the_same_step() {
    let full = Optional {
        id: "a".into(),
        first_name: Some("Ann".into()),
        r#type: Some(1),
        tags: Some(vec![]),
        joined: Some(vec![1, 2]),
        cache: Some(HashSet::new()),
        visits: 1,
        state: "old".into(),
    };
    assert_eq!(
        full.save(cmd()).to_string(),
        "HSET p:a id a firstName Ann type 1 T [] joined 1;2 visits 1 state old"
    );
    let partly = Optional { first_name: None, tags: None, ..full.clone() };
    let both = "HSET p:a id a type 1 joined 1;2 visits 1 state old | HDEL p:a firstName T";
    assert_eq!(partly.save(cmd()).to_string(), format!("MULTI | {both} | EXEC"));
    // In a transaction there is no second `MULTI`.
    let batch = atomic().add(partly.save(cmd())).incr("n").add(Optional::save_many(cmd(), [&full, &partly]));
    assert_eq!(batch.to_string(), format!("MULTI | {both} | INCR n | {} | {both} | EXEC", full.save(cmd())));
    let loaded = decode(Optional::get(cmd(), "a"), &map3(&[("id", "a")])).unwrap().unwrap();
    assert_eq!(loaded, Optional { id: "a".into(), state: "new".into(), ..Optional::default() });
    let loaded = decode(Optional::get(cmd(), "a"), &map3(&[("id", "a"), ("type", "256")])).unwrap_err();
    assert_eq!(loaded.to_string(), "at `Optional.type`: expected an integer (u8), found 256");
}

#[derive(RedisEmbedded, Debug, Clone, PartialEq)]
struct Place {
    lat: f64,
    lon: f64,
}

#[derive(RedisEmbedded, Debug, Clone, PartialEq)]
#[redis(rename_all = "UPPERCASE")]
struct Address {
    city: String,
    zip: Option<String>,
    #[redis(embed)]
    place: Option<Place>,
}

#[derive(RedisModel, Debug, Clone, PartialEq)]
#[redis(hash, prefix = "shop")]
struct Shop {
    #[redis(id)]
    id: Uuid,
    #[redis(embed)]
    address: Address,
    #[redis(embed, rename = "b")]
    branch: Option<Address>,
}

#[test]
fn embedded_structs_are_fields_of_the_hash() {
    let id = Uuid::nil();
    let address = |zip: Option<&str>, place: Option<Place>| Address {
        city: "Oslo".into(),
        zip: zip.map(str::to_owned),
        place,
    };
    let full = Shop {
        id,
        address: address(Some("1"), Some(Place { lat: 1.0, lon: 2.0 })),
        branch: Some(address(Some("2"), Some(Place { lat: 3.0, lon: 4.0 }))),
    };
    assert_eq!(
        full.save(cmd()).to_string(),
        "HSET shop:00000000-0000-0000-0000-000000000000 id 00000000-0000-0000-0000-000000000000 \
         address.CITY Oslo address.ZIP 1 address.PLACE.lat 1 address.PLACE.lon 2 \
         b.CITY Oslo b.ZIP 2 b.PLACE.lat 3 b.PLACE.lon 4"
    );
    let bare = Shop { id, address: address(None, None), branch: None };
    let text = bare.save(cmd()).to_string();
    let [multi, set, remove, exec] = text.split(" | ").collect::<Vec<_>>()[..] else { panic!("{text}") };
    assert_eq!((multi, exec), ("MULTI", "EXEC"));
    assert_eq!(
        remove,
        "HDEL shop:00000000-0000-0000-0000-000000000000 address.ZIP address.PLACE.lat address.PLACE.lon b.CITY b.ZIP \
         b.PLACE.lat b.PLACE.lon"
    );
    for (set, shop) in [(full.save(cmd()).to_string().as_str(), &full), (set, &bare)] {
        let fields: Vec<_> = set.split(' ').skip(2).map(|word| word.as_bytes().to_vec()).collect();
        assert_eq!(decode(Shop::get(cmd(), id), &common::map_of(&fields)).unwrap().as_ref(), Some(shop));
    }
    let id_only = [("id", "00000000-0000-0000-0000-000000000000")];
    assert!(
        decode_err(Shop::get(cmd(), id), &map3(&id_only))
            .starts_with("at `Shop.address.city`: the hash has no field `CITY`")
    );
    let bad = [id_only[0], ("address.CITY", "x"), ("address.PLACE.lat", "north")];
    assert_eq!(
        decode_err(Shop::get(cmd(), id), &map3(&bad)),
        "at `Shop.address.place.lat`: expected a number, found \"north\""
    );
    // A field that an embedded struct does not have leaves it absent.
    let unknown = [id_only[0], ("address.CITY", "x"), ("b.OLD", "1")];
    assert_eq!(decode(Shop::get(cmd(), id), &map3(&unknown)).unwrap().unwrap().branch, None);
}

#[test]
fn expiry() {
    let ttl = |bytes: &[u8]| decode(ann().ttl(cmd()), bytes).unwrap();
    assert_eq!(ann().ttl(cmd()).to_string(), "PTTL user:7");
    assert_eq!(ttl(b":1500\r\n").left(), Some(std::time::Duration::from_millis(1500)));
    assert!(ttl(b":-1\r\n").exists());
    assert!(!ttl(b":-2\r\n").exists());
}
