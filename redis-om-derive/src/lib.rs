//! The derives of redis-om. Use them through `redis_om`, whose documentation has the examples.
//!
//! Each goes the same way: parse the attributes (`attrs`), build ONE validated model (`model`, `value`), expand from it
//! (`expand`). All of a struct's mistakes are told at once, each where it stands.

mod attrs;
mod case;
mod errors;
mod expand;
mod model;
mod types;
mod value;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct a model: saved under `{prefix}:{id}`, as a hash or as a JSON document.
///
/// # On the struct
///
/// | `#[redis(…)]` | |
/// |---|---|
/// | `hash` or `json` | how it lies in Redis; one of them is needed |
/// | `prefix = "user"` | what stands before the id in the key; without it the struct's name in snake case |
/// | `rename_all = "camelCase"` | the names of all fields (hash): also `lowercase`, `UPPERCASE`, `PascalCase`, `snake_case`, `SCREAMING_SNAKE_CASE`, `kebab-case`, `SCREAMING-KEBAB-CASE` |
/// | `crate = "path"` | where redis-om is, for crates that re-export it |
///
/// # On a field
///
/// | `#[redis(…)]` | |
/// |---|---|
/// | `id` | the id, on exactly one field: a string, an integer, `Uuid`, `Ulid`, or a newtype of one with `RedisValue` |
/// | `rename = "x"` | its name in the hash |
/// | `skip` | not stored; `Default` when loaded |
/// | `default`, `default = expression` | where the stored model lacks it |
/// | `embed` | a struct with `RedisEmbedded`: its fields lie beside the model's, as `address.city` |
/// | `json` | as JSON text in the one field |
/// | `separator = ";"` | a list as one text, its elements joined (a backslash stands before a separator inside one) |
///
/// A JSON model is written and read by serde: it needs `#[derive(Serialize, Deserialize)]`, and its fields are
/// renamed, skipped and defaulted by `#[serde(…)]`; of these attributes only `id` is for its fields. How date-times
/// and booleans look there is serde's to say too.
///
/// # What lies in a hash
///
/// | field | value |
/// |---|---|
/// | strings, bytes (`Vec<u8>`, `Bytes`) | as they are |
/// | integers, floats | decimal digits |
/// | `bool` | `1` or `0` |
/// | `chrono::DateTime` | milliseconds since 1970; what is finer is cut off |
/// | `chrono::NaiveDate`, `NaiveTime`, `NaiveDateTime` | `2026-01-31`, `23:59:59.5`, `2026-01-31T23:59:59.5` |
/// | `Uuid`, `Ulid` | their usual text |
/// | `Option` | nothing where it is `None`: a save removes the field |
/// | lists, sets, maps, arrays, tuples | JSON text, unless `separator` is given |
/// | enums and newtypes with `RedisValue` | their name; what is inside |
/// | your own types with `ToArg` and `FromRedis` | what these say |
///
/// `Option`, `u8` and the lists are known by their names, so an alias of one (`type Maybe = Option<String>`) is not.
/// Fields in the hash that the struct does not have are passed over, and a save leaves them alone.
///
/// Inside JSON text (lists, `json`, JSON models) a struct's fields that are `None` are left out too. An `Option` there
/// with `#[serde(with = "…")]` therefore needs `#[serde(default)]` beside it, as serde asks for such a field otherwise.
///
/// ```
/// use redis_om::prelude::*;
///
/// #[derive(RedisModel)]
/// #[redis(hash, prefix = "lamp", rename_all = "camelCase")]
/// struct Lamp {
///     #[redis(id)]
///     id: u32,
///     display_name: String,
///     watts: Option<f64>,
///     #[redis(separator = ",")]
///     tags: Vec<String>,
/// }
///
/// let lamp = Lamp { id: 1, display_name: "Desk".into(), watts: Some(4.5), tags: vec!["a".into(), "b".into()] };
/// assert_eq!(lamp.save(cmd()).to_string(), "HSET lamp:1 id 1 displayName Desk watts 4.5 tags a,b");
/// ```
#[proc_macro_derive(RedisModel, attributes(redis))]
pub fn redis_model(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    model::model(&input).map_or_else(|error| error.to_compile_error(), |model| expand::model(&model)).into()
}

/// Lets a struct be embedded in hash models: its fields lie beside the model's, with the field's name and a dot before
/// theirs.
///
/// Its fields take the attributes of a hash model's, but for `id`; the struct takes `rename_all` and `crate`.
///
/// An embedded `Option` is `None` where none of its fields is stored, and a save of `None` removes them all. So `Some`
/// of a struct whose fields are all `None` comes back as `None`: nothing of it lies in Redis.
///
/// ```
/// use redis_om::prelude::*;
///
/// #[derive(RedisEmbedded)]
/// struct Address {
///     city: String,
///     zip: Option<String>,
/// }
///
/// #[derive(RedisModel)]
/// #[redis(hash)]
/// struct User {
///     #[redis(id)]
///     id: u64,
///     #[redis(embed)]
///     address: Address,
/// }
///
/// let user = User { id: 7, address: Address { city: "Oslo".into(), zip: Some("0150".into()) } };
/// assert_eq!(user.save(cmd()).to_string(), "HSET user:7 id 7 address.city Oslo address.zip 0150");
/// ```
#[proc_macro_derive(RedisEmbedded, attributes(redis))]
pub fn redis_embedded(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    model::embedded(&input)
        .map_or_else(|error| error.to_compile_error(), |model| expand::embedded(&model))
        .into()
}

/// Makes an enum without fields, or a struct with one, a value: a field of a model, an argument, a reply, an id.
///
/// An enum is its variant's name, changed by `#[redis(rename = "x")]` on the variant or `#[redis(rename_all = "…")]` on
/// the enum. A newtype is what is inside. `#[redis(crate = "path")]` says where redis-om is.
///
/// ```
/// use redis_om::prelude::*;
///
/// #[derive(RedisValue)]
/// #[redis(rename_all = "kebab-case")]
/// enum State {
///     InStock,
///     #[redis(rename = "gone")]
///     SoldOut,
/// }
///
/// #[derive(RedisValue)]
/// struct Cents(i64);
///
/// assert_eq!(cmd().set("state", State::InStock).to_string(), "SET state in-stock");
/// assert_eq!(cmd().set("state", State::SoldOut).to_string(), "SET state gone");
/// assert_eq!(cmd().set("price", Cents(1250)).to_string(), "SET price 1250");
/// ```
#[proc_macro_derive(RedisValue, attributes(redis))]
pub fn redis_value(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    value::value(&input).map_or_else(|error| error.to_compile_error(), |value| expand::value(&value)).into()
}
