//! Links to the documentation of the crates of this repository. The pages that rustdoc has made here stand for those on
//! docs.rs.

use std::{fs, path::PathBuf};

use anyhow::Result;

use super::{html::Page, links::decoded};

/// The crates that are published.
const CRATES: [&str; 3] = ["redis-om", "redis-om-client", "redis-om-derive"];

/// The pages of rustdoc.
pub(super) struct Docs<'a> {
    /// Makes them and returns their folder. It is called if there is a link to them.
    make: &'a dyn Fn() -> Result<PathBuf>,
    folder: Option<PathBuf>,
}

impl<'a> Docs<'a> {
    pub(super) fn new(make: &'a dyn Fn() -> Result<PathBuf>) -> Self {
        Self { make, folder: None }
    }

    /// Checks a link to docs.rs, if it names one of the crates.
    pub(super) fn check(&mut self, link: &str) -> Result<(), String> {
        let Some(path) =
            link.strip_prefix("https://docs.rs/").or_else(|| link.strip_prefix("http://docs.rs/"))
        else {
            return Ok(());
        };
        let (path, anchor) = path.split_once('#').unwrap_or((path, ""));
        let mut parts = path.split('?').next().unwrap_or_default().split('/').filter(|part| !part.is_empty());
        let Some(name) = parts.next().filter(|name| CRATES.contains(name)) else { return Ok(()) };
        match parts.next() {
            None => return Ok(()),
            Some("latest") => {}
            Some(version) => return Err(format!("expected the version `latest`, found `{version}`")),
        }
        let parts: Vec<_> = parts.collect();
        match parts.first() {
            None => return Ok(()),
            Some(&library) if library == name.replace('-', "_") => {}
            Some(library) => return Err(format!("the crate {name} has no library `{library}`")),
        }
        self.item(&parts, &decoded(anchor))
    }

    /// Checks that each module links to the next one, and the last one to the item. An old page of an item that was
    /// removed may still be in the folder, but no other page links to it.
    fn item(&mut self, parts: &[&str], anchor: &str) -> Result<(), String> {
        let mut place = match &self.folder {
            Some(folder) => folder.clone(),
            None => self.folder.insert((self.make)().map_err(|e| format!("{e:#}"))?).clone(),
        };
        let read = |file: &PathBuf| match fs::read_to_string(file) {
            Ok(html) => Ok(Page::read(&html, true)),
            Err(error) => Err(format!("the documentation has no page {}: {error}", file.display())),
        };
        let mut page = Page::default();
        for (depth, part) in parts.iter().enumerate() {
            let is_page = part.ends_with(".html");
            let target = if is_page { (*part).to_owned() } else { format!("{part}/index.html") };
            if depth > 0 && target != "index.html" && !page.links.contains(&target) {
                return Err(format!("the documentation of `{}` has no `{part}`", parts[..depth].join("::")));
            }
            place.push(part);
            page = read(&if is_page { place.clone() } else { place.join("index.html") })?;
        }
        match anchor.is_empty() || page.ids.contains(anchor) {
            true => Ok(()),
            false => Err(format!("the documentation of `{}` has no anchor `{anchor}`", parts.join("::"))),
        }
    }
}
