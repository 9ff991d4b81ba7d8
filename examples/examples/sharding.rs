//! Sharding by the client: each key belongs to one of several independent servers, chosen by its hash.
//!
//! A cluster does this by itself. This is for servers that know nothing of one another, such as caches.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use redis_om::prelude::*;
use redis_om_examples::Place;
use tokio::task::JoinSet;

// ANCHOR: shards
/// Clients of several servers. The name of a server decides which keys it has, so it must stay the same.
struct Shards {
    shards: Vec<(String, Client)>,
}

impl Shards {
    /// The client of the server that has this key: the one with the highest score for it (rendezvous hashing). A new
    /// server takes over its share of the keys; all other keys stay where they are.
    fn of(&self, key: &str) -> &Client {
        &self.shards[self.index_of(key)].1
    }

    fn index_of(&self, key: &str) -> usize {
        let score = |index: &usize| score(&self.shards[*index].0, key);
        (0..self.shards.len()).max_by_key(score).unwrap_or_default()
    }

    /// The keys of each server that has any of them.
    fn split<'k>(&self, keys: &'k [String]) -> BTreeMap<usize, Vec<&'k str>> {
        let mut parts = BTreeMap::<_, Vec<_>>::new();
        for key in keys {
            parts.entry(self.index_of(key)).or_default().push(key.as_str());
        }
        parts
    }
}

/// The score of a server for a key: FNV-1a over both, then mixed. It must not change between versions of a program,
/// which the standard library's hasher does not promise.
fn score(server: &str, key: &str) -> u64 {
    let bytes = server.bytes().chain([0xff]).chain(key.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}
// ANCHOR_END: shards

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    // Several servers are needed, so this example starts its own and does not read REDIS_URL.
    let places = (0..3).map(|_| Place::private()).collect::<Result<Vec<_>, _>>()?;
    let mut shards = Shards { shards: Vec::new() };
    for (index, place) in places.iter().enumerate() {
        shards.shards.push((format!("cache-{index}"), Client::connect(place.url()).await?));
    }

    // One key: every command goes to its server.
    let key = "example:sharding:visits";
    shards.of(key).set(key, 41).await?;
    assert_eq!(shards.of(key).incr(key).await?, 42);

    // Many keys: one pipeline for each server, all at the same time.
    let keys: Vec<_> = (0..3_000).map(|n| format!("example:sharding:{n}")).collect();
    let mut writes = JoinSet::new();
    for (index, part) in shards.split(&keys) {
        let client = shards.shards[index].1.clone();
        let batch = pipe().many(part.into_iter().map(|key| cmd().set(key, key)));
        writes.spawn(async move { client.run(batch).await });
    }
    let mut written = 0;
    while let Some(outcome) = writes.join_next().await {
        let (replies,) = outcome??;
        written += replies.len();
    }
    assert_eq!(written, keys.len());

    let mut found = BTreeSet::new();
    for (index, part) in shards.split(&keys) {
        let values: Vec<String> = shards.shards[index].1.mget(&part).await?;
        assert_eq!(values, part, "each key is on its server");
        assert!(part.len() > 800, "server {index} has only {} of {} keys", part.len(), keys.len());
        found.extend(values);
    }
    assert_eq!(found.len(), keys.len());

    // A fourth server: the keys that move are those that it takes over, about a quarter.
    let before: Vec<_> = keys.iter().map(|key| shards.index_of(key)).collect();
    let fourth = Place::private()?;
    shards.shards.push(("cache-3".into(), Client::connect(fourth.url()).await?));
    let after: Vec<_> = keys.iter().map(|key| shards.index_of(key)).collect();
    let moved: Vec<_> = before.iter().zip(&after).filter(|(old, new)| old != new).collect();
    assert!(moved.iter().all(|(_, new)| **new == 3));
    println!("sharding: {} keys on 3 servers, {} of them move to a fourth", keys.len(), moved.len());
    Ok(())
}
