//! The links of the built pages.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use super::{docs::Docs, html::Page};

/// The pages of a built book, each read once.
pub(super) struct Links<'a> {
    /// The folder of the built book.
    root: &'a Path,
    pages: HashMap<PathBuf, Page>,
    docs: Docs<'a>,
}

impl<'a> Links<'a> {
    pub(super) fn new(root: &'a Path, docs: Docs<'a>) -> Self {
        Self { root, pages: HashMap::new(), docs }
    }

    /// Checks the links of one page. Returns their number. What is wrong is added to `problems`, with the name of the
    /// page before it.
    pub(super) fn check(&mut self, name: &str, page: &Path, problems: &mut Vec<String>) -> usize {
        let (links, no_links) = match self.page(page) {
            Ok(page) => (page.links.clone(), page.no_links.clone()),
            Err(why) => {
                problems.push(format!("{name}: {why}"));
                return 0;
            }
        };
        for text in no_links {
            problems.push(format!(
                "{name}: `{}` is no link: its reference is not defined (code stands in backticks)",
                text.trim()
            ));
        }
        for link in &links {
            if let Err(why) = self.target(page, link) {
                problems.push(format!("{name}: the link to `{link}`: {why}"));
            }
        }
        links.len()
    }

    fn target(&mut self, page: &Path, link: &str) -> Result<(), String> {
        if let Some((scheme, rest)) = scheme(link) {
            external(scheme, rest)?;
            return self.docs.check(link);
        }
        if link.starts_with('/') {
            return Err("starts at the root of a site: write it relative to the page".into());
        }
        let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
        let path = decoded(path.split('?').next().unwrap_or_default());
        let file = match &*path {
            "" => page.to_path_buf(),
            path => self.file(page, path)?,
        };
        if anchor.is_empty() {
            return Ok(());
        }
        let anchor = decoded(anchor);
        if file.extension().is_none_or(|extension| extension != "html") {
            return Err("names an anchor in a file that is no page".into());
        }
        match self.page(&file)?.ids.contains(&anchor) {
            true => Ok(()),
            false => Err(format!("the page has no anchor `{anchor}`")),
        }
    }

    /// The file of a relative path, from the folder of the built book.
    fn file(&self, page: &Path, path: &str) -> Result<PathBuf, String> {
        let mut file = page.with_file_name("");
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." if !file.pop() => return Err("leaves the book".into()),
                ".." => {}
                part => file.push(part),
            }
        }
        if self.root.join(&file).is_dir() {
            file.push("index.html");
        }
        match self.root.join(&file).is_file() {
            true => Ok(file),
            false => Err("leads to no page and no file of the book".into()),
        }
    }

    fn page(&mut self, file: &Path) -> Result<&Page, String> {
        if !self.pages.contains_key(file) {
            let path = self.root.join(file);
            let html = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            self.pages.insert(file.to_path_buf(), Page::read(&html, false));
        }
        Ok(&self.pages[file])
    }
}

/// The scheme of an absolute link, and the rest after the colon.
fn scheme(link: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = link.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c));
    is_scheme.then_some((scheme, rest))
}

/// Checks the form of a link to another site. Nothing is fetched.
fn external(scheme: &str, rest: &str) -> Result<(), String> {
    if rest.contains(|c: char| c.is_whitespace() || c.is_control() || "<>\"\\^`{|}".contains(c)) {
        return Err("has a character that no URL has".into());
    }
    match scheme {
        "http" | "https" => {
            let host = rest.strip_prefix("//").ok_or("expected `//` after the scheme")?;
            let host = host.split(['/', '?', '#']).next().unwrap_or_default();
            let (name, port) = host.split_once(':').unwrap_or((host, "80"));
            let label =
                |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
            if !name.split('.').all(label) || !(name.contains('.') || name == "localhost") {
                return Err(format!("expected the name of a host, found `{name}`"));
            }
            port.parse::<u16>().map(drop).map_err(|_| format!("expected a port, found `{port}`"))
        }
        "mailto" => match rest.split_once('@') {
            Some((user, host)) if !user.is_empty() && host.contains('.') => Ok(()),
            _ => Err("expected an address of mail".into()),
        },
        _ => Err(format!("expected http, https or mailto, found `{scheme}`")),
    }
}

/// Text without the escapes of a URL (`%20`).
pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digit = |at: usize| after.get(at).and_then(|b| char::from(*b).to_digit(16));
        rest = match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                &after[2..]
            }
            _ => {
                bytes.push(*first);
                after
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_other_sites_are_checked_for_their_form() {
        let check = |link: &str| scheme(link).map(|(scheme, rest)| external(scheme, rest));
        for link in [
            "https://redis.io/docs/?a=b#c",
            "http://localhost:6379",
            "https://127.0.0.1/x",
            "mailto:a@b.org",
            "https://en.wikipedia.org/wiki/RESP_(x)",
        ] {
            assert_eq!(check(link), Some(Ok(())), "{link}");
        }
        for link in [
            "https:/redis.io",
            "https://",
            "https://redis",
            "https://redis..io",
            "https://redis.io/a b",
            "https://redis.io:port",
            "ftp://redis.io",
            "javascript:void(0)",
            "mailto:nobody",
        ] {
            assert!(matches!(check(link), Some(Err(_))), "{link}");
        }
        for link in ["page.html", "#a:b", "a/b.html#c:d", "1x:y"] {
            assert_eq!(check(link), None, "{link}");
        }
    }

    #[test]
    fn escapes_of_a_url_are_decoded() {
        assert_eq!(decoded("a%20b%C3%A9%"), "a bé%");
        assert_eq!(decoded("%zz%4"), "%zz%4");
    }
}
