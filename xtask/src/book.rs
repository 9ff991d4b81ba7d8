//! The book: checks its summary and builds its pages.

use std::{fs, process::Command};

use anyhow::{Context, Result, bail};

use crate::cargo::{root, run as run_command};

/// Checks that every page of the summary exists. Does not need mdbook.
pub(crate) fn check() -> Result<()> {
    let source = root().join("book").join("src");
    let summary = source.join("SUMMARY.md");
    let text = fs::read_to_string(&summary).with_context(|| format!("read {}", summary.display()))?;
    let pages = pages(&text);
    let missing: Vec<_> = pages.iter().filter(|page| !source.join(page).is_file()).copied().collect();
    if pages.is_empty() {
        bail!("{} names no page", summary.display());
    }
    if !missing.is_empty() {
        bail!("the summary of the book names pages that do not exist: {}", missing.join(", "));
    }
    Ok(())
}

pub(crate) fn build() -> Result<()> {
    check()?;
    if Command::new("mdbook").arg("--version").output().is_err() {
        bail!("mdbook is not on PATH: install it with `cargo install mdbook`");
    }
    run_command(Command::new("mdbook").arg("build").arg(root().join("book")))
}

/// The targets of the links in the summary. A chapter with an empty target is planned and has no page.
fn pages(summary: &str) -> Vec<&str> {
    let links = summary.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    links.filter(|link| !link.is_empty() && !link.contains("://")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_the_links_of_the_summary() {
        let summary = "# Summary\n[Front](README.md)\n- [One](one.md)\n  - [Two](deep/two.md)\n- [Later]()\n";
        assert_eq!(pages(summary), ["README.md", "one.md", "deep/two.md"]);
    }

    #[test]
    fn every_page_of_this_book_exists() {
        check().unwrap();
    }
}
