use redis_om::prelude::*;

#[derive(RedisModel)]
struct User {
    #[redis(id)]
    id: u64,
}

#[derive(RedisModel)]
#[redis(hash, json)]
struct Both {
    #[redis(id)]
    id: u64,
}

fn main() {}
