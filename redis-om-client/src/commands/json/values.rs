//! Values inside a JSON document: numbers, strings, arrays and objects are changed and measured in place.

use crate::{
    command::{Cmd, Executor},
    value::{FromRedis, ToArg, ToArgs},
};

use super::reply;

/// The commands on values inside a JSON document.
///
/// A reply has one entry for each match of the path, `None` for a value of another type.
pub trait JsonValueCommands: Executor {
    /// Adds to the numbers at a path. Returns the new values.
    ///
    /// `JSON.NUMINCRBY key path number` · O(n), n: matches · since JSON 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/json.numincrby/)
    ///
    /// # Errors
    /// The key does not exist, or a result is not a finite number.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().json_numincrby::<i64>("k", "$.n", 2).to_string(), "JSON.NUMINCRBY k $.n 2");
    /// ```
    fn json_numincrby<T: FromRedis>(
        self,
        key: impl ToArg,
        path: impl ToArg,
        number: impl ToArg,
    ) -> Self::Output<Vec<Option<T>>> {
        self.execute(Cmd::new("JSON.NUMINCRBY").key(key).arg(path).arg(number).reply_with(reply::numbers))
    }

    /// Multiplies the numbers at a path. Returns the new values.
    ///
    /// `JSON.NUMMULTBY key path number` · O(n), n: matches · since JSON 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/json.nummultby/)
    ///
    /// # Errors
    /// The key does not exist, or a result is not a finite number.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().json_nummultby::<i64>("k", "$.n", 2).to_string(), "JSON.NUMMULTBY k $.n 2");
    /// ```
    fn json_nummultby<T: FromRedis>(
        self,
        key: impl ToArg,
        path: impl ToArg,
        number: impl ToArg,
    ) -> Self::Output<Vec<Option<T>>> {
        self.execute(Cmd::new("JSON.NUMMULTBY").key(key).arg(path).arg(number).reply_with(reply::numbers))
    }

    /// Raises the numbers at a path to a power. Returns the new values.
    ///
    /// `JSON.NUMPOWBY key path number` · O(n), n: matches · since JSON 1.0.0, undocumented
    ///
    /// # Errors
    /// The key does not exist, or a result is not a finite number.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().json_numpowby::<i64>("k", "$.n", 2).to_string(), "JSON.NUMPOWBY k $.n 2");
    /// ```
    fn json_numpowby<T: FromRedis>(
        self,
        key: impl ToArg,
        path: impl ToArg,
        number: impl ToArg,
    ) -> Self::Output<Vec<Option<T>>> {
        self.execute(Cmd::new("JSON.NUMPOWBY").key(key).arg(path).arg(number).reply_with(reply::numbers))
    }

    /// Appends to the strings at a path. Returns the new lengths in bytes. The value is JSON text, too: `Json("text")`.
    ///
    /// `JSON.STRAPPEND key path value` · O(n), n: matches · since JSON 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/json.strappend/)
    ///
    /// # Errors
    /// The key does not exist.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().json_strappend("k", "$.s", r#""more""#).to_string(), r#"JSON.STRAPPEND k $.s "more""#);
    /// ```
    fn json_strappend(
        self,
        key: impl ToArg,
        path: impl ToArg,
        value: impl ToArg,
    ) -> Self::Output<Vec<Option<u64>>> {
        self.execute(Cmd::new("JSON.STRAPPEND").key(key).arg(path).arg(value).reply_with(reply::each))
    }

    /// The lengths of the strings at a path in bytes.
    ///
    /// `JSON.STRLEN key path` · O(n), n: matches · since JSON 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/json.strlen/)
    ///
    /// # Errors
    /// The key does not exist.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().json_strlen("k", "$.s").to_string(), "JSON.STRLEN k $.s");
    /// ```
    fn json_strlen(self, key: impl ToArg, path: impl ToArg) -> Self::Output<Vec<Option<u64>>> {
        self.execute(Cmd::new("JSON.STRLEN").key(key).arg(path).readonly().reply_with(reply::each))
    }

    /// Appends values to the arrays at a path. Returns the new lengths.
    ///
    /// `JSON.ARRAPPEND key path value [value …]` · O(n), n: matches · since JSON 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/json.arrappend/)
    ///
    /// # Errors
    /// The key does not exist.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().json_arrappend("k", "$.list", ["1", "2"]).to_string(), "JSON.ARRAPPEND k $.list 1 2");
    /// ```
    fn json_arrappend(
        self,
        key: impl ToArg,
        path: impl ToArg,
        values: impl ToArgs,
    ) -> Self::Output<Vec<Option<u64>>> {
        self.execute(
            Cmd::new("JSON.ARRAPPEND")
                .key(key)
                .arg(path)
                .args_nonempty("value", values)
                .reply_with(reply::each),
        )
    }

    /// Inserts values before an index of the arrays at a path; a negative index counts from the end. Returns the new
    /// lengths.
    ///
    /// `JSON.ARRINSERT key path index value [value …]` · O(n), n: length of the arrays · since JSON 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/json.arrinsert/)
    ///
    /// # Errors
    /// The key does not exist, or the index is out of bounds.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().json_arrinsert("k", "$.list", 0, "1").to_string(), "JSON.ARRINSERT k $.list 0 1");
    /// ```
    fn json_arrinsert(
        self,
        key: impl ToArg,
        path: impl ToArg,
        index: i64,
        values: impl ToArgs,
    ) -> Self::Output<Vec<Option<u64>>> {
        self.execute(
            Cmd::new("JSON.ARRINSERT")
                .key(key)
                .arg(path)
                .arg(index)
                .args_nonempty("value", values)
                .reply_with(reply::each),
        )
    }

    /// The first index of a value in the arrays at a path; -1 if it does not occur.
    ///
    /// `JSON.ARRINDEX key path value` · O(n), n: length of the arrays · since JSON 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/json.arrindex/)
    ///
    /// # Errors
    /// The key does not exist.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().json_arrindex("k", "$.list", 7).to_string(), "JSON.ARRINDEX k $.list 7");
    /// ```
    fn json_arrindex(
        self,
        key: impl ToArg,
        path: impl ToArg,
        value: impl ToArg,
    ) -> Self::Output<Vec<Option<i64>>> {
        self.execute(
            Cmd::new("JSON.ARRINDEX").key(key).arg(path).arg(value).readonly().reply_with(reply::each),
        )
    }

    /// Like [`json_arrindex`](Self::json_arrindex), from `start` to before `stop` (0: to the end); negative indexes
    /// count from the end.
    ///
    /// `JSON.ARRINDEX key path value start stop` · O(n), n: length of the arrays · since JSON 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/json.arrindex/)
    ///
    /// # Errors
    /// The key does not exist.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// let command = cmd().json_arrindex_within("k", "$.list", 7, 1, 5);
    /// assert_eq!(command.to_string(), "JSON.ARRINDEX k $.list 7 1 5");
    /// ```
    fn json_arrindex_within(
        self,
        key: impl ToArg,
        path: impl ToArg,
        value: impl ToArg,
        start: i64,
        stop: i64,
    ) -> Self::Output<Vec<Option<i64>>> {
        let cmd = Cmd::new("JSON.ARRINDEX").key(key).arg(path).arg(value).arg(start).arg(stop);
        self.execute(cmd.readonly().reply_with(reply::each))
    }

    /// The lengths of the arrays at a path.
    ///
    /// `JSON.ARRLEN key path` · O(n), n: matches · since JSON 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/json.arrlen/)
    ///
    /// # Errors
    /// The key does not exist.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().json_arrlen("k", "$.list").to_string(), "JSON.ARRLEN k $.list");
    /// ```
    fn json_arrlen(self, key: impl ToArg, path: impl ToArg) -> Self::Output<Vec<Option<u64>>> {
        self.execute(Cmd::new("JSON.ARRLEN").key(key).arg(path).readonly().reply_with(reply::each))
    }

    /// Removes an element of the arrays at a path (-1: the last) and returns it as JSON text. A path that starts with
    /// `$` gives one entry for each match, nil if it is not an array or is empty (decode as a `Vec<Option<Json<_>>>`).
    ///
    /// `JSON.ARRPOP key path index` · O(n), n: length of the arrays; O(1) at the end · since JSON 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/json.arrpop/)
    ///
    /// # Errors
    /// The key does not exist.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().json_arrpop::<Vec<Option<String>>>("k", "$.list", -1).to_string(), "JSON.ARRPOP k $.list -1");
    /// ```
    fn json_arrpop<R: FromRedis>(self, key: impl ToArg, path: impl ToArg, index: i64) -> Self::Output<R> {
        self.execute(Cmd::new("JSON.ARRPOP").key(key).arg(path).arg(index).reply())
    }

    /// Keeps the elements from `start` to `stop`, both included, of the arrays at a path; negative indexes count from
    /// the end. Returns the new lengths.
    ///
    /// `JSON.ARRTRIM key path start stop` · O(n), n: length of the arrays · since JSON 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/json.arrtrim/)
    ///
    /// # Errors
    /// The key does not exist.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().json_arrtrim("k", "$.list", 0, 9).to_string(), "JSON.ARRTRIM k $.list 0 9");
    /// ```
    fn json_arrtrim(
        self,
        key: impl ToArg,
        path: impl ToArg,
        start: i64,
        stop: i64,
    ) -> Self::Output<Vec<Option<u64>>> {
        self.execute(Cmd::new("JSON.ARRTRIM").key(key).arg(path).arg(start).arg(stop).reply_with(reply::each))
    }

    /// The keys of the objects at a path. A path that starts with `$` gives one list for each match, nil if it is not
    /// an object (decode as a `Vec<Option<Vec<String>>>`). An old path gives one list (decode as an
    /// `Option<Vec<String>>`).
    ///
    /// `JSON.OBJKEYS key path` · O(n), n: number of keys · since JSON 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/json.objkeys/)
    ///
    /// # Errors
    /// The key does not exist.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().json_objkeys::<Vec<Option<Vec<String>>>>("k", "$.a").to_string(), "JSON.OBJKEYS k $.a");
    /// ```
    fn json_objkeys<R: FromRedis>(self, key: impl ToArg, path: impl ToArg) -> Self::Output<R> {
        self.execute(Cmd::new("JSON.OBJKEYS").key(key).arg(path).readonly().reply())
    }

    /// The number of keys of the objects at a path.
    ///
    /// `JSON.OBJLEN key path` · O(n), n: matches · since JSON 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/json.objlen/)
    ///
    /// # Errors
    /// The key does not exist.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().json_objlen("k", "$.a").to_string(), "JSON.OBJLEN k $.a");
    /// ```
    fn json_objlen(self, key: impl ToArg, path: impl ToArg) -> Self::Output<Vec<Option<u64>>> {
        self.execute(Cmd::new("JSON.OBJLEN").key(key).arg(path).readonly().reply_with(reply::each))
    }

    /// Changes `true` to `false` and `false` to `true` at a path. Returns the new values.
    ///
    /// `JSON.TOGGLE key path` · O(n), n: matches · since JSON 2.0.0 · [redis.io](https://redis.io/docs/latest/commands/json.toggle/)
    ///
    /// # Errors
    /// The key does not exist.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().json_toggle("k", "$.on").to_string(), "JSON.TOGGLE k $.on");
    /// ```
    fn json_toggle(self, key: impl ToArg, path: impl ToArg) -> Self::Output<Vec<Option<bool>>> {
        self.execute(Cmd::new("JSON.TOGGLE").key(key).arg(path).reply_with(reply::each))
    }
}

impl<E: Executor> JsonValueCommands for E {}
