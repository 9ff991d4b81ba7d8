//! `#[redis(…)]`: the items of the attributes. Each is checked against those that are possible at its place.

use proc_macro2::Span;
use quote::ToTokens;
use syn::{
    Attribute, Error, Expr, ExprLit, Lit, LitStr, Meta, Path, Token, punctuated::Punctuated, spanned::Spanned,
};

use crate::{case::Case, errors::Errors};

/// An item that is possible at a place, and how to write it.
pub(crate) struct Known {
    pub(crate) name: &'static str,
    pub(crate) written: &'static str,
}

const fn known(name: &'static str, written: &'static str) -> Known {
    Known { name, written }
}

/// On a model.
pub(crate) const MODEL: &[Known] = &[
    known("hash", "hash"),
    known("json", "json"),
    known("prefix", "prefix = \"…\""),
    known("rename_all", "rename_all = \"…\""),
    known("crate", "crate = \"…\""),
];
/// On an embedded struct, and on an enum or newtype.
pub(crate) const PLAIN: &[Known] =
    &[known("rename_all", "rename_all = \"…\""), known("crate", "crate = \"…\"")];
/// On a field.
pub(crate) const FIELD: &[Known] = &[
    known("id", "id"),
    known("rename", "rename = \"…\""),
    known("skip", "skip"),
    known("default", "default` or `default = …"),
    known("embed", "embed"),
    known("json", "json"),
    known("separator", "separator = \"…\""),
];
/// On a variant.
pub(crate) const VARIANT: &[Known] = &[known("rename", "rename = \"…\"")];
/// At a place that takes no item.
pub(crate) const NOTHING: &[Known] = &[];

/// The items at one place.
pub(crate) struct Items(Vec<Item>);

struct Item {
    name: &'static str,
    span: Span,
    value: Option<Expr>,
}

impl Items {
    /// Reads the attributes. An item that is unknown at this place, given twice or malformed is a mistake.
    pub(crate) fn read(attrs: &[Attribute], place: &str, possible: &[Known], errors: &mut Errors) -> Self {
        let mut items: Vec<Item> = Vec::new();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident("redis")) {
            let parsed = match &attr.meta {
                Meta::List(list) => list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated),
                other => Err(Error::new_spanned(
                    other,
                    format!("expected `#[redis(…)]`; on {place} {}", list(possible)),
                )),
            };
            match parsed {
                Ok(metas) => {
                    for meta in metas {
                        match item(&meta, place, possible, errors) {
                            Ok(item) if items.iter().any(|known| known.name == item.name) => {
                                errors.at(item.span, format!("`{}` is given twice", item.name));
                            }
                            Ok(item) => items.push(item),
                            Err(error) => {
                                errors.unread = true;
                                errors.push(error);
                            }
                        }
                    }
                }
                Err(error) => {
                    errors.unread = true;
                    errors.push(error);
                }
            }
        }
        Self(items)
    }

    fn get(&self, name: &str) -> Option<&Item> {
        self.0.iter().find(|item| item.name == name)
    }

    /// The place of an item in the source, if it is given.
    pub(crate) fn span(&self, name: &str) -> Option<Span> {
        self.get(name).map(|item| item.span)
    }

    /// An item without a value.
    pub(crate) fn word(&self, name: &str, errors: &mut Errors) -> Option<Span> {
        let item = self.get(name)?;
        if let Some(value) = &item.value {
            errors.push(Error::new_spanned(
                value,
                format!("`{name}` takes no value: write `#[redis({name})]`"),
            ));
        }
        Some(item.span)
    }

    /// An item that may have a value.
    pub(crate) fn expression(&self, name: &str) -> Option<Option<&Expr>> {
        self.get(name).map(|item| item.value.as_ref())
    }

    /// An item whose value is text.
    pub(crate) fn text(&self, name: &str, errors: &mut Errors) -> Option<LitStr> {
        let item = self.get(name)?;
        match &item.value {
            Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => {
                if text.value().is_empty() {
                    errors.at(text.span(), format!("`{name}` must not be empty"));
                }
                Some(text.clone())
            }
            Some(other) => {
                errors.push(Error::new_spanned(other, format!("expected text: `{name} = \"…\"`")));
                None
            }
            None => {
                errors.at(item.span, format!("`{name}` needs a value: `{name} = \"…\"`"));
                None
            }
        }
    }

    /// The case of `rename_all`.
    pub(crate) fn case(&self, errors: &mut Errors) -> Option<Case> {
        let text = self.text("rename_all", errors)?;
        let case = Case::parse(&text.value());
        if case.is_none() && !text.value().is_empty() {
            let names = Case::names();
            errors.at(
                text.span(),
                format!(
                    "unknown case `{}`: possible are {}{}",
                    text.value(),
                    quoted(&names),
                    nearest(&text.value(), &names)
                ),
            );
        }
        case
    }

    /// The path of redis-om.
    pub(crate) fn krate(&self, errors: &mut Errors) -> Path {
        if let Some(text) = self.text("crate", errors) {
            match text.parse::<Path>() {
                Ok(path) => return path,
                Err(_) => {
                    errors.at(text.span(), "expected a path: `crate = \"my_crate::redis_om\"`");
                }
            }
        }
        syn::parse_quote!(::redis_om)
    }
}

fn item(meta: &Meta, place: &str, possible: &[Known], errors: &mut Errors) -> Result<Item, Error> {
    let path = meta.path();
    let name = path.to_token_stream().to_string().replace(' ', "");
    let Some(known) = possible.iter().find(|known| known.name == name) else {
        let names: Vec<_> = possible.iter().map(|known| known.name).collect();
        return Err(Error::new_spanned(
            path,
            format!("unknown attribute `{name}`: on {place} {}{}", list(possible), nearest(&name, &names)),
        ));
    };
    let value = match meta {
        Meta::Path(_) => None,
        Meta::NameValue(pair) => Some(pair.value.clone()),
        Meta::List(list) => {
            errors.push(Error::new_spanned(
                list,
                format!("`{name}` takes no parentheses: write `{}`", known.written),
            ));
            None
        }
    };
    Ok(Item { name: known.name, span: path.span(), value })
}

/// `possible are …`.
fn list(possible: &[Known]) -> String {
    let written: Vec<_> = possible.iter().map(|known| known.written).collect();
    if written.is_empty() {
        "none is possible".to_owned()
    } else {
        format!("possible are {}", quoted(&written))
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// `; did you mean …?`, where one of the names is similar.
fn nearest(name: &str, names: &[&str]) -> String {
    names
        .iter()
        .map(|known| (distance(name, known), known))
        .filter(|(distance, known)| *distance <= 1 + known.len() / 4)
        .min()
        .map_or_else(String::new, |(_, known)| format!("; did you mean `{known}`?"))
}

/// How many letters have to be changed, added or removed.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.to_lowercase().chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.to_lowercase().chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let change = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_similar_name_is_suggested() {
        assert_eq!(nearest("prefx", &["hash", "prefix"]), "; did you mean `prefix`?");
        assert_eq!(nearest("camelcase", &["camelCase", "PascalCase"]), "; did you mean `camelCase`?");
        assert_eq!(nearest("wholly", &["hash", "prefix"]), "");
    }
}
