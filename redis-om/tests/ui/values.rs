use redis_om::prelude::*;

#[derive(RedisValue)]
enum State {
    On { since: u64 },
    Off(u64),
}

#[derive(RedisValue)]
enum Never {}

#[derive(RedisValue)]
struct Pair(u64, u64);

#[derive(RedisValue)]
struct Nothing;

#[derive(RedisValue)]
struct Wrapped<T>(T);

#[derive(RedisValue)]
#[redis(rename_all = "lowercase")]
struct Cents(i64);

#[derive(RedisValue)]
union Bits {
    a: u32,
}

fn main() {}
