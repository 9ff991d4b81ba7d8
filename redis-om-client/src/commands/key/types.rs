//! The types of keys, and the encodings in which the server stores them.

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
    /// A string; counters, bitmaps and HyperLogLogs are strings, too.
    String,
    /// A list.
    List,
    /// A set.
    Set,
    /// A sorted set; a geo index is a sorted set, too.
    SortedSet,
    /// A hash.
    Hash,
    /// A stream.
    Stream,
    /// A vector set.
    VectorSet,
    /// A type of a module by its name, such as `ReJSON-RL`, or a type that is newer than this client.
    Other(String),
}

impl KeyType {
    /// The server's name of the type.
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
    /// A string in memory of its own.
    Raw,
    /// A short string inside its object.
    EmbStr,
    /// A string that is an integer of 64 bits.
    Int,
    /// A small collection in one piece of memory.
    ListPack,
    /// The same for a hash with expiring fields.
    ListPackEx,
    /// The form of small collections before 7.0.
    ZipList,
    /// A small set of integers.
    IntSet,
    /// A hash table.
    HashTable,
    /// A list of pieces.
    QuickList,
    /// A larger sorted set.
    SkipList,
    /// A stream.
    Stream,
    /// An encoding of a module, or one that is newer than this client.
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
