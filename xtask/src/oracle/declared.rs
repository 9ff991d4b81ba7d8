//! The declarations: every method of the traits in `redis-om-client/src/commands`, with the lines of its code.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use syn::{Item, TraitItem, spanned::Spanned};

/// A method that declares a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Method {
    /// `SetCommands::sadd`.
    pub(super) name: String,
    /// Seen from the root of the workspace.
    pub(super) file: String,
    /// The first and the last line of its body.
    pub(super) lines: (usize, usize),
}

impl Method {
    /// Whether this line of this file is a part of it.
    pub(super) fn has(&self, file: &str, line: usize) -> bool {
        self.file == file && (self.lines.0..=self.lines.1).contains(&line)
    }

    pub(super) fn place(&self) -> String {
        format!("{} ({}:{})", self.name, self.file, self.lines.0)
    }
}

/// The methods in all files of a folder. `root` is the root of the workspace.
pub(super) fn methods(root: &Path, folder: &Path) -> Result<Vec<Method>> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))?;
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            found.extend(methods(root, &path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
            let file = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            found.extend(of_file(&file, &text).with_context(|| format!("parse {file}"))?);
        }
    }
    Ok(found)
}

/// The methods with a body in the public traits of a file.
fn of_file(file: &str, text: &str) -> Result<Vec<Method>> {
    let mut found = Vec::new();
    for item in syn::parse_file(text)?.items {
        let Item::Trait(item) = item else { continue };
        if !matches!(item.vis, syn::Visibility::Public(_)) {
            continue;
        }
        for method in &item.items {
            if let TraitItem::Fn(method) = method
                && let Some(body) = &method.default
            {
                found.push(Method {
                    name: format!("{}::{}", item.ident, method.sig.ident),
                    file: file.to_owned(),
                    lines: (method.sig.span().start().line, body.span().end().line),
                });
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_with_a_body_are_declarations() {
        let text = "/// Sets.\npub trait SetCommands: Executor {\n    type Output;\n    fn none(self);\n\n    \
                    /// Adds.\n    #[cfg(x)]\n    fn sadd(self) {\n        self.execute(1)\n    }\n}\n\
                    trait Inner { fn f(self) {} }\nfn g() {}\n";
        let found = of_file("set.rs", text).unwrap();
        let expected = Method { name: "SetCommands::sadd".into(), file: "set.rs".into(), lines: (8, 10) };
        assert_eq!(found, [expected]);
        let has = [("set.rs", 9), ("set.rs", 8), ("set.rs", 11), ("map.rs", 9)];
        assert_eq!(has.map(|(file, line)| found[0].has(file, line)), [true, true, false, false]);
        assert_eq!(found[0].place(), "SetCommands::sadd (set.rs:8)");
        assert!(of_file("set.rs", "pub trait {").is_err());
    }
}
