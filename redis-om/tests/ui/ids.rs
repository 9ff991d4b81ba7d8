use redis_om::prelude::*;

#[derive(RedisModel)]
#[redis(hash)]
struct Optional {
    #[redis(id)]
    id: Option<u64>,
}

#[derive(RedisModel)]
#[redis(hash)]
struct Skipped {
    #[redis(id, skip)]
    id: u64,
}

#[derive(RedisModel)]
#[redis(hash)]
struct Joined {
    #[redis(id, separator = "|", default)]
    id: Vec<String>,
}

fn main() {}
