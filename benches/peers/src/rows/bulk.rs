//! The rows with one task whose commands or replies are large: values of up to 64 MiB, and commands and replies of a
//! thousand elements and more.

use std::collections::HashSet;

use anyhow::{Result, ensure};

use crate::contestants::Contestant;
use crate::contestants::raw::encode;
use crate::data::{self, Data, INTEGERS, INTEGERS_KEY, MANY, SET, SET_KEY};

/// What one operation of the row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bulk {
    /// `SET` of a value of this number of bytes, in the type that the contestant sends fastest.
    Set(usize),
    /// The same from a borrowed slice.
    SetSlice(usize),
    /// `MGET` of [`MANY`] keys.
    Mget,
    /// `MSET` of [`MANY`] keys.
    Mset,
    /// `HSET` of [`MANY`] fields.
    Hset,
    /// `SMEMBERS` into a set of strings.
    Smembers,
    /// `LRANGE` into integers.
    Integers,
}

/// The arguments, made before the measurement.
pub(crate) struct Prepared<C: Contestant> {
    value: Vec<u8>,
    payload: C::Payload,
    pairs: Vec<(String, String)>,
    fields: Vec<(String, String)>,
}

/// A key that only this process writes.
fn own_key(what: &str) -> String {
    format!("peers:{what}:{}", std::process::id())
}

fn value_of(bulk: Bulk) -> Vec<u8> {
    match bulk {
        Bulk::Set(size) | Bulk::SetSlice(size) => data::bytes(size),
        _ => Vec::new(),
    }
}

fn pairs(data: &Data) -> impl Iterator<Item = (&String, &String)> {
    data.keys.iter().zip(&data.values).take(MANY)
}

impl<C: Contestant> Prepared<C> {
    /// The arguments of the row.
    pub(crate) fn new(bulk: Bulk, data: &Data) -> Self {
        let value = value_of(bulk);
        let payload = C::payload(value.clone());
        let pairs = pairs(data).map(|(key, value)| (key.clone(), value.clone())).collect();
        let fields = data::hash().into_iter().collect();
        Self { value, payload, pairs, fields }
    }
}

/// Compares the replies in full.
pub(crate) async fn verify<C: Contestant>(client: &mut C, data: &Data, bulk: Bulk) -> Result<()> {
    let prepared = Prepared::<C>::new(bulk, data);
    run(client, data, bulk, &prepared, 1).await?;
    match bulk {
        Bulk::Set(_) | Bulk::SetSlice(_) => {
            let stored = client.get_bytes(&own_key("value")).await?;
            ensure!(stored.as_ref() == prepared.value, "the stored value differs");
        }
        Bulk::Mget => ensure!(client.mget(&data.keys[..MANY]).await? == data.values[..MANY], "MGET differs"),
        Bulk::Mset => {
            ensure!(
                client.mget(&data.keys[..MANY]).await? == data.values[..MANY],
                "MSET stored other values"
            );
        }
        Bulk::Hset => {
            ensure!(client.hgetall(&own_key("hash")).await? == data::hash(), "HSET stored other fields");
        }
        Bulk::Smembers => {
            let expected: HashSet<String> = data::set().into_iter().collect();
            ensure!(client.smembers(SET_KEY).await? == expected, "SMEMBERS differs");
        }
        Bulk::Integers => {
            ensure!(client.lrange_integers(INTEGERS_KEY).await? == data::integers(), "LRANGE differs");
        }
    }
    Ok(())
}

/// Does `count` operations.
pub(crate) async fn run<C: Contestant>(
    client: &mut C,
    data: &Data,
    bulk: Bulk,
    prepared: &Prepared<C>,
    count: u64,
) -> Result<()> {
    let (value_key, hash_key) = (own_key("value"), own_key("hash"));
    for _ in 0..count {
        match bulk {
            Bulk::Set(_) => client.set_payload(&value_key, &prepared.payload).await?,
            Bulk::SetSlice(_) => client.set_slice(&value_key, &prepared.value).await?,
            Bulk::Mget => ensure!(client.mget(&data.keys[..MANY]).await?.len() == MANY, "MGET lost values"),
            Bulk::Mset => client.mset(&prepared.pairs).await?,
            Bulk::Hset => client.hset(&hash_key, &prepared.fields).await?,
            Bulk::Smembers => {
                ensure!(client.smembers(SET_KEY).await?.len() == SET, "SMEMBERS lost members");
            }
            Bulk::Integers => {
                ensure!(
                    client.lrange_integers(INTEGERS_KEY).await?.len() == INTEGERS,
                    "LRANGE lost elements"
                );
            }
        }
    }
    Ok(())
}

/// The request of the row as bytes.
pub(crate) fn raw_request(bulk: Bulk, data: &Data) -> Vec<u8> {
    let (value_key, hash_key) = (own_key("value"), own_key("hash"));
    match bulk {
        Bulk::Set(_) | Bulk::SetSlice(_) => encode(&[b"SET", value_key.as_bytes(), &value_of(bulk)]),
        Bulk::Mget => {
            let mut arguments: Vec<&[u8]> = vec![b"MGET"];
            arguments.extend(data.keys[..MANY].iter().map(|key| key.as_bytes()));
            encode(&arguments)
        }
        Bulk::Mset => {
            let mut arguments: Vec<&[u8]> = vec![b"MSET"];
            arguments.extend(pairs(data).flat_map(|(key, value)| [key.as_bytes(), value.as_bytes()]));
            encode(&arguments)
        }
        Bulk::Hset => {
            let fields = data::hash();
            let mut arguments: Vec<&[u8]> = vec![b"HSET", hash_key.as_bytes()];
            arguments.extend(fields.iter().flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()]));
            encode(&arguments)
        }
        Bulk::Smembers => encode(&[b"SMEMBERS", SET_KEY.as_bytes()]),
        Bulk::Integers => encode(&[b"LRANGE", INTEGERS_KEY.as_bytes(), b"0", b"-1"]),
    }
}

/// The smallest length of the reply.
pub(crate) fn raw_reply(bulk: Bulk) -> usize {
    match bulk {
        Bulk::Set(_) | Bulk::SetSlice(_) | Bulk::Mset | Bulk::Hset => 4,
        Bulk::Mget => MANY * data::VALUE,
        Bulk::Smembers => SET * 32,
        Bulk::Integers => INTEGERS,
    }
}
