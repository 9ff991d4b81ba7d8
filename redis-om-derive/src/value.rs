//! The validated form of an enum or a newtype.

use syn::{Data, DeriveInput, Fields, Ident, Member, Path, Type, ext::IdentExt, spanned::Spanned};

use crate::{
    attrs::{Items, NOTHING, PLAIN, VARIANT},
    errors::Errors,
    types,
};

/// A type whose values are stored as one text.
pub(crate) struct Value {
    pub(crate) ident: Ident,
    pub(crate) krate: Path,
    pub(crate) shape: Shape,
}

pub(crate) enum Shape {
    /// The variants, each with its stored name.
    Enum(Vec<(Ident, String)>),
    Newtype {
        member: Member,
        ty: Box<Type>,
        byte: bool,
    },
}

/// Reads a `RedisValue`.
pub(crate) fn value(input: &DeriveInput) -> Result<Value, syn::Error> {
    let mut errors = Errors::default();
    let items = Items::read(&input.attrs, "a value", PLAIN, &mut errors);
    let krate = items.krate(&mut errors);
    let case = items.case(&mut errors);
    if !input.generics.params.is_empty() {
        errors.at(input.generics.params.span(), "a generic type cannot be a value: name the types");
    }
    let shape = match &input.data {
        Data::Enum(data) => {
            let mut variants: Vec<(Ident, String)> = Vec::new();
            for variant in &data.variants {
                let items = Items::read(&variant.attrs, "a variant", VARIANT, &mut errors);
                if !variant.fields.is_empty() {
                    errors.at(
                        variant.fields.span(),
                        "a variant with fields is not a single value: store it as JSON text (`#[redis(json)]` on the \
                         field of the model, the derives of serde here)",
                    );
                }
                let label = variant.ident.unraw().to_string();
                let name = match items.text("rename", &mut errors) {
                    Some(text) => text.value(),
                    None => case.map_or_else(|| label.clone(), |case| case.apply(&label)),
                };
                if let Some((other, _)) = variants.iter().find(|(_, known)| *known == name) {
                    errors.at(
                        variant.ident.span(),
                        format!("`{other}` and `{label}` would both be stored as `{name}`"),
                    );
                }
                variants.push((variant.ident.clone(), name));
            }
            if variants.is_empty() {
                errors.at(input.ident.span(), "an enum without variants has no values");
            }
            Some(Shape::Enum(variants))
        }
        Data::Struct(data) => {
            if let Some(span) = items.span("rename_all") {
                errors.at(span, "a newtype has no names: remove `rename_all`");
            }
            match (&data.fields, data.fields.len()) {
                (Fields::Unnamed(_) | Fields::Named(_), 1) => data.fields.iter().next().map(|field| {
                    Items::read(&field.attrs, "a newtype's field", NOTHING, &mut errors);
                    let member = match &field.ident {
                        Some(ident) => Member::Named(ident.clone()),
                        None => Member::Unnamed(0.into()),
                    };
                    Shape::Newtype { member, ty: Box::new(field.ty.clone()), byte: types::is_byte(&field.ty) }
                }),
                (_, found) => {
                    errors.at(
                        input.ident.span(),
                        format!(
                            "expected a newtype, a struct of one field, found {found} fields (a struct inside a hash \
                             model is `#[derive(RedisEmbedded)]`)"
                        ),
                    );
                    None
                }
            }
        }
        Data::Union(data) => {
            errors.at(data.union_token.span(), "expected an enum without fields or a newtype, found a union");
            None
        }
    };
    errors.finish(shape.map(|shape| Value { ident: input.ident.clone(), krate, shape }))
}
