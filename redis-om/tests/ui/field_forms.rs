use redis_om::prelude::*;

#[derive(RedisModel)]
#[redis(hash)]
struct User {
    #[redis(id)]
    id: u64,
    #[redis(default)]
    nick: Option<String>,
    #[redis(skip, default)]
    cache: u8,
    #[redis(embed, default = Address { city: String::new() })]
    address: Address,
    #[redis(json, separator = "|")]
    tags: Vec<String>,
    #[redis(embed, skip)]
    other: Address,
    #[redis(separator = "||")]
    wide: Vec<String>,
    #[redis(separator = "\\")]
    escape: Vec<String>,
    #[redis(separator = "")]
    none: Vec<String>,
}

#[derive(RedisEmbedded)]
struct Address {
    city: String,
}

fn main() {}
