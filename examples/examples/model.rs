//! Models: structs that are saved as a hash or as a JSON document, with enums, nested structs and optional fields.

use std::time::Duration;

use anyhow::Result;
use redis_om::{ServerErrorCode, prelude::*};
use redis_om_examples::Place;
use serde::{Deserialize, Serialize};

// ANCHOR: models
#[derive(RedisValue, Serialize, Deserialize, Debug, Clone, Copy, PartialEq)]
#[redis(rename_all = "kebab-case")]
enum State {
    InStock,
    SoldOut,
}

#[derive(RedisEmbedded, Serialize, Deserialize, Debug, Clone, PartialEq)]
struct Maker {
    name: String,
    city: Option<String>,
}

/// A hash with the fields `id`, `name`, `state`, `price`, `tags`, `maker.name` and `maker.city`.
#[derive(RedisModel, Debug, Clone, PartialEq)]
#[redis(hash, prefix = "example:lamp")]
struct Lamp {
    #[redis(id)]
    id: Ulid,
    name: String,
    state: State,
    price: Option<f64>,
    #[redis(separator = ",")]
    tags: Vec<String>,
    #[redis(embed)]
    maker: Maker,
}

/// A JSON document: its fields can be of any type that serde writes.
#[derive(RedisModel, Serialize, Deserialize, Debug, Clone, PartialEq)]
#[redis(json, prefix = "example:order")]
struct Order {
    #[redis(id)]
    id: Ulid,
    lines: Vec<(String, State)>,
    from: Option<Maker>,
}
// ANCHOR_END: models

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let place = Place::find_with_json()?;
    let client = Client::connect(place.url()).await?;
    let maker = Maker { name: "Lumen".into(), city: Some("Oslo".into()) };

    let mut lamp = Lamp {
        id: Ulid::generate(),
        name: "Desk".into(),
        state: State::InStock,
        price: Some(18.5),
        tags: vec!["indoor".into(), "small".into()],
        maker: maker.clone(),
    };
    lamp.save(&client).await?;
    let city: Option<String> = client.hget(lamp.key(), "maker.city").await?;
    assert_eq!(city.as_deref(), Some("Oslo"));

    // The save also removes the fields that became `None`, in the same atomic step.
    (lamp.state, lamp.price, lamp.maker.city) = (State::SoldOut, None, None);
    lamp.save(&client).await?;
    assert_eq!(Lamp::get(&client, lamp.id).await?, Some(lamp.clone()));
    assert!(!client.hexists(lamp.key(), "price").await?);

    assert!(lamp.expire(&client, Duration::from_secs(60)).await?);
    assert!(lamp.delete(&client).await?);
    assert_eq!(Lamp::get(&client, lamp.id).await?, None);

    let order =
        Order { id: Ulid::generate(), lines: vec![("Desk".into(), State::InStock)], from: Some(maker) };
    match order.save(&client).await {
        Err(e) if e.code() == Some(&ServerErrorCode::Err) && e.to_string().contains("unknown command") => {
            println!("this server has no JSON commands: {e}");
        }
        saved => {
            saved?;
            assert_eq!(Order::get(&client, order.id).await?, Some(order.clone()));
            assert!(order.delete(&client).await?);
        }
    }
    println!("model: a lamp as a hash, an order as a JSON document");
    Ok(())
}
