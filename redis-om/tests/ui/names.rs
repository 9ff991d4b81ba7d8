use redis_om::prelude::*;

#[derive(RedisModel)]
#[redis(hash, rename_all = "camelCase")]
struct User {
    #[redis(id)]
    id: u64,
    first_name: String,
    #[redis(rename = "firstName")]
    name: String,
    #[redis(embed)]
    address: Address,
    #[redis(rename = "address.city")]
    city: String,
}

#[derive(RedisEmbedded)]
struct Address {
    city: String,
}

#[derive(RedisValue)]
enum State {
    On,
    #[redis(rename = "On")]
    Off,
}

fn main() {}
