//! Models that are stored as a hash: one hash field for each field of the struct.

use redis_om_client::{Args, Cmd, Command, DecodeError, Items, Replies, Reply, ToArgs, commands::KeyType};

use super::{Key, RedisModel, Storage};
use crate::field::{FieldPath, HashFields};

/// Stored as a hash with a field for each field of the struct: `#[redis(hash)]`.
#[derive(Debug, Clone, Copy)]
pub struct AsHash;

/// Sets fields before it removes any: the server deletes a key, and its expiry, together with its last field.
const SAVE: &str = "local n=tonumber(ARGV[1])+1 \
redis.call('HSET',KEYS[1],unpack(ARGV,n+1)) \
redis.call('HDEL',KEYS[1],unpack(ARGV,2,n))";

impl<M: RedisModel + HashFields> Storage<M> for AsHash {
    const GET: &'static str = "HGETALL";

    fn key_type() -> KeyType {
        KeyType::Hash
    }

    #[inline]
    fn save(model: &M) -> Command<()> {
        if M::OPTIONAL {
            let mut count = 0_usize;
            M::absent(Some(model), &FieldPath::ROOT, &mut |_| count += 1);
            if count > 0 {
                return save_and_remove(model, count);
            }
        }
        Cmd::new("HSET").reserve(M::ROOM).key(model.key()).args(Present(model)).reply()
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

fn save_and_remove<M: RedisModel + HashFields>(model: &M, count: usize) -> Command<()> {
    Cmd::new("EVAL")
        .reserve(SAVE.len() + M::ROOM)
        .arg(SAVE)
        .arg(1)
        .key(model.key())
        .arg(count)
        .args(Absent(model))
        .args(Present(model))
        .reply()
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
