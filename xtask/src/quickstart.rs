//! `cargo xtask quickstart`: runs the tour, which is one of the examples.

use anyhow::Result;
use clap::Args;

use crate::cargo::{cargo, run as run_command};

#[derive(Args)]
pub(crate) struct Options {
    /// Build with optimization: the first build takes longer, and the rates are higher
    #[arg(long)]
    release: bool,
    /// Arguments for the example itself
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    // Without optimization by default: the first build shares crates with this tool, so that it takes much less time, and
    // the tour mostly waits for the server.
    let mut command = cargo(["run", "--package", "redis-om-examples", "--example", "quickstart"]);
    if options.release {
        command.arg("--release");
    }
    command.arg("--").args(&options.args);
    run_command(&mut command)
}
