//! Lists: ordered elements, added and removed at both ends.
//!
//! [`ListCommands`] is here; [`BlockingListCommands`] has the commands that wait for an element.

mod blocking;
mod options;
#[cfg(test)]
mod tests;

pub use blocking::BlockingListCommands;
pub use options::{LMoveM, LPosOptions, ListEnd, ListSide};

use crate::{
    command::{Cmd, Command, Executor},
    value::{FromRedis, KeyName, ToArg, ToArgs},
};

/// The commands on lists.
pub trait ListCommands: Executor {
    /// Adds values at the head, one after another: the last value becomes the first element. Returns the new length.
    ///
    /// `LPUSH key value [value …]` · O(1) for each value · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/lpush/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().lpush("k", ["a", "b"]).to_string(), "LPUSH k a b");
    /// ```
    fn lpush(self, key: impl ToArg, values: impl ToArgs) -> Self::Output<u64> {
        self.execute(Cmd::new("LPUSH").key(key).args_nonempty("value", values).reply())
    }

    /// Like [`lpush`](Self::lpush), but only if the list exists. Returns the new length, 0 if it does not exist.
    ///
    /// `LPUSHX key value [value …]` · O(1) for each value · since 2.2.0 · [redis.io](https://redis.io/docs/latest/commands/lpushx/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().lpushx("k", "a").to_string(), "LPUSHX k a");
    /// ```
    fn lpushx(self, key: impl ToArg, values: impl ToArgs) -> Self::Output<u64> {
        self.execute(Cmd::new("LPUSHX").key(key).args_nonempty("value", values).reply())
    }

    /// Adds values at the tail. Returns the new length.
    ///
    /// `RPUSH key value [value …]` · O(1) for each value · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/rpush/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().rpush("k", ["a", "b"]).to_string(), "RPUSH k a b");
    /// ```
    fn rpush(self, key: impl ToArg, values: impl ToArgs) -> Self::Output<u64> {
        self.execute(Cmd::new("RPUSH").key(key).args_nonempty("value", values).reply())
    }

    /// Like [`rpush`](Self::rpush), but only if the list exists. Returns the new length, 0 if it does not exist.
    ///
    /// `RPUSHX key value [value …]` · O(1) for each value · since 2.2.0 · [redis.io](https://redis.io/docs/latest/commands/rpushx/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().rpushx("k", "a").to_string(), "RPUSHX k a");
    /// ```
    fn rpushx(self, key: impl ToArg, values: impl ToArgs) -> Self::Output<u64> {
        self.execute(Cmd::new("RPUSHX").key(key).args_nonempty("value", values).reply())
    }

    /// Removes and returns the first element; nil if the list does not exist (decode as an `Option`).
    ///
    /// `LPOP key` · O(1) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/lpop/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().lpop::<Option<String>>("k").to_string(), "LPOP k");
    /// ```
    fn lpop<R: FromRedis>(self, key: impl ToArg) -> Self::Output<R> {
        self.execute(Cmd::new("LPOP").key(key).reply())
    }

    /// Removes and returns up to `count` elements from the head; nil if the list does not exist (decode as an
    /// `Option<Vec<_>>`).
    ///
    /// `LPOP key count` · O(n), n: elements taken · since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/lpop/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().lpop_count::<Option<Vec<String>>>("k", 2).to_string(), "LPOP k 2");
    /// ```
    fn lpop_count<R: FromRedis>(self, key: impl ToArg, count: u64) -> Self::Output<R> {
        self.execute(Cmd::new("LPOP").key(key).arg(count).reply())
    }

    /// Removes and returns the last element; nil if the list does not exist (decode as an `Option`).
    ///
    /// `RPOP key` · O(1) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/rpop/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().rpop::<Option<String>>("k").to_string(), "RPOP k");
    /// ```
    fn rpop<R: FromRedis>(self, key: impl ToArg) -> Self::Output<R> {
        self.execute(Cmd::new("RPOP").key(key).reply())
    }

    /// Removes and returns up to `count` elements from the tail, the last one first; nil if the list does not exist
    /// (decode as an `Option<Vec<_>>`).
    ///
    /// `RPOP key count` · O(n), n: elements taken · since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/rpop/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().rpop_count::<Option<Vec<String>>>("k", 2).to_string(), "RPOP k 2");
    /// ```
    fn rpop_count<R: FromRedis>(self, key: impl ToArg, count: u64) -> Self::Output<R> {
        self.execute(Cmd::new("RPOP").key(key).arg(count).reply())
    }

    /// The number of elements; 0 if the list does not exist.
    ///
    /// `LLEN key` · O(1) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/llen/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().llen("k").to_string(), "LLEN k");
    /// ```
    fn llen(self, key: impl ToArg) -> Self::Output<u64> {
        self.execute(Cmd::new("LLEN").key(key).readonly().reply())
    }

    /// The elements from `start` to `stop`, both included; negative indexes count from the end (-1 is the last). Empty
    /// if the list does not exist or the range has no element.
    ///
    /// `LRANGE key start stop` · O(s + n), s: distance to the start, n: elements · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/lrange/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().lrange::<Vec<String>>("k", 0, -1).to_string(), "LRANGE k 0 -1");
    /// ```
    fn lrange<R: FromRedis>(self, key: impl ToArg, start: i64, stop: i64) -> Self::Output<R> {
        self.execute(Cmd::new("LRANGE").key(key).arg(start).arg(stop).readonly().reply())
    }

    /// The element at an index; a negative index counts from the end. Nil if there is none (decode as an `Option`).
    ///
    /// `LINDEX key index` · O(n), n: distance to the nearer end · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/lindex/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().lindex::<Option<String>>("k", -1).to_string(), "LINDEX k -1");
    /// ```
    fn lindex<R: FromRedis>(self, key: impl ToArg, index: i64) -> Self::Output<R> {
        self.execute(Cmd::new("LINDEX").key(key).arg(index).readonly().reply())
    }

    /// The index of the first element that equals a value; `None` if there is none. With options: see
    /// [`lpos_with`](Self::lpos_with).
    ///
    /// `LPOS key value` · O(n), n: length of the list · since 6.0.6 · [redis.io](https://redis.io/docs/latest/commands/lpos/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().lpos("k", "a").to_string(), "LPOS k a");
    /// ```
    fn lpos(self, key: impl ToArg, value: impl ToArg) -> Self::Output<Option<u64>> {
        self.execute(Cmd::new("LPOS").key(key).arg(value).readonly().reply())
    }

    /// The index or the indexes of elements that equal a value: see [`LPosOptions`].
    ///
    /// `LPOS key value [RANK rank] [COUNT matches] [MAXLEN length]` · O(n), n: length of the list · since 6.0.6 · [redis.io](https://redis.io/docs/latest/commands/lpos/)
    ///
    /// ```
    /// # use redis_om_client::{commands::LPosOptions, prelude::*};
    /// let command = cmd().lpos_with("k", "a", LPosOptions::new().rank(-1).count(2));
    /// assert_eq!(command.to_string(), "LPOS k a RANK -1 COUNT 2");
    /// ```
    fn lpos_with<R>(self, key: impl ToArg, value: impl ToArg, options: LPosOptions<R>) -> Self::Output<R> {
        let decoder = options.decoder;
        let cmd = Cmd::new("LPOS").key(key).arg(value).args(options).readonly();
        self.execute(Command::new(cmd, decoder))
    }

    /// Inserts a value before or after the first element that equals `pivot`. Returns the new length; `None` if there
    /// is no such element or no list.
    ///
    /// `LINSERT key BEFORE|AFTER pivot value` · O(n), n: distance to the pivot · since 2.2.0 · [redis.io](https://redis.io/docs/latest/commands/linsert/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ListSide, prelude::*};
    /// assert_eq!(cmd().linsert("k", ListSide::Before, "b", "a").to_string(), "LINSERT k BEFORE b a");
    /// ```
    fn linsert(
        self,
        key: impl ToArg,
        side: ListSide,
        pivot: impl ToArg,
        value: impl ToArg,
    ) -> Self::Output<Option<u64>> {
        let cmd = Cmd::new("LINSERT").key(key).arg(side).arg(pivot).arg(value);
        self.execute(cmd.reply_with(options::length_unless_missing))
    }

    /// Sets the element at an index; a negative index counts from the end.
    ///
    /// `LSET key index value` · O(n), n: distance to the nearer end · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/lset/)
    ///
    /// # Errors
    /// The list does not exist, or the index is out of range.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().lset("k", 0, "a").to_string(), "LSET k 0 a");
    /// ```
    fn lset(self, key: impl ToArg, index: i64, value: impl ToArg) -> Self::Output<()> {
        self.execute(Cmd::new("LSET").key(key).arg(index).arg(value).reply())
    }

    /// Removes elements that equal a value: the first `count`, the last `-count` if it is negative, all if it is 0.
    /// Returns how many it removed.
    ///
    /// `LREM key count value` · O(n), n: length of the list · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/lrem/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().lrem("k", 0, "a").to_string(), "LREM k 0 a");
    /// ```
    fn lrem(self, key: impl ToArg, count: i64, value: impl ToArg) -> Self::Output<u64> {
        self.execute(Cmd::new("LREM").key(key).arg(count).arg(value).reply())
    }

    /// Keeps the elements from `start` to `stop`, both included, and removes the others; negative indexes count from
    /// the end. A list without elements is deleted.
    ///
    /// `LTRIM key start stop` · O(n), n: elements removed · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/ltrim/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().ltrim("k", 0, 99).to_string(), "LTRIM k 0 99");
    /// ```
    fn ltrim(self, key: impl ToArg, start: i64, stop: i64) -> Self::Output<()> {
        self.execute(Cmd::new("LTRIM").key(key).arg(start).arg(stop).reply())
    }

    /// Moves an element from one end of a list to an end of another (or the same) and returns it; nil if the source
    /// does not exist (decode as an `Option`).
    ///
    /// `LMOVE source destination LEFT|RIGHT LEFT|RIGHT` · O(1) · since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/lmove/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ListEnd, prelude::*};
    /// let command = cmd().lmove::<Option<String>>("todo", "doing", ListEnd::Left, ListEnd::Right);
    /// assert_eq!(command.to_string(), "LMOVE todo doing LEFT RIGHT");
    /// ```
    fn lmove<R: FromRedis>(
        self,
        source: impl ToArg,
        destination: impl ToArg,
        from: ListEnd,
        to: ListEnd,
    ) -> Self::Output<R> {
        self.execute(Cmd::new("LMOVE").key(source).key(destination).arg(from).arg(to).reply())
    }

    /// Moves the last element of a list to the head of another and returns it; nil if the source does not exist (decode
    /// as an `Option`). The current form is [`lmove`](Self::lmove) from right to left.
    ///
    /// `RPOPLPUSH source destination` · O(1) · since 1.2.0, deprecated since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/rpoplpush/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().rpoplpush::<Option<String>>("a", "b").to_string(), "RPOPLPUSH a b");
    /// ```
    fn rpoplpush<R: FromRedis>(self, source: impl ToArg, destination: impl ToArg) -> Self::Output<R> {
        self.execute(Cmd::new("RPOPLPUSH").key(source).key(destination).reply())
    }

    /// Removes up to `count` elements from one end of the first of these lists that has any. Returns its key with the
    /// elements; `None` if all lists are empty.
    ///
    /// `LMPOP numkeys key [key …] LEFT|RIGHT COUNT count` · O(k + n), k: keys, n: elements taken · since 7.0.0 · [redis.io](https://redis.io/docs/latest/commands/lmpop/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ListEnd, prelude::*};
    /// let command = cmd().lmpop::<String>(["a", "b"], ListEnd::Left, 10);
    /// assert_eq!(command.to_string(), "LMPOP 2 a b LEFT COUNT 10");
    /// ```
    fn lmpop<T: FromRedis>(
        self,
        keys: impl ToArgs,
        from: ListEnd,
        count: u64,
    ) -> Self::Output<Option<(KeyName, Vec<T>)>> {
        self.execute(Cmd::new("LMPOP").keys_counted(keys).arg(from).arg("COUNT").arg(count).reply())
    }

    /// Moves several elements from one end of a list to an end of another (or the same): see [`LMoveM`]. Returns them;
    /// nil if none was moved (decode as an `Option<Vec<_>>`).
    ///
    /// `LMOVEM source destination LEFT|RIGHT LEFT|RIGHT COUNT|EXACTLY count OBO|BULK` · O(n), n: elements moved · since 8.10.0 (Redis only) · [redis.io](https://redis.io/docs/latest/commands/lmovem/)
    ///
    /// ```
    /// # use redis_om_client::{commands::{LMoveM, ListEnd}, prelude::*};
    /// let command = cmd().lmovem::<Option<Vec<String>>>("a", "b", ListEnd::Left, ListEnd::Right, LMoveM::up_to(5));
    /// assert_eq!(command.to_string(), "LMOVEM a b LEFT RIGHT COUNT 5 BULK");
    /// ```
    fn lmovem<R: FromRedis>(
        self,
        source: impl ToArg,
        destination: impl ToArg,
        from: ListEnd,
        to: ListEnd,
        amount: LMoveM,
    ) -> Self::Output<R> {
        let cmd = Cmd::new("LMOVEM").key(source).key(destination).arg(from).arg(to);
        self.execute(cmd.args(amount).reply())
    }
}

impl<E: Executor> ListCommands for E {}
