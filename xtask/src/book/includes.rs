//! The parts of other files that a page includes. mdBook replaces an anchor that does not exist by nothing, without a
//! word, so they are checked here.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// mdBook follows includes inside included text to this depth.
const DEEPEST: usize = 10;

/// Checks the includes of one page, and those inside the text that they include. Returns their number. What is wrong is
/// added to `problems`, with the name of the page before it.
pub(super) fn check(name: &str, page: &Path, text: &str, problems: &mut Vec<String>) -> usize {
    let mut count = 0;
    // Each with its text, the line of the page that includes it, and its depth.
    let mut open = vec![(page.to_path_buf(), text.to_owned(), None, 0)];
    while let Some((file, text, origin, depth)) = open.pop() {
        for (number, line) in text.lines().enumerate() {
            for directive in directives(line) {
                let at = origin.unwrap_or(number + 1);
                let mut report = |why: String| problems.push(format!("{name}:{at}: `{directive}`: {why}"));
                let include = match parse(directive) {
                    Ok(Some(include)) => include,
                    Ok(None) => continue,
                    Err(why) => {
                        report(why);
                        continue;
                    }
                };
                count += 1;
                match include.read(&file) {
                    Ok(_) if depth == DEEPEST => {
                        report(format!("includes are nested more than {DEEPEST} deep"))
                    }
                    Ok((path, part)) => open.push((path, part, Some(at), depth + 1)),
                    Err(why) => report(why),
                }
            }
        }
    }
    count
}

#[derive(Debug, PartialEq, Eq)]
struct Include<'a> {
    path: &'a str,
    part: Part<'a>,
}

#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Whole,
    Anchor(&'a str),
    /// The numbers of the first and of the last line. The first line is 1.
    Lines(usize, Option<usize>),
}

/// The directives `{{#…}}` of a line, without those that a backslash makes plain text.
fn directives(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = 0;
    while let Some(start) = line[rest..].find("{{").map(|at| rest + at) {
        rest = start + 2;
        let Some(end) = line[rest..].find("}}").map(|at| rest + at + 2) else { break };
        if line[rest..].trim_start().starts_with('#') {
            if !line[..start].ends_with('\\') {
                found.push(&line[start..end]);
            }
            rest = end;
        }
    }
    found
}

/// Reads a directive; `None` for one that includes nothing.
fn parse(directive: &str) -> Result<Option<Include<'_>>, String> {
    let inside = directive.trim_matches(['{', '}']).trim().trim_start_matches('#');
    let (kind, rest) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
    let rest = rest.trim();
    match kind {
        "title" => return Ok(None),
        "include" | "rustdoc_include" | "playground" if rest.is_empty() => {
            return Err("expected the name of a file, found none".into());
        }
        "playground" => {
            let path = rest.split_whitespace().next().unwrap_or_default();
            return Ok(Some(Include { path, part: Part::Whole }));
        }
        "include" | "rustdoc_include" => {}
        _ => {
            return Err(format!(
                "expected include, rustdoc_include, playground or title, found {kind}: mdbook leaves it as text"
            ));
        }
    }
    let (path, part) = rest.split_once(':').unwrap_or((rest, ""));
    let (from, to) = part.split_once(':').map_or((part, None), |(from, to)| (from, Some(to)));
    let number =
        |text: &str| text.parse::<usize>().map_err(|_| format!("expected a line number, found {text}"));
    let part = match (from, to) {
        ("", None) => Part::Whole,
        (from, None) => match from.parse() {
            Ok(line) => Part::Lines(line, Some(line)),
            Err(_) => Part::Anchor(from),
        },
        (from, Some(to)) => {
            let from = if from.is_empty() { 1 } else { number(from)? };
            Part::Lines(from, if to.is_empty() { None } else { Some(number(to)?) })
        }
    };
    Ok(Some(Include { path, part }))
}

impl Include<'_> {
    /// Returns the path of the file that `page` names here, and the included text.
    fn read(&self, page: &Path) -> Result<(PathBuf, String), String> {
        let path = page.with_file_name("").join(self.path);
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let lines: Vec<&str> = text.lines().collect();
        let included = match self.part {
            Part::Whole => &lines[..],
            Part::Lines(from, to) => {
                let to = to.unwrap_or(lines.len());
                let from = from.checked_sub(1).ok_or("the first line is 1, found 0")?;
                lines.get(from..to).ok_or_else(|| format!("the file has {} lines", lines.len()))?
            }
            Part::Anchor(name) => anchored(&lines, name)?,
        };
        if included.iter().all(|line| line.trim().is_empty()) {
            return Err("the included part is empty".into());
        }
        Ok((path, included.join("\n")))
    }
}

/// The lines between `ANCHOR: name` and `ANCHOR_END: name`.
fn anchored<'a>(lines: &'a [&'a str], name: &str) -> Result<&'a [&'a str], String> {
    let find = |mark: &str| -> Result<usize, String> {
        let found: Vec<_> = (0..lines.len()).filter(|&i| marked(lines[i], mark) == Some(name)).collect();
        match found[..] {
            [] => Err(format!("the file has no line `{mark} {name}`")),
            [one] => Ok(one),
            _ => {
                Err(format!("the file has {} lines `{mark} {name}`, and mdbook takes the first", found.len()))
            }
        }
    };
    let (start, end) = (find("ANCHOR:")?, find("ANCHOR_END:")?);
    lines.get(start + 1..end).ok_or_else(|| format!("`ANCHOR_END: {name}` stands before its start"))
}

/// The name that follows the mark in this line.
fn marked<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    let rest = line.split_once(mark)?.1.trim_start();
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').unwrap_or(rest.len());
    Some(&rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_found_and_plain_text_is_not() {
        assert_eq!(
            directives(r"a {{#include x.rs}} b {{ #title y }}"),
            ["{{#include x.rs}}", "{{ #title y }}"]
        );
        assert_eq!(directives(r"\{{#include x.rs}} {{ field }} {{#include"), [""; 0]);
        assert_eq!(directives("{{a}}{{#include é.rs}}"), ["{{#include é.rs}}"]);
    }

    #[test]
    fn a_directive_names_a_file_and_a_part_of_it() {
        for (directive, path, part) in [
            ("{{#include a/b.rs}}", "a/b.rs", Part::Whole),
            ("{{#include b.rs:steps}}", "b.rs", Part::Anchor("steps")),
            ("{{ #rustdoc_include b.rs:a_b-c }}", "b.rs", Part::Anchor("a_b-c")),
            ("{{#include b.rs:3}}", "b.rs", Part::Lines(3, Some(3))),
            ("{{#include b.rs:3:}}", "b.rs", Part::Lines(3, None)),
            ("{{#include b.rs:3:9}}", "b.rs", Part::Lines(3, Some(9))),
            ("{{#include b.rs::9}}", "b.rs", Part::Lines(1, Some(9))),
            ("{{#playground b.rs editable}}", "b.rs", Part::Whole),
        ] {
            assert_eq!(parse(directive), Ok(Some(Include { path, part })), "{directive}");
        }
        assert_eq!(parse("{{#title The book}}"), Ok(None));
        for (directive, why) in [
            ("{{#include}}", "the name of a file"),
            ("{{#inculde b.rs}}", "found inculde"),
            ("{{#include b.rs:3:x}}", "a line number, found x"),
        ] {
            assert!(parse(directive).unwrap_err().contains(why), "{directive}");
        }
    }

    #[test]
    fn an_anchor_has_one_start_and_one_end() {
        let lines = ["// ANCHOR: a", "one", "// ANCHOR: ab", "two", "// ANCHOR_END: ab", "// ANCHOR_END: a"];
        assert_eq!(anchored(&lines, "ab").unwrap(), ["two"]);
        assert_eq!(anchored(&lines, "a").unwrap(), &lines[1..5]);
        for (lines, why) in [
            (&lines[1..], "no line `ANCHOR: a`"),
            (&lines[..5], "no line `ANCHOR_END: a`"),
            (&["// ANCHOR_END: a", "// ANCHOR: a"], "before its start"),
            (&["// ANCHOR: a", "x", "// ANCHOR_END: a", "// ANCHOR: a"], "2 lines `ANCHOR: a`"),
        ] {
            assert!(anchored(lines, "a").unwrap_err().contains(why), "{why}");
        }
    }
}
