use redis_om::prelude::*;

struct Plain;

type Maybe = Option<String>;

#[derive(RedisModel)]
#[redis(hash)]
struct User {
    #[redis(id)]
    id: u64,
    plain: Plain,
    maybe: Maybe,
}

fn main() {}
