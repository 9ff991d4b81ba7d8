//! What a key can hold, and how the server stores it.

use crate::{
    error::DecodeError,
    resp::Reply,
    value::{Arg, FromRedis, ToArg, Written},
};

/// The type of a key's value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyType {
    /// The key does not exist.
    None,
    /// A string; counters, bitmaps and HyperLogLogs are strings too.
    String,
    /// A list.
    List,
    /// A set.
    Set,
    /// A sorted set; a geo index is one too.
    SortedSet,
    /// A hash.
    Hash,
    /// A stream.
    Stream,
    /// A vector set.
    VectorSet,
    /// A type of a module by its name, such as `ReJSON-RL`, or one that is newer than this client.
    Other(String),
}

impl KeyType {
    /// The server's name for it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::None => "none",
            Self::String => "string",
            Self::List => "list",
            Self::Set => "set",
            Self::SortedSet => "zset",
            Self::Hash => "hash",
            Self::Stream => "stream",
            Self::VectorSet => "vectorset",
            Self::Other(name) => name,
        }
    }
}

impl FromRedis for KeyType {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        let name = reply.blob("the type of a key")?;
        Ok(match name.as_str()? {
            "none" => Self::None,
            "string" => Self::String,
            "list" => Self::List,
            "set" => Self::Set,
            "zset" => Self::SortedSet,
            "hash" => Self::Hash,
            "stream" => Self::Stream,
            "vectorset" => Self::VectorSet,
            other => Self::Other(other.to_owned()),
        })
    }
}

impl ToArg for KeyType {
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        arg.bytes(self.as_str().as_bytes())
    }
}

/// How the server stores a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ObjectEncoding {
    /// A string of its own.
    Raw,
    /// A short string within its object.
    EmbStr,
    /// A string that is an integer of 64 bits.
    Int,
    /// A small collection as one piece of memory.
    ListPack,
    /// The same for a hash whose fields expire.
    ListPackEx,
    /// What small collections were before 7.0.
    ZipList,
    /// A small set of integers.
    IntSet,
    /// A hash table.
    HashTable,
    /// A list of pieces.
    QuickList,
    /// A sorted set of some size.
    SkipList,
    /// A stream.
    Stream,
    /// One of a module, or newer than this client.
    Other(String),
}

impl FromRedis for ObjectEncoding {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        let name = reply.blob("the encoding of a value")?;
        Ok(match name.as_str()? {
            "raw" => Self::Raw,
            "embstr" => Self::EmbStr,
            "int" => Self::Int,
            "listpack" => Self::ListPack,
            "listpackex" => Self::ListPackEx,
            "ziplist" => Self::ZipList,
            "intset" => Self::IntSet,
            "hashtable" => Self::HashTable,
            "quicklist" => Self::QuickList,
            "skiplist" => Self::SkipList,
            "stream" => Self::Stream,
            other => Self::Other(other.to_owned()),
        })
    }
}
