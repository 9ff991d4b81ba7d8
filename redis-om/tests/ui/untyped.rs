//! A reply without a type, and a batch that a loop extends.

use redis_om::{Client, Result, pipe, prelude::*};

async fn untyped(client: &Client) -> Result<()> {
    let name = client.get("name").await?;
    drop(name);
    Ok(())
}

async fn extended(client: &Client) -> Result<()> {
    let mut batch = pipe();
    for key in ["a", "b"] {
        batch = batch.incr(key);
    }
    client.run(batch).await?;
    Ok(())
}

fn main() {}
