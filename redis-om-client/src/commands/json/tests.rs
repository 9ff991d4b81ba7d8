//! Replies of both protocols, for old and new paths, as a server with RedisJSON 2.8 sends them.

use super::*;
use crate::{
    command::{Command, cmd},
    resp::Replies,
};

fn read<R>(command: &Command<R>, reply: &'static [u8]) -> R {
    command.decoder().decode(&mut Replies::new(reply)).unwrap()
}

#[test]
fn a_path_that_leads_nowhere_is_told() {
    let command = cmd().json_set("k", "$.x.y", 1);
    read(&command, b"+OK\r\n");
    for nil in [&b"$-1\r\n"[..], b"_\r\n"] {
        let error = command.decoder().decode(&mut Replies::new(nil)).unwrap_err();
        assert!(error.to_string().contains("does not exist in this document"), "{error}");
    }
    let command = cmd().json_set_with("k", "$", 1, JsonSetCondition::IfPresent);
    assert_eq!(command.to_string(), "JSON.SET k $ 1 XX");
    assert!(read(&command, b"+OK\r\n"));
    assert!(!read(&command, b"_\r\n"));
}

#[test]
fn types() {
    use JsonType::{Integer, Object, String};
    let command = cmd().json_type("k", "$");
    for one in [&b"$6\r\nobject\r\n"[..], b"*1\r\n$6\r\nobject\r\n", b"*1\r\n*1\r\n$6\r\nobject\r\n"] {
        assert_eq!(command.decoder().decode(&mut Replies::new(one)).unwrap(), [Object]);
    }
    for none in [&b"$-1\r\n"[..], b"*1\r\n_\r\n", b"*0\r\n", b"*1\r\n*0\r\n"] {
        assert_eq!(command.decoder().decode(&mut Replies::new(none)).unwrap(), []);
    }
    assert_eq!(read(&command, b"*2\r\n$7\r\ninteger\r\n$6\r\nstring\r\n"), [Integer, String]);
    assert_eq!(read(&command, b"*1\r\n*2\r\n$7\r\ninteger\r\n$6\r\nstring\r\n"), [Integer, String]);
}

#[test]
fn numbers() {
    let command = cmd().json_numincrby::<i64>("k", "$..a", 1);
    assert_eq!(read(&command, b"$8\r\n[4,null]\r\n"), [Some(4), None]);
    assert_eq!(read(&command, b"*2\r\n:5\r\n_\r\n"), [Some(5), None]);
    assert_eq!(read(&command, b"$2\r\n-6\r\n"), [Some(-6)]);
    assert_eq!(read(&command, b"$2\r\n[]\r\n"), []);
    assert_eq!(read(&command, b"*0\r\n"), []);
    let command = cmd().json_nummultby::<f64>("k", ".f", 1.5);
    assert_eq!(read(&command, b"*1\r\n,4.5\r\n"), [Some(4.5)]);
    assert_eq!(read(&command, b"$3\r\n3.0\r\n"), [Some(3.0)]);
    assert!(
        command.decoder().decode(&mut Replies::new(b"-ERR no key\r\n")).unwrap_err().server_error().is_some()
    );
}

#[test]
fn one_entry_for_each_match() {
    let command = cmd().json_arrlen("k", "$..a");
    assert_eq!(read(&command, b"*2\r\n$-1\r\n:3\r\n"), [None, Some(3)]);
    assert_eq!(read(&command, b":3\r\n"), [Some(3)]);
    assert_eq!(read(&command, b"$-1\r\n"), []);
    let command = cmd().json_toggle("k", "$.*");
    assert_eq!(read(&command, b"*3\r\n_\r\n:1\r\n:0\r\n"), [None, Some(true), Some(false)]);
    assert_eq!(read(&command, b"$5\r\nfalse\r\n"), [Some(false)]);
    assert_eq!(read(&cmd().json_debug_memory("k", "$.*"), b"*2\r\n:8\r\n:299\r\n"), [8, 299]);
    assert_eq!(read(&cmd().json_debug_memory("k", "."), b":584\r\n"), [584]);
    let command = cmd().json_objkeys::<Vec<Option<Vec<String>>>>("k", "$.*");
    assert_eq!(read(&command, b"*2\r\n_\r\n*1\r\n$1\r\na\r\n"), [None, Some(vec!["a".to_owned()])]);
    assert_eq!(read(&cmd().json_arrindex("k", "$.a", 1), b"*2\r\n:-1\r\n_\r\n"), [Some(-1), None]);
}

#[test]
fn what_has_no_value_is_refused() {
    assert!(cmd().json_mset(["a", "$"]).cmd().check().is_err());
    assert!(cmd().json_arrappend("a", "$", [""; 0]).cmd().check().is_err());
}

#[test]
fn layout() {
    let layout = JsonLayout::new().indent(" ").newline("\n").space(" ");
    let command = cmd().json_get_with::<Option<String>>("k", ["$.a", "$.b"], layout);
    assert_eq!(command.to_string(), r#"JSON.GET k INDENT " " NEWLINE "\n" SPACE " " $.a $.b"#);
}

#[cfg(feature = "json")]
#[test]
fn the_one_match() {
    let command = cmd().json_get_one::<i64>("k", "$.a");
    assert_eq!(read(&command, b"$3\r\n[7]\r\n"), Some(7));
    assert_eq!(read(&command, b"$2\r\n[]\r\n"), None);
    assert_eq!(read(&command, b"_\r\n"), None);
    let error = command.decoder().decode(&mut Replies::new(b"$5\r\n[7,8]\r\n")).unwrap_err();
    assert!(error.to_string().starts_with("expected one match of the path, found 2"), "{error}");
    let command = cmd().json_mget::<Vec<Option<JsonOne<i64>>>>(["a", "b"], "$.a");
    assert_eq!(read(&command, b"*2\r\n$3\r\n[7]\r\n$-1\r\n"), [Some(JsonOne(7)), None]);
    assert!(command.decoder().decode(&mut Replies::new(b"*1\r\n$2\r\n[]\r\n")).is_err());
}
