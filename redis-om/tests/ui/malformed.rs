use redis_om::prelude::*;

#[derive(RedisModel)]
#[redis(hash, hash)]
struct Twice {
    #[redis(id)]
    #[redis(id)]
    id: u64,
}

#[derive(RedisModel)]
#[redis(hash = "yes", prefix)]
struct Values {
    #[redis(id = 1, rename = 5)]
    id: u64,
}

#[derive(RedisModel)]
#[redis(hash(fast), prefix = "")]
struct Lists {
    #[redis]
    id: u64,
    #[redis = "x"]
    name: String,
}

#[derive(RedisModel)]
#[redis(hash, rename_all = "camelcase", crate = "not a path")]
struct Texts {
    #[redis(id,, rename)]
    id: u64,
}

fn main() {}
