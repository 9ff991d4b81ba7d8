//! Tests: a command with large arguments beside its body equals the same command with these arguments in its body.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::{
    resp::{
        encode::{bulk, header},
        large::LARGE,
    },
    value::Args,
};

#[derive(Debug, Clone)]
enum Step {
    Key(String),
    Value(usize),
    Shared(usize),
    Word(String),
    Keys(u8),
    /// Values of these sizes, as one list.
    List(Vec<usize>),
    /// Keys with values of these sizes.
    Pairs(Vec<usize>),
    /// The same behind their number.
    Counted(Vec<usize>),
}

fn step() -> impl Strategy<Value = Step> {
    let size = || prop_oneof![Just(0), Just(9), Just(LARGE - 1), Just(LARGE), Just(LARGE + 70_000)];
    let sizes = move || proptest::collection::vec(size(), 1..4);
    prop_oneof![
        "[a-z]{0,70}".prop_map(Step::Key),
        size().prop_map(Step::Value),
        size().prop_map(Step::Shared),
        "[A-Za-z ]{1,9}".prop_map(Step::Word),
        (1..5_u8).prop_map(Step::Keys),
        sizes().prop_map(Step::List),
        sizes().prop_map(Step::Pairs),
        sizes().prop_map(Step::Counted),
    ]
}

/// A value that looks like encoded arguments.
fn value(size: usize) -> Vec<u8> {
    b"$3\r\nGET\r\n*1\r\n".iter().copied().cycle().take(size).collect()
}

/// Values that are never attached, because they are written into the body directly.
struct Copied(Vec<Vec<u8>>);

impl Copied {
    fn add_to(self, mut cmd: Cmd) -> Cmd {
        for value in self.0 {
            bulk(&mut cmd.body, &value);
            cmd.args += 1;
        }
        cmd
    }
}

/// Some of them shared and some of them not.
struct Attached<'a>(&'a [Vec<u8>]);

impl crate::value::ToArgs for Attached<'_> {
    fn to_args(&self, args: &mut Args<'_>) {
        for (index, value) in self.0.iter().enumerate() {
            if index % 3 == 0 {
                args.arg(&Bytes::copy_from_slice(value))
            } else {
                args.arg(value)
            };
        }
    }
}

fn pairs(sizes: &[usize]) -> Vec<Vec<u8>> {
    sizes.iter().enumerate().flat_map(|(n, size)| [format!("k{n}").into_bytes(), value(*size)]).collect()
}

/// `copied` builds the same command without attaching anything.
fn build(name: &str, steps: &[Step], copied: bool) -> Cmd {
    let names = |count: &u8| (0..*count).map(|n| format!("k{n}")).collect::<Vec<_>>();
    steps.iter().fold(raw(name), |cmd, step| match step {
        Step::Key(key) => cmd.key(key),
        Step::Word(word) => cmd.arg(word),
        Step::Keys(count) => cmd.keys(names(count)),
        Step::Value(size) | Step::Shared(size) if copied => Copied(vec![value(*size)]).add_to(cmd),
        Step::Value(size) => cmd.arg(value(*size)),
        Step::Shared(size) => cmd.arg(Bytes::from(value(*size))),
        Step::List(sizes) if copied => Copied(sizes.iter().copied().map(value).collect()).add_to(cmd),
        Step::List(sizes) => cmd.args(sizes.iter().copied().map(value).collect::<Vec<_>>()),
        Step::Pairs(sizes) if copied => {
            let (from, index) = (cmd.body.len(), cmd.args);
            let mut cmd = Copied(pairs(sizes)).add_to(cmd);
            cmd.mark_row(2, from, index, 2 * sizes.len() as u32);
            cmd
        }
        Step::Pairs(sizes) => cmd.pairs(Attached(&pairs(sizes))),
        Step::Counted(sizes) if copied => {
            let cmd = cmd.arg(sizes.len());
            let (from, index) = (cmd.body.len(), cmd.args);
            let mut cmd = Copied(pairs(sizes)).add_to(cmd);
            cmd.mark_row(2, from, index, 2 * sizes.len() as u32);
            cmd
        }
        Step::Counted(sizes) => cmd.pairs_counted(Attached(&pairs(sizes))),
    })
}

/// How many arguments are attached.
fn attached(steps: &[Step]) -> usize {
    let sizes = steps.iter().flat_map(|step| match step {
        Step::Value(size) | Step::Shared(size) => vec![*size],
        Step::List(sizes) | Step::Pairs(sizes) | Step::Counted(sizes) => sizes.clone(),
        Step::Key(_) | Step::Word(_) | Step::Keys(_) => Vec::new(),
    });
    sizes.filter(|size| *size >= LARGE).count()
}

fn encoded(cmd: &Cmd) -> Vec<u8> {
    cmd.larges().pieces(cmd.body()).collect::<Vec<_>>().concat()
}

/// The bytes that go over the wire for these commands of a batch.
fn on_wire(cmd: &Cmd, parts: std::ops::Range<usize>) -> Vec<u8> {
    encoded(cmd)[cmd.ranges(parts).1].to_vec()
}

/// The same, cut out of the batch.
fn cut_out(cmd: &Cmd, parts: std::ops::Range<usize>) -> Vec<u8> {
    let (body, _) = cmd.ranges(parts);
    cmd.larges().within(&body).pieces(&cmd.body()[body]).collect::<Vec<_>>().concat()
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
        prop_assert_eq!(one.large().is_some(), attached(&steps) > 0);
        prop_assert_eq!(one.larges().pieces(one.body()).count(), 2 * attached(&steps) + 2);
        prop_assert!(encoded(&one) == other.body());
        prop_assert_eq!(one.body().len() + one.larges().size(), other.body().len());
        prop_assert_eq!(one.argument_count(), other.argument_count());
        prop_assert!(one.words(0).eq(other.words(0)));
        prop_assert!(one.to_string() == other.to_string());
        prop_assert_eq!(format!("{one:?}"), format!("{other:?}"));
        prop_assert!(one.keys_of(0).eq(other.keys_of(0)));
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
            outer.push(cmd);
            outer
        };
        let mut alone = Vec::new();
        header(&mut alone, other.argument_count());
        alone.extend_from_slice(other.body());
        let (one, other) = (batch(&one), batch(&other));
        prop_assert!(other.large().is_none());
        prop_assert!(encoded(&one) == other.body());
        prop_assert!(on_wire(&one, 2..3) == alone);
        for part in 0..5 {
            prop_assert!(one.keys_of(part).eq(other.keys_of(part)));
            prop_assert!(one.words(part).eq(other.words(part)));
            for end in part + 1..=5 {
                prop_assert!(on_wire(&one, part..end) == on_wire(&other, part..end));
                prop_assert!(cut_out(&one, part..end) == on_wire(&other, part..end));
            }
        }
    }
}

#[test]
fn bytes_are_shared_and_keys_are_not() {
    let bytes = Bytes::from(value(LARGE));
    let cmd = Cmd::new("SET").key(&bytes).arg(&bytes);
    let is_shared = |cmd: &Cmd| cmd.larges().pieces(cmd.body()).any(|piece| piece.as_ptr() == bytes.as_ptr());
    assert!(is_shared(&cmd) && is_shared(&cmd.clone()));
    assert_eq!(cmd.keys_of(0).collect::<Vec<_>>(), [&bytes[..]]);
    assert!(Cmd::new("SET").key("k").arg(&bytes[1..]).large().is_none(), "small values are copied");
    assert!(is_shared(&Cmd::new("MSET").pairs([("k", &bytes)])));
    let sets = [&cmd, &cmd].map(|cmd| cmd.clone().reply::<()>());
    let mut plan = atomic().many(sets);
    plan.seal();
    assert!(is_shared(plan.cmd()));
    assert_eq!(plan.cmd().keys_of(2).collect::<Vec<_>>(), [&bytes[..]]);
}
