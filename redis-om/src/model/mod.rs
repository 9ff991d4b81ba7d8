//! Structs that are stored in Redis: [`RedisModel`].
//!
//! Layer 3: it uses `field`, commands and executors. Except for `all` and `all_ids`, which need several round trips,
//! every operation is one command value and works on every executor: an async client, a blocking one, a pipeline, a
//! transaction.
//!
//! A save that must also remove fields is `HSET` and `HDEL` in a transaction of its own. The whole is one command value,
//! is sent in one write, and needs no right to run scripts.

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
/// Derived: [`RedisModel`](macro@crate::RedisModel) describes the attributes and the stored form. The methods take any
/// executor. With `&client` they return a future, with a blocking client a `Result`, and with [`cmd()`](crate::cmd) the
/// command itself. [`pipe()`](crate::pipe) and [`atomic()`](crate::atomic) take such commands with `add`.
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
    /// The type of the id.
    type Id: Atom;

    /// How the model is stored: [`AsHash`] or [`AsJson`].
    type Storage: Storage<Self>;

    /// The name of the struct, for errors.
    const MODEL_NAME: &'static str;

    /// The part of the key before the colon and the id.
    const KEY_PREFIX: &'static str;

    /// The id of this model.
    fn id(&self) -> &Self::Id;

    /// The key of this model.
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

    /// The key of the model with this id.
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

    /// Writes the whole model, whether or not it is stored already: every field that has a value is set, and every field
    /// that is `None` is removed, in one atomic step. An expiry of the key stays. In a hash, fields that the struct does
    /// not have stay.
    ///
    /// `HSET`; where a hash has fields to remove, `HSET` and `HDEL` between `MULTI` and `EXEC`. `JSON.SET` for a JSON
    /// model. One round trip, O(fields).
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

    /// Reads the model with this id; `None` where there is none.
    ///
    /// `HGETALL` or `JSON.GET`. O(fields).
    ///
    /// # Errors
    /// Where the stored value is not this model: the error names the key, the model and the field, and says what was
    /// expected and what was found.
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

    /// Whether there is a model with this id. `EXISTS`, O(1).
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

    /// Deletes this model. Returns whether it was stored. `DEL`, O(fields).
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

    /// Deletes the model with this id. Returns whether it was stored. `DEL`, O(fields).
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

    /// Reads the models with these ids in one round trip. The result has their order, with `None` for each id that has no
    /// model.
    ///
    /// It is not a snapshot: another client can write between two of the reads, unless this is in a transaction.
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
        executor.execute(Command::batch(commands, Decoder::new(each::<Self>)))
    }

    /// Writes many models in one round trip. Each is saved as by [`save`](Self::save), so each is written whole or not at
    /// all. For all of them or none, add this to [`atomic()`](crate::atomic). The whole request is in memory at once:
    /// save a very long list in chunks of some thousands.
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
        executor.execute(Command::batch(commands, Decoder::new(all_done)))
    }

    /// Deletes the models with these ids in one round trip. Returns how many were stored.
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
        executor.execute(Command::batch(commands, Decoder::new(sum)))
    }

    /// Sets the time after which the model is deleted, to the millisecond. Returns whether the model is stored. `EXPIRE` or
    /// `PEXPIRE`, O(1).
    ///
    /// # Errors
    /// Where the time is zero: delete the model instead.
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

    /// The time until the model expires; [`Ttl`] also says that it has no expiry, or is not stored. `PTTL`, O(1).
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

    /// The ids of all models, as they are found: a stream over `&Client`, an iterator over `&blocking::Client`. `SCAN`,
    /// page by page.
    ///
    /// A model that is stored from the beginning to the end is found. One that is added or deleted meanwhile may be found
    /// or not. An id comes once in a page, but the server may return it in two pages while it resizes its table. A key
    /// with the prefix is skipped where the rest is no id of this type, or where it holds another type of value.
    ///
    /// # Errors
    /// Each item is a result. If the command for a page fails, its error is the last item.
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

    /// All models, as they are found: a stream over `&Client`, an iterator over `&blocking::Client`. `SCAN`, and one more
    /// round trip for the models of each page; [`all_ids`](Self::all_ids) says which are found.
    ///
    /// # Errors
    /// Each item is a result. A model that cannot be read is an error with its key, and the next models still come. If the
    /// command for a page fails, its error is the last item.
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

/// How models are stored: as a hash or as a JSON document.
pub trait Storage<M> {
    /// The command that reads one, by name.
    #[doc(hidden)]
    const GET: &'static str;

    /// The type of value that their keys hold.
    #[doc(hidden)]
    fn key_type() -> KeyType;

    /// The command that writes one.
    #[doc(hidden)]
    fn save(model: &M) -> Command<()>;

    /// The command that reads one.
    #[doc(hidden)]
    fn get(key: &Key) -> Command<Option<M>>;

    /// Decodes one reply.
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

/// Decodes every reply, so that the first error is the one that is returned.
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
