use redis_om::prelude::*;

struct Address;

#[derive(RedisModel)]
#[redis(hash)]
struct User {
    #[redis(id)]
    id: u64,
    #[redis(embed)]
    address: Address,
}

fn main() {}
