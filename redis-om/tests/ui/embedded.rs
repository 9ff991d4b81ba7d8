use redis_om::prelude::*;

#[derive(RedisEmbedded)]
struct Address {
    #[redis(id)]
    city: String,
}

#[derive(RedisEmbedded)]
struct Empty {
    #[redis(skip)]
    cache: u8,
}

#[derive(RedisEmbedded)]
struct Place(f64, f64);

fn main() {}
