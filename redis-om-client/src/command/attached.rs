//! Tests: a command with a large argument beside its body equals the same command with the argument in its body.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::resp::encode::LARGE;

#[derive(Debug, Clone)]
enum Step {
    Key(String),
    Value(usize),
    Shared(usize),
    Word(String),
    Keys(u8),
    Pairs(u8),
    Counted(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let size = || prop_oneof![Just(0), Just(9), Just(LARGE - 1), Just(LARGE), Just(LARGE + 70_000)];
    prop_oneof![
        "[a-z]{0,70}".prop_map(Step::Key),
        size().prop_map(Step::Value),
        size().prop_map(Step::Shared),
        "[A-Za-z ]{1,9}".prop_map(Step::Word),
        (1..5_u8).prop_map(Step::Keys),
        (1..4_u8).prop_map(Step::Pairs),
        (1..4_u8).prop_map(Step::Counted),
    ]
}

/// A value that looks like encoded arguments.
fn value(size: usize) -> Vec<u8> {
    b"$3\r\nGET\r\n*1\r\n".iter().copied().cycle().take(size).collect()
}

/// `copied` builds the same command through a list of arguments, which is never attached.
fn build(name: &str, steps: &[Step], copied: bool) -> Cmd {
    let names = |count: &u8| (0..*count).map(|n| format!("k{n}")).collect::<Vec<_>>();
    let pairs = |count: &u8| (0..*count).map(|n| (format!("k{n}"), n.to_string())).collect::<Vec<_>>();
    steps.iter().fold(raw(name), |cmd, step| match step {
        Step::Key(key) => cmd.key(key),
        Step::Value(size) | Step::Shared(size) if copied => cmd.args(value(*size)),
        Step::Value(size) => cmd.arg(value(*size)),
        Step::Shared(size) => cmd.arg(Bytes::from(value(*size))),
        Step::Word(word) => cmd.arg(word),
        Step::Keys(count) => cmd.keys(names(count)),
        Step::Pairs(count) => cmd.pairs(pairs(count)),
        Step::Counted(count) => cmd.keys_counted(names(count)),
    })
}

fn encoded(cmd: &Cmd) -> Vec<u8> {
    let mut bytes = Vec::new();
    match cmd.large() {
        Some(large) => large.append_to(&mut bytes, cmd.body()),
        None => bytes.extend_from_slice(cmd.body()),
    }
    bytes
}

/// The keys without their order: keys behind a large argument are not in the row.
fn keys(cmd: &Cmd, part: usize) -> Vec<&[u8]> {
    let mut keys: Vec<_> = cmd.keys_of(part).collect();
    keys.sort_unstable();
    keys
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn equals_the_same_command_with_a_copy(
        name in prop_oneof![Just("SET"), Just("EVAL"), Just("AUTH"), Just("BLPOP"), Just("SELECT"), Just("ACL SETUSER")],
        steps in proptest::collection::vec(step(), 0..7),
    ) {
        let (one, other) = (build(name, &steps, false), build(name, &steps, true));
        prop_assert!(other.large().is_none());
        let has_large = steps.iter().any(|step| matches!(step, Step::Value(LARGE..) | Step::Shared(LARGE..)));
        prop_assert_eq!(one.large().is_some(), has_large);
        prop_assert!(encoded(&one) == other.body());
        prop_assert_eq!(one.encoded_len(), other.body().len());
        prop_assert_eq!(one.argument_count(), other.argument_count());
        prop_assert!(one.words(0).eq(other.words(0)));
        prop_assert!(one.to_string() == other.to_string());
        prop_assert_eq!(format!("{one:?}"), format!("{other:?}"));
        prop_assert!(keys(&one, 0) == keys(&other, 0));
        prop_assert!(one.keys_of(0).next() == other.keys_of(0).next(), "errors name the first key");
        prop_assert_eq!(one.block(), other.block());
        let text = |cmd: &Cmd| cmd.check().map_err(|error| error.to_string());
        prop_assert_eq!(text(&one), text(&other));
        // In a batch, and in a batch in a batch.
        let batch = |cmd: &Cmd| {
            let mut inner = Cmd::batch();
            inner.push(&raw("GET").key("first"));
            inner.push(cmd);
            inner.push(&raw("GET").key("last"));
            let mut outer = Cmd::batch();
            outer.push(cmd);
            outer.push(&inner);
            outer
        };
        let (one, other) = (batch(&one), batch(&other));
        prop_assert!(one.large().is_none() && one.body() == other.body());
        for part in 0..4 {
            prop_assert!(one.part_bytes(part) == other.part_bytes(part));
            prop_assert!(keys(&one, part) == keys(&other, part));
            prop_assert!(one.words(part).eq(other.words(part)));
        }
    }
}

#[test]
fn bytes_are_shared_and_keys_are_not() {
    let bytes = Bytes::from(value(LARGE));
    let cmd = Cmd::new("SET").key(&bytes).arg(&bytes);
    let attached = cmd.large().unwrap().bytes();
    assert_eq!(attached.as_ptr(), bytes.as_ptr());
    assert_eq!(cmd.clone().large().unwrap().bytes().as_ptr(), bytes.as_ptr());
    assert_eq!(cmd.keys_of(0).collect::<Vec<_>>(), [&bytes[..]]);
    assert!(Cmd::new("SET").key("k").arg(&bytes[1..]).large().is_none(), "small values are copied");
}
