//! The paths in a file that begin with `crate`, `self` or `super`, as paths from the root of the crate.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::{
    ImplItem, Item, ItemMod, ItemUse, Macro, Path, TraitItem, UseTree,
    spanned::Spanned,
    visit::{self, Visit},
};

use super::crates::for_tests;

/// A path that is named in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// The module in which it is named.
    pub(super) from: Vec<String>,
    /// What it names, from the root of the crate on.
    pub(super) to: Vec<String>,
    pub(super) line: usize,
}

/// The paths that `items` of the module `path` name.
pub(super) fn targets(items: &[Item], path: &[String]) -> Vec<Target> {
    let mut finder = Finder { path: path.to_vec(), found: Vec::new() };
    for item in items {
        finder.visit_item(item);
    }
    finder.found
}

/// A path from the root on; `None` where it begins with a name.
pub(super) fn absolute(words: &[String], module: &[String]) -> Option<Vec<String>> {
    let mut place = match words.first()?.as_str() {
        "crate" => Vec::new(),
        "super" | "self" => module.to_vec(),
        _ => return None,
    };
    for word in words {
        match word.as_str() {
            "crate" | "self" => {}
            "super" => drop(place.pop()),
            word => place.push(word.to_owned()),
        }
    }
    Some(place)
}

/// Every path that a use declaration names, with the name to which it is bound.
pub(super) fn leaves(tree: &UseTree) -> Vec<(Vec<String>, String)> {
    match tree {
        UseTree::Path(path) => {
            let mut all = leaves(&path.tree);
            for (words, name) in &mut all {
                if words[..] == ["self"] {
                    // `a::{self}` binds the name `a`, and `a::{self as b}` the name `b`.
                    words.clear();
                    if name == "self" {
                        *name = path.ident.to_string();
                    }
                }
                words.insert(0, path.ident.to_string());
            }
            all
        }
        UseTree::Name(name) => vec![(vec![name.ident.to_string()], name.ident.to_string())],
        UseTree::Rename(name) => vec![(vec![name.ident.to_string()], name.rename.to_string())],
        UseTree::Glob(_) => vec![(vec!["*".to_owned()], "*".to_owned())],
        UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
    }
}

struct Finder {
    /// The module of the items that are visited.
    path: Vec<String>,
    found: Vec<Target>,
}

impl Finder {
    /// Takes the words of a path. What begins with a name is skipped: it is from another crate, or bound by a `use`.
    fn take(&mut self, words: &[String], span: Span) {
        if let Some(to) = absolute(words, &self.path) {
            self.found.push(Target { from: self.path.clone(), to, line: span.start().line });
        }
    }

    /// Paths in the tokens of a macro, which syn does not parse: `crate::` or `$crate::`, then a name.
    fn scan(&mut self, tokens: TokenStream) {
        let mut state = 0;
        for token in tokens {
            state = match (state, &token) {
                (_, TokenTree::Ident(word)) if word == "crate" => 1,
                (1, TokenTree::Punct(p)) if p.as_char() == ':' => 2,
                (2, TokenTree::Punct(p)) if p.as_char() == ':' => 3,
                (3, TokenTree::Ident(word)) => {
                    self.take(&["crate".to_owned(), word.to_string()], word.span());
                    0
                }
                _ => 0,
            };
            if let TokenTree::Group(group) = token {
                self.scan(group.stream());
            }
        }
    }
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Const(i) => &i.attrs,
            Item::Enum(i) => &i.attrs,
            Item::Fn(i) => &i.attrs,
            Item::Impl(i) => &i.attrs,
            Item::Macro(i) => &i.attrs,
            Item::Mod(i) => &i.attrs,
            Item::Static(i) => &i.attrs,
            Item::Struct(i) => &i.attrs,
            Item::Trait(i) => &i.attrs,
            Item::Type(i) => &i.attrs,
            Item::Use(i) => &i.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !for_tests(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        if !matches!(item, ImplItem::Fn(f) if for_tests(&f.attrs)) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        if !matches!(item, TraitItem::Fn(f) if for_tests(&f.attrs)) {
            visit::visit_trait_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        self.path.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.path.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        for (words, _) in leaves(&item.tree) {
            self.take(&words, item.span());
        }
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let words: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if words.len() > 1 {
            self.take(&words, path.span());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invoked: &'ast Macro) {
        self.scan(invoked.tokens.clone());
        visit::visit_macro(self, invoked);
    }

    /// Attributes, and with them doc comments, use nothing.
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a source in `client::pool` uses: paths and lines.
    fn used(source: &str) -> Vec<(String, usize)> {
        let file = syn::parse_file(source).unwrap();
        let found = targets(&file.items, &["client".to_owned(), "pool".to_owned()]);
        found.into_iter().map(|target| (target.to.join("::"), target.line)).collect()
    }

    fn names(source: &str) -> Vec<String> {
        used(source).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn each_name_of_a_use_is_a_path() {
        let found =
            used("use std::fmt;\nuse crate::{error::Error, value::{self, Value as V}};\nuse tokio::net;");
        let expected = [("error::Error", 2), ("value", 2), ("value::Value", 2)]
            .map(|(name, line)| (name.to_owned(), line));
        assert_eq!(found, expected);
    }

    #[test]
    fn super_leads_out_only_when_there_is_enough_of_it() {
        assert_eq!(names("use super::request::Request;"), ["client::request::Request"]);
        assert_eq!(names("use super::super::net::Link;"), ["net::Link"]);
        assert_eq!(
            names("mod inner { use super::super::super::net::Link; use super::Pool; }"),
            ["net::Link", "client::pool::Pool"]
        );
    }

    #[test]
    fn paths_in_types_bodies_and_macros_count() {
        let source = "fn f(e: crate::error::Error) { let v = crate::value::nil(); println!(\"{}\", crate::resp::x()); }\n\
                      macro_rules! m { () => { $crate::command::raw() } }";
        assert_eq!(names(source), ["error::Error", "value::nil", "resp", "command"]);
    }

    #[test]
    fn tests_and_documentation_do_not_count() {
        let source = "/// [`crate::client::Client`]\nfn f() {}\n#[cfg(test)] mod tests { use crate::client::Client; }\n\
                      #[cfg(all(test, unix))] use crate::net::Link;\n#[cfg(test)] fn g() { crate::route::h() }\n\
                      #[cfg(unix)] use crate::error::Error;";
        assert_eq!(names(source), ["error::Error"]);
    }
}
