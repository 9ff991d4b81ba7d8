//! Pipelines: many commands in one round trip. Each reply has its own type.

use anyhow::Result;
use redis_om::prelude::*;
use redis_om_examples::Place;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let place = Place::find()?;
    let client = Client::connect(place.url()).await?;
    let keys = ["name", "visits", "queue"].map(|name| format!("example:pipeline:{name}"));
    let [name, visits, queue] = &keys;
    client.del(&keys).await?;

    // ANCHOR: pipeline
    // The replies are a tuple, in the order of the commands; `ignore` leaves one out.
    let batch = pipe().set(name, "Ann").ignore().incr(visits).incr_by(visits, 10).get(name);
    let (one, eleven, who): (i64, i64, Option<String>) = client.run(batch).await?;
    assert_eq!((one, eleven, who.as_deref()), (1, 11, Some("Ann")));
    // ANCHOR_END: pipeline

    // A number of commands that is known only at run time: their replies are one `Vec` in the tuple.
    let (lengths,) = client.run(pipe().many((0..100).map(|n| cmd().rpush(queue, n)))).await?;
    assert_eq!(lengths, (1..=100).collect::<Vec<u64>>());

    // If a command fails, the pipeline returns its error, which names it. The other commands have run even so.
    let error = client.run(pipe().incr(name).incr(visits)).await.expect_err("`Ann` is not a number");
    assert_eq!((error.command(), error.key()), (Some("INCR"), Some(name.as_str())));
    assert_eq!(client.get::<i64>(visits).await?, 12);

    // `checked` puts the result of one command into the tuple, so that the other replies are not lost.
    let (outcome, visited) = client.run(pipe().incr(name).checked().incr(visits)).await?;
    assert!(outcome.is_err());
    assert_eq!(visited, 13);

    assert_eq!(client.del(&keys).await?, 3);
    println!("pipeline: 100 numbers queued in one round trip");
    Ok(())
}
