//! The book: builds its pages with mdBook, and checks that everything they name exists.
//!
//! mdBook reports little and fails on less: it leaves an include that fails as text, it replaces an unknown anchor of an
//! included file by nothing, and it follows no link. So the includes are checked in the sources, and the links in the
//! built pages.

mod docs;
mod html;
mod includes;
mod links;
#[cfg(test)]
mod tests;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use servers::mdbook;

use crate::{
    cargo::{line, root},
    examples::metadata,
    tidy,
};
use docs::Docs;
use links::Links;

/// Builds and checks the book of this repository.
pub(crate) fn run() -> Result<()> {
    let report = build(&root().join("book"), &documentation)?;
    println!("{report}");
    Ok(())
}

/// Makes the documentation of the crates, and returns its folder.
fn documentation() -> Result<PathBuf> {
    tidy::docs()?;
    let metadata = metadata()?;
    let target = metadata["target_directory"].as_str().context("cargo metadata names no target directory")?;
    Ok(Path::new(target).join("doc"))
}

/// Builds the book in the folder and checks it. Returns what was checked. `docs` makes the documentation of the crates.
fn build(folder: &Path, docs: &dyn Fn() -> Result<PathBuf>) -> Result<String> {
    let source = folder.join("src");
    let mut problems = Vec::new();
    let files = pages(&source)?;
    let listed = listed(&source.join("SUMMARY.md"))?;
    let mut includes = 0;
    for file in &files {
        let name = file.display().to_string();
        if !listed.contains(file) {
            problems.push(format!("{name}: SUMMARY.md does not name this page"));
        }
        let path = source.join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        includes += includes::check(&name, &path, &text, &mut problems);
    }
    for page in listed.iter().filter(|page| !files.contains(page)) {
        problems.push(format!("SUMMARY.md: names the page {}, which does not exist", page.display()));
    }
    refuse("the sources of the book", &problems)?;

    // As `book.toml` names it.
    let built = folder.with_file_name("target").join("book");
    run_mdbook(folder, &built)?;

    let mut links = Links::new(&built, Docs::new(docs));
    let mut count = 0;
    for file in &files {
        count += links.check(&file.display().to_string(), &built_name(file), &mut problems);
    }
    refuse("the links of the book", &problems)?;
    Ok(format!("book: {} pages, {includes} includes, {count} links: {}", files.len(), built.display()))
}

/// Runs mdBook. A warning is an error.
fn run_mdbook(folder: &Path, built: &Path) -> Result<()> {
    if built.exists() {
        fs::remove_dir_all(built).with_context(|| format!("remove {}", built.display()))?;
    }
    let mut command = Command::new(mdbook::program()?);
    command.arg("build").arg(folder).env("MDBOOK_LOG", "warn").env_remove("RUST_LOG");
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("MDBOOK_")) {
        // A variable such as MDBOOK_BUILD__BUILD_DIR overrides a setting of the book.
        if name != "MDBOOK_LOG" {
            command.env_remove(name);
        }
    }
    let output = command.output().with_context(|| format!("run {}", line(&command)))?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    if !output.status.success() || !said.trim().is_empty() {
        bail!("{} ended with {} and reported:\n{}", line(&command), output.status, said.trim());
    }
    Ok(())
}

fn refuse(what: &str, problems: &[String]) -> Result<()> {
    match problems {
        [] => Ok(()),
        [one] => bail!("{what}: {one}"),
        _ => bail!("{what} have {} faults:\n{}", problems.len(), problems.join("\n")),
    }
}

/// The pages in the folder of the sources, from this folder, in the order of their names.
fn pages(source: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![source.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("read {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                files.push(path.strip_prefix(source)?.to_path_buf());
            }
        }
    }
    files.retain(|file| file != Path::new("SUMMARY.md"));
    files.sort();
    Ok(files)
}

/// The pages that the summary names.
fn listed(summary: &Path) -> Result<Vec<PathBuf>> {
    let text = fs::read_to_string(summary).with_context(|| format!("read {}", summary.display()))?;
    let pages = targets(&text);
    if pages.is_empty() {
        bail!("{} names no page", summary.display());
    }
    Ok(pages)
}

/// The targets of the links in the summary. A chapter with an empty target is planned and has no page.
fn targets(summary: &str) -> Vec<PathBuf> {
    let links = summary.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let paths =
        links.map(|link| Path::new(link.trim_matches(['<', '>']).trim_start_matches("./")).to_path_buf());
    paths.filter(|path| path != Path::new("")).collect()
}

/// The name of a page in the built book.
fn built_name(page: &Path) -> PathBuf {
    match page.file_name().is_some_and(|name| name == "README.md") {
        true => page.with_file_name("index.html"),
        false => page.with_extension("html"),
    }
}
