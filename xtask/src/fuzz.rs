//! `cargo xtask fuzz`: runs the fuzz targets of the client in an optimised build.

use anyhow::Result;
use clap::Args;

use crate::cargo::{cargo, run as run_command};

/// The test that runs the targets.
const TEST: &str = "fuzz::inputs";

#[derive(Args)]
pub(crate) struct Options {
    /// How many inputs for each target
    #[arg(long, default_value_t = 1_000_000)]
    inputs: u64,
    /// The number from which the inputs follow
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let mut command =
        cargo(["test", "--release", "--package", "redis-om-client", "--all-features", "--lib", TEST]);
    // A backtrace of each panic would be printed while a failing input is shortened.
    command.args(["--", "--exact", "--nocapture"]).env("RUST_BACKTRACE", "0");
    command.envs(variables(options));
    run_command(&mut command)
}

/// The variables that tell the test what to run.
fn variables(options: &Options) -> [(&'static str, String); 2] {
    [("REDIS_OM_FUZZ_INPUTS", options.inputs.to_string()), ("REDIS_OM_FUZZ_SEED", options.seed.to_string())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_become_variables() {
        let expected = [("REDIS_OM_FUZZ_INPUTS", "5".to_owned()), ("REDIS_OM_FUZZ_SEED", "7".to_owned())];
        assert_eq!(variables(&Options { inputs: 5, seed: 7 }), expected);
    }
}
