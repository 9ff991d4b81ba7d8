use redis_om::prelude::*;

#[derive(RedisModel)]
#[redis(hash)]
struct User {
    #[redis(id)]
    id: Vec<u8>,
}

fn main() {}
