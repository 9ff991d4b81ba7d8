//! The blocking client: the same commands, models, pipelines and transactions, without async.

use std::thread;

use anyhow::Result;
use redis_om::{blocking::Client, prelude::*};
use redis_om_examples::Place;

#[derive(RedisModel, Debug, Clone, PartialEq)]
#[redis(hash, prefix = "example:blocking:user")]
struct User {
    #[redis(id)]
    id: u64,
    name: String,
}

fn main() -> Result<()> {
    let place = Place::find()?;
    let client = Client::connect(place.url())?;
    let counter = "example:blocking:visits";
    client.del(counter)?;

    let users = [(1, "Ann"), (2, "Bob")].map(|(id, name)| User { id, name: name.into() });
    User::save_many(&client, &users)?;
    assert_eq!(User::get(&client, 1)?.as_ref(), Some(&users[0]));

    // Threads share the client by reference.
    thread::scope(|scope| {
        let visitors: Vec<_> = (0..4).map(|_| scope.spawn(|| client.incr(counter))).collect();
        visitors.into_iter().try_for_each(|visitor| match visitor.join() {
            Ok(count) => count.map(drop),
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })?;

    let (bob, visits): (Option<User>, i64) = client.run(pipe().add(User::get(cmd(), 2)).get(counter))?;
    assert_eq!((bob.as_ref(), visits), (Some(&users[1]), 4));

    // All users, page by page: an iterator here, a stream over the async client.
    let mut all = User::all(&client).collect::<Result<Vec<_>, _>>()?;
    all.sort_by_key(|user| user.id);
    assert_eq!(all, users);

    let deleted = client.run(atomic().add(User::delete_many(cmd(), [1, 2])).del(counter))?;
    assert_eq!(deleted, (2, 1));
    println!("blocking: {} users, {visits} visits from 4 threads", all.len());
    Ok(())
}
