//! Which module a path leads to: along the modules of a crate, and through the names that they import.

use std::collections::{BTreeMap, BTreeSet};

use syn::{Item, ItemUse};

use super::paths;

/// The modules of a crate, with the names that each imports. The path of the root is empty.
#[derive(Debug, Default)]
pub(super) struct Modules {
    known: BTreeSet<Vec<String>>,
    imports: BTreeMap<Vec<String>, BTreeMap<String, Vec<String>>>,
}

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// To an item of this module, or to the module itself.
    Module(Vec<String>),
    /// To another crate.
    Foreign,
}

/// Imports that lead in a circle do not compile; this many steps end such a search.
const STEPS: usize = 32;

impl Modules {
    /// Adds a module and the names that its `use` declarations bind.
    pub(super) fn add(&mut self, path: &[String], items: &[Item]) {
        self.known.insert(path.to_vec());
        let imports = self.imports.entry(path.to_vec()).or_default();
        let uses = items.iter().filter_map(|item| if let Item::Use(one) = item { Some(one) } else { None });
        for ItemUse { tree, .. } in uses {
            imports.extend(paths::leaves(tree).into_iter().map(|(words, name)| (name, words)));
        }
    }

    /// Follows a path from the root on.
    pub(super) fn resolve(&self, path: &[String]) -> Place {
        self.follow(path, STEPS)
    }

    fn follow(&self, path: &[String], steps: usize) -> Place {
        let mut module = Vec::new();
        for (index, word) in path.iter().enumerate() {
            let inner = [&module[..], std::slice::from_ref(word)].concat();
            if self.known.contains(&inner) {
                module = inner;
                continue;
            }
            let import = self.imports.get(&module).and_then(|names| names.get(word));
            let Some(import) = import.filter(|_| steps > 0) else { break };
            let Some(mut target) = self.absolute(import, &module) else { return Place::Foreign };
            target.extend_from_slice(&path[index + 1..]);
            return self.follow(&target, steps - 1);
        }
        Place::Module(module)
    }

    /// An import of a module as a path from the root on; `None` where it is from another crate.
    fn absolute(&self, import: &[String], module: &[String]) -> Option<Vec<String>> {
        paths::absolute(import, module).or_else(|| {
            let first = [module, import.get(..1)?].concat();
            self.known.contains(&first).then(|| [module, import].concat())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(path: &str) -> Vec<String> {
        path.split("::").filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    fn modules(sources: &[(&str, &str)]) -> Modules {
        let mut modules = Modules::default();
        for (path, source) in sources {
            modules.add(&words(path), &syn::parse_file(source).unwrap().items);
        }
        modules
    }

    #[test]
    fn a_path_leads_through_imports() {
        let modules = modules(&[
            ("", "pub use net::{Link, tcp as wire}; use other::Thing;"),
            ("net", "mod tcp; pub use tcp::{self as socket, Tcp}; pub use super::error::Error as Fault;"),
            ("net::tcp", "use super::Link as Same;"),
            ("error", ""),
        ]);
        let place = |path: &str| match modules.resolve(&words(path)) {
            Place::Module(path) => path.join("::"),
            Place::Foreign => "foreign".to_owned(),
        };
        assert_eq!(place("net::tcp::Tcp"), "net::tcp");
        assert_eq!(place("net::Tcp"), "net::tcp");
        assert_eq!(place("net::Link"), "net");
        assert_eq!(place("net::Fault::kind"), "error");
        assert_eq!(place("net::socket::listen"), "net::tcp");
        assert_eq!(place("wire::Tcp"), "net::tcp");
        assert_eq!(place("Link"), "net");
        assert_eq!(place("Thing"), "foreign");
        assert_eq!(place("Unknown"), "");
    }

    #[test]
    fn imports_in_a_circle_end() {
        let modules = modules(&[("", ""), ("a", "use super::b::X;"), ("b", "use super::a::X;")]);
        assert!(matches!(modules.resolve(&words("a::X")), Place::Module(_)));
    }
}
