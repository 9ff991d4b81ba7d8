use redis_om::prelude::*;

#[derive(RedisModel)]
#[redis(hash)]
struct User {
    #[redis(id)]
    id: u64,
}

struct Plain;

fn main() {
    User::get(cmd(), "seven");
    User::get(cmd(), 7_i32);
    load::<Plain>();
    User::all(pipe());
}

fn load<M: RedisModel>() {}
