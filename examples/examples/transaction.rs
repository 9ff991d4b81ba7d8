//! Transactions: `atomic()` runs all commands or none, and `watch` runs them only if no other client changed what was
//! read.

use anyhow::Result;
use redis_om::{Error, ErrorKind, prelude::*};
use redis_om_examples::Place;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let place = Place::find()?;
    let client = Client::connect(place.url()).await?;
    let keys = ["ann", "bob", "stock"].map(|name| format!("example:transaction:{name}"));
    let [ann, bob, stock] = &keys;
    client.run(atomic().set(ann, 100).set(bob, 0).set(stock, 2)).await?;

    // ANCHOR: atomic
    // No other client sees the money taken from one account and not yet added to the other.
    let (left, got): (i64, i64) = client.run(atomic().decr_by(ann, 30).incr_by(bob, 30)).await?;
    assert_eq!((left, got), (70, 30));
    // ANCHOR_END: atomic

    // Four customers want the last two pieces at the same time. A purchase that read an old number starts again.
    // ANCHOR: watch
    let buy = || {
        client.watch([stock], |conn| async move {
            let left: i64 = conn.get(stock).await?;
            if left == 0 {
                return Err(Error::aborted("sold out"));
            }
            Ok(atomic().decr(stock).incr_by(bob, 5))
        })
    };
    // ANCHOR_END: watch
    let (a, b, c, d) = tokio::join!(buy(), buy(), buy(), buy());
    let sold = [&a, &b, &c, &d].into_iter().filter(|outcome| outcome.is_ok()).count();
    let refused = [a, b, c, d].into_iter().filter_map(Result::err).collect::<Vec<_>>();
    assert_eq!((sold, refused.len()), (2, 2));
    assert!(refused.iter().all(|error| error.kind() == &ErrorKind::Aborted));

    let (left, paid): (i64, i64) = client.run(pipe().get(stock).get(bob)).await?;
    assert_eq!((left, paid), (0, 40));
    assert_eq!(client.del(&keys).await?, 3);
    println!("transaction: 2 purchases, 2 refused because it is sold out");
    Ok(())
}
