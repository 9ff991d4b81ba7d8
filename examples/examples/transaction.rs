//! Transactions: `atomic()` runs all commands or none, and `watch` runs them only if no other client changed what was
//! read.

use anyhow::Result;
use redis_om::{Error, prelude::*};
use redis_om_examples::Place;

/// Why a purchase failed.
#[derive(Debug)]
enum PurchaseError {
    SoldOut,
    Redis(Error),
}

impl From<Error> for PurchaseError {
    fn from(error: Error) -> Self {
        Self::Redis(error)
    }
}

impl std::fmt::Display for PurchaseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::SoldOut => f.write_str("sold out"),
            Self::Redis(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PurchaseError {}

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

    // Four customers want the last two pieces at the same time. A purchase that read an old number starts again. A purchase
    // that finds nothing writes nothing, and the error says why in a type of this program.
    // ANCHOR: watch
    let buy = || {
        client.watch([stock], async |conn| {
            let left: i64 = conn.get(stock).await?;
            if left == 0 {
                return Err(PurchaseError::SoldOut);
            }
            Ok((atomic().decr(stock).incr_by(bob, 5), left))
        })
    };
    // ANCHOR_END: watch
    let (a, b, c, d) = tokio::join!(buy(), buy(), buy(), buy());
    let mut refused = 0;
    for outcome in [a, b, c, d] {
        match outcome {
            Ok(((left, _paid), before)) => assert_eq!(left, before - 1),
            Err(PurchaseError::SoldOut) => refused += 1,
            Err(error @ PurchaseError::Redis(_)) => return Err(error.into()),
        }
    }
    assert_eq!(refused, 2);

    let (left, paid): (i64, i64) = client.run(pipe().get(stock).get(bob)).await?;
    assert_eq!((left, paid), (0, 40));
    assert_eq!(client.del(&keys).await?, 3);
    println!("transaction: 2 purchases, 2 refused because it is sold out");
    Ok(())
}
