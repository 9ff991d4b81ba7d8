use bytes::Bytes;

use super::{
    heal::{Healing, Loss, Rules, SentUnit, Step},
    units::{order_groups, units},
};
use crate::{
    command::{Cmd, Command, Plan, atomic, pipe, raw},
    config::RetryPolicy,
    error::{Error, ErrorKind, Execution},
    prelude::*,
};

const LOADING: &str = "-LOADING Redis is loading the dataset in memory\r\n";

fn rules(policy: &RetryPolicy, now: u64) -> Rules<'_> {
    Rules { policy, now, random: 0.0 }
}

fn frames(lines: &[&str]) -> Vec<Bytes> {
    lines.iter().map(|line| Bytes::from((*line).to_owned())).collect()
}

fn sent(healing: &Healing, cmd: &Cmd) -> Vec<SentUnit> {
    let all = healing.in_flight().into_iter();
    all.map(|index| SentUnit { index, bytes: healing.bytes(cmd, index).1 }).collect()
}

fn lost(written: usize) -> Loss {
    Loss { error: Error::new(ErrorKind::Disconnected, Execution::NotSent, "lost"), written }
}

/// The units that are sent next, after all pauses.
fn next(healing: &mut Healing) -> Vec<usize> {
    match healing.next(u64::MAX - 1) {
        Step::Send(units) => units,
        _ => Vec::new(),
    }
}

#[test]
fn a_batch_knows_its_units_and_their_order() {
    let together = Command::together([cmd().incr("x"), cmd().incr("y")], crate::Decoder::new(|_| Ok(())));
    let plan = pipe().incr("a").add(together).get::<i64>("a").incr("b").incr("y");
    let units = units(plan.cmd());
    let parts: Vec<_> = units.iter().map(|unit| (unit.first, unit.parts, unit.writes)).collect();
    assert_eq!(parts, [(0, 1, true), (1, 2, true), (3, 1, false), (4, 1, true), (5, 1, true)]);
    let groups = order_groups(plan.cmd(), &units);
    assert_eq!(groups, [0, 1, 0, 3, 1], "units that share a key are one group");
    let mut transaction = atomic().incr("a").incr("b");
    transaction.seal();
    let units = super::units::units(transaction.cmd());
    assert_eq!((units.len(), units[0].parts, units[0].transaction), (1, 4, true));
}

#[test]
fn only_what_was_refused_is_sent_again() {
    let plan = pipe().incr("a").incr("b").incr("c");
    let policy = RetryPolicy::default();
    let mut healing = Healing::new(plan.cmd());
    let all = sent(&healing, plan.cmd());
    healing.settle(&all, frames(&[":1\r\n", LOADING, ":1\r\n"]), None, &rules(&policy, 0));
    assert_eq!(next(&mut healing), [1]);
    let again = [SentUnit { index: 1, bytes: 0..10 }];
    healing.settle(&again, frames(&[":7\r\n"]), None, &rules(&policy, 0));
    assert!(matches!(healing.next(0), Step::Done));
    let (replies, failures) = healing.finish();
    assert_eq!((replies.concat().as_slice(), failures.len()), (&b":1\r\n:7\r\n:1\r\n"[..], 0));
}

#[test]
fn nothing_is_sent_again_behind_a_later_command_on_the_same_key() {
    let plan = pipe().incr("a").incr("a");
    let policy = RetryPolicy::default();
    let mut healing = Healing::new(plan.cmd());
    let all = sent(&healing, plan.cmd());
    healing.settle(&all, frames(&[LOADING, ":1\r\n"]), None, &rules(&policy, 0));
    assert!(next(&mut healing).is_empty());
    let (replies, failures) = healing.finish();
    assert_eq!(replies.len(), 2);
    let [(0, error)] = &failures[..] else { panic!("{failures:?}") };
    assert!(error.to_string().contains("later command on the same key"), "{error}");
    assert!(!error.may_have_run());
}

#[test]
fn after_a_loss_each_part_says_whether_it_may_have_run() {
    let plan = pipe().incr("a").incr("b").get::<i64>("c").incr("d");
    let cmd = plan.cmd();
    let policy = RetryPolicy::default();
    let mut healing = Healing::new(cmd);
    let all = sent(&healing, cmd);
    // The first unit was answered. The second and the third arrived whole, the last one did not.
    let written = cmd.part_range(3).end - 1;
    healing.settle(&all, frames(&[":1\r\n"]), Some(&lost(written)), &rules(&policy, 0));
    assert_eq!(next(&mut healing), [2, 3], "a read, and what cannot have run");
    let again = [SentUnit { index: 2, bytes: 0..10 }, SentUnit { index: 3, bytes: 10..20 }];
    healing.settle(&again, frames(&[":5\r\n", ":1\r\n"]), None, &rules(&policy, 0));
    let (replies, failures) = healing.finish();
    assert_eq!(replies.len(), 4);
    let [(1, error)] = &failures[..] else { panic!("{failures:?}") };
    assert!(error.may_have_run(), "{error}");
}

#[test]
fn an_earlier_attempt_that_may_have_run_is_told() {
    let set = |key: &str| raw("SET").key(key).arg(1).idempotent().reply::<()>();
    let plan = pipe().add(set("a")).add(set("b"));
    let cmd = plan.cmd();
    let policy = RetryPolicy::default();
    let mut healing = Healing::new(cmd);
    let all = sent(&healing, cmd);
    healing.settle(&all, Vec::new(), Some(&lost(cmd.body().len())), &rules(&policy, 0));
    assert_eq!(next(&mut healing), [0, 1]);
    let again = [SentUnit { index: 0, bytes: 0..10 }, SentUnit { index: 1, bytes: 10..20 }];
    healing.settle(&again, Vec::new(), Some(&lost(0)), &rules(&policy, 0));
    healing.expire();
    let (_, failures) = healing.finish();
    assert!(failures.len() == 2 && failures.iter().all(|(_, error)| error.may_have_run()), "{failures:?}");
}

#[test]
fn a_transaction_is_whole() {
    let mut plan = atomic().incr("a").incr("b");
    plan.seal();
    let cmd = plan.cmd();
    let policy = RetryPolicy::default();
    let mut healing = Healing::new(cmd);
    let all = sent(&healing, cmd);
    healing.settle(&all, frames(&["+OK\r\n"]), Some(&lost(cmd.body().len() - 1)), &rules(&policy, 0));
    assert_eq!(next(&mut healing), [0], "without the last byte of EXEC nothing ran");
    let again = [SentUnit { index: 0, bytes: 0..cmd.body().len() }];
    healing.settle(&again, frames(&["+OK\r\n"]), Some(&lost(cmd.body().len())), &rules(&policy, 0));
    assert!(next(&mut healing).is_empty());
    let (replies, failures) = healing.finish();
    assert_eq!((replies.len(), failures.len()), (4, 4));
    assert!(failures[0].1.may_have_run());
}

#[test]
fn a_reply_that_could_not_be_read_fails_its_unit_only_and_counts_as_run() {
    let plan = pipe().incr("a").incr("a").incr("b").incr("c");
    let policy = RetryPolicy::default();
    let mut healing = Healing::new(plan.cmd());
    let all = sent(&healing, plan.cmd());
    let unread = Error::new(ErrorKind::Protocol, Execution::Answered, "it breaks a limit");
    healing.fail_unread(&all, &[(1, unread)]);
    let replies = frames(&[LOADING, "-CLIENT failed\r\n", LOADING, ":1\r\n"]);
    healing.settle(&all, replies, None, &rules(&policy, 0));
    // The first one is not sent again, because a later one on the same key has run.
    assert_eq!(next(&mut healing), [2]);
    let again = [SentUnit { index: 2, bytes: 0..10 }];
    healing.settle(&again, frames(&[":7\r\n"]), None, &rules(&policy, 0));
    assert!(matches!(healing.next(0), Step::Done));
    let (replies, failures) = healing.finish();
    assert_eq!(&replies[2..].concat()[..], b":7\r\n:1\r\n");
    let [(0, first), (1, second)] = &failures[..] else { panic!("{failures:?}") };
    assert!(first.to_string().contains("a later command on the same key has run"), "{first}");
    assert!(second.to_string().contains("it breaks a limit") && !second.may_have_run(), "{second}");
}

#[test]
fn large_arguments_count_as_bytes_that_were_sent() {
    let large = Bytes::from(vec![b'x'; 100_000]);
    let plan = pipe().set("a", &large).incr("b").set("c", &large).incr("d");
    let cmd = plan.cmd();
    let policy = RetryPolicy::default();
    let mut healing = Healing::new(cmd);
    let all = sent(&healing, cmd);
    assert_eq!(all.last().unwrap().bytes.end, cmd.body().len() + 200_000);
    // The first two arrived whole. Of the third one, all but the last byte arrived.
    let written = all[2].bytes.end - 1;
    healing.settle(&all, Vec::new(), Some(&lost(written)), &rules(&policy, 0));
    assert_eq!(next(&mut healing), [2, 3]);
    let (body, _) = healing.bytes(cmd, 2);
    assert_eq!(cmd.large().unwrap().within(&body).size(), 100_000);
    healing.expire();
    let (_, failures) = healing.finish();
    let may_have_run: Vec<_> = failures.iter().map(|(_, error)| error.may_have_run()).collect();
    assert_eq!(may_have_run, [true, true, false, false]);
}
