//! A crate, read from its `lib.rs` along its `mod` declarations: its modules, and how they use one another.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use syn::{Attribute, Item, ItemMod, Meta};

use super::{
    paths::{self, Target},
    resolve::{Modules, Place},
};

/// One module using another. Each is named by its path from the root of the crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) from: Vec<String>,
    pub(super) to: Vec<String>,
    /// File and line.
    pub(super) place: String,
}

/// The modules at the root of a crate, and how all of its modules use one another.
#[derive(Debug)]
pub(super) struct Uses {
    pub(super) modules: BTreeSet<String>,
    pub(super) uses: Vec<Use>,
    /// Paths from the root that lead to no module: what is named, and the place.
    pub(super) unknown: Vec<(Vec<String>, String)>,
}

/// Reads a crate. The uses of `lib.rs` itself are left out: it re-exports from every layer.
pub(super) fn uses(root: &Path, lib: &Path) -> Result<Uses> {
    let text = fs::read_to_string(lib).with_context(|| format!("read {}", lib.display()))?;
    let file = syn::parse_file(&text).with_context(|| format!("parse {}", lib.display()))?;
    let mut reader = Reader { root, modules: Modules::default(), found: Vec::new() };
    reader.modules.add(&[], &file.items);
    reader.nested(&file.items, &[], lib, lib.parent().unwrap_or(root), true)?;
    let names = modules(&file.items).map(|module| module.ident.to_string());
    let mut uses = Uses { modules: names.collect(), uses: Vec::new(), unknown: Vec::new() };
    for (Target { from, to, line }, file) in reader.found {
        let place = format!("{file}:{line}");
        match reader.modules.resolve(&to) {
            Place::Foreign => {}
            Place::Module(module) if module.is_empty() => uses.unknown.push((to, place)),
            Place::Module(module) if module == from => {}
            Place::Module(module) => uses.uses.push(Use { from, to: module, place }),
        }
    }
    Ok(uses)
}

/// The modules declared among these items, without those of tests.
fn modules(items: &[Item]) -> impl Iterator<Item = &ItemMod> {
    items.iter().filter_map(|item| match item {
        Item::Mod(module) if !for_tests(&module.attrs) => Some(module),
        _ => None,
    })
}

/// Whether attributes say `cfg(test)`, alone or under `all`.
pub(super) fn for_tests(attributes: &[Attribute]) -> bool {
    let cfg = attributes.iter().filter(|a| a.path().is_ident("cfg"));
    cfg.filter_map(|a| a.parse_args::<Meta>().ok()).any(|meta| says_test(&meta))
}

fn says_test(meta: &Meta) -> bool {
    match meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("all") => {
            let all = syn::punctuated::Punctuated::<Meta, syn::Token![,]>::parse_terminated;
            list.parse_args_with(all).is_ok_and(|metas| metas.iter().any(says_test))
        }
        Meta::List(_) | Meta::NameValue(_) => false,
    }
}

struct Reader<'a> {
    root: &'a Path,
    modules: Modules,
    /// Paths that are named, each with its file.
    found: Vec<(Target, String)>,
}

impl Reader<'_> {
    /// A module in a file of its own: `folder/name.rs` or `folder/name/mod.rs`.
    fn declared(&mut self, module: &ItemMod, path: &[String], folder: &Path) -> Result<()> {
        let name = module.ident.to_string();
        let inner = folder.join(name.trim_start_matches("r#"));
        let candidates = [inner.with_extension("rs"), inner.join("mod.rs")];
        let file = candidates.iter().find(|file| file.is_file());
        let file: &PathBuf = file.with_context(|| format!("find the file of module {}", path.join("::")))?;
        let text = fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
        let parsed = syn::parse_file(&text).with_context(|| format!("parse {}", file.display()))?;
        self.modules.add(path, &parsed.items);
        self.targets(&parsed.items, path, file);
        self.nested(&parsed.items, path, file, &inner, false)
    }

    fn targets(&mut self, items: &[Item], path: &[String], file: &Path) {
        let name = file.strip_prefix(self.root).unwrap_or(file).display().to_string();
        self.found.extend(paths::targets(items, path).into_iter().map(|target| (target, name.clone())));
    }

    /// The modules declared in a module. The paths of an inline one are found with those of its file, except in
    /// `lib.rs`, of which only the inline modules are read.
    fn nested(
        &mut self,
        items: &[Item],
        path: &[String],
        file: &Path,
        folder: &Path,
        root: bool,
    ) -> Result<()> {
        for module in modules(items) {
            let name = module.ident.to_string();
            let path = [path, std::slice::from_ref(&name)].concat();
            let Some((_, items)) = &module.content else {
                self.declared(module, &path, folder)?;
                continue;
            };
            self.modules.add(&path, items);
            if root {
                self.targets(items, &path, file);
            }
            self.nested(items, &path, file, &folder.join(name), false)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a crate to a folder and reads it.
    fn read(name: &str, files: &[(&str, &str)]) -> Uses {
        let root = std::env::temp_dir().join(format!("redis-om-layers-{name}-{}", std::process::id()));
        for (file, text) in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let found = uses(&root, &root.join("src/lib.rs"));
        fs::remove_dir_all(&root).unwrap();
        found.unwrap()
    }

    #[test]
    fn a_crate_is_read_along_its_modules() {
        let found = read(
            "whole",
            &[
                (
                    "src/lib.rs",
                    "mod error; pub mod net; mod one { use crate::net::N; }\npub use error::Error;\npub use other::Thing;",
                ),
                ("src/error.rs", ""),
                ("src/net/mod.rs", "mod tcp;\n#[cfg(test)] mod tests;\nuse tcp::Tcp;"),
                ("src/net/tcp.rs", "use crate::Error;\nuse crate::Thing;\nuse super::super::one::O;"),
                ("src/net/tests.rs", "use crate::one::O;"),
                ("src/unused.rs", "use crate::one::O;"),
            ],
        );
        assert_eq!(found.modules, ["error", "net", "one"].map(str::to_owned).into());
        let uses =
            found.uses.iter().map(|u| format!("{} {} {}", u.from.join("::"), u.to.join("::"), u.place));
        assert_eq!(
            uses.collect::<Vec<_>>(),
            ["net::tcp error src/net/tcp.rs:1", "net::tcp one src/net/tcp.rs:3", "one net src/lib.rs:1"]
        );
        assert!(found.unknown.is_empty(), "{:?}", found.unknown);
    }

    #[test]
    fn a_use_through_the_parent_is_a_use_of_the_module_that_has_the_item() {
        let found = read(
            "through",
            &[
                ("src/lib.rs", "mod client;"),
                ("src/client/mod.rs", "mod pool; mod request; pub use pool::Pool; pub struct Client;"),
                ("src/client/pool.rs", "use super::{Client, request::Request};"),
                ("src/client/request.rs", "use crate::{Missing, client::Pool};"),
            ],
        );
        let uses = found.uses.iter().map(|u| format!("{} {}", u.from.join("::"), u.to.join("::")));
        assert_eq!(
            uses.collect::<Vec<_>>(),
            ["client::pool client", "client::pool client::request", "client::request client::pool"]
        );
        assert_eq!(found.unknown, [(vec!["Missing".to_owned()], "src/client/request.rs:1".to_owned())]);
    }

    #[test]
    fn a_module_without_its_file_is_named() {
        let root = std::env::temp_dir().join(format!("redis-om-layers-gone-{}", std::process::id()));
        fs::create_dir_all(&root).unwrap();
        fs::write(root.join("lib.rs"), "mod gone;").unwrap();
        let error = uses(&root, &root.join("lib.rs")).unwrap_err();
        fs::remove_dir_all(&root).unwrap();
        assert!(error.to_string().contains("gone"), "{error}");
    }
}
