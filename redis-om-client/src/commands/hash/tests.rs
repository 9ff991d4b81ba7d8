//! The words of the options, and replies whose numbers have a meaning.

use std::{
    collections::HashMap,
    time::{Duration, SystemTime},
};

use super::*;
use crate::{
    command::{Command, Flags, cmd},
    commands::{ExpireTime, Ttl},
    resp::Replies,
};

fn read<R>(command: &Command<R>, reply: &'static [u8]) -> R {
    command.decoder().decode(&mut Replies::new(reply)).unwrap()
}

fn at(millis: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}

#[test]
fn options_of_hsetex() {
    let words = |options| cmd().hsetex("h", ("a", 1), options).to_string();
    assert_eq!(words(HSetExOptions::new()), "HSETEX h FIELDS 1 a 1");
    assert_eq!(words(HSetExOptions::new().fxx().keep_ttl()), "HSETEX h FXX KEEPTTL FIELDS 1 a 1");
    assert_eq!(words(HSetExOptions::new().keep_ttl().exat(at(5_000))), "HSETEX h EXAT 5 FIELDS 1 a 1");
    assert_eq!(words(HSetExOptions::new().exat(at(5_001))), "HSETEX h PXAT 5001 FIELDS 1 a 1");
    assert_eq!(words(HSetExOptions::new().nx().fnx()), "HSETEX h NX FNX FIELDS 1 a 1");
    assert_eq!(
        words(HSetExOptions::new().xx().ex(Duration::from_micros(1))),
        "HSETEX h XX PX 1 FIELDS 1 a 1"
    );
}

#[test]
fn options_of_hgetex() {
    let words = |expiry| cmd().hgetex::<Vec<Option<i64>>>("h", "a", expiry).to_string();
    assert_eq!(words(HGetEx::In(Duration::from_millis(1_001))), "HGETEX h PX 1001 FIELDS 1 a");
    assert_eq!(words(HGetEx::At(at(7_000))), "HGETEX h EXAT 7 FIELDS 1 a");
    assert_eq!(words(HGetEx::Persist), "HGETEX h PERSIST FIELDS 1 a");
}

#[test]
fn units() {
    let fraction = Duration::from_millis(1_500);
    assert_eq!(cmd().hexpire("h", fraction, "a").to_string(), "HPEXPIRE h 1500 FIELDS 1 a");
    assert_eq!(cmd().hpexpire("h", Duration::from_secs(1), "a").to_string(), "HPEXPIRE h 1000 FIELDS 1 a");
    assert_eq!(cmd().hexpireat("h", at(1_500), "a").to_string(), "HPEXPIREAT h 1500 FIELDS 1 a");
    let zero = cmd().hexpire("h", Duration::ZERO, "a");
    assert!(zero.cmd().check().unwrap_err().to_string().contains("a lifetime of zero"));
}

#[test]
fn what_is_missing_is_told_before_it_is_sent() {
    let none: [&str; 0] = [];
    for command in [cmd().hdel("h", none), cmd().hset("h", none)] {
        assert!(command.cmd().check().unwrap_err().to_string().contains("at least one field"));
    }
    assert!(cmd().httl("h", none).cmd().check().is_err());
    assert!(
        cmd().hset("h", ["a", "1", "b"]).cmd().check().unwrap_err().to_string().contains("one is missing")
    );
    assert!(cmd().hsetex("h", "a", HSetExOptions::new()).cmd().check().is_err());
}

#[test]
fn expiry_replies() {
    let command = cmd().hexpire("h", Duration::from_secs(1), ["a", "b", "c", "d"]);
    let expected =
        [FieldExpiry::NoField, FieldExpiry::ConditionNotMet, FieldExpiry::Set, FieldExpiry::Deleted];
    assert_eq!(read(&command, b"*4\r\n:-2\r\n:0\r\n:1\r\n:2\r\n"), expected);
    assert!(command.decoder().decode(&mut Replies::new(b"*1\r\n:3\r\n")).is_err());

    let reply = b"*3\r\n:-2\r\n:-1\r\n:90\r\n";
    let ttls = |left| [Ttl::Missing, Ttl::Persistent, Ttl::For(left)];
    assert_eq!(read(&cmd().httl("h", "a"), reply), ttls(Duration::from_secs(90)));
    assert_eq!(read(&cmd().hpttl("h", "a"), reply), ttls(Duration::from_millis(90)));
    let times = |time| [ExpireTime::Missing, ExpireTime::Persistent, ExpireTime::At(time)];
    assert_eq!(read(&cmd().hexpiretime("h", "a"), reply), times(at(90_000)));
    assert_eq!(read(&cmd().hpexpiretime("h", "a"), reply), times(at(90)));

    let persisted = read(&cmd().hpersist("h", "a"), b"*3\r\n:-2\r\n:-1\r\n:1\r\n");
    assert_eq!(persisted, [FieldPersist::NoField, FieldPersist::NoExpiry, FieldPersist::Cleared]);
}

#[test]
fn fields_with_values_of_both_protocols() {
    let expected = HashMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)]);
    let all = cmd().hgetall::<HashMap<String, i64>>("h");
    assert_eq!(read(&all, b"%2\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n"), expected);
    assert_eq!(read(&all, b"*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n"), expected);
    let some = cmd().hrandfield_with_values::<Vec<(String, i64)>>("h", 1);
    assert_eq!(read(&some, b"*1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n"), [("a".to_owned(), 1)]);
    assert_eq!(read(&some, b"*2\r\n$1\r\na\r\n$1\r\n1\r\n"), [("a".to_owned(), 1)]);
    let two = cmd().hmget::<(Option<String>, Option<i64>)>("h", ["a", "b"]);
    assert_eq!(read(&two, b"*2\r\n$1\r\nx\r\n$-1\r\n"), (Some("x".into()), None));
    assert_eq!(read(&cmd().hincr_by_float("h", "a", 1.0), b"$3\r\n3.5\r\n"), 3.5);
}

#[test]
fn flags() {
    assert!(cmd().hgetall::<Vec<(String, String)>>("h").cmd().flags().has(Flags::READONLY));
    assert!(cmd().httl("h", "a").cmd().flags().has(Flags::READONLY));
    assert!(!cmd().hset("h", ("a", 1)).cmd().flags().repeatable());
    assert!(!cmd().hgetdel::<Vec<Option<i64>>>("h", "a").cmd().flags().repeatable());
    assert!(!cmd().hmset("h", ("a", 1)).cmd().flags().repeatable());
}
