use redis_om::prelude::*;

#[derive(RedisModel)]
#[redis(hash)]
struct User {
    name: String,
}

fn main() {}
