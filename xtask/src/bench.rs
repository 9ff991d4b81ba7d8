//! `cargo xtask bench`: builds and runs the comparison, which has its own workspace and lock file.

use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;
use servers::Kind;

use crate::cargo::{cargo, root, run as run_command};

/// The variable with the path of the server program that the comparison starts.
const SERVER: &str = "REDIS_OM_BENCH_SERVER";

#[derive(Args, Default)]
pub(crate) struct Options {
    /// Print one JSON object for each row
    #[arg(long)]
    json: bool,
    /// Only these rows, separated by commas
    #[arg(long)]
    rows: Option<String>,
    /// How many rounds; the result is the median
    #[arg(long)]
    rounds: Option<u32>,
    /// Only these peers, separated by commas: redis-rs, fred, rustis
    #[arg(long)]
    against: Option<String>,
    /// Let idle cores sleep, so that the time to wake them is part of the results
    #[arg(long)]
    let_cores_sleep: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let server = Kind::Redis8.program()?;
    let target = target_folder()?;
    let mut build =
        cargo(["build", "--release", "--manifest-path", "benches/peers/Cargo.toml", "--target-dir"]);
    run_command(build.arg(&target))?;
    let mut peers = Command::new(target.join("release").join("peers"));
    peers.current_dir(root()).args(words(options)).env(SERVER, server);
    run_command(&mut peers)
}

/// In the target directory of the workspace, so that all builds are in one folder.
fn target_folder() -> Result<std::path::PathBuf> {
    let metadata = crate::examples::metadata()?;
    let target = metadata["target_directory"].as_str().context("cargo metadata names no target directory")?;
    Ok(std::path::Path::new(target).join("peers"))
}

fn words(options: &Options) -> Vec<String> {
    let mut words = Vec::new();
    if options.json {
        words.push("--json".to_owned());
    }
    if options.let_cores_sleep {
        words.push("--let-cores-sleep".to_owned());
    }
    let values = [
        ("--rows", options.rows.clone()),
        ("--rounds", options.rounds.map(|n| n.to_string())),
        ("--against", options.against.clone()),
    ];
    for (name, value) in values {
        words.extend(value.into_iter().flat_map(|value| [name.to_owned(), value]));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_passed_on() {
        assert!(words(&Options::default()).is_empty());
        let options = Options {
            json: true,
            rows: Some("get,set".into()),
            rounds: Some(3),
            against: None,
            let_cores_sleep: true,
        };
        let expected = ["--json", "--let-cores-sleep", "--rows", "get,set", "--rounds", "3"];
        assert_eq!(words(&options), expected);
    }
}
