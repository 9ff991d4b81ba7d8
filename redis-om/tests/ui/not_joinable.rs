use redis_om::prelude::*;

#[derive(RedisModel)]
#[redis(hash)]
struct User {
    #[redis(id)]
    id: u64,
    #[redis(separator = "|")]
    name: String,
}

fn main() {}
