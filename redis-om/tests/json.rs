//! JSON models: the commands that are written and the replies that are read. No server.

mod common;

use chrono::{DateTime, TimeZone, Utc};
use common::{decode, decode_err, text};
use redis_om::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(RedisModel, Serialize, Deserialize, Debug, Clone, PartialEq)]
#[redis(json, prefix = "shop")]
#[serde(rename_all = "camelCase")]
struct Shop {
    #[redis(id)]
    id: u32,
    display_name: String,
    phone: Option<String>,
    open: bool,
    since: DateTime<Utc>,
    places: Vec<Place>,
    #[serde(skip)]
    cache: Vec<u8>,
    #[serde(default)]
    visits: u64,
}

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
struct Place {
    lat: f64,
    note: Option<String>,
}

fn shop() -> Shop {
    Shop {
        id: 3,
        display_name: "Lamps & more".into(),
        phone: None,
        open: true,
        since: Utc.timestamp_millis_opt(1_700_000_000_000).unwrap(),
        places: vec![Place { lat: 59.9, note: None }],
        cache: vec![],
        visits: 2,
    }
}

const DOCUMENT: &str = r#"{"id":3,"displayName":"Lamps & more","open":true,"since":"2023-11-14T22:13:20Z","places":[{"lat":59.9}],"visits":2}"#;

#[test]
fn words() {
    let words = common::words(&shop().save(cmd()));
    assert_eq!(words[..3], [&b"JSON.SET"[..], b"shop:3", b"$"]);
    assert_eq!(String::from_utf8_lossy(&words[3]), DOCUMENT);
    assert_eq!(Shop::get(cmd(), 3).to_string(), "JSON.GET shop:3");
    assert_eq!(Shop::get_many(cmd(), [3, 4]).to_string(), "JSON.GET shop:3 | JSON.GET shop:4");
    assert_eq!(shop().delete(cmd()).to_string(), "DEL shop:3");
}

#[test]
fn loads() {
    assert_eq!(decode(Shop::get(cmd(), 3), &text(DOCUMENT)).unwrap(), Some(shop()));
    assert_eq!(decode(Shop::get(cmd(), 3), b"$-1\r\n").unwrap(), None);
    let both = [text(DOCUMENT), b"_\r\n".to_vec()].concat();
    assert_eq!(decode(Shop::get_many(cmd(), [3, 4]), &both).unwrap(), [Some(shop()), None]);
}

#[test]
fn errors_say_where() {
    let wrong = decode_err(Shop::get(cmd(), 3), &text(&DOCUMENT.replace("59.9", "\"north\"")));
    assert!(
        wrong.starts_with(
            "at `Shop.places[0].lat`: the JSON does not fit: invalid type: string \"north\", expected f64"
        ),
        "{wrong}"
    );
    let missing = decode_err(Shop::get(cmd(), 3), &text("{\"id\":3}"));
    assert!(missing.contains("missing field `displayName`") && missing.starts_with("at `Shop`"), "{missing}");
    let cut = decode_err(Shop::get(cmd(), 3), &text("{\"id\":"));
    assert!(cut.contains("the JSON does not fit: EOF"), "{cut}");
    let more = decode_err(Shop::get(cmd(), 3), &text(&format!("{DOCUMENT} x")));
    assert!(more.contains("trailing characters"), "{more}");
    assert!(decode_err(Shop::get(cmd(), 3), b"-WRONGTYPE no\r\n").starts_with("WRONGTYPE"));
}
