use redis_om::prelude::*;

#[derive(RedisModel)]
#[redis(hash)]
struct Tuple(u64);

#[derive(RedisModel)]
#[redis(hash)]
struct Unit;

#[derive(RedisModel)]
#[redis(hash)]
enum Choice {
    A,
}

#[derive(RedisModel)]
#[redis(hash)]
union Bits {
    a: u32,
}

#[derive(RedisModel)]
#[redis(hash)]
struct Generic<T> {
    #[redis(id)]
    id: u64,
    value: T,
}

#[derive(RedisEmbedded)]
struct Borrowed<'a> {
    name: &'a str,
}

fn main() {}
