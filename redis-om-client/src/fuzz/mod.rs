//! Fuzzing: inputs that no server should send, and what must hold for each of them.
//!
//! A kept corpus (`corpus/*.txt`) is changed by a seeded [`mutate`](mutate::mutate) and given to four targets:
//!
//! * [`scan`]: the scanner gives the same frames and the same error in whatever pieces the bytes come, in bounded memory
//!   and linear time, and agrees with `redis-protocol` but for a list of reasons.
//! * [`decode`]: every type of a reply takes a frame or says what it found.
//! * [`greet`]: the greeting ends with a session or a clear error.
//! * [`encode`]: `redis-protocol` reads from an encoded command the words that were put in.
//!
//! Every test run takes the same inputs. `cargo xtask fuzz --inputs 10000000 --seed 7` takes others, in an optimised
//! build. A failing input is printed in its shortest form, as one line for a file of the corpus: append it there with
//! a remark, so that it is tried first in each run, and fix what it shows with a test beside the code.
//!
//! An input alone decides what a target does with it: the pieces in which it is read follow from its bytes.

mod corpus;
mod decode;
mod encode;
mod greet;
mod mutate;
mod oracle;
mod scan;
mod shrink;

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
    time::Instant,
};

use crate::simulate::random::Random;

/// What a check found in an input that is as it must be: names that are counted.
type Seen = Vec<&'static str>;

/// One subject with its inputs.
struct Target {
    name: &'static str,
    /// The file of the corpus, and its content.
    corpus: (&'static str, &'static str),
    /// Says what is not true of an input.
    check: fn(&[u8]) -> Result<Seen, String>,
    /// What must be seen at least once among 10,000 inputs. Otherwise the inputs do not reach the code.
    must_see: &'static [&'static str],
}

const FRAMES: (&str, &str) = ("frames.txt", include_str!("corpus/frames.txt"));

const TARGETS: &[Target] = &[
    Target { name: "scan", corpus: FRAMES, check: scan::check, must_see: scan::MUST_SEE },
    Target { name: "decode", corpus: FRAMES, check: decode::check, must_see: decode::MUST_SEE },
    Target {
        name: "greet",
        corpus: ("greetings.txt", include_str!("corpus/greetings.txt")),
        check: greet::check,
        must_see: greet::MUST_SEE,
    },
    Target {
        name: "encode",
        corpus: ("arguments.txt", include_str!("corpus/arguments.txt")),
        check: encode::check,
        must_see: encode::MUST_SEE,
    },
];

/// The inputs of a target in a test run.
const INPUTS: u64 = 50_000;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

impl Target {
    /// Checks one input. A panic is a failure, too.
    fn failure(&self, input: &[u8]) -> Result<Seen, String> {
        catch_unwind(AssertUnwindSafe(|| (self.check)(input))).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
            Err(format!("it panicked: {text}"))
        })
    }

    /// Checks the corpus, and so many changed inputs. Returns one line of counts.
    fn run(&self, inputs: u64, seed: u64) -> Result<String, String> {
        let start = Instant::now();
        let corpus = corpus::read(self.corpus.1)?;
        let mut random = Random::new(seed);
        let mut seen = BTreeMap::<_, u64>::new();
        for index in 0..corpus.len() as u64 + inputs {
            let mutated;
            let input = match corpus.get(index as usize) {
                Some(kept) => kept,
                None => {
                    mutated = mutate::mutate(&corpus, &mut random);
                    &mutated
                }
            };
            match self.failure(input) {
                Ok(names) => names.into_iter().for_each(|name| *seen.entry(name).or_default() += 1),
                Err(why) => return Err(self.explain(input, index, seed, &why)),
            }
        }
        let missing: Vec<_> = self.must_see.iter().filter(|name| !seen.contains_key(*name)).collect();
        if inputs >= 10_000 && !missing.is_empty() {
            return Err(format!("{}: the inputs never reach {missing:?}", self.name));
        }
        let seen: Vec<_> = seen.into_iter().map(|(name, count)| format!("{name} {count}")).collect();
        let seconds = start.elapsed().as_secs_f64();
        Ok(format!("{} {inputs} in {seconds:.1} s ({})", self.name, seen.join(", ")))
    }

    fn explain(&self, input: &[u8], index: u64, seed: u64, why: &str) -> String {
        let short = shrink::shortest(input, |input| self.failure(input).is_err());
        let why = self.failure(&short).err().unwrap_or_else(|| why.to_owned());
        format!(
            "{}: {why}\ninput {index} of seed {seed}, shortened; as a line of fuzz/corpus/{}:\n{}  // {}",
            self.name,
            self.corpus.0,
            corpus::escape(&short).replace('{', "\\x7b"),
            "what it is"
        )
    }
}

#[test]
fn inputs() {
    let inputs = number("REDIS_OM_FUZZ_INPUTS").unwrap_or(INPUTS);
    let seed = number("REDIS_OM_FUZZ_SEED").unwrap_or(1);
    let outcomes: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> =
            TARGETS.iter().map(|target| scope.spawn(move || target.run(inputs, seed))).collect();
        running
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("a target ended".into())))
            .collect()
    });
    let (lines, failures): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    let lines: Vec<_> = lines.into_iter().flatten().collect();
    println!("fuzz: seed {seed}: {}", lines.join("; "));
    let failures: Vec<_> = failures.into_iter().filter_map(Result::err).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
