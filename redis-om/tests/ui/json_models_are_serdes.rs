use redis_om::prelude::*;

use serde::{Deserialize, Serialize};

#[derive(RedisModel, Serialize, Deserialize)]
#[redis(json, rename_all = "camelCase")]
struct User {
    #[redis(id)]
    id: u64,
    #[redis(rename = "n")]
    name: String,
    #[redis(skip)]
    cache: u8,
    #[redis(default)]
    visits: u64,
    #[redis(embed)]
    address: Address,
    #[redis(json)]
    more: Address,
    #[redis(separator = "|")]
    tags: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Address {
    city: String,
}

fn main() {}
