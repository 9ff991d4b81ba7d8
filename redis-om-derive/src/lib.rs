//! The derives of redis-om. Use them through `redis_om`, whose documentation has the examples.
//!
//! Each derive has three steps: parse the attributes (`attrs`), build one validated model (`model`, `value`), expand from
//! it (`expand`). All mistakes in a struct are reported at once, each at its place in the source.

mod attrs;
mod case;
mod errors;
mod expand;
mod model;
mod types;
mod value;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct a model: it is saved under `{prefix}:{id}`, as a hash or as a JSON document.
///
/// # On the struct
///
/// | `#[redis(…)]` | |
/// |---|---|
/// | `hash` or `json` | how the model is stored; one of them is required |
/// | `prefix = "user"` | the part of the key before the id; the default is the name of the struct in snake case |
/// | `rename_all = "camelCase"` | the names of all fields (hash): also `lowercase`, `UPPERCASE`, `PascalCase`, `snake_case`, `SCREAMING_SNAKE_CASE`, `kebab-case`, `SCREAMING-KEBAB-CASE` |
/// | `crate = "path"` | the path of redis-om, for crates that re-export it |
///
/// # On a field
///
/// | `#[redis(…)]` | |
/// |---|---|
/// | `id` | the id, on exactly one field: a string, an integer, `Uuid`, `Ulid`, or a newtype of one with `RedisValue` |
/// | `rename = "x"` | the name of the field in the hash |
/// | `skip` | the field is not stored; a loaded model has its `Default` |
/// | `default`, `default = expression` | the value of a loaded model where the stored one has no such field |
/// | `embed` | a struct with `RedisEmbedded`: its fields are stored beside those of the model, as `address.city` |
/// | `json` | stored as JSON text in one field |
/// | `separator = ";"` | a list stored as one text, with this separator between the elements (a backslash escapes one inside an element) |
///
/// A JSON model is written and read by serde and needs `#[derive(Serialize, Deserialize)]`. Use `#[serde(…)]` to rename,
/// skip and default its fields; of the attributes above they take only `id`. Serde also decides the form of date-times
/// and booleans.
///
/// # The stored form in a hash
///
/// | field | value |
/// |---|---|
/// | strings, bytes (`Vec<u8>`, `Bytes`) | unchanged |
/// | integers, floats | decimal digits |
/// | `bool` | `1` or `0` |
/// | `chrono::DateTime` | milliseconds since 1970; finer fractions are cut off |
/// | `chrono::NaiveDate`, `NaiveTime`, `NaiveDateTime` | `2026-01-31`, `23:59:59.5`, `2026-01-31T23:59:59.5` |
/// | `Uuid`, `Ulid` | their usual text |
/// | `Option` | `None` is not stored: a save removes the field |
/// | lists, sets, maps, arrays, tuples | JSON text, unless `separator` is given |
/// | enums and newtypes with `RedisValue` | the name of the variant; the form of the inner value |
/// | your own types with `ToArg` and `FromRedis` | the form that these define |
///
/// `Option`, `u8` and lists are recognized by name; an alias of one (`type Maybe = Option<String>`) is not. Fields of the
/// hash that the struct does not have are skipped when it is loaded, and a save does not change them.
///
/// Inside JSON text (lists, `json`, JSON models), fields of structs that are `None` are left out, too. An `Option` there
/// with `#[serde(with = "…")]` therefore also needs `#[serde(default)]`: without it, serde requires the field.
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

/// Lets a struct be embedded in hash models. Its fields are stored beside those of the model; their names begin with the
/// name of the field that holds the struct and a dot.
///
/// Its fields take the attributes of the fields of a hash model, except `id`. The struct takes `rename_all` and `crate`.
///
/// An embedded `Option` is `None` where none of its fields is stored, and a save of `None` removes them all. So `Some`
/// of a struct whose fields are all `None` is loaded as `None`: nothing of it is stored.
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

/// Makes an enum without fields, or a struct with one field, a value: a field of a model, an argument, a reply, an id.
///
/// An enum is stored as the name of its variant, which `#[redis(rename = "x")]` on the variant or
/// `#[redis(rename_all = "…")]` on the enum changes. A newtype is stored as its inner value. `#[redis(crate = "path")]` is
/// the path of redis-om.
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
