//! The contestants behind one trait. Each is used as its own documentation recommends for throughput.

use std::collections::{HashMap, HashSet};
use std::fmt;

use anyhow::Result;

use crate::data::User;
use crate::tls::Authority;

mod fred;
#[cfg(feature = "ours")]
mod ours;
pub(crate) mod raw;
mod redis_rs_1;
mod redis_rs_2;
mod rustis;

pub(crate) use self::fred::Fred;
#[cfg(feature = "ours")]
pub(crate) use self::ours::Ours;
pub(crate) use self::rustis::Rustis;
pub(crate) use redis_rs_1::RedisRs as RedisRs1;
pub(crate) use redis_rs_2::RedisRs as RedisRs2;

/// A blocking `GET`, for those that have a blocking client.
pub(crate) type BlockingGet = Box<dyn FnMut(&str) -> Result<Option<String>>>;

/// Where the server listens, on loopback.
#[derive(Clone)]
pub(crate) struct Address {
    pub(crate) port: u16,
    /// The authority of the server's certificate, if the port speaks TLS.
    pub(crate) authority: Option<Authority>,
}

/// A client under measurement. A clone is a handle to the same connection, one for each task.
pub(crate) trait Contestant: Clone + Send + Sync + 'static {
    /// The type into which a large value is read: the cheapest type of owned bytes that the client has.
    type Blob: AsRef<[u8]> + Send;

    /// The type from which a large value is sent: the one that the client sends fastest.
    type Payload: Send + Sync;

    /// One multiplexed connection, without a response timeout.
    fn connect(address: &Address) -> impl Future<Output = Result<Self>> + Send;

    fn get(&mut self, key: &str) -> impl Future<Output = Result<Option<String>>> + Send;
    fn set(&mut self, key: &str, value: &str) -> impl Future<Output = Result<()>> + Send;
    fn pipe_get(&mut self, keys: &[String]) -> impl Future<Output = Result<Vec<String>>> + Send;
    fn lrange(&mut self, key: &str) -> impl Future<Output = Result<Vec<String>>> + Send;
    fn hgetall(&mut self, key: &str) -> impl Future<Output = Result<HashMap<String, String>>> + Send;
    fn get_bytes(&mut self, key: &str) -> impl Future<Output = Result<Self::Blob>> + Send;
    fn load(&mut self, id: u64) -> impl Future<Output = Result<User>> + Send;
    fn save(&mut self, user: &User) -> impl Future<Output = Result<()>> + Send;

    /// A large value in the type of the client.
    fn payload(bytes: Vec<u8>) -> Self::Payload;
    fn set_payload(&mut self, key: &str, value: &Self::Payload) -> impl Future<Output = Result<()>> + Send;
    fn set_slice(&mut self, key: &str, value: &[u8]) -> impl Future<Output = Result<()>> + Send;
    fn mset_payloads(&mut self, pairs: &[(String, Self::Payload)])
    -> impl Future<Output = Result<()>> + Send;
    fn hset_payloads(
        &mut self,
        key: &str,
        fields: &[(String, Self::Payload)],
    ) -> impl Future<Output = Result<()>> + Send;
    /// A pipeline of `SET`s.
    fn pipe_set(&mut self, pairs: &[(String, Self::Payload)]) -> impl Future<Output = Result<()>> + Send;
    fn mget(&mut self, keys: &[String]) -> impl Future<Output = Result<Vec<String>>> + Send;
    fn mset(&mut self, pairs: &[(String, String)]) -> impl Future<Output = Result<()>> + Send;
    fn hset(&mut self, key: &str, fields: &[(String, String)]) -> impl Future<Output = Result<()>> + Send;
    fn smembers(&mut self, key: &str) -> impl Future<Output = Result<HashSet<String>>> + Send;
    fn lrange_integers(&mut self, key: &str) -> impl Future<Output = Result<Vec<i64>>> + Send;

    /// The blocking client, where there is one.
    fn blocking(port: u16) -> Result<Option<BlockingGet>> {
        let _ = port;
        Ok(None)
    }
}

/// The contestants. Of the two generations of redis-rs, the faster one counts in each round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Id {
    Raw,
    #[value(name = "redis-rs-1")]
    RedisRs1,
    #[value(name = "redis-rs-2")]
    RedisRs2,
    Fred,
    Rustis,
    #[cfg(feature = "ours")]
    Ours,
}

/// A peer by the name that the user gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Peer {
    RedisRs,
    Fred,
    Rustis,
}

impl Id {
    /// The name in the table and on the command line of a child process.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::RedisRs1 => "redis-rs-1",
            Self::RedisRs2 => "redis-rs-2",
            Self::Fred => "fred",
            Self::Rustis => "rustis",
            #[cfg(feature = "ours")]
            Self::Ours => "ours",
        }
    }

    /// Whether it is a peer with which ours is compared.
    pub(crate) fn is_peer(self) -> bool {
        matches!(self, Self::RedisRs1 | Self::RedisRs2 | Self::Fred | Self::Rustis)
    }

    /// The raw socket, the chosen peers, and ours.
    pub(crate) fn line_up(peers: &[Peer]) -> Vec<Self> {
        let mut all = vec![Self::Raw];
        for peer in peers {
            match peer {
                Peer::RedisRs => all.extend([Self::RedisRs1, Self::RedisRs2]),
                Peer::Fred => all.push(Self::Fred),
                Peer::Rustis => all.push(Self::Rustis),
            }
        }
        #[cfg(feature = "ours")]
        all.push(Self::Ours);
        all
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
