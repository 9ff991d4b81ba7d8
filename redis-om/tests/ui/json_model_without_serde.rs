use redis_om::prelude::*;

#[derive(RedisModel)]
#[redis(json)]
struct User {
    #[redis(id)]
    id: u64,
}

fn main() {}
