use redis_om::prelude::*;

#[derive(RedisModel)]
#[redis(hash, prefx = "user")]
struct User {
    #[redis(id, renam = "x")]
    id: u64,
    #[redis(indexed_by::name)]
    name: String,
}

#[derive(RedisEmbedded)]
#[redis(prefix = "a")]
struct Address {
    city: String,
}

#[derive(RedisValue)]
#[redis(hash)]
enum State {
    #[redis(name = "x")]
    On,
}

#[derive(RedisValue)]
struct Cents(#[redis(rename = "x")] i64);

fn main() {}
