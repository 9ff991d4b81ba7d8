//! Words and flags beyond the examples, and replies of both protocols.

use std::{
    ops::Bound::{Excluded, Included, Unbounded},
    time::Duration,
};

use super::*;
use crate::{
    command::{Flags, cmd},
    resp::Replies,
};

fn read<R>(command: &Command<R>, reply: &'static [u8]) -> R {
    command.decoder().decode(&mut Replies::new(reply)).unwrap()
}

fn refusal<R>(command: &Command<R>) -> String {
    command.cmd().check().unwrap_err().to_string()
}

#[test]
fn options_of_zadd() {
    let new = ZAddOptions::new;
    let words = |options| cmd().zadd_with("k", (1, "a"), options).to_string();
    assert_eq!(words(new().nx().ch()), "ZADD k NX CH 1 a");
    assert_eq!(words(new().xx().lt()), "ZADD k XX LT 1 a");
    assert_eq!(words(ZAddOptions::default()), "ZADD k 1 a");
    let command = cmd().zadd_with("k", (1, "a"), new().gt().incr().xx());
    assert_eq!(command.to_string(), "ZADD k XX GT INCR 1 a");
    assert_eq!(read(&command, b"$3\r\n2.5\r\n"), Some(2.5));
    assert_eq!(read(&command, b",3\r\n"), Some(3.0));
    assert_eq!(read(&command, b"_\r\n"), None);
    assert!(refusal(&cmd().zadd("k", (f64::NAN, "a"))).contains("NaN"));
    assert!(refusal(&cmd().zadd("k", 1.0)).contains("one is missing"));
    assert!(refusal(&cmd().zadd("k", ())).contains("at least one score and member"));
}

#[test]
fn ranges_of_scores() {
    let words = |range: ScoreRange| cmd().zcount("k", range).to_string();
    assert_eq!(words((1.5..3.0).into()), "ZCOUNT k 1.5 (3");
    assert_eq!(words((1..=3).into()), "ZCOUNT k 1 3");
    assert_eq!(words((..=3_u32).into()), "ZCOUNT k -inf 3");
    assert_eq!(words((..).into()), "ZCOUNT k -inf inf");
    assert_eq!(words((Excluded(1.5), Unbounded).into()), "ZCOUNT k (1.5 inf");
    assert_eq!(words((Excluded(f64::NEG_INFINITY), Included(0.0)).into()), "ZCOUNT k (-inf 0");
    assert!(refusal(&cmd().zcount("k", ..f64::NAN)).contains("NaN"));
}

#[test]
fn ranges_of_names() {
    let words = |range: LexRange| cmd().zlexcount("k", range).to_string();
    assert_eq!(words(("a".to_owned().."c".to_owned()).into()), "ZLEXCOUNT k [a (c");
    assert_eq!(words(("a"..).into()), "ZLEXCOUNT k [a +");
    assert_eq!(words((.."c").into()), "ZLEXCOUNT k - (c");
    assert_eq!(words((..="").into()), "ZLEXCOUNT k - [");
    assert_eq!(words((..).into()), "ZLEXCOUNT k - +");
    assert_eq!(words((Excluded(b"a"), Included(b"c")).into()), "ZLEXCOUNT k (a [c");
}

#[test]
fn ranges_any_way() {
    let words = |range| cmd().zrange_with::<Vec<String>>("k", range).to_string();
    assert_eq!(words(ZRange::by_score(1..).limit(5, -1)), "ZRANGE k 1 inf BYSCORE LIMIT 5 -1");
    assert_eq!(words(ZRange::by_score(1..5).rev().with_scores()), "ZRANGE k (5 1 BYSCORE REV WITHSCORES");
    assert_eq!(words(ZRange::by_lex(..).limit(0, 1)), "ZRANGE k - + BYLEX LIMIT 0 1");
    assert_eq!(words(ZRange::by_rank(-3, -1)), "ZRANGE k -3 -1");
    let limited = cmd().zrange_with::<Vec<String>>("k", ZRange::by_rank(0, -1).limit(0, 1));
    assert!(refusal(&limited).contains("by rank takes no limit"));
    let scores = cmd().zrange_with::<Vec<(String, f64)>>("k", ZRange::by_lex(..).with_scores());
    assert!(refusal(&scores).contains("by name has no scores"));
    assert!(refusal(&cmd().zrangestore("a", "b", ZRange::by_score(..).with_scores())).contains("anyway"));
}

#[test]
fn weights_are_as_many_as_keys() {
    let command = cmd().zunionstore_with("to", ["a", "b"], ZCombine::new().weights([1.0]));
    let expected = "ZUNIONSTORE `to`: expected a weight for each of 2 keys, found 1";
    assert_eq!(refusal(&command), expected);
    let options = ZCombine::new().aggregate(ZAggregate::Sum).weights([0.5]);
    let command = cmd().zinter_with_scores::<String>("a", options);
    assert_eq!(command.to_string(), "ZINTER 1 a WEIGHTS 0.5 AGGREGATE SUM WITHSCORES");
    let counted = cmd().zunionstore_with("to", "a", ZCombine::new().aggregate(ZAggregate::Count));
    assert_eq!(counted.to_string(), "ZUNIONSTORE to 1 a AGGREGATE COUNT");
    assert!(refusal(&cmd().zdiff::<Vec<String>>(())).contains("at least one key"));
}

#[test]
fn members_with_scores_of_both_protocols() {
    let expected = [("a".to_owned(), 1.0), ("b".to_owned(), 2.5)];
    let flat = b"*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$3\r\n2.5\r\n";
    let pairs = b"*2\r\n*2\r\n$1\r\na\r\n,1\r\n*2\r\n$1\r\nb\r\n,2.5\r\n";
    for command in [
        cmd().zrange_with_scores::<String>("k", 0, -1),
        cmd().zpopmin_count("k", 2),
        cmd().zunion_with_scores("k", ZCombine::new()),
    ] {
        assert_eq!(read(&command, flat), expected);
        assert_eq!(read(&command, pairs), expected);
        assert_eq!(read(&command, b"*0\r\n"), []);
    }
}

#[test]
fn popped() {
    let one = cmd().zpopmax::<String>("k");
    assert_eq!(read(&one, b"*2\r\n$1\r\na\r\n$1\r\n1\r\n"), Some(("a".to_owned(), 1.0)));
    assert_eq!(read(&one, b"*2\r\n$1\r\na\r\n,1\r\n"), Some(("a".to_owned(), 1.0)));
    assert_eq!(read(&one, b"*0\r\n"), None);
    let several = cmd().zmpop::<String>("k", ZEnd::Min, 2);
    let expected = Some(("k".into(), vec![("a".to_owned(), 1.0)]));
    assert_eq!(read(&several, b"*2\r\n$1\r\nk\r\n*1\r\n*2\r\n$1\r\na\r\n$1\r\n1\r\n"), expected);
    assert_eq!(read(&several, b"*2\r\n$1\r\nk\r\n*1\r\n*2\r\n$1\r\na\r\n,1\r\n"), expected);
    assert_eq!(read(&several, b"*-1\r\n"), None);
    let waited = cmd().bzpopmin::<String>("k", Duration::ZERO);
    let expected = Some(("k".into(), "a".to_owned(), 1.0));
    assert_eq!(read(&waited, b"*3\r\n$1\r\nk\r\n$1\r\na\r\n$1\r\n1\r\n"), expected);
    assert_eq!(read(&waited, b"*3\r\n$1\r\nk\r\n$1\r\na\r\n,1\r\n"), expected);
    assert_eq!(read(&waited, b"_\r\n"), None);
}

#[test]
fn ranks_and_scores() {
    assert_eq!(read(&cmd().zrank_with_score("k", "a"), b"*2\r\n:0\r\n$1\r\n1\r\n"), Some((0, 1.0)));
    assert_eq!(read(&cmd().zrank_with_score("k", "a"), b"*2\r\n:0\r\n,1\r\n"), Some((0, 1.0)));
    assert_eq!(read(&cmd().zrank_with_score("k", "a"), b"*-1\r\n"), None);
    assert_eq!(
        read(&cmd().zmscore("k", ["a", "b"]), b"*2\r\n$3\r\ninf\r\n$-1\r\n"),
        [Some(f64::INFINITY), None]
    );
    assert_eq!(
        read(&cmd().zmscore("k", ["a", "b"]), b"*2\r\n,-inf\r\n_\r\n"),
        [Some(f64::NEG_INFINITY), None]
    );
}

#[test]
fn flags() {
    assert!(!cmd().zdiffstore("to", "a").cmd().flags().repeatable());
    assert!(!cmd().zunionstore("to", ["to", "a"]).cmd().flags().repeatable());
    assert!(!cmd().zadd("k", (1, "a")).cmd().flags().repeatable());
    assert!(cmd().zrange::<Vec<String>>("k", 0, -1).cmd().flags().has(Flags::READONLY));
    let command = cmd().bzmpop::<String>("k", ZEnd::Min, 1, Duration::ZERO);
    assert!(command.cmd().flags().has(Flags::BLOCKING));
    assert_eq!(format!("{:?}", command.cmd().block()), "Some(Forever)");
}
