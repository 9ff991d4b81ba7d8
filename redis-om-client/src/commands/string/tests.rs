//! The words of the options, and replies with a structure.

use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::{
    command::{Decoder, cmd},
    resp::Replies,
};

fn decode<T>(command: &Command<T>, bytes: &[u8]) -> T {
    command.decoder().decode(&mut Replies::new(bytes)).unwrap()
}

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn set_options() {
    let set = |options: SetOptions| cmd().set_with("k", "v", options).to_string();
    assert_eq!(set(SetOptions::new()), "SET k v");
    assert_eq!(set(SetOptions::new().nx().xx()), "SET k v XX", "the last condition stands");
    assert_eq!(set(SetOptions::new().ex(MINUTE).keep_ttl()), "SET k v KEEPTTL");
    assert_eq!(set(SetOptions::new().ifeq("a b").ex(Duration::from_millis(5))), "SET k v IFEQ \"a b\" PX 5");
    assert_eq!(set(SetOptions::new().ifne(1).exat(UNIX_EPOCH + MINUTE)), "SET k v IFNE 1 EXAT 60");
    assert_eq!(set(SetOptions::new().ifdeq("00ff")), "SET k v IFDEQ 00ff");
    assert_eq!(set(SetOptions::new().ifdne("00ff")), "SET k v IFDNE 00ff");
    let get = cmd().set_with("k", "v", SetOptions::new().nx().get::<String>().ex(MINUTE));
    assert_eq!(get.to_string(), "SET k v NX GET EX 60");
}

#[test]
fn set_replies() {
    let set = cmd().set_with("k", "v", SetOptions::new().nx());
    assert!(decode(&set, b"+OK\r\n"));
    assert!(!decode(&set, b"$-1\r\n"));
    assert!(!decode(&set, b"_\r\n"));
    assert!(set.decoder().decode(&mut Replies::new(b"-OOM no\r\n")).is_err());
    let get = cmd().set_with("k", "v", SetOptions::new().get::<i64>());
    assert_eq!(decode(&get, b"$1\r\n5\r\n"), Some(5));
    assert_eq!(decode(&get, b"_\r\n"), None);
}

#[test]
fn no_write_is_repeatable_unless_the_caller_says_so() {
    let writes =
        [cmd().set("k", 1), cmd().set_with("k", 1, SetOptions::new().keep_ttl()).decode_with(Decoder::of())];
    assert!(writes.iter().all(|write| !write.cmd().flags().repeatable()));
    assert!(
        !cmd().mset([("a", 1)]).cmd().flags().repeatable() && !cmd().incr("k").cmd().flags().repeatable()
    );
    assert!(cmd().set("k", 1).idempotent().cmd().flags().repeatable());
    assert!(cmd().get::<String>("k").cmd().flags().repeatable());
}

#[test]
fn other_options() {
    assert_eq!(cmd().getex::<String>("k", GetEx::Persist).to_string(), "GETEX k PERSIST");
    assert_eq!(cmd().delex("k", DelEx::ifdne("00ff")).to_string(), "DELEX k IFDNE 00ff");
    assert_eq!(
        cmd().msetex(("a", 1), MSetExOptions::new().xx().keep_ttl()).to_string(),
        "MSETEX 1 a 1 XX KEEPTTL"
    );
    let options = IncrEx::by_float(0.5).lbound(-1.0).ubound(1.5).saturate().persist();
    assert_eq!(
        cmd().increx("k", options).to_string(),
        "INCREX k BYFLOAT 0.5 LBOUND -1 UBOUND 1.5 SATURATE PERSIST"
    );
}

#[test]
fn a_lifetime_that_cannot_be_is_refused() {
    let refused = [
        cmd().setex("k", Duration::ZERO, 1).cmd().check(),
        cmd().psetex("k", Duration::MAX, 1).cmd().check(),
        cmd().set_with("k", 1, SetOptions::new().ex(Duration::ZERO)).cmd().check(),
    ];
    for outcome in refused {
        let error = outcome.unwrap_err();
        assert!(error.to_string().contains("a lifetime of"), "{error}");
        assert_eq!(error.key(), Some("k"));
    }
    assert_eq!(cmd().setex("k", Duration::from_millis(1), 1).to_string(), "PSETEX k 1 1");
}

#[test]
fn lcs_in_both_protocols() {
    let lcs = cmd().lcs_idx("a", "b", LcsOptions::new());
    let matches =
        b"*2\r\n*3\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n:4\r\n*2\r\n*2\r\n:2\r\n:3\r\n*2\r\n:0\r\n:1\r\n";
    for start in ["%2", "*4"] {
        let mut bytes = format!("{start}\r\n$7\r\nmatches\r\n").into_bytes();
        bytes.extend_from_slice(matches);
        bytes.extend_from_slice(b"$3\r\nlen\r\n:6\r\n");
        let found = decode(&lcs, &bytes);
        assert_eq!((found.len, found.matches.len()), (6, 2));
        assert_eq!((found.matches[0].one.clone(), found.matches[0].other.clone()), (4..=7, 5..=8));
        assert_eq!((found.matches[0].len(), found.matches[1].len()), (4, 2));
    }
    assert!(lcs.decoder().decode(&mut Replies::new(b"%0\r\n")).is_err());
}

#[test]
fn increments() {
    let int = cmd().increx("k", IncrEx::by(1));
    assert_eq!(decode(&int, b"*2\r\n:5\r\n:1\r\n"), Increment { value: 5, added: 1 });
    let float = cmd().increx("k", IncrEx::by_float(0.5));
    assert_eq!(decode(&float, b"*2\r\n$3\r\n1.5\r\n$3\r\n0.5\r\n"), Increment { value: 1.5, added: 0.5 });
    assert_eq!(decode(&float, b"*2\r\n,1.5\r\n,0.5\r\n"), Increment { value: 1.5, added: 0.5 });
}
