//! Structs that live in Redis: [`RedisModel`].
//!
//! Layer 3: stands on `field`; knows commands and executors, no client. Every operation here is one command value, so
//! all of them work on every executor: an async client, a blocking one, a pipeline, a transaction.
//!
//! A save that must also remove fields is a script sent as `EVAL`, not as `EVALSHA`: its 130 bytes cost less than what
//! a missing script would. Inside a pipeline or a transaction a `NOSCRIPT` could not be healed in time, and the server
//! finds a script it has seen by its text all the same.

mod hash;
mod json;
mod key;
mod pages;

use std::time::Duration;

use redis_om_client::{
    Command, Connected, DecodeError, Decoder, Executor, Paged, Replies, cmd,
    commands::{KeyCommands, KeyExpiryCommands, KeyType, Ttl},
};

pub use hash::AsHash;
pub use json::AsJson;
pub use key::{IdOf, Key};
pub use pages::{IdPager, ModelPager};

use crate::field::Atom;

/// A struct that is saved under a key made of its prefix and its id: `user:7`.
///
/// Derived: see [`RedisModel`](macro@crate::RedisModel) for the attributes and for what lies in Redis. The methods take
/// any executor and give what it makes of the reply, so with `&client` they are awaited, with a blocking client they
/// give a `Result`, with [`pipe()`](crate::pipe) and [`atomic()`](crate::atomic) the batch with one more command in
/// it, and with [`cmd()`](crate::cmd) the command itself.
///
/// ```
/// use redis_om::prelude::*;
///
/// #[derive(RedisModel)]
/// #[redis(hash, prefix = "user")]
/// struct User {
///     #[redis(id)]
///     id: u64,
///     name: String,
/// }
///
/// let ann = User { id: 7, name: "Ann".into() };
/// assert_eq!(ann.save(cmd()).to_string(), "HSET user:7 id 7 name Ann");
/// assert_eq!(User::get(cmd(), 7).to_string(), "HGETALL user:7");
///
/// let both = atomic().add(User::exists(cmd(), 7)).add(ann.save(cmd()));
/// assert_eq!(both.to_string(), "MULTI | EXISTS user:7 | HSET user:7 id 7 name Ann | EXEC");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a model",
    label = "not a model",
    note = "add `#[derive(RedisModel)]` and `#[redis(hash)]` or `#[redis(json)]` to it"
)]
pub trait RedisModel: Sized {
    /// The type of its id.
    type Id: Atom;

    /// How it lies in Redis: [`AsHash`] or [`AsJson`].
    type Storage: Storage<Self>;

    /// The struct's name, for errors.
    const MODEL_NAME: &'static str;

    /// What stands before the id in the key.
    const KEY_PREFIX: &'static str;

    /// Its id.
    fn id(&self) -> &Self::Id;

    /// Its key.
    ///
    /// ```
    /// # use redis_om::prelude::*;
    /// # #[derive(RedisModel)]
    /// # #[redis(hash, prefix = "user")]
    /// # struct User { #[redis(id)] id: u64 }
    /// assert_eq!(User { id: 7 }.key().to_string(), "user:7");
    /// ```
    #[inline]
    fn key(&self) -> Key {
        Key::new(Self::KEY_PREFIX, self.id())
    }

    /// The key of an id.
    ///
    /// ```
    /// # use redis_om::prelude::*;
    /// # #[derive(RedisModel)]
    /// # #[redis(hash, prefix = "user")]
    /// # struct User { #[redis(id)] id: u64 }
    /// assert_eq!(User::key_of(7).to_string(), "user:7");
    /// ```
    #[inline]
    fn key_of(id: impl IdOf<Self::Id>) -> Key {
        Key::new(Self::KEY_PREFIX, &id)
    }

    /// Writes it whole, whether or not it was there: every field that has a value is set, every field that is `None`
    /// is removed, in one atomic step. An expiry that the key has stays; fields that the struct does not have stay.
    ///
    /// `HSET`, or a short script where a hash has fields to remove (its user needs the right to `EVAL`); `JSON.SET` for
    /// a JSON model. O(fields).
    ///
    /// ```
    /// # use redis_om::prelude::*;
    /// # #[derive(RedisModel)]
    /// # #[redis(hash, prefix = "user")]
    /// # struct User { #[redis(id)] id: u64, name: String }
    /// let ann = User { id: 7, name: "Ann".into() };
    /// assert_eq!(ann.save(cmd()).to_string(), "HSET user:7 id 7 name Ann");
    /// # async fn example(client: Client, blocking: redis_om::blocking::Client, ann: User) -> redis_om::Result<()> {
    /// ann.save(&client).await?;
    /// ann.save(&blocking)?;
    /// # Ok(()) }
    /// ```
    #[inline]
    fn save<E: Executor>(&self, executor: E) -> E::Output<()> {
        executor.execute(Self::Storage::save(self))
    }

    /// Reads the model of this id; `None` where there is none.
    ///
    /// `HGETALL` or `JSON.GET`. O(fields).
    ///
    /// # Errors
    /// Where what is stored is not this model: the error names key, model and field, what was expected and found.
    ///
    /// ```
    /// # use redis_om::prelude::*;
    /// # #[derive(RedisModel)]
    /// # #[redis(hash, prefix = "user")]
    /// # struct User { #[redis(id)] id: u64 }
    /// assert_eq!(User::get(cmd(), 7).to_string(), "HGETALL user:7");
    /// ```
    #[inline]
    fn get<E: Executor>(executor: E, id: impl IdOf<Self::Id>) -> E::Output<Option<Self>> {
        executor.execute(Self::Storage::get(&Self::key_of(id)))
    }

    /// Whether there is a model of this id. `EXISTS`, O(1).
    ///
    /// ```
    /// # use redis_om::prelude::*;
    /// # #[derive(RedisModel)]
    /// # #[redis(hash, prefix = "user")]
    /// # struct User { #[redis(id)] id: u64 }
    /// assert_eq!(User::exists(cmd(), 7).to_string(), "EXISTS user:7");
    /// ```
    fn exists<E: Executor>(executor: E, id: impl IdOf<Self::Id>) -> E::Output<bool> {
        executor.execute(cmd().exists(Self::key_of(id)).decode_with(Decoder::of()))
    }

    /// Deletes it; says whether it was there. `DEL`, O(fields).
    ///
    /// ```
    /// # use redis_om::prelude::*;
    /// # #[derive(RedisModel)]
    /// # #[redis(hash, prefix = "user")]
    /// # struct User { #[redis(id)] id: u64 }
    /// assert_eq!(User { id: 7 }.delete(cmd()).to_string(), "DEL user:7");
    /// ```
    fn delete<E: Executor>(&self, executor: E) -> E::Output<bool> {
        executor.execute(delete(self.key()))
    }

    /// Deletes the model of this id; says whether it was there. `DEL`, O(fields).
    ///
    /// ```
    /// # use redis_om::prelude::*;
    /// # #[derive(RedisModel)]
    /// # #[redis(hash, prefix = "user")]
    /// # struct User { #[redis(id)] id: u64 }
    /// assert_eq!(User::delete_by_id(cmd(), 7).to_string(), "DEL user:7");
    /// ```
    fn delete_by_id<E: Executor>(executor: E, id: impl IdOf<Self::Id>) -> E::Output<bool> {
        executor.execute(delete(Self::key_of(id)))
    }

    /// Reads the models of these ids, in their order, `None` for each that is not there: one round trip.
    ///
    /// Not a snapshot: a writer may come between two of them, unless this is in a transaction.
    ///
    /// ```
    /// # use redis_om::prelude::*;
    /// # #[derive(RedisModel)]
    /// # #[redis(hash, prefix = "user")]
    /// # struct User { #[redis(id)] id: u64 }
    /// assert_eq!(User::get_many(cmd(), [7, 8]).to_string(), "HGETALL user:7 | HGETALL user:8");
    /// ```
    fn get_many<E: Executor, I: IdOf<Self::Id>>(
        executor: E,
        ids: impl IntoIterator<Item = I>,
    ) -> E::Output<Vec<Option<Self>>> {
        let commands = ids.into_iter().map(|id| Self::Storage::get(&Self::key_of(id)));
        executor.execute(Command::together(commands, Decoder::new(each::<Self>)))
    }

    /// Writes many: one round trip. Each is saved as by [`save`](Self::save), so each is written whole or not at all;
    /// for all of them or none put this into [`atomic()`](crate::atomic). All of it is in memory at once: save a very
    /// long list in pieces, of some thousands.
    ///
    /// ```
    /// # use redis_om::prelude::*;
    /// # #[derive(RedisModel)]
    /// # #[redis(hash, prefix = "user")]
    /// # struct User { #[redis(id)] id: u64 }
    /// let users = [User { id: 7 }, User { id: 8 }];
    /// assert_eq!(User::save_many(cmd(), &users).to_string(), "HSET user:7 id 7 | HSET user:8 id 8");
    /// ```
    fn save_many<'m, E: Executor>(executor: E, models: impl IntoIterator<Item = &'m Self>) -> E::Output<()>
    where
        Self: 'm,
    {
        let commands = models.into_iter().map(Self::Storage::save);
        executor.execute(Command::together(commands, Decoder::new(all_done)))
    }

    /// Deletes the models of these ids; says how many there were. One round trip.
    ///
    /// ```
    /// # use redis_om::prelude::*;
    /// # #[derive(RedisModel)]
    /// # #[redis(hash, prefix = "user")]
    /// # struct User { #[redis(id)] id: u64 }
    /// assert_eq!(User::delete_many(cmd(), [7, 8]).to_string(), "DEL user:7 | DEL user:8");
    /// ```
    fn delete_many<E: Executor, I: IdOf<Self::Id>>(
        executor: E,
        ids: impl IntoIterator<Item = I>,
    ) -> E::Output<u64> {
        let commands = ids.into_iter().map(|id| delete(Self::key_of(id)));
        executor.execute(Command::together(commands, Decoder::new(sum)))
    }

    /// Lets it vanish after this time, to the millisecond; says whether it was there. `EXPIRE` or `PEXPIRE`, O(1).
    ///
    /// # Errors
    /// Where the time is zero: delete instead.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use redis_om::prelude::*;
    /// # #[derive(RedisModel)]
    /// # #[redis(hash, prefix = "user")]
    /// # struct User { #[redis(id)] id: u64 }
    /// let ann = User { id: 7 };
    /// assert_eq!(ann.expire(cmd(), Duration::from_secs(60)).to_string(), "EXPIRE user:7 60");
    /// ```
    fn expire<E: Executor>(&self, executor: E, after: Duration) -> E::Output<bool> {
        executor.expire(self.key(), after)
    }

    /// How long it has to live, if it has an expiry, and is there at all. `PTTL`, O(1).
    ///
    /// ```
    /// # use redis_om::prelude::*;
    /// # #[derive(RedisModel)]
    /// # #[redis(hash, prefix = "user")]
    /// # struct User { #[redis(id)] id: u64 }
    /// assert_eq!(User { id: 7 }.ttl(cmd()).to_string(), "PTTL user:7");
    /// ```
    fn ttl<E: Executor>(&self, executor: E) -> E::Output<Ttl> {
        executor.pttl(self.key())
    }

    /// The ids of all that there are, as they are found: a stream over `&Client`, an iterator over
    /// `&blocking::Client`. `SCAN`, page by page.
    ///
    /// What is there from the beginning to the end is found; what comes or goes meanwhile may be or not. Within a page
    /// each comes once, but the server may name one in two pages while its table is resized. Keys behind the prefix
    /// that are no id of this type, or hold another type of value, are passed over.
    ///
    /// # Errors
    /// The error of a page is the last item.
    ///
    /// ```no_run
    /// # use redis_om::prelude::*;
    /// # #[derive(RedisModel)]
    /// # #[redis(hash, prefix = "user")]
    /// # struct User { #[redis(id)] id: u64 }
    /// # async fn example(client: Client) -> redis_om::Result<()> {
    /// let mut ids = User::all_ids(&client);
    /// while let Some(id) = ids.next().await {
    ///     println!("{}", id?);
    /// }
    /// # Ok(()) }
    /// ```
    fn all_ids<E: Connected>(executor: E) -> Paged<IdPager<Self>, E> {
        Paged::new(IdPager::new(), executor)
    }

    /// All that there are, as they are found: a stream over `&Client`, an iterator over `&blocking::Client`. `SCAN`,
    /// and one round trip more for the models of each page; [`all_ids`](Self::all_ids) says what is found.
    ///
    /// # Errors
    /// A model that cannot be read is an error with its key, and the walk goes on; where a page fails, that is the last
    /// item.
    ///
    /// ```no_run
    /// # use redis_om::prelude::*;
    /// # #[derive(RedisModel)]
    /// # #[redis(hash, prefix = "user")]
    /// # struct User { #[redis(id)] id: u64 }
    /// # fn example(client: redis_om::blocking::Client) -> redis_om::Result<()> {
    /// let users: Vec<User> = User::all(&client).collect::<Result<_, _>>()?;
    /// # Ok(()) }
    /// # async fn example_async(client: Client) -> redis_om::Result<()> {
    /// let mut users = User::all(&client).page_size(1000);
    /// while let Some(user) = users.next().await {
    ///     println!("{}", user?.id);
    /// }
    /// # Ok(()) }
    /// ```
    fn all<E: Connected>(executor: E) -> Paged<ModelPager<Self>, E> {
        Paged::new(ModelPager::new(), executor)
    }
}

/// How models lie in Redis.
pub trait Storage<M> {
    /// The command that reads one, by name.
    #[doc(hidden)]
    const GET: &'static str;

    /// What their keys hold.
    #[doc(hidden)]
    fn key_type() -> KeyType;

    /// The command that writes one.
    #[doc(hidden)]
    fn save(model: &M) -> Command<()>;

    /// The command that reads one.
    #[doc(hidden)]
    fn get(key: &Key) -> Command<Option<M>>;

    /// Reads one reply.
    #[doc(hidden)]
    fn read(replies: &mut Replies<'_>) -> Result<Option<M>, DecodeError>;
}

fn delete(key: Key) -> Command<bool> {
    cmd().del(key).decode_with(Decoder::of())
}

fn each<M: RedisModel>(replies: &mut Replies<'_>) -> Result<Vec<Option<M>>, DecodeError> {
    let mut models = Vec::new();
    while replies.has_more() {
        models.push(M::Storage::read(replies).map_err(|error| error.at(models.len()))?);
    }
    Ok(models)
}

/// Every reply is looked at, so that the first error is the one that is told.
fn all_done(replies: &mut Replies<'_>) -> Result<(), DecodeError> {
    while replies.has_more() {
        Decoder::<()>::of().decode(replies)?;
    }
    Ok(())
}

fn sum(replies: &mut Replies<'_>) -> Result<u64, DecodeError> {
    let mut sum = 0;
    while replies.has_more() {
        sum += Decoder::<u64>::of().decode(replies)?;
    }
    Ok(sum)
}
