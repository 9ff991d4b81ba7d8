//! The items that the derives name. They are not part of the public interface and may change in any release.

pub use core;
pub use redis_om_client::{Arg, Args, DecodeError, FromRedis, Reply, ToArg, ToArgs, Written};

pub use crate::{
    field::{
        Atom, FieldPath, HashFields, Joined, JsonText, Newtype, Text, byte, embedded, embedded_option, put,
        put_value, read, read_byte, read_joined, read_json, required, take_embedded, unknown_name,
    },
    model::{AsHash, AsJson, RedisModel},
};
