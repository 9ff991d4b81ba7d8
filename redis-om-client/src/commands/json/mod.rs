//! JSON documents. The commands are built into Redis 8; Redis Stack and Valkey load them as a module.
//!
//! [`JsonCommands`] is here, for whole documents and for values at a path. [`JsonValueCommands`] has the commands that
//! change and measure values in place. Values are JSON text: `Json(&value)` makes it from any serde type (feature
//! `json`), and `Json<T>` decodes it.
//!
//! The path `$` is the whole document. A path that starts with `$` can match any number of values, so its reply is a
//! list, with nil for a value of another type. A path in the old form (`.name`, and `.` for the whole) has one match,
//! and the server answers with an error if there is none. The decoders here accept both.

#[cfg(feature = "json")]
mod one;
mod reply;
#[cfg(test)]
mod tests;
mod values;

#[cfg(feature = "json")]
pub use one::JsonOne;
pub use reply::JsonType;
pub use values::JsonValueCommands;

use crate::{
    command::{Cmd, Executor},
    value::{Args, FromRedis, ToArg, ToArgs},
};

/// The commands on JSON documents, whole or by path.
pub trait JsonCommands: Executor {
    /// Sets the value at a path. At `$` this is the whole document, which is created if the key does not exist. With
    /// options: see [`json_set_with`](Self::json_set_with).
    ///
    /// `JSON.SET key path value` · O(n), n: size of the value · since JSON 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/json.set/)
    ///
    /// # Errors
    /// The path does not exist in the document (then nothing is set), or a new document is not set at `$`.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().json_set("k", "$", r#"{"a":1}"#).to_string(), r#"JSON.SET k $ {"a":1}"#);
    /// # #[cfg(feature = "json")] {
    /// use redis_om_client::Json;
    /// assert_eq!(cmd().json_set("k", "$.tags", Json(["x", "y"])).to_string(), r#"JSON.SET k $.tags ["x","y"]"#);
    /// # }
    /// ```
    fn json_set(self, key: impl ToArg, path: impl ToArg, value: impl ToArg) -> Self::Output<()> {
        self.execute(Cmd::new("JSON.SET").key(key).arg(path).arg(value).reply_with(reply::set))
    }

    /// Sets the value at a path if a condition is met. Returns whether it was set.
    ///
    /// `JSON.SET key path value NX|XX` · O(n), n: size of the value · since JSON 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/json.set/)
    ///
    /// ```
    /// # use redis_om_client::{commands::JsonSetCondition, prelude::*};
    /// let command = cmd().json_set_with("k", "$", "{}", JsonSetCondition::IfAbsent);
    /// assert_eq!(command.to_string(), "JSON.SET k $ {} NX");
    /// ```
    fn json_set_with(
        self,
        key: impl ToArg,
        path: impl ToArg,
        value: impl ToArg,
        condition: JsonSetCondition,
    ) -> Self::Output<bool> {
        let cmd = Cmd::new("JSON.SET").key(key).arg(path).arg(value).args(condition);
        self.execute(cmd.reply_with(reply::was_set))
    }

    /// Like [`json_set`](Self::json_set); arrays of floats (vectors) are stored as numbers of this type.
    ///
    /// `JSON.SET key path value FPHA BF16|FP16|FP32|FP64` · O(n), n: size of the value · since 8.8.0 (Redis only) · [redis.io](https://redis.io/docs/latest/commands/json.set/)
    ///
    /// # Errors
    /// The path does not exist in the document, or a number exceeds the range of the type.
    ///
    /// ```
    /// # use redis_om_client::{commands::JsonFloats, prelude::*};
    /// let command = cmd().json_set_floats("k", "$.vector", "[0.1,0.2]", JsonFloats::Fp16);
    /// assert_eq!(command.to_string(), "JSON.SET k $.vector [0.1,0.2] FPHA FP16");
    /// ```
    fn json_set_floats(
        self,
        key: impl ToArg,
        path: impl ToArg,
        value: impl ToArg,
        floats: JsonFloats,
    ) -> Self::Output<()> {
        let cmd = Cmd::new("JSON.SET").key(key).arg(path).arg(value).args(floats);
        self.execute(cmd.reply_with(reply::set))
    }

    /// The JSON text at a path; nil if the key does not exist (decode as an `Option`). With options: see
    /// [`json_get_with`](Self::json_get_with).
    ///
    /// `JSON.GET key [path …]` · O(n), n: size of the value · since JSON 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/json.get/)
    ///
    /// A path that starts with `$` gives an array of the matches (`Json<Vec<T>>`). Several paths give an object from
    /// path to matches. An old path, or none (`()`), gives the value itself.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().json_get::<Option<String>>("k", "$").to_string(), "JSON.GET k $");
    /// assert_eq!(cmd().json_get::<Option<String>>("k", ["$.a", "$.b"]).to_string(), "JSON.GET k $.a $.b");
    /// ```
    fn json_get<R: FromRedis>(self, key: impl ToArg, paths: impl ToArgs) -> Self::Output<R> {
        self.execute(Cmd::new("JSON.GET").key(key).args(paths).readonly().reply())
    }

    /// The only match of a path that starts with `$`; `None` if the key does not exist or nothing matches.
    ///
    /// `JSON.GET key path` · O(n), n: size of the value · since JSON 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/json.get/)
    ///
    /// # Errors
    /// Several values match.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().json_get_one::<String>("k", "$.name").to_string(), "JSON.GET k $.name");
    /// ```
    #[cfg(feature = "json")]
    fn json_get_one<T: serde::de::DeserializeOwned>(
        self,
        key: impl ToArg,
        path: impl ToArg,
    ) -> Self::Output<Option<T>> {
        self.execute(Cmd::new("JSON.GET").key(key).arg(path).readonly().reply_with(one::one))
    }

    /// Like [`json_get`](Self::json_get), with line breaks and indentation.
    ///
    /// `JSON.GET key [INDENT text] [NEWLINE text] [SPACE text] [path …]` · O(n), n: size of the value · since JSON 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/json.get/)
    ///
    /// ```
    /// # use redis_om_client::{commands::JsonLayout, prelude::*};
    /// let layout = JsonLayout::new().indent("--").space("_");
    /// let command = cmd().json_get_with::<Option<String>>("k", "$", layout);
    /// assert_eq!(command.to_string(), "JSON.GET k INDENT -- SPACE _ $");
    /// ```
    fn json_get_with<R: FromRedis>(
        self,
        key: impl ToArg,
        paths: impl ToArgs,
        layout: JsonLayout<'_>,
    ) -> Self::Output<R> {
        self.execute(Cmd::new("JSON.GET").key(key).args(layout).args(paths).readonly().reply())
    }

    /// The JSON text at one path of several documents, in the order of the keys; nil for a key that does not exist
    /// (decode as a `Vec<Option<_>>`).
    ///
    /// `JSON.MGET key [key …] path` · O(n), n: size of the values · since JSON 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/json.mget/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().json_mget::<Vec<Option<String>>>(["a", "b"], "$").to_string(), "JSON.MGET a b $");
    /// ```
    fn json_mget<R: FromRedis>(self, keys: impl ToArgs, path: impl ToArg) -> Self::Output<R> {
        self.execute(Cmd::new("JSON.MGET").keys(keys).arg(path).readonly().reply())
    }

    /// Sets values in several documents at once, given as triples of key, path and value.
    ///
    /// `JSON.MSET key path value [key path value …]` · O(n), n: size of the values · since JSON 2.6.0 · [redis.io](https://redis.io/docs/latest/commands/json.mset/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// let command = cmd().json_mset([("a", "$", "1"), ("b", "$.x", "2")]);
    /// assert_eq!(command.to_string(), "JSON.MSET a $ 1 b $.x 2");
    /// ```
    fn json_mset(self, entries: impl ToArgs) -> Self::Output<()> {
        let cmd = Cmd::new("JSON.MSET").keys_every(3, "key with path and value", entries);
        self.execute(cmd.reply_with(reply::set))
    }

    /// Merges a value into the one at a path (RFC 7396). Fields of objects are set, `null` removes a field, and any
    /// other value is replaced.
    ///
    /// `JSON.MERGE key path value` · O(n), n: size of both values · since JSON 2.6.0 · [redis.io](https://redis.io/docs/latest/commands/json.merge/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().json_merge("k", "$", r#"{"a":null}"#).to_string(), r#"JSON.MERGE k $ {"a":null}"#);
    /// ```
    fn json_merge(self, key: impl ToArg, path: impl ToArg, value: impl ToArg) -> Self::Output<()> {
        self.execute(Cmd::new("JSON.MERGE").key(key).arg(path).arg(value).reply_with(reply::set))
    }

    /// Removes the values at a path; at `$` it deletes the key. Returns how many it removed.
    ///
    /// `JSON.DEL key path` · O(n), n: size of what is removed · since JSON 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/json.del/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().json_del("k", "$.a").to_string(), "JSON.DEL k $.a");
    /// ```
    fn json_del(self, key: impl ToArg, path: impl ToArg) -> Self::Output<u64> {
        self.execute(Cmd::new("JSON.DEL").key(key).arg(path).reply())
    }

    /// The same as [`json_del`](Self::json_del), under another name.
    ///
    /// `JSON.FORGET key path` · O(n), n: size of what is removed · since JSON 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/json.forget/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().json_forget("k", "$.a").to_string(), "JSON.FORGET k $.a");
    /// ```
    fn json_forget(self, key: impl ToArg, path: impl ToArg) -> Self::Output<u64> {
        self.execute(Cmd::new("JSON.FORGET").key(key).arg(path).reply())
    }

    /// Empties the arrays and objects at a path, and sets its numbers to 0. Returns how many values it changed.
    ///
    /// `JSON.CLEAR key path` · O(n), n: size of the values · since JSON 2.0.0 · [redis.io](https://redis.io/docs/latest/commands/json.clear/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().json_clear("k", "$.a").to_string(), "JSON.CLEAR k $.a");
    /// ```
    fn json_clear(self, key: impl ToArg, path: impl ToArg) -> Self::Output<u64> {
        self.execute(Cmd::new("JSON.CLEAR").key(key).arg(path).reply())
    }

    /// The types of the values at a path, one for each match; empty if there is no key or no match.
    ///
    /// `JSON.TYPE key path` · O(1) for one match · since JSON 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/json.type/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().json_type("k", "$.a").to_string(), "JSON.TYPE k $.a");
    /// ```
    fn json_type(self, key: impl ToArg, path: impl ToArg) -> Self::Output<Vec<JsonType>> {
        self.execute(Cmd::new("JSON.TYPE").key(key).arg(path).readonly().reply_with(reply::types))
    }

    /// The values at a path as protocol values: an object is `{` with keys and values in turn, an array is `[` with
    /// elements; nil if the key does not exist (decode as an `Option`).
    ///
    /// `JSON.RESP key path` · O(n), n: size of the value · since JSON 1.0.0, deprecated since JSON 2.6.0 · [redis.io](https://redis.io/docs/latest/commands/json.resp/)
    ///
    /// ```
    /// # use redis_om_client::{Value, prelude::*};
    /// assert_eq!(cmd().json_resp::<Value>("k", "$.a").to_string(), "JSON.RESP k $.a");
    /// ```
    fn json_resp<R: FromRedis>(self, key: impl ToArg, path: impl ToArg) -> Self::Output<R> {
        self.execute(Cmd::new("JSON.RESP").key(key).arg(path).readonly().reply())
    }

    /// The memory of the values at a path in bytes, one number for each match. For an old path it is 0 if the key does
    /// not exist.
    ///
    /// `JSON.DEBUG MEMORY key path` · O(n), n: size of the value · since JSON 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/json.debug-memory/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().json_debug_memory("k", "$").to_string(), "JSON.DEBUG MEMORY k $");
    /// ```
    fn json_debug_memory(self, key: impl ToArg, path: impl ToArg) -> Self::Output<Vec<u64>> {
        let cmd = Cmd::new("JSON.DEBUG").arg("MEMORY").key(key).arg(path).readonly();
        self.execute(cmd.reply_with(reply::amounts))
    }
}

impl<E: Executor> JsonCommands for E {}

/// The condition under which [`json_set_with`](JsonCommands::json_set_with) sets a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonSetCondition {
    /// There is no value at the path yet (`NX`).
    IfAbsent,
    /// There is a value at the path (`XX`).
    IfPresent,
}

impl ToArgs for JsonSetCondition {
    fn to_args(&self, args: &mut Args<'_>) {
        args.arg(match self {
            Self::IfAbsent => "NX",
            Self::IfPresent => "XX",
        });
    }
}

/// How arrays of floats are stored: fewer bits need less memory and have less precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonFloats {
    /// 16 bits, 8 of them the exponent (bfloat16).
    Bf16,
    /// 16 bits, 5 of them the exponent (IEEE 754 binary16).
    Fp16,
    /// 32 bits, an `f32`.
    Fp32,
    /// 64 bits, an `f64`.
    Fp64,
}

impl ToArgs for JsonFloats {
    fn to_args(&self, args: &mut Args<'_>) {
        args.arg("FPHA").arg(match self {
            Self::Bf16 => "BF16",
            Self::Fp16 => "FP16",
            Self::Fp32 => "FP32",
            Self::Fp64 => "FP64",
        });
    }
}

/// The format of the text of [`json_get_with`](JsonCommands::json_get_with).
#[derive(Debug, Clone, Copy, Default)]
#[must_use]
pub struct JsonLayout<'a> {
    indent: Option<&'a str>,
    newline: Option<&'a str>,
    space: Option<&'a str>,
}

impl<'a> JsonLayout<'a> {
    /// One line, without spaces.
    pub fn new() -> Self {
        Self::default()
    }

    /// The text before each line, once for each level.
    pub fn indent(self, text: &'a str) -> Self {
        Self { indent: Some(text), ..self }
    }

    /// The text after each line.
    pub fn newline(self, text: &'a str) -> Self {
        Self { newline: Some(text), ..self }
    }

    /// The text between a key and its value.
    pub fn space(self, text: &'a str) -> Self {
        Self { space: Some(text), ..self }
    }
}

impl ToArgs for JsonLayout<'_> {
    fn to_args(&self, args: &mut Args<'_>) {
        for (word, text) in [("INDENT", self.indent), ("NEWLINE", self.newline), ("SPACE", self.space)] {
            if let Some(text) = text {
                args.arg(word).arg(text);
            }
        }
    }
}
