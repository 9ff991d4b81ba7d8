//! `cargo xtask simulate`: runs the simulation of the client in an optimised build.

use anyhow::Result;
use clap::Args;

use crate::cargo::{cargo, run as run_command};

/// The test that runs the histories.
const TEST: &str = "simulate::histories";

#[derive(Args)]
pub(crate) struct Options {
    /// How many histories
    #[arg(long)]
    histories: Option<u64>,
    /// Only the history of this seed; with `--histories` the first of so many
    #[arg(long)]
    seed: Option<u64>,
    /// Print all that happens in a history
    #[arg(long)]
    trace: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let mut command =
        cargo(["test", "--release", "--package", "redis-om-client", "--all-features", "--lib", TEST]);
    command.args(["--", "--exact", "--nocapture"]);
    command.envs(variables(options));
    run_command(&mut command)
}

/// The variables that tell the test what to run.
fn variables(options: &Options) -> Vec<(&'static str, String)> {
    let values = [
        ("REDIS_OM_HISTORIES", options.histories.map(|count| count.to_string())),
        ("REDIS_OM_SEED", options.seed.map(|seed| seed.to_string())),
        ("REDIS_OM_TRACE", options.trace.then(|| "1".to_owned())),
    ];
    values.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_become_variables() {
        let options = Options { histories: None, seed: Some(7), trace: true };
        let expected = [("REDIS_OM_SEED", "7".to_owned()), ("REDIS_OM_TRACE", "1".to_owned())];
        assert_eq!(variables(&options), expected);
        let options = Options { histories: Some(5), seed: None, trace: false };
        assert_eq!(variables(&options), [("REDIS_OM_HISTORIES", "5".to_owned())]);
    }
}
