//! Pipelines and transactions on real servers: their forms, their sizes, their errors.

use redis_om_client::{ErrorKind, Executor, Result, ServerErrorCode, prelude::*, raw};
use redis_om_tests::{Keys, On, matrix};

matrix!(valkey on Valkey: forms, sizes, errors, own_commands);
matrix!(oldest on Redis6: forms, errors);

async fn forms(on: &On, keys: &Keys) -> Result<()> {
    let [a, b] = keys.each(["a", "b"]);
    assert_eq!(on.run(pipe().set(&a, 1).incr(&a).get::<String>(&a)).await?, ((), 2, "2".into()));
    assert_eq!(on.run(atomic().set(&b, 1).ignore().incr(&b).ignore().get::<i64>(&b)).await?, (2,));
    on.run(pipe()).await?;
    on.run(atomic()).await?;
    assert_eq!(on.run(pipe().many(Vec::<redis_om_client::Command<i64>>::new())).await?, (vec![],));
    let ((), one, many, last) = on
        .run(atomic().set(&a, 5).get::<i64>(&a).many((0..3).map(|_| cmd().incr(&a))).get::<Option<i64>>(&a))
        .await?;
    assert_eq!((one, many, last), (5, vec![6, 7, 8], Some(8)));
    let sixteen = pipe().incr(&b).incr(&b).incr(&b).incr(&b).incr(&b).incr(&b).incr(&b).incr(&b);
    let sixteen = sixteen.incr(&b).incr(&b).incr(&b).incr(&b).incr(&b).incr(&b).incr(&b).incr(&b);
    assert_eq!(on.run(sixteen).await?.15, 18);
    assert_eq!(on.run(cmd().get::<i64>(&b)).await?, 18);
    Ok(())
}

async fn sizes(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    for count in [1, 100, 50_000_i64] {
        on.set(&k, 0).await?;
        let (counted,) = on.run(pipe().many((0..count).map(|_| cmd().incr(&k)))).await?;
        assert!(counted.into_iter().eq(1..=count));
        let (counted,) = on.run(atomic().many((0..count).map(|_| cmd().incr(&k)))).await?;
        assert!(counted.into_iter().eq(count + 1..=2 * count));
    }
    let large = "x".repeat(1 << 20);
    let (echoed,) = on.run(pipe().many((0..16).map(|_| cmd().echo::<String>(&large)))).await?;
    assert!(echoed.len() == 16 && echoed.iter().all(|echoed| *echoed == large));
    Ok(())
}

async fn errors(on: &On, keys: &Keys) -> Result<()> {
    let [text, n] = keys.each(["text", "n"]);
    on.set(&text, "text").await?;
    // One command fails: the error names it, and the others have run.
    let error = on.run(pipe().incr(&n).incr(&text).incr(&n)).await.unwrap_err();
    assert_eq!((error.command(), error.key()), (Some("INCR"), Some(&*text)), "{error}");
    assert_eq!(on.get::<i64>(&n).await?, 2);
    // Also one whose reply is ignored, and one of `many`.
    assert!(on.run(pipe().incr(&text).ignore().incr(&n)).await.is_err());
    assert!(on.run(pipe().many([cmd().incr(&n), cmd().incr(&text)])).await.is_err());
    let (checked, after) = on.run(pipe().incr(&text).checked().incr(&n)).await?;
    assert_eq!((checked.unwrap_err().key(), after), (Some(&*text), 5));
    // A reply that does not fit the caller's type.
    let error = on.run(pipe().incr(&n).get::<i64>(&text)).await.unwrap_err();
    assert_eq!((error.kind(), error.key()), (&ErrorKind::Decode, Some(&*text)), "{error}");
    // If an argument cannot be sent, nothing of the batch is sent.
    let error = on.run(pipe().incr(&n).incr_by_float(&n, f64::NAN)).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Argument, "{error}");
    assert_eq!(on.get::<i64>(&n).await?, 6);
    let error = on.run(atomic().incr(&n).hget::<String>(&n, "field")).await.unwrap_err();
    assert_eq!((error.code(), error.command()), (Some(&ServerErrorCode::WrongType), Some("HGET")), "{error}");
    Ok(())
}

/// The user's own commands, on every executor.
trait Shop: Executor {
    fn sell(self, article: &str, pieces: i64) -> Self::Output<i64> {
        self.execute(raw("DECRBY").key(article).arg(pieces).reply())
    }
}

impl<E: Executor> Shop for E {}

async fn own_commands(on: &On, keys: &Keys) -> Result<()> {
    let lamp = keys.of("lamp");
    on.set(&lamp, 10).await?;
    assert_eq!(on.sell(&lamp, 3).await?, 7);
    assert_eq!(on.run(pipe().sell(&lamp, 1).sell(&lamp, 1)).await?, (6, 5));
    assert_eq!(on.run(atomic().sell(&lamp, 5)).await?, (0,));
    Ok(())
}

/// Generic code that runs any plan on another thread.
fn spawned<P>(client: redis_om_client::Client, plan: P) -> tokio::task::JoinHandle<Result<P::Reply>>
where
    P: redis_om_client::Plan<Reply: Send> + 'static,
{
    tokio::spawn(async move { client.run(plan).await })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plans_move_between_threads() {
    let server = redis_om_tests::valkey();
    let client = redis_om_client::Client::connect(&server.url()).await.unwrap();
    let key = Keys::new().of("k");
    assert_eq!(spawned(client.clone(), cmd().incr(&key)).await.unwrap().unwrap(), 1);
    assert_eq!(spawned(client.clone(), pipe().incr(&key).incr(&key)).await.unwrap().unwrap(), (2, 3));
    assert_eq!(spawned(client, atomic().incr(&key)).await.unwrap().unwrap(), (4,));
}
