//! The code in the README and in the book is the code of the examples.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The lines between the two marks of an anchor.
fn anchor(text: &str, name: &str) -> Option<String> {
    let lines = text.lines().skip_while(|line| line.trim() != format!("// ANCHOR: {name}")).skip(1);
    let end = format!("// ANCHOR_END: {name}");
    let code: Vec<_> = lines.clone().take_while(|line| line.trim() != end).collect();
    (!code.is_empty() && code.len() < lines.count()).then(|| code.join("\n"))
}

#[test]
fn the_readme_shows_the_first_steps() {
    let readme = read(&root().join("README.md"));
    let example = read(&root().join("examples/examples/first_steps.rs"));
    for name in ["model", "steps"] {
        let code = anchor(&example, name).unwrap();
        assert!(readme.contains(&code), "the README has other code than examples/first_steps.rs:\n{code}");
    }
}

#[test]
fn everything_that_the_book_includes_exists() {
    let mut includes = 0;
    for page in fs::read_dir(root().join("book/src")).unwrap() {
        let page = page.unwrap().path();
        for include in read(&page).split("{{#include ").skip(1) {
            let (target, _) = include.split_once("}}").unwrap();
            let (file, name) = target.split_once(':').unwrap();
            let text = read(&page.parent().unwrap().join(file));
            assert!(anchor(&text, name).is_some(), "{}: {file} has no anchor {name}", page.display());
            includes += 1;
        }
    }
    assert!(includes > 0);
}
