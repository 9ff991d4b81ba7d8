//! The validated form of a model: its attributes and fields.

use proc_macro2::Span;
use syn::{
    Data, DeriveInput, Expr, Field as Input, Fields, Generics, Ident, Path, Token, Type, ext::IdentExt,
    punctuated::Punctuated, spanned::Spanned,
};

use crate::{
    attrs::{FIELD, Items, MODEL, PLAIN},
    case::Case,
    errors::Errors,
    types,
};

/// A model or an embedded struct.
pub(crate) struct Model {
    pub(crate) ident: Ident,
    pub(crate) krate: Path,
    pub(crate) fields: Vec<Field>,
    /// `None` for an embedded struct.
    pub(crate) root: Option<Root>,
}

/// The parts of a model that an embedded struct does not have.
pub(crate) struct Root {
    pub(crate) storage: Storage,
    pub(crate) prefix: String,
    /// Member and type of the id.
    pub(crate) id: (Ident, Type),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Storage {
    Hash,
    Json,
}

/// One field.
pub(crate) struct Field {
    pub(crate) member: Ident,
    /// Its name in Rust, for errors.
    pub(crate) label: String,
    /// Its name in the hash.
    pub(crate) name: String,
    /// Its type; of an `Option` the inner type.
    pub(crate) ty: Type,
    pub(crate) optional: bool,
    pub(crate) form: Form,
    pub(crate) default: Option<Default>,
}

/// How a field is stored in a hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// One argument, by `ToArg`.
    Plain,
    /// A `u8`.
    Byte,
    /// JSON text.
    Json,
    /// The elements with this separator between them.
    Joined(u8),
    /// As several fields.
    Embedded,
    /// Not stored.
    Skipped,
}

/// The value of a field that is not stored.
pub(crate) enum Default {
    Trait,
    Expression(Expr),
}

/// Reads a `RedisModel`.
pub(crate) fn model(input: &DeriveInput) -> Result<Model, syn::Error> {
    let mut errors = Errors::default();
    let items = Items::read(&input.attrs, "a model", MODEL, &mut errors);
    let storage = storage(&items, input, &mut errors);
    let prefix = items
        .text("prefix", &mut errors)
        .map_or_else(|| Case::Snake.apply(&input.ident.unraw().to_string()), |text| text.value());
    let case = items.case(&mut errors);
    if let (Some(Storage::Json), Some(span)) = (storage, items.span("rename_all")) {
        errors.at(span, "the fields of a JSON model are named by serde: use `#[serde(rename_all = \"…\")]`");
    }
    let krate = items.krate(&mut errors);
    no_generics(&input.generics, &mut errors);
    let Some(inputs) = named(input, &mut errors) else { return errors.finish(None) };
    let mut id: Option<(Ident, Type)> = None;
    let mut fields = Vec::new();
    for input in inputs {
        let items = Items::read(&input.attrs, "a field", FIELD, &mut errors);
        let span = items.word("id", &mut errors);
        if storage == Some(Storage::Json) {
            only_id(&items, &mut errors);
        }
        let Some(field) = field(input, &items, case, &mut errors) else { continue };
        if let Some(span) = span {
            id_field(&field, &items, &mut errors);
            if id.is_some() {
                errors.at(span, "a model has one id, and another field has it already");
            } else {
                id = Some((field.member.clone(), field.ty.clone()));
            }
        }
        fields.push(field);
    }
    if id.is_none() && !errors.unread {
        let ident = &input.ident;
        errors.at(
            ident.span(),
            format!(
                "`{ident}` has no id: mark one field with `#[redis(id)]`, for example `#[redis(id)] id: Ulid`"
            ),
        );
    }
    if storage != Some(Storage::Json) {
        distinct(&fields, &mut errors);
    }
    let root = storage.zip(id).map(|(storage, id)| Root { storage, prefix, id });
    let model = root.map(|root| Model { ident: input.ident.clone(), krate, fields, root: Some(root) });
    errors.finish(model)
}

/// Reads a `RedisEmbedded`.
pub(crate) fn embedded(input: &DeriveInput) -> Result<Model, syn::Error> {
    let mut errors = Errors::default();
    let items = Items::read(&input.attrs, "an embedded struct", PLAIN, &mut errors);
    let case = items.case(&mut errors);
    let krate = items.krate(&mut errors);
    no_generics(&input.generics, &mut errors);
    let Some(inputs) = named(input, &mut errors) else { return errors.finish(None) };
    let mut fields = Vec::new();
    for input in inputs {
        let items = Items::read(&input.attrs, "a field", FIELD, &mut errors);
        if let Some(span) = items.span("id") {
            errors.at(
                span,
                "an embedded struct has no id: it is stored in the hash of its model (remove `id`)",
            );
        }
        fields.extend(field(input, &items, case, &mut errors));
    }
    if fields.iter().all(|field| field.form == Form::Skipped) {
        errors.at(input.ident.span(), "an embedded struct needs a field that is stored");
    }
    distinct(&fields, &mut errors);
    errors.finish(Some(Model { ident: input.ident.clone(), krate, fields, root: None }))
}

fn storage(items: &Items, input: &DeriveInput, errors: &mut Errors) -> Option<Storage> {
    match (items.word("hash", errors), items.word("json", errors)) {
        (Some(_), None) => Some(Storage::Hash),
        (None, Some(_)) => Some(Storage::Json),
        (Some(_), Some(span)) => {
            errors.at(span, "a model is stored as `hash` or `json`, not as both: remove one of them");
            None
        }
        (None, None) if errors.unread => None,
        (None, None) => {
            errors.at(
                input.ident.span(),
                format!(
                    "`{}` has no storage: add `#[redis(hash)]` (a hash with a field for each field of the struct) \
                     or `#[redis(json)]` (a JSON document, written by serde)",
                    input.ident
                ),
            );
            None
        }
    }
}

fn no_generics(generics: &Generics, errors: &mut Errors) {
    if !generics.params.is_empty() {
        errors.at(
            generics.params.span(),
            "a generic struct cannot be stored: name the types (wrap the struct in another one for each of them)",
        );
    }
}

/// The fields of a struct that has names for them.
fn named<'a>(input: &'a DeriveInput, errors: &mut Errors) -> Option<&'a Punctuated<Input, Token![,]>> {
    match &input.data {
        Data::Struct(data) => {
            if let Fields::Named(fields) = &data.fields {
                return Some(&fields.named);
            }
            errors.at(
                input.ident.span(),
                "expected a struct with named fields: `struct User { name: String }` (a newtype is a value: \
                 `#[derive(RedisValue)]`)",
            );
        }
        Data::Enum(data) => {
            errors.at(
                data.enum_token.span(),
                "expected a struct with named fields, found an enum (one without fields is a value: \
                 `#[derive(RedisValue)]`)",
            );
        }
        Data::Union(data) => {
            errors.at(data.union_token.span(), "expected a struct with named fields, found a union");
        }
    }
    None
}

/// Refuses the attributes that the fields of a JSON model do not take: serde has its own.
fn only_id(items: &Items, errors: &mut Errors) {
    for (name, instead) in [
        ("rename", "use `#[serde(rename = \"…\")]`"),
        ("skip", "use `#[serde(skip)]`"),
        ("default", "use `#[serde(default)]`"),
        ("embed", "a JSON document nests structs without it: remove it"),
        ("json", "a JSON model is JSON as a whole: remove it"),
        ("separator", "a JSON document stores lists without it: remove it"),
    ] {
        if let Some(span) = items.span(name) {
            errors.at(
                span,
                format!("`{name}` is for hash models; a JSON model is written by serde: {instead}"),
            );
        }
    }
}

/// Refuses the attributes and types that an id cannot have.
fn id_field(field: &Field, items: &Items, errors: &mut Errors) {
    for name in ["skip", "default", "embed", "json", "separator"] {
        if let Some(span) = items.span(name) {
            errors.at(span, format!("an id is always stored as one value: remove `{name}`"));
        }
    }
    if field.optional {
        errors.at(field.ty.span(), "an id is always stored: remove the `Option` around its type");
    }
}

fn field(input: &Input, items: &Items, case: Option<Case>, errors: &mut Errors) -> Option<Field> {
    let member = input.ident.clone()?;
    let label = member.unraw().to_string();
    let name = match items.text("rename", errors) {
        Some(text) => text.value(),
        None => case.map_or_else(|| label.clone(), |case| case.apply(&label)),
    };
    let (ty, optional) = match types::option(&input.ty) {
        Some(inner) => (inner.clone(), true),
        None => (input.ty.clone(), false),
    };
    let form = form(&ty, items, errors);
    let default = items.expression("default").map(|value| match value {
        Some(expression) => Default::Expression(expression.clone()),
        None => Default::Trait,
    });
    let default_span = items.span("default").unwrap_or_else(Span::call_site);
    if default.is_some() && optional {
        errors.at(
            default_span,
            "an `Option` is `None` where it is not stored: remove `default` or the `Option`",
        );
    }
    if default.is_some() && form == Form::Skipped {
        errors.at(default_span, "a field with `skip` is loaded as its `Default`: remove `default`");
    }
    if default.is_some() && form == Form::Embedded {
        errors.at(
            default_span,
            "an embedded struct has the defaults of its own fields: put `default` on those",
        );
    }
    // A field that is not stored needs its whole type.
    let ty = if form == Form::Skipped { input.ty.clone() } else { ty };
    Some(Field { member, label, name, ty, optional, form, default })
}

fn form(ty: &Type, items: &Items, errors: &mut Errors) -> Form {
    let mut forms = Vec::new();
    if let Some(span) = items.word("skip", errors) {
        forms.push(("skip", span, Form::Skipped));
    }
    if let Some(span) = items.word("embed", errors) {
        forms.push(("embed", span, Form::Embedded));
    }
    if let Some(span) = items.word("json", errors) {
        forms.push(("json", span, Form::Json));
    }
    if let Some(text) = items.text("separator", errors) {
        match text.value().as_bytes() {
            [byte] if byte.is_ascii() && *byte != b'\\' => {
                forms.push(("separator", text.span(), Form::Joined(*byte)));
            }
            [] => {}
            _ => errors.at(
                text.span(),
                "a separator is one ASCII character other than the backslash, which escapes separators in elements",
            ),
        }
    }
    if let [(first, ..), (second, span, _), ..] = forms[..] {
        errors.at(span, format!("`{second}` and `{first}` exclude each other: remove one of them"));
    }
    match forms.first() {
        Some((.., form)) => *form,
        None if types::is_byte(ty) => Form::Byte,
        None if types::is_list(ty) => Form::Json,
        None => Form::Plain,
    }
}

/// Refuses two fields with one stored name, and a field whose name is among those of an embedded struct.
fn distinct(fields: &[Field], errors: &mut Errors) {
    let stored: Vec<&Field> = fields.iter().filter(|field| field.form != Form::Skipped).collect();
    for (index, field) in stored.iter().enumerate() {
        for other in &stored[..index] {
            if field.name == other.name {
                errors.at(
                    field.member.span(),
                    format!(
                        "`{}` and `{}` would both be stored as `{}`",
                        other.label, field.label, field.name
                    ),
                );
            }
        }
        for outer in stored.iter().filter(|outer| outer.form == Form::Embedded) {
            if field.name.strip_prefix(outer.name.as_str()).is_some_and(|rest| rest.starts_with('.')) {
                errors.at(
                    field.member.span(),
                    format!(
                        "the name `{}` is among the fields of `{}`, which is embedded: rename one of them",
                        field.name, outer.label
                    ),
                );
            }
        }
    }
}
