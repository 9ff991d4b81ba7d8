//! The rows with one task whose commands or replies are large: values of up to 64 MiB, and commands and replies of a
//! thousand elements and more.

use std::collections::HashSet;

use anyhow::{Result, ensure};

use crate::contestants::Contestant;
use crate::contestants::raw::encode;
use crate::data::{self, Data, INTEGERS, INTEGERS_KEY, LARGE, MANY, SET, SET_KEY};

/// What one operation of the row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bulk {
    /// `SET` of a value of this number of bytes, in the type that the contestant sends fastest.
    Set(usize),
    /// The same from a borrowed slice.
    SetSlice(usize),
    /// `MSET` of [`FEW`] values of 1 MiB, in the type that the contestant sends fastest.
    MsetLarge,
    /// `HSET` of as many fields with such values.
    HsetLarge,
    /// A pipeline of as many `SET`s of such values.
    PipeSet,
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

/// The number of large values in one command or pipeline.
const FEW: usize = 16;

/// The arguments, made before the measurement.
pub(crate) struct Prepared<C: Contestant> {
    value: Vec<u8>,
    payload: C::Payload,
    large: Vec<(String, C::Payload)>,
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

/// Keys or fields with large values; none in the other rows.
fn large_pairs(bulk: Bulk) -> Vec<(String, Vec<u8>)> {
    let count = if matches!(bulk, Bulk::MsetLarge | Bulk::HsetLarge | Bulk::PipeSet) { FEW } else { 0 };
    // Values that are text, too, and differ.
    let value = |n: usize| data::bytes(LARGE + n).into_iter().map(|byte| byte & 0x7f).collect();
    (0..count).map(|n| (own_key(&n.to_string()), value(n))).collect()
}

fn pairs(data: &Data) -> impl Iterator<Item = (&String, &String)> {
    data.keys.iter().zip(&data.values).take(MANY)
}

impl<C: Contestant> Prepared<C> {
    /// The arguments of the row.
    pub(crate) fn new(bulk: Bulk, data: &Data) -> Self {
        let value = value_of(bulk);
        let payload = C::payload(value.clone());
        let large = large_pairs(bulk).into_iter().map(|(key, value)| (key, C::payload(value))).collect();
        let pairs = pairs(data).map(|(key, value)| (key.clone(), value.clone())).collect();
        let fields = data::hash().into_iter().collect();
        Self { value, payload, large, pairs, fields }
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
        Bulk::MsetLarge | Bulk::PipeSet => {
            for (key, value) in large_pairs(bulk) {
                ensure!(client.get_bytes(&key).await?.as_ref() == value, "a stored value differs");
            }
        }
        Bulk::HsetLarge => {
            let mut stored = client.hgetall(&own_key("large")).await?;
            for (name, value) in large_pairs(bulk) {
                ensure!(
                    stored.remove(&name).is_some_and(|text| text.into_bytes() == value),
                    "a field differs"
                );
            }
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
            Bulk::MsetLarge => client.mset_payloads(&prepared.large).await?,
            Bulk::HsetLarge => client.hset_payloads(&own_key("large"), &prepared.large).await?,
            Bulk::PipeSet => client.pipe_set(&prepared.large).await?,
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

impl Bulk {
    /// How many commands one operation has.
    pub(crate) fn commands(self) -> u64 {
        if self == Self::PipeSet { FEW as u64 } else { 1 }
    }
}

/// The requests of one operation as bytes.
pub(crate) fn raw_requests(bulk: Bulk, data: &Data) -> Vec<Vec<u8>> {
    match bulk {
        Bulk::PipeSet => {
            let sets = large_pairs(bulk).into_iter();
            sets.map(|(key, value)| encode(&[b"SET", key.as_bytes(), &value])).collect()
        }
        _ => vec![raw_request(bulk, data)],
    }
}

fn raw_request(bulk: Bulk, data: &Data) -> Vec<u8> {
    let (value_key, hash_key) = (own_key("value"), own_key("hash"));
    match bulk {
        Bulk::Set(_) | Bulk::SetSlice(_) => encode(&[b"SET", value_key.as_bytes(), &value_of(bulk)]),
        Bulk::MsetLarge | Bulk::HsetLarge => {
            let (pairs, key) = (large_pairs(bulk), own_key("large"));
            let mut arguments: Vec<&[u8]> = match bulk {
                Bulk::HsetLarge => vec![b"HSET", key.as_bytes()],
                _ => vec![b"MSET"],
            };
            arguments.extend(pairs.iter().flat_map(|(key, value)| [key.as_bytes(), value]));
            encode(&arguments)
        }
        Bulk::PipeSet => Vec::new(),
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
        Bulk::MsetLarge | Bulk::HsetLarge | Bulk::PipeSet => 4,
        Bulk::Mget => MANY * data::VALUE,
        Bulk::Smembers => SET * 32,
        Bulk::Integers => INTEGERS,
    }
}
