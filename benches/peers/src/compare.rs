//! Runs the rows. The contestants alternate round by round; their order is rotated by one after each round.

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};

use crate::contestants::Id;
use crate::harness::{Harness, Placement, Runner};
use crate::report::Outcome;
use crate::rows::{Kind, Row, allocations, hello, instructions, memory};
use crate::stats::{Spread, spread};

/// Measures one row.
pub(crate) fn run(harness: &Harness, row: Row, line_up: &[Id], rounds: usize) -> Result<Outcome> {
    let one_each = |unit, extra, measure: &dyn Fn(Id) -> Result<(f64, f64)>| -> Result<Outcome> {
        harness.place(Placement::Pinned)?;
        let bar = progress(row, line_up.len());
        let (mut figures, mut others) = (Vec::new(), Vec::new());
        for id in line_up.iter().copied().filter(|id| *id != Id::Raw || row.kind == Kind::Allocations) {
            bar.set_message(id.name());
            let (figure, other) = measure(id).with_context(|| format!("{} of {id}", row.name))?;
            figures.push((id, figure));
            others.push((id, other));
            bar.inc(1);
        }
        bar.finish_and_clear();
        let more = vec![(extra, others)];
        Ok(Outcome { more, ..Outcome::new(row, unit, figures) })
    };
    match row.kind {
        Kind::Throughput { threads, .. } => {
            let placement = if threads == 1 { Placement::Pinned } else { Placement::Free };
            alternate(harness, row, line_up, rounds, placement)
        }
        Kind::Instructions if !instructions::valgrind() => Ok(Outcome::skipped(
            row,
            "valgrind is not installed; install it (Debian: the package `valgrind`)",
        )),
        Kind::Instructions => count_instructions(harness, row, line_up),
        Kind::Allocations => one_each("allocations", "bytes", &|id| allocations::measure(harness, row, id)),
        Kind::Memory => one_each("MB", "MB with the futures", &|id| memory::measure(harness, row, id)),
        Kind::Hello => build_hello(row, line_up),
    }
}

fn alternate(
    harness: &Harness,
    row: Row,
    line_up: &[Id],
    rounds: usize,
    placement: Placement,
) -> Result<Outcome> {
    harness.place(placement)?;
    let awake = harness.wake(placement)?;
    let bar = progress(row, line_up.len() * (rounds + 1));
    let mut runners: Vec<Runner> = Vec::new();
    for id in line_up {
        bar.set_message(id.name());
        let runner = harness.contestant(*id, row, placement);
        runners.extend(runner.with_context(|| format!("{} of {id}", row.name))?);
        bar.inc(1);
    }
    let mut speeds = vec![Vec::new(); runners.len()];
    for round in 0..rounds {
        for turn in 0..runners.len() {
            let at = (turn + round) % runners.len();
            bar.set_message(runners[at].id().name());
            let speed =
                runners[at].round().with_context(|| format!("{} of {}", row.name, runners[at].id()))?;
            speeds[at].push(speed);
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let ids: Vec<Id> = runners.iter().map(Runner::id).collect();
    let figures = ids.iter().zip(&speeds).filter_map(|(id, all)| Some((*id, spread(all)?.median))).collect();
    let ratio = ratios(&ids, &speeds, rounds, Id::is_peer);
    let of_raw = ratios(&ids, &speeds, rounds, |id| id == Id::Raw);
    let awake = (placement == Placement::Pinned).then_some(!awake.is_empty());
    Ok(Outcome { ratio, of_raw, more_is_better: true, awake, ..Outcome::new(row, "operations/s", figures) })
}

/// The ratio of ours to the best of these contestants. Each is paired with ours round by round, so that what slows a whole
/// round down has no effect. The best one is that for which our median ratio is the smallest. The best one of each round is
/// not used: its figures would be the luckiest rounds of several contestants.
fn ratios(ids: &[Id], speeds: &[Vec<f64>], rounds: usize, of: fn(Id) -> bool) -> Option<Spread> {
    let ours = ids.iter().position(|id| id.name() == "ours")?;
    let others = (0..ids.len()).filter(|at| of(ids[*at]));
    let over = |other: usize| {
        spread(&(0..rounds).map(|round| speeds[ours][round] / speeds[other][round]).collect::<Vec<_>>())
    };
    others.filter_map(over).min_by(|one, other| one.median.total_cmp(&other.median))
}

fn count_instructions(harness: &Harness, row: Row, line_up: &[Id]) -> Result<Outcome> {
    harness.place(Placement::Pinned)?;
    let bar = progress(row, line_up.len());
    let mut figures = Vec::new();
    for id in line_up {
        bar.set_message(id.name());
        let figure =
            instructions::measure(harness, row, *id).with_context(|| format!("instructions of {id}"))?;
        figures.push((*id, figure));
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(Outcome::new(row, "instructions", figures))
}

fn build_hello(row: Row, line_up: &[Id]) -> Result<Outcome> {
    let bar = progress(row, line_up.len());
    let (mut seconds, mut crates, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    for id in line_up {
        bar.set_message(id.name());
        if let Some(build) = hello::measure(*id).with_context(|| format!("hello world of {id}"))? {
            seconds.push((*id, build.seconds));
            crates.push((*id, build.crates as f64));
            bytes.push((*id, build.bytes as f64));
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let more = vec![("crates", crates), ("bytes of the binary", bytes)];
    Ok(Outcome { more, ..Outcome::new(row, "s", seconds) })
}

/// A progress bar on standard error. It is removed after the row.
fn progress(row: Row, steps: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix:12} {bar:30} {pos}/{len} {msg}");
    let bar = ProgressBar::new(steps as u64).with_prefix(row.name);
    if let Ok(style) = style { bar.with_style(style) } else { bar }
}
