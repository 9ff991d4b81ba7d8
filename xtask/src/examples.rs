//! Runs every example.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use servers::{Kind, Module, Server};

use crate::cargo::{cargo, line, run};

const PACKAGE: &str = "redis-om-examples";
/// The example that runs without REDIS_URL, so that it finds or fetches a server by itself as it does for a user.
const ALONE: &str = "quickstart";

/// Runs all examples, each to its end, and fails with the names of those that failed.
pub(crate) fn run_all() -> Result<()> {
    let names = names(&metadata()?)?;
    let server = modern_server()?;
    let mut failed = Vec::new();
    for name in &names {
        println!("example {name}");
        let mut command =
            cargo(["run", "--quiet", "--package", PACKAGE, "--all-features", "--example", name]);
        match name.as_str() {
            ALONE => command.env_remove("REDIS_URL"),
            _ => command.env("REDIS_URL", server.url()),
        };
        if let Err(e) = run(&mut command) {
            eprintln!("error: example {name}: {e:#}");
            failed.push(name.as_str());
        }
    }
    if !failed.is_empty() {
        bail!("{} of {} examples failed: {}", failed.len(), names.len(), failed.join(", "));
    }
    println!("{} examples ran", names.len());
    Ok(())
}

/// Redis 8 with its modules, or the default server where a module has no build for this system.
fn modern_server() -> Result<Server> {
    let modules = [Module::Json, Module::Search, Module::Bloom, Module::TimeSeries];
    let there = servers::Package::all().iter().all(|package| package.has_build());
    let builder = match there {
        true => {
            modules.into_iter().fold(Server::builder().kind(Kind::Redis8), servers::ServerBuilder::module)
        }
        false => Server::builder(),
    };
    Ok(builder.start()?)
}

/// The metadata of the workspace.
pub(crate) fn metadata() -> Result<Value> {
    let mut command = cargo(["metadata", "--no-deps", "--format-version", "1"]);
    let output = command.output().with_context(|| format!("run {}", line(&command)))?;
    if !output.status.success() {
        bail!("{}: {}", line(&command), String::from_utf8_lossy(&output.stderr).trim());
    }
    serde_json::from_slice(&output.stdout).context("read the output of cargo metadata")
}

fn names(metadata: &Value) -> Result<Vec<String>> {
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    let package = packages.iter().find(|p| p["name"] == PACKAGE);
    let targets =
        package.and_then(|p| p["targets"].as_array()).with_context(|| format!("no package {PACKAGE}"))?;
    let is_example =
        |target: &&Value| target["kind"].as_array().is_some_and(|k| k.iter().any(|k| k == "example"));
    let names = targets.iter().filter(is_example).filter_map(|target| target["name"].as_str());
    Ok(names.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_told_from_other_targets() {
        let metadata = serde_json::json!({"packages": [
            {"name": "other", "targets": [{"kind": ["example"], "name": "no"}]},
            {"name": PACKAGE, "targets": [
                {"kind": ["lib"], "name": "redis_om_examples"},
                {"kind": ["example"], "name": "quickstart"},
            ]},
        ]});
        assert_eq!(names(&metadata).unwrap(), ["quickstart"]);
        assert!(names(&serde_json::json!({"packages": []})).is_err());
    }
}
