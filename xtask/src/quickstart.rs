//! `cargo xtask quickstart`: the tour, as an example that a user can read.

use anyhow::Result;
use clap::Args;

use crate::cargo::{cargo, run as run_command};

#[derive(Args)]
pub(crate) struct Options {
    /// Optimised: a longer first build, truer rates
    #[arg(long)]
    release: bool,
    /// Words for the example itself
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    // Not optimised unless asked: the first build shares its crates with this tool and takes a fraction of the time,
    // and the tour mostly waits for the server anyway.
    let mut command = cargo(["run", "--package", "redis-om-examples", "--example", "quickstart"]);
    if options.release {
        command.arg("--release");
    }
    command.arg("--").args(&options.args);
    run_command(&mut command)
}
