//! The simulation: the shipped client under a virtual clock, with virtual servers and without sockets.
//!
//! A history is made from a seed alone: clients with random settings, up to 40 requests of all kinds, and faults
//! between them. The same seed gives the same history, byte for byte. At the end [`check`] says what was not true.
//! Nothing of the client is replaced: only the byte streams (by a connector), the clock and the random numbers.
//!
//! A seed that fails is shown alone, with all that happened in it, by `cargo xtask simulate --seed N --trace`. Read the
//! trace from its last line, which says what was not true, upwards: each line names the command or the connection.
//! When the fault is fixed, the seed is added to [`seeds`].

mod answer;
mod caller;
mod chaos;
mod check;
mod counters;
mod data;
mod history;
pub(crate) mod random;
mod seeds;
mod server;
mod wire;
mod world;

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
};

use counters::Counters;
use history::History;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Runs one history. The error says what was not true.
fn run(seed: u64, trace: bool, prints: bool) -> (History, Option<String>) {
    let history = std::panic::catch_unwind(|| history::run(seed, trace, prints)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        // The world of the history is gone with it; the trace was printed as it grew.
        History { violations: vec![format!("it panicked: {text}")], ..History::default() }
    });
    let failure = (!history.violations.is_empty()).then(|| {
        format!(
            "seed {seed}: {}\nsee all of it: cargo xtask simulate --seed {seed} --trace",
            history.violations.join("\n  ")
        )
    });
    (history, failure)
}

#[test]
fn histories() {
    let trace = number("REDIS_OM_TRACE").is_some();
    let only = number("REDIS_OM_SEED");
    let (first, count) = match only {
        Some(seed) => (seed, number("REDIS_OM_HISTORIES").unwrap_or(1)),
        None => (1, number("REDIS_OM_HISTORIES").unwrap_or(1000)),
    };
    /// So many failures are collected.
    const ENOUGH: usize = 5;
    let (next, failed) = (AtomicU64::new(0), AtomicUsize::new(0));
    let total = Mutex::new((Counters::default(), Vec::new()));
    let threads = if count == 1 { 1 } else { thread::available_parallelism().map_or(2, usize::from).min(4) };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count || failed.load(Ordering::Relaxed) >= ENOUGH {
                        return;
                    }
                    let (history, failure) = run(first + index, trace, trace);
                    let mut total = total.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    total.0.merge(&history.counters);
                    if let Some(failure) = failure {
                        failed.fetch_add(1, Ordering::Relaxed);
                        total.1.push((index + 1, failure));
                    }
                }
            });
        }
    });
    let (counters, mut failures) = total.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    println!("simulate: {}", counters.line());
    failures.sort();
    if let Some((index, failure)) = failures.first() {
        println!("simulate: failed in history {index}");
        let others = failures.iter().skip(1).map(|(_, failure)| failure.as_str());
        let others: Vec<_> = others.collect();
        assert!(failures.is_empty(), "{failure}\n{}", others.join("\n"));
    }
    if count >= 1000 {
        assert!(counters.missing().is_empty(), "never happened: {:?}", counters.missing());
    }
}

#[test]
fn the_same_seed_gives_the_same_history() {
    for seed in 1..=20 {
        let (first, _) = run(seed, true, false);
        let (second, _) = run(seed, true, false);
        assert!(first.trace.lines().count() > 10, "seed {seed} has a trace");
        assert_eq!(first.trace, second.trace, "seed {seed}");
    }
}
