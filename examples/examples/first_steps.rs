//! The first example: the README and the first page of the book include it.

use anyhow::Result;
use redis_om_examples::Place;

// ANCHOR: model
use redis_om::prelude::*;

#[derive(RedisModel, Debug, PartialEq)]
#[redis(hash, prefix = "example:product")]
struct Product {
    #[redis(id)]
    id: Ulid,
    name: String,
    price: Option<f64>,
    #[redis(separator = ",")]
    tags: Vec<String>,
}
// ANCHOR_END: model

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let place = Place::find()?;
    let client = Client::connect(place.url()).await?;
    // ANCHOR: steps
    let mut lamp = Product {
        id: Ulid::generate(),
        name: "Desk lamp".into(),
        price: Some(18.5),
        tags: vec!["small".into()],
    };
    lamp.save(&client).await?;
    assert!(Product::exists(&client, lamp.id).await?);

    // A pipeline takes one round trip. Each reply has its own type.
    let batch = pipe().incr("example:visits").hget(lamp.key(), "name");
    let (visits, name): (i64, Option<String>) = client.run(batch).await?;
    assert_eq!((visits, name.as_deref()), (1, Some("Desk lamp")));

    // A transaction takes the same commands. With `cmd()` a model gives its command as a value.
    // The save removes the field that became `None`.
    lamp.price = None;
    let batch = atomic().add(lamp.save(cmd())).add(Product::get(cmd(), lamp.id)).del("example:visits");
    let ((), found, deleted) = client.run(batch).await?;
    assert_eq!((found.as_ref(), deleted), (Some(&lamp), 1));

    assert!(lamp.delete(&client).await?);
    // ANCHOR_END: steps
    println!("first steps: {} was saved, read and deleted", lamp.key());
    Ok(())
}
