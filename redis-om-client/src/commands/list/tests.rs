//! Words and flags beyond the examples, and replies of both protocols.

use std::time::Duration;

use super::*;
use crate::{
    command::{Flags, cmd},
    resp::Replies,
};

fn read<R>(command: &Command<R>, reply: &'static [u8]) -> R {
    command.decoder().decode(&mut Replies::new(reply)).unwrap()
}

#[test]
fn options_of_lpos() {
    let options = LPosOptions::new().maxlen(1000).count(0).rank(-2);
    let command = cmd().lpos_with("k", "a", options);
    assert_eq!(command.to_string(), "LPOS k a RANK -2 COUNT 0 MAXLEN 1000");
    assert_eq!(read(&command, b"*2\r\n:0\r\n:5\r\n"), [0, 5]);
    assert_eq!(read(&cmd().lpos("k", "a"), b"$-1\r\n"), None);
    assert_eq!(read(&cmd().lpos_with("k", "a", LPosOptions::default()), b":3\r\n"), Some(3));
}

#[test]
fn several_moved_at_once() {
    let amount = LMoveM::exactly(3).one_by_one();
    let end = ListEnd::Right;
    let command = cmd().blmovem::<Option<Vec<i64>>>("a", "b", end, end, amount, Duration::from_millis(500));
    assert_eq!(command.to_string(), "BLMOVEM a b RIGHT RIGHT 0.5 EXACTLY 3 OBO");
    assert!(command.cmd().flags().has(Flags::BLOCKING));
    assert_eq!(read(&command, b"_\r\n"), None);
    assert_eq!(read(&command, b"*2\r\n$1\r\n1\r\n$1\r\n2\r\n"), Some(vec![1, 2]));
}

#[test]
fn inserting_beside_what_is_not_there() {
    let command = cmd().linsert("k", ListSide::After, "a", "b");
    assert_eq!(command.to_string(), "LINSERT k AFTER a b");
    assert_eq!(read(&command, b":3\r\n"), Some(3));
    assert_eq!(read(&command, b":0\r\n"), None);
    assert_eq!(read(&command, b":-1\r\n"), None);
}

#[test]
fn what_waits_says_so() {
    let command = cmd().blpop::<String>("k", Duration::from_millis(250));
    assert_eq!(command.to_string(), "BLPOP k 0.25");
    assert!(command.cmd().flags().has(Flags::BLOCKING));
    assert_eq!(format!("{:?}", command.cmd().block()), "Some(For(250ms))");
    let forever = cmd().blmpop::<String>("k", ListEnd::Right, 1, Duration::ZERO);
    assert_eq!(forever.to_string(), "BLMPOP 0 1 k RIGHT COUNT 1");
    assert_eq!(format!("{:?}", forever.cmd().block()), "Some(Forever)");
    assert!(cmd().brpop::<String>([""; 0], Duration::ZERO).cmd().check().is_err());
}

#[test]
fn popped_with_their_key() {
    let command = cmd().lmpop::<i64>(["l", "m"], ListEnd::Left, 2);
    let expected = Some(("l".into(), vec![1, 2]));
    assert_eq!(read(&command, b"*2\r\n$1\r\nl\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n"), expected);
    assert_eq!(read(&command, b"*-1\r\n"), None);
    assert_eq!(read(&command, b"_\r\n"), None);
    let command = cmd().blpop::<String>("l", Duration::ZERO);
    assert_eq!(read(&command, b"*2\r\n$1\r\nl\r\n$1\r\nx\r\n"), Some(("l".into(), "x".to_owned())));
    assert_eq!(read(&command, b"*-1\r\n"), None);
    let command = cmd().lpop_count::<Option<Vec<i64>>>("l", 2);
    assert_eq!(read(&command, b"*-1\r\n"), None);
}
