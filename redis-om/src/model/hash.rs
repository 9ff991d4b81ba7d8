//! Models that are stored as a hash: one hash field for each field of the struct.

use redis_om_client::{
    Args, Cmd, Command, DecodeError, Decoder, Items, Replies, Reply, ToArgs, commands::KeyType,
};

use super::{Key, RedisModel, Storage};
use crate::field::{FieldPath, HashFields};

/// Stored as a hash with a field for each field of the struct: `#[redis(hash)]`.
#[derive(Debug, Clone, Copy)]
pub struct AsHash;

impl<M: RedisModel + HashFields> Storage<M> for AsHash {
    const GET: &'static str = "HGETALL";

    fn key_type() -> KeyType {
        KeyType::Hash
    }

    #[inline]
    fn save(model: &M) -> Command<()> {
        if M::OPTIONAL {
            let mut is_whole = true;
            M::absent(Some(model), &FieldPath::ROOT, &mut |_| is_whole = false);
            if !is_whole {
                return set_and_remove(model);
            }
        }
        set(model)
    }

    #[inline]
    fn get(key: &Key) -> Command<Option<M>> {
        Cmd::new(<Self as Storage<M>>::GET).key(key).readonly().reply_with(<Self as Storage<M>>::read)
    }

    #[inline]
    fn read(replies: &mut Replies<'_>) -> Result<Option<M>, DecodeError> {
        let reply = replies.take()?;
        if let Reply::Nil = reply {
            return Ok(None);
        }
        let mut items = reply.items("a hash")?;
        if items.is_empty() {
            return Ok(None);
        }
        let mut partial = M::Partial::default();
        while !items.is_empty() {
            let name = match items.take_bulk()? {
                Some(name) => name,
                None => items.take()?.blob("the name of a field")?,
            };
            let known = match items.take_bulk()? {
                Some(value) => M::take(&mut partial, &name, Reply::Bulk(value)),
                None => other::<M>(&mut partial, &name, &mut items),
            };
            known.map_err(|error| error.at(M::MODEL_NAME))?;
        }
        M::finish(partial).map(Some).map_err(|error| error.at(M::MODEL_NAME))
    }
}

/// A value that is no bulk string. No server sends one in a hash, so it is kept out of the common path.
#[cold]
#[inline(never)]
fn other<M: HashFields>(
    partial: &mut M::Partial,
    name: &[u8],
    items: &mut Items<'_>,
) -> Result<bool, DecodeError> {
    M::take(partial, name, items.take()?)
}

fn set<M: RedisModel + HashFields>(model: &M) -> Command<()> {
    Cmd::new("HSET").reserve(M::ROOM).key(model.key()).args(Present(model)).reply()
}

/// Sets fields before it removes any: the server deletes a key, and its expiry, together with its last field.
#[cold]
fn set_and_remove<M: RedisModel + HashFields>(model: &M) -> Command<()> {
    let remove = Cmd::new("HDEL").key(model.key()).args(Absent(model)).reply();
    Command::atomic([set(model), remove], Decoder::new(super::all_done))
}

struct Present<'a, M>(&'a M);

impl<M: HashFields> ToArgs for Present<'_, M> {
    #[inline]
    fn to_args(&self, args: &mut Args<'_>) {
        self.0.write(&FieldPath::ROOT, args);
    }
}

struct Absent<'a, M>(&'a M);

impl<M: HashFields> ToArgs for Absent<'_, M> {
    fn to_args(&self, args: &mut Args<'_>) {
        M::absent(Some(self.0), &FieldPath::ROOT, &mut |name| {
            args.arg(name);
        });
    }
}
