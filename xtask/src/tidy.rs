//! Checks format, lints, documentation and file sizes.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::cargo::{cargo, root, run as run_command};

/// A file with more lines is reported.
const LONG: usize = 500;
/// A file with more lines is refused.
const TOO_LONG: usize = 800;

pub(crate) fn run() -> Result<()> {
    fmt()?;
    sizes()?;
    clippy()?;
    docs()
}

pub(crate) fn fmt() -> Result<()> {
    run_command(&mut cargo(["fmt", "--all", "--check"]))
        .context("the format differs from that of rustfmt: run `cargo fmt --all`")
}

pub(crate) fn clippy() -> Result<()> {
    let deny = ["--", "-D", "warnings"];
    let all = ["clippy", "--workspace", "--all-targets", "--all-features"];
    run_command(cargo(all).args(deny))?;
    for package in ["redis-om-client", "redis-om"] {
        run_command(cargo(["clippy", "--package", package, "--no-default-features"]).args(deny))?;
    }
    Ok(())
}

pub(crate) fn docs() -> Result<()> {
    let mut command = cargo(["doc", "--workspace", "--no-deps", "--all-features"]);
    run_command(command.env("RUSTDOCFLAGS", "-D warnings"))
}

pub(crate) fn sizes() -> Result<()> {
    let root = root();
    let mut files = Vec::new();
    for folder in ["redis-om-client", "redis-om-derive", "redis-om", "examples", "tests", "xtask", "benches"]
    {
        collect(&root.join(folder), &mut files)?;
    }
    let mut refused = Vec::new();
    for file in files {
        let lines =
            fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?.lines().count();
        let name = file.strip_prefix(&root).unwrap_or(&file).display().to_string();
        if lines > TOO_LONG {
            refused.push(format!("{name}: {lines} lines"));
        } else if lines > LONG {
            println!("long: {name}: {lines} lines (expected at most {LONG})");
        }
    }
    if !refused.is_empty() {
        bail!("files with more than {TOO_LONG} lines: divide them:\n{}", refused.join("\n"));
    }
    Ok(())
}

/// The Rust sources in a folder, without those in `target`.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_found_and_target_is_skipped() {
        let folder = std::env::temp_dir().join(format!("redis-om-tidy-{}", std::process::id()));
        fs::create_dir_all(folder.join("src")).unwrap();
        fs::create_dir_all(folder.join("target")).unwrap();
        for file in ["src/a.rs", "src/b.txt", "target/c.rs"] {
            fs::write(folder.join(file), "").unwrap();
        }
        let mut files = Vec::new();
        collect(&folder, &mut files).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(files, [folder.join("src/a.rs")]);
    }
}
