//! `cargo xtask test`: runs every check and every test, then prints a list of the steps and a line of counts.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::cargo::{Tally, cargo, run_counting};
use crate::{book, examples, fetch, layers, oracle, tidy};

#[derive(Args)]
pub(crate) struct Options {
    /// Only these steps
    #[arg(long, value_delimiter = ',')]
    only: Vec<Step>,
    /// Only the tests of this package
    #[arg(long, short)]
    package: Option<String>,
    /// Arguments for `cargo test`, such as the name of one test
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Step {
    /// Fetch the servers
    Servers,
    /// rustfmt
    Fmt,
    /// File sizes
    Sizes,
    /// Clippy, with all features and with none
    Clippy,
    /// rustdoc without warnings
    Docs,
    /// The layers of the modules
    Layers,
    /// The book, its includes and its links
    Book,
    /// Unit, documentation, integration and compile-fail tests
    Tests,
    /// The declarations of the commands, compared with running servers
    Oracle,
    /// Every example
    Examples,
}

/// How a step ended.
struct Outcome {
    step: Step,
    took: Duration,
    failure: Option<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let mut tally = Tally::default();
    let mut outcomes = Vec::new();
    for &step in Step::value_variants() {
        if !options.only.is_empty() && !options.only.contains(&step) {
            continue;
        }
        println!("== {}", name(step));
        let start = Instant::now();
        let before = tally.failed;
        // Every step runs, also after a failure.
        let failure = run_step(step, options, &mut tally).err().map(|e| format!("{e:#}"));
        if let Some(failure) = &failure {
            eprintln!("error: {}: {failure}", name(step));
            // A failed step counts as one failure where none of its tests failed, so that the last line never shows 0.
            tally.failed += u64::from(tally.failed == before);
        }
        outcomes.push(Outcome { step, took: start.elapsed(), failure });
    }
    print!("{}", summary(&outcomes, tally));
    let failed: Vec<_> = outcomes.iter().filter(|o| o.failure.is_some()).map(|o| name(o.step)).collect();
    if !failed.is_empty() {
        // Nothing is printed after the counts: the list above them has the failures.
        std::process::exit(1);
    }
    Ok(())
}

fn run_step(step: Step, options: &Options, tally: &mut Tally) -> Result<()> {
    match step {
        Step::Servers => fetch::run(&fetch::Options::default()),
        Step::Fmt => tidy::fmt(),
        Step::Sizes => tidy::sizes(),
        Step::Clippy => tidy::clippy(),
        Step::Docs => tidy::docs(),
        Step::Layers => layers::run(),
        Step::Book => book::run(),
        Step::Tests => tests(options, tally),
        Step::Oracle => oracle::check(tally),
        Step::Examples => examples::run_all(),
    }
}

fn tests(options: &Options, tally: &mut Tally) -> Result<()> {
    let mut command = cargo(["test", "--all-features", "--no-fail-fast"]);
    match &options.package {
        Some(package) => command.args(["--package", package]),
        None => command.arg("--workspace"),
    };
    // A test that needs a server starts a private one.
    command.args(&options.args).env_remove("REDIS_URL");
    let before = tally.passed + tally.failed;
    run_counting(&mut command, tally)?;
    if tally.passed + tally.failed == before {
        bail!("no test ran");
    }
    Ok(())
}

fn name(step: Step) -> String {
    step.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// The list of steps. The last line has only the counts.
fn summary(outcomes: &[Outcome], tally: Tally) -> String {
    let mut text = String::from("\n== summary\n");
    for Outcome { step, took, failure } in outcomes {
        let (state, why) = match failure {
            None => ("ok", String::new()),
            Some(failure) => ("FAILED", format!("  {}", failure.lines().next().unwrap_or_default())),
        };
        text += &format!("{:<10} {state:<6} {:>7.1} s{why}\n", name(*step), took.as_secs_f64());
    }
    let Tally { passed, failed, skipped } = tally;
    text += &format!("{passed} passed, {failed} failed");
    if skipped > 0 {
        text += &format!(", {skipped} skipped");
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_ends_with_the_counts_alone() {
        let took = Duration::from_millis(1_500);
        let outcomes = [
            Outcome { step: Step::Fmt, took, failure: None },
            Outcome { step: Step::Clippy, took, failure: Some("cargo clippy ended\nwith more".into()) },
        ];
        let text = summary(&outcomes, Tally { passed: 7, failed: 1, skipped: 0 });
        assert_eq!(text.lines().last(), Some("7 passed, 1 failed"));
        assert!(text.contains("fmt        ok         1.5 s\n"), "{text}");
        assert!(text.contains("clippy     FAILED     1.5 s  cargo clippy ended\n"), "{text}");
        let skipped = summary(&outcomes, Tally { passed: 7, failed: 0, skipped: 2 });
        assert_eq!(skipped.lines().last(), Some("7 passed, 0 failed, 2 skipped"));
    }
}
