//! Keys of any type: copying, deleting, renaming, searching, sorting.

mod lifetime;
mod options;
mod replies;
#[cfg(test)]
mod tests;
mod types;

pub use lifetime::KeyExpiryCommands;
pub use options::{CopyOptions, MigrateOptions, RestoreOptions, SortOptions};
pub use types::{KeyType, ObjectEncoding};

use std::time::Duration;

use bytes::Bytes;

use crate::{
    command::{
        Cmd, Executor,
        policy::{Request, Response},
    },
    value::{FromRedis, KeyName, ToArg, ToArgs},
};

use super::{ScanOptions, ScanPage};

/// The commands on keys of any type. Expiry has its own trait, [`KeyExpiryCommands`].
///
/// Keys in replies are [`KeyName`]s, because a key can have any bytes.
pub trait KeyCommands: Executor {
    /// Copies a value with its expiry, if the destination does not exist. Returns whether it was copied. With options:
    /// see [`copy_with`](Self::copy_with).
    ///
    /// `COPY source destination` · O(N) in its elements · since 6.2.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/copy/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().copy("a", "b").to_string(), "COPY a b");
    /// ```
    fn copy(self, source: impl ToArg, destination: impl ToArg) -> Self::Output<bool> {
        self.execute(Cmd::new("COPY").key(source).key(destination).reply())
    }

    /// Copies a value with its expiry. Options replace an existing destination or name another database. Returns
    /// whether it was copied.
    ///
    /// `COPY source destination [DB db] [REPLACE]` · O(N) in its elements · since 6.2.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/copy/)
    ///
    /// ```
    /// # use redis_om_client::{commands::CopyOptions, prelude::*};
    /// let command = cmd().copy_with("a", "b", CopyOptions::new().db(1).replace());
    /// assert_eq!(command.to_string(), "COPY a b DB 1 REPLACE");
    /// ```
    fn copy_with(
        self,
        source: impl ToArg,
        destination: impl ToArg,
        options: CopyOptions,
    ) -> Self::Output<bool> {
        self.execute(Cmd::new("COPY").key(source).key(destination).args(options).reply())
    }

    /// Deletes keys. Returns how many it deleted.
    ///
    /// `DEL key [key …]` · O(N) in the keys and their elements · since 1.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/del/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().del(["a", "b"]).to_string(), "DEL a b");
    /// ```
    fn del(self, keys: impl ToArgs) -> Self::Output<u64> {
        self.execute(
            Cmd::new("DEL").request(Request::MultiShard).response(Response::AggSum).keys(keys).reply(),
        )
    }

    /// The value in the server's serialized form, without its expiry, for [`restore`](KeyCommands::restore); `None` if
    /// the key does not exist.
    ///
    /// `DUMP key` · O(N) in its elements · since 2.6.0 · [redis.io](https://redis.io/docs/latest/commands/dump/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().dump("k").to_string(), "DUMP k");
    /// ```
    fn dump(self, key: impl ToArg) -> Self::Output<Option<Bytes>> {
        self.execute(Cmd::new("DUMP").key(key).readonly().reply())
    }

    /// How many of these keys exist; a key that is given twice counts twice.
    ///
    /// `EXISTS key [key …]` · O(N) in the keys · since 1.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/exists/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().exists(["a", "b"]).to_string(), "EXISTS a b");
    /// ```
    fn exists(self, keys: impl ToArgs) -> Self::Output<u64> {
        self.execute(
            Cmd::new("EXISTS")
                .request(Request::MultiShard)
                .response(Response::AggSum)
                .keys(keys)
                .readonly()
                .reply(),
        )
    }

    /// All keys that match a glob; empty if none matches. The server runs no other command meanwhile. Use
    /// [`scan`](KeyCommands::scan) in production.
    ///
    /// `KEYS pattern` · O(N) in all keys of the database · since 1.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/keys/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().keys("user:*").to_string(), "KEYS user:*");
    /// ```
    fn keys(self, pattern: impl ToArg) -> Self::Output<Vec<KeyName>> {
        self.execute(Cmd::new("KEYS").request(Request::AllShards).arg(pattern).readonly().reply())
    }

    /// Moves keys to another server, all or none. `timeout` limits each wait for the other server: it is rounded up to
    /// milliseconds, and is at most about 24 days. Returns `false` if none of the keys exists.
    ///
    /// `MIGRATE host port "" db timeout [COPY] [REPLACE] [AUTH … | AUTH2 …] KEYS key [key …]` · O(N) in
    /// their elements · since 2.6.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/migrate/)
    ///
    /// # Errors
    /// The other server cannot be reached in time (`IOERR`), or already has a key (`BUSYKEY`).
    ///
    /// ```
    /// # use redis_om_client::{commands::MigrateOptions, prelude::*};
    /// # use std::time::Duration;
    /// let options = MigrateOptions::new().replace();
    /// let command = cmd().migrate("other", 6379, ["a", "b"], Duration::from_secs(5), options);
    /// assert_eq!(command.to_string(), r#"MIGRATE other 6379 "" 0 5000 REPLACE KEYS a b"#);
    /// ```
    fn migrate(
        self,
        host: &str,
        port: u16,
        keys: impl ToArgs,
        timeout: Duration,
        options: MigrateOptions,
    ) -> Self::Output<bool> {
        // This form with `KEYS` is used for one key, too. Then the place of the single key is empty.
        let cmd = Cmd::new("MIGRATE").arg(host).arg(port).arg("").arg(options.database());
        let cmd = cmd.migrate_millis(timeout).args(options).arg("KEYS").keys(keys);
        self.execute(cmd.reply_with(replies::migrated))
    }

    /// Moves a key to another database of the server. Returns `false` if the key does not exist, or already exists
    /// there.
    ///
    /// `MOVE key db` · O(1) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/move/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().move_("k", 1).to_string(), "MOVE k 1");
    /// ```
    fn move_(self, key: impl ToArg, db: u32) -> Self::Output<bool> {
        self.execute(Cmd::new("MOVE").key(key).arg(db).reply())
    }

    /// How the server stores the value; `None` if the key does not exist.
    ///
    /// `OBJECT ENCODING key` · O(1) · since 2.2.3 ·
    /// [redis.io](https://redis.io/docs/latest/commands/object-encoding/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().object_encoding("k").to_string(), "OBJECT ENCODING k");
    /// ```
    fn object_encoding(self, key: impl ToArg) -> Self::Output<Option<ObjectEncoding>> {
        self.execute(Cmd::new("OBJECT").arg("ENCODING").key(key).readonly().reply())
    }

    /// How often the key is used, on the server's logarithmic scale; `None` if it does not exist.
    ///
    /// `OBJECT FREQ key` · O(1) · since 4.0.0 · [redis.io](https://redis.io/docs/latest/commands/object-freq/)
    ///
    /// # Errors
    /// `maxmemory-policy` is not an LFU policy.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().object_freq("k").to_string(), "OBJECT FREQ k");
    /// ```
    fn object_freq(self, key: impl ToArg) -> Self::Output<Option<u64>> {
        self.execute(Cmd::new("OBJECT").arg("FREQ").key(key).readonly().reply())
    }

    /// How long the key has not been used, in whole seconds; `None` if it does not exist.
    ///
    /// `OBJECT IDLETIME key` · O(1) · since 2.2.3 ·
    /// [redis.io](https://redis.io/docs/latest/commands/object-idletime/)
    ///
    /// # Errors
    /// `maxmemory-policy` is an LFU policy.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().object_idletime("k").to_string(), "OBJECT IDLETIME k");
    /// ```
    fn object_idletime(self, key: impl ToArg) -> Self::Output<Option<Duration>> {
        self.execute(Cmd::new("OBJECT").arg("IDLETIME").key(key).readonly().reply_with(replies::seconds))
    }

    /// How many references the server holds to the value; `None` if the key does not exist.
    ///
    /// `OBJECT REFCOUNT key` · O(1) · since 2.2.3 ·
    /// [redis.io](https://redis.io/docs/latest/commands/object-refcount/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().object_refcount("k").to_string(), "OBJECT REFCOUNT k");
    /// ```
    fn object_refcount(self, key: impl ToArg) -> Self::Output<Option<u64>> {
        self.execute(Cmd::new("OBJECT").arg("REFCOUNT").key(key).readonly().reply())
    }

    /// A random key; `None` if the database is empty.
    ///
    /// `RANDOMKEY` · O(1) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/randomkey/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().randomkey().to_string(), "RANDOMKEY");
    /// ```
    fn randomkey(self) -> Self::Output<Option<KeyName>> {
        self.execute(
            Cmd::new("RANDOMKEY").request(Request::AllShards).response(Response::Special).readonly().reply(),
        )
    }

    /// Renames a key. An existing key with the new name is deleted.
    ///
    /// `RENAME key newkey` · O(1) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/rename/)
    ///
    /// # Errors
    /// The key does not exist.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().rename("a", "b").to_string(), "RENAME a b");
    /// ```
    fn rename(self, key: impl ToArg, name: impl ToArg) -> Self::Output<()> {
        self.execute(Cmd::new("RENAME").key(key).key(name).reply())
    }

    /// Renames a key if no key has the new name. Returns whether it was renamed.
    ///
    /// `RENAMENX key newkey` · O(1) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/renamenx/)
    ///
    /// # Errors
    /// The key does not exist.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().renamenx("a", "b").to_string(), "RENAMENX a b");
    /// ```
    fn renamenx(self, key: impl ToArg, name: impl ToArg) -> Self::Output<bool> {
        self.execute(Cmd::new("RENAMENX").key(key).key(name).reply())
    }

    /// Creates a key from the serialized value of [`dump`](KeyCommands::dump), without an expiry. With options: see
    /// [`restore_with`](Self::restore_with).
    ///
    /// `RESTORE key 0 value` · O(N) in its elements · since 2.6.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/restore/)
    ///
    /// # Errors
    /// The key exists (`BUSYKEY`), or the value is invalid or comes from a newer server.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().restore("k", "dumped").to_string(), "RESTORE k 0 dumped");
    /// ```
    fn restore(self, key: impl ToArg, value: impl ToArg) -> Self::Output<()> {
        self.execute(Cmd::new("RESTORE").key(key).arg(0).arg(value).reply())
    }

    /// Creates a key from the serialized value of [`dump`](KeyCommands::dump). Options set an expiry or replace an
    /// existing key.
    ///
    /// `RESTORE key ttl value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]` · O(N) in its
    /// elements · since 2.6.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/restore/)
    ///
    /// # Errors
    /// The key exists and is not to be replaced (`BUSYKEY`), or the value is invalid or comes from a newer server.
    ///
    /// ```
    /// # use redis_om_client::{commands::RestoreOptions, prelude::*};
    /// # use std::time::Duration;
    /// let options = RestoreOptions::new().replace().ex(Duration::from_secs(60));
    /// let command = cmd().restore_with("k", "dumped", options);
    /// assert_eq!(command.to_string(), "RESTORE k 60000 dumped REPLACE");
    /// ```
    fn restore_with(self, key: impl ToArg, value: impl ToArg, options: RestoreOptions) -> Self::Output<()> {
        let cmd = match options.ttl() {
            Ok(ttl) => Cmd::new("RESTORE").key(key).arg(ttl).arg(value).args(options),
            Err(why) => Cmd::new("RESTORE").key(key).refuse(why),
        };
        self.execute(cmd.reply())
    }

    /// One page of the keys. Start with the cursor 0 and continue with the cursor of the page. With options: see
    /// [`scan_with`](Self::scan_with).
    ///
    /// `SCAN cursor` · O(1) a page, O(N) for all · since 2.8.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/scan/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().scan(0).to_string(), "SCAN 0");
    /// ```
    fn scan(self, cursor: u64) -> Self::Output<ScanPage<KeyName>> {
        self.execute(
            Cmd::new("SCAN")
                .request(Request::Special)
                .response(Response::Special)
                .arg(cursor)
                .readonly()
                .reply(),
        )
    }

    /// One page of the keys that match.
    ///
    /// `SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]` · O(1) a page, O(N) for all · since 2.8.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/scan/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ScanOptions, prelude::*};
    /// let command = cmd().scan_with(0, ScanOptions::new().pattern("user:*"));
    /// assert_eq!(command.to_string(), "SCAN 0 MATCH user:*");
    /// ```
    fn scan_with(self, cursor: u64, options: ScanOptions) -> Self::Output<ScanPage<KeyName>> {
        self.execute(
            Cmd::new("SCAN")
                .request(Request::Special)
                .response(Response::Special)
                .arg(cursor)
                .args(options)
                .readonly()
                .reply(),
        )
    }

    /// The elements of a list, set or sorted set, sorted as numbers in ascending order; empty if the key does not
    /// exist. With options: see [`sort_with`](Self::sort_with).
    ///
    /// `SORT key` · O(N log N) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/sort/)
    ///
    /// # Errors
    /// An element is not a number: use [`SortOptions::alpha`].
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().sort::<Vec<i64>>("k").to_string(), "SORT k");
    /// ```
    fn sort<R: FromRedis>(self, key: impl ToArg) -> Self::Output<R> {
        self.execute(Cmd::new("SORT").key(key).idempotent().reply())
    }

    /// The elements of a list, set or sorted set, sorted according to the options, or the values of other keys that
    /// they name. With `n` patterns to get, each element gives `n` values, nil if a key does not exist (decode as a
    /// `Vec` of `Option`s).
    ///
    /// `SORT key [BY pattern] [LIMIT offset count] [GET pattern …] [ASC | DESC] [ALPHA]` · O(N log N) ·
    /// since 1.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/sort/)
    ///
    /// # Errors
    /// An element is not a number: use [`SortOptions::alpha`].
    ///
    /// ```
    /// # use redis_om_client::{commands::SortOptions, prelude::*};
    /// let command = cmd().sort_with::<Vec<String>>("k", SortOptions::new().desc().limit(0, 10));
    /// assert_eq!(command.to_string(), "SORT k LIMIT 0 10 DESC");
    /// ```
    fn sort_with<R: FromRedis>(self, key: impl ToArg, options: SortOptions) -> Self::Output<R> {
        self.execute(Cmd::new("SORT").key(key).args(options).idempotent().reply())
    }

    /// Like [`sort_with`](KeyCommands::sort_with), but a replica can run it, too.
    ///
    /// `SORT_RO key [BY pattern] [LIMIT offset count] [GET pattern …] [ASC | DESC] [ALPHA]` · O(N log N) ·
    /// since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/sort_ro/)
    ///
    /// ```
    /// # use redis_om_client::{commands::SortOptions, prelude::*};
    /// let command = cmd().sort_ro::<Vec<String>>("k", SortOptions::new().alpha());
    /// assert_eq!(command.to_string(), "SORT_RO k ALPHA");
    /// ```
    fn sort_ro<R: FromRedis>(self, key: impl ToArg, options: SortOptions) -> Self::Output<R> {
        self.execute(Cmd::new("SORT_RO").key(key).args(options).readonly().reply())
    }

    /// Sorts into a list under another key, and replaces its old value; an empty result deletes that key. Returns the
    /// number of elements.
    ///
    /// `SORT key [BY …] [LIMIT …] [GET …] [ASC | DESC] [ALPHA] STORE destination` · O(N log N) · since 1.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/sort/)
    ///
    /// ```
    /// # use redis_om_client::{commands::SortOptions, prelude::*};
    /// let command = cmd().sort_store("k", "sorted", SortOptions::new().alpha());
    /// assert_eq!(command.to_string(), "SORT k ALPHA STORE sorted");
    /// ```
    fn sort_store(self, key: impl ToArg, destination: impl ToArg, options: SortOptions) -> Self::Output<u64> {
        self.execute(Cmd::new("SORT").key(key).args(options).arg("STORE").key(destination).reply())
    }

    /// Sets the last access of keys to now, which affects eviction. Returns how many of them exist.
    ///
    /// `TOUCH key [key …]` · O(N) in the keys · since 3.2.1 ·
    /// [redis.io](https://redis.io/docs/latest/commands/touch/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().touch(["a", "b"]).to_string(), "TOUCH a b");
    /// ```
    fn touch(self, keys: impl ToArgs) -> Self::Output<u64> {
        self.execute(
            Cmd::new("TOUCH")
                .request(Request::MultiShard)
                .response(Response::AggSum)
                .keys(keys)
                .idempotent()
                .reply(),
        )
    }

    /// The type of the value; [`KeyType::None`] if the key does not exist.
    ///
    /// `TYPE key` · O(1) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/type/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().type_("k").to_string(), "TYPE k");
    /// ```
    fn type_(self, key: impl ToArg) -> Self::Output<KeyType> {
        self.execute(Cmd::new("TYPE").key(key).readonly().reply())
    }

    /// Deletes keys, and frees their memory in the background. Returns how many it deleted.
    ///
    /// `UNLINK key [key …]` · O(1) for each key · since 4.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/unlink/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().unlink(["a", "b"]).to_string(), "UNLINK a b");
    /// ```
    fn unlink(self, keys: impl ToArgs) -> Self::Output<u64> {
        self.execute(
            Cmd::new("UNLINK").request(Request::MultiShard).response(Response::AggSum).keys(keys).reply(),
        )
    }

    /// Waits until this number of replicas has the earlier writes of the same connection, at most for this time (zero:
    /// without limit), rounded up to milliseconds. Returns how many replicas have them.
    ///
    /// Put it into a pipeline, behind the writes. It is refused alone or as the first command, because its connection
    /// has written nothing. It is refused in a transaction, because it does not wait there.
    ///
    /// Its batch holds a connection of the pool while it waits: see
    /// [the pool](crate::commands::BlockingListCommands#the-pool).
    ///
    /// `WAIT replicas timeout` · O(1) · since 3.0.0 · [redis.io](https://redis.io/docs/latest/commands/wait/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// # use std::time::Duration;
    /// let batch = pipe().set("k", 1).wait(1, Duration::from_millis(500));
    /// assert_eq!(batch.to_string(), "SET k 1 | WAIT 1 500");
    /// ```
    fn wait(self, replicas: u32, timeout: Duration) -> Self::Output<u64> {
        self.execute(
            Cmd::new("WAIT")
                .follows()
                .request(Request::AllShards)
                .response(Response::AggMin)
                .arg(replicas)
                .wait_millis(timeout)
                .reply(),
        )
    }

    /// Waits until the earlier writes of the same connection are on disk, at most for this time (zero: without limit),
    /// rounded up to milliseconds. With `local` it waits for the server itself; it always waits for this number of
    /// replicas. Returns how many servers (0 or 1) and how many replicas have them on disk.
    ///
    /// Put it into a pipeline, behind the writes. It is refused alone or as the first command, because its connection
    /// has written nothing. It is refused in a transaction, because it does not wait there.
    ///
    /// Its batch holds a connection of the pool while it waits: see
    /// [the pool](crate::commands::BlockingListCommands#the-pool).
    ///
    /// `WAITAOF local replicas timeout` · O(1) · since 7.2.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/waitaof/)
    ///
    /// # Errors
    /// `local` is set, but the server has no append-only file.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// # use std::time::Duration;
    /// let batch = pipe().set("k", 1).waitaof(true, 0, Duration::from_millis(500));
    /// assert_eq!(batch.to_string(), "SET k 1 | WAITAOF 1 0 500");
    /// ```
    fn waitaof(self, local: bool, replicas: u32, timeout: Duration) -> Self::Output<(u64, u64)> {
        self.execute(
            Cmd::new("WAITAOF")
                .follows()
                .request(Request::AllShards)
                .response(Response::AggMin)
                .arg(local)
                .arg(replicas)
                .wait_millis(timeout)
                .reply(),
        )
    }
}

impl<E: Executor> KeyCommands for E {}
