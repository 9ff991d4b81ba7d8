//! A crate read from its `lib.rs` on, along its `mod` declarations, as a list of uses between its modules.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use syn::{Attribute, Item, ItemMod, ItemUse, Meta};

use super::paths;

/// One module of the crate's root using another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) from: String,
    pub(super) to: String,
    /// File and line.
    pub(super) place: String,
}

/// The modules at the root of a crate, and how they use one another.
#[derive(Debug)]
pub(super) struct Uses {
    pub(super) modules: BTreeSet<String>,
    pub(super) uses: Vec<Use>,
}

/// Reads a crate. `lib.rs` itself may use everything: it is where all layers are shown to the world.
pub(super) fn uses(root: &Path, lib: &Path) -> Result<Uses> {
    let text = fs::read_to_string(lib).with_context(|| format!("read {}", lib.display()))?;
    let file = syn::parse_file(&text).with_context(|| format!("parse {}", lib.display()))?;
    let names = modules(&file.items).map(|module| module.ident.to_string());
    let mut found = Uses { modules: names.collect(), uses: Vec::new() };
    let shown = shown(&file.items);
    let folder = lib.parent().unwrap_or(root);
    for module in modules(&file.items) {
        let name = module.ident.to_string();
        let mut reader = Reader { root, top: name.clone(), shown: &shown, uses: &mut found.uses };
        match &module.content {
            Some((_, items)) => reader.items(items, &[name], lib, folder)?,
            None => reader.declared(module, std::slice::from_ref(&name), folder)?,
        }
    }
    // What `lib.rs` shows from other crates is no module of ours.
    let foreign = |name: &String| shown.values().any(|from| from == name) && !found.modules.contains(name);
    found.uses.retain(|one| !foreign(&one.to));
    Ok(found)
}

/// Names that `lib.rs` shows at the root, with the module each comes from: `crate::Error` is a use of `error`.
fn shown(items: &[Item]) -> BTreeMap<String, String> {
    let mut shown = BTreeMap::new();
    let uses = items.iter().filter_map(|item| if let Item::Use(one) = item { Some(one) } else { None });
    for ItemUse { tree, .. } in uses {
        for (path, name) in paths::leaves(tree) {
            let path: Vec<_> = path.into_iter().filter(|word| word != "crate" && word != "self").collect();
            if path.len() > 1 {
                shown.insert(name, path[0].clone());
            }
        }
    }
    shown
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
    /// The module at the crate's root that all this belongs to.
    top: String,
    shown: &'a BTreeMap<String, String>,
    uses: &'a mut Vec<Use>,
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
        self.items(&parsed.items, path, file, &inner)
    }

    fn items(&mut self, items: &[Item], path: &[String], file: &Path, folder: &Path) -> Result<()> {
        for (target, line) in paths::targets(items, path) {
            let to = self.shown.get(&target).cloned().unwrap_or(target);
            if to != self.top {
                let name = file.strip_prefix(self.root).unwrap_or(file).display();
                self.uses.push(Use { from: self.top.clone(), to, place: format!("{name}:{line}") });
            }
        }
        self.nested(items, path, folder)
    }

    /// The modules declared in a module. An inline one has its paths found with those of its file: only the files
    /// that it declares are left.
    fn nested(&mut self, items: &[Item], path: &[String], folder: &Path) -> Result<()> {
        for module in modules(items) {
            let path = [path, &[module.ident.to_string()]].concat();
            match &module.content {
                Some((_, items)) => self.nested(items, &path, &folder.join(module.ident.to_string()))?,
                None => self.declared(module, &path, folder)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A crate in a folder of its own, read.
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
        let uses: Vec<_> = found.uses.iter().map(|u| format!("{} {} {}", u.from, u.to, u.place)).collect();
        assert_eq!(uses, ["net error src/net/tcp.rs:1", "net one src/net/tcp.rs:3", "one net src/lib.rs:1"]);
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
