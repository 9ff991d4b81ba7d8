//! The words of the options, and the replies that are no plain values.

use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::{
    command::{Command, cmd, pipe},
    commands::{ExpireOptions, StringCommands, Ttl},
    resp::Replies,
};

const MINUTE: Duration = Duration::from_secs(60);

fn decode<T>(command: &Command<T>, bytes: &[u8]) -> T {
    command.decoder().decode(&mut Replies::new(bytes)).unwrap()
}

fn refusal<T>(command: &Command<T>) -> String {
    command.cmd().check().unwrap_err().to_string()
}

#[test]
fn restore_options() {
    let restore = |options| cmd().restore_with("k", "v", options);
    assert_eq!(restore(RestoreOptions::new()).to_string(), "RESTORE k 0 v");
    let options = RestoreOptions::new().exat(UNIX_EPOCH + MINUTE).replace().idle_time(MINUTE).freq(7);
    assert_eq!(restore(options).to_string(), "RESTORE k 60000 v REPLACE ABSTTL IDLETIME 60 FREQ 7");
    assert!(refusal(&restore(RestoreOptions::new().ex(Duration::ZERO))).contains("a lifetime of zero"));
}

#[test]
fn migrate() {
    let options = MigrateOptions::new().db(2).copy().auth2("ann", "secret");
    assert!(!format!("{options:?}").contains("secret"));
    let command = cmd().migrate("h", 1, "k", MINUTE, options);
    assert_eq!(command.to_string(), "MIGRATE h 1 \"\" 2 60000 COPY AUTH2 ann *** KEYS k");
    assert_eq!(command.cmd().words(0).nth(9), Some(&b"secret"[..]), "it is sent all the same");
    assert!(command.cmd().is_blocking());
    assert!(decode(&command, b"+OK\r\n"));
    assert!(!decode(&command, b"+NOKEY\r\n"));
    assert!(command.decoder().decode(&mut Replies::new(b"-IOERR no\r\n")).is_err());
    let command = cmd().migrate("h", 1, "k", Duration::ZERO, MigrateOptions::new().auth("p"));
    assert!(refusal(&command).contains("zero"));
}

#[test]
fn sort_options() {
    let all = SortOptions::new().by("w:*").limit(5, -1).get("#").get("a b*").desc().alpha();
    assert_eq!(
        cmd().sort_store("k", "to", all).to_string(),
        "SORT k BY w:* LIMIT 5 -1 GET # GET \"a b*\" DESC ALPHA STORE to"
    );
    assert_eq!(cmd().sort_with::<Vec<i64>>("k", SortOptions::new().desc().asc()).to_string(), "SORT k");
}

#[test]
fn waiting_blocks() {
    assert!(cmd().wait(1, Duration::ZERO).cmd().is_blocking());
    assert_eq!(cmd().waitaof(false, 2, MINUTE).to_string(), "WAITAOF 0 2 60000");
    assert_eq!(decode(&cmd().waitaof(true, 2, MINUTE), b"*2\r\n:1\r\n:2\r\n"), (1, 2));
    assert_eq!(cmd().wait(1, Duration::MAX).to_string(), "WAIT 1 9000000000000000000");
    assert!(pipe().set("k", 1).wait(1, MINUTE).to_string().ends_with("WAIT 1 60000"));
}

#[test]
fn lifetimes_in_the_unit_that_fits() {
    let soon = Duration::from_millis(1500);
    assert_eq!(cmd().expire("k", soon).to_string(), "PEXPIRE k 1500");
    assert_eq!(cmd().expireat("k", UNIX_EPOCH + soon).to_string(), "PEXPIREAT k 1500");
    assert_eq!(cmd().pexpire("k", MINUTE).to_string(), "PEXPIRE k 60000");
    let options = ExpireOptions::new().xx().lt();
    assert_eq!(cmd().pexpireat_with("k", UNIX_EPOCH + soon, options).to_string(), "PEXPIREAT k 1500 XX LT");
    assert_eq!(cmd().expire_with("k", MINUTE, ExpireOptions::new().nx()).to_string(), "EXPIRE k 60 NX");
    assert!(refusal(&cmd().expire("k", Duration::ZERO)).starts_with("EXPIRE `k`: a lifetime of zero"));
    assert!(refusal(&cmd().pexpireat("k", UNIX_EPOCH)).contains("later than 1970"));
}

#[test]
fn replies() {
    assert_eq!(decode(&cmd().type_("k"), b"+zset\r\n"), KeyType::SortedSet);
    assert_eq!(decode(&cmd().type_("k"), b"+none\r\n"), KeyType::None);
    assert_eq!(decode(&cmd().type_("k"), b"+ReJSON-RL\r\n"), KeyType::Other("ReJSON-RL".into()));
    assert_eq!(decode(&cmd().object_encoding("k"), b"$6\r\nembstr\r\n"), Some(ObjectEncoding::EmbStr));
    assert_eq!(decode(&cmd().object_encoding("k"), b"$-1\r\n"), None);
    assert_eq!(decode(&cmd().object_idletime("k"), b":60\r\n"), Some(MINUTE));
    assert_eq!(decode(&cmd().object_idletime("k"), b"_\r\n"), None);
    assert_eq!(decode(&cmd().ttl("k"), b":60\r\n"), Ttl::For(MINUTE));
    assert_eq!(decode(&cmd().pttl("k"), b":-1\r\n"), Ttl::Persistent);
    assert_eq!(decode(&cmd().expiretime("k"), b":60\r\n").time(), Some(UNIX_EPOCH + MINUTE));
    assert_eq!(decode(&cmd().dump("k"), b"$2\r\n\x00\xff\r\n").as_deref(), Some(&b"\x00\xff"[..]));
}
