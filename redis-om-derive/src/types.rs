//! Recognizes types by their names.
//!
//! A derive sees names, not types: an alias of `Option` is not recognized. The documentation of `RedisModel` says so.

use syn::{GenericArgument, PathArguments, PathSegment, Type};

/// Collections. In a hash they are JSON text unless an attribute says otherwise.
const LISTS: [&str; 7] = ["Vec", "VecDeque", "HashSet", "BTreeSet", "HashMap", "BTreeMap", "LinkedList"];

/// The `T` of an `Option<T>`.
pub(crate) fn option(ty: &Type) -> Option<&Type> {
    generic(ty, "Option")
}

/// Whether it is a `u8`.
pub(crate) fn is_byte(ty: &Type) -> bool {
    last(ty).is_some_and(|segment| segment.ident == "u8" && segment.arguments.is_empty())
}

/// Whether it is a map, a tuple, or a list of anything except bytes.
pub(crate) fn is_list(ty: &Type) -> bool {
    match bare(ty) {
        Type::Array(array) => !is_byte(&array.elem),
        Type::Tuple(tuple) => !tuple.elems.is_empty(),
        Type::Path(_) => {
            if let Some(Type::Slice(slice)) = generic(ty, "Box").map(bare) {
                return !is_byte(&slice.elem);
            }
            let is_list = last(ty).is_some_and(|segment| LISTS.iter().any(|name| segment.ident == name));
            is_list && !generic(ty, "Vec").is_some_and(is_byte)
        }
        _ => false,
    }
}

/// The type without groups and parentheses around it.
fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        other => other,
    }
}

fn last(ty: &Type) -> Option<&PathSegment> {
    match bare(ty) {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        _ => None,
    }
}

/// The `T` of a `Name<T>`.
fn generic<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    let segment = last(ty).filter(|segment| segment.ident == name)?;
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.first() {
            Some(GenericArgument::Type(inner)) if arguments.args.len() == 1 => Some(inner),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn by_name() {
        assert!(option(&parse_quote!(std::option::Option<String>)).is_some());
        assert!(option(&parse_quote!(Vec<String>)).is_none());
        assert!(is_byte(&parse_quote!(u8)));
        assert!(is_list(&parse_quote!(Vec<String>)));
        assert!(is_list(&parse_quote!(std::collections::HashMap<String, u8>)));
        assert!(is_list(&parse_quote!(Box<[String]>)));
        assert!(is_list(&parse_quote!([f32; 3])));
        assert!(is_list(&parse_quote!((f64, f64))));
        assert!(!is_list(&parse_quote!(Vec<u8>)));
        assert!(!is_list(&parse_quote!(Box<[u8]>)));
        assert!(!is_list(&parse_quote!(Box<str>)));
        assert!(!is_list(&parse_quote!([u8; 3])));
        assert!(!is_list(&parse_quote!(String)));
    }
}
