//! Large values: they arrive whole, in order, and what is told of a lost one is right.

use bytes::Bytes;
use redis_om_client::{Client, Config, Pem, TlsConfig, blocking, prelude::*, raw};
use redis_om_tests::{Certificates, Keys, Proxy, TlsFront, in_time, valkey};

use super::{cancel::at_most, connect, through};

/// A value without runs of equal bytes, which differs for each seed.
fn value(seed: usize, size: usize) -> Bytes {
    (0..size).map(|n| ((n * 31 + seed * 7 + n / 251) % 253) as u8).collect::<Vec<_>>().into()
}

const SIZES: [usize; 6] = [32 << 10, 64 << 10, (1 << 20) - 1, 1 << 20, 4 << 20, 64 << 20];

#[tokio::test]
async fn values_up_to_64_mib_arrive_whole() {
    let server = valkey();
    for protocol in [2, 3] {
        let client = connect(&format!("{}?protocol={protocol}", server.url())).await.unwrap();
        let keys = Keys::new();
        for (seed, size) in SIZES.into_iter().enumerate() {
            let bytes = value(seed, size);
            in_time("the write", client.set(keys.of("shared"), &bytes)).await.unwrap();
            assert!(client.get::<Bytes>(keys.of("shared")).await.unwrap() == bytes, "{size}");
            let slice: &[u8] = &bytes;
            let old = client.run(raw("SET").key(keys.of("shared")).arg(slice).arg("GET").reply::<Bytes>());
            assert!(in_time("the write", old).await.unwrap() == bytes, "{size}");
        }
        // In a batch.
        let bytes = value(9, 1 << 20);
        let batch = pipe().set(keys.of("a"), &bytes).get::<Bytes>(keys.of("a"));
        assert!(in_time("the batch", client.run(batch)).await.unwrap().1 == bytes);
        let batch = atomic().set(keys.of("b"), &bytes).get::<Bytes>(keys.of("b"));
        assert!(in_time("the transaction", client.run(batch)).await.unwrap().1 == bytes);
        client.del(keys.each(["shared", "a", "b"])).await.unwrap();
    }
}

#[test]
fn the_blocking_client_sends_them() {
    let server = valkey();
    for protocol in [2, 3] {
        let client = blocking::Client::connect(&format!("{}?protocol={protocol}", server.url())).unwrap();
        let keys = Keys::new();
        for (seed, size) in SIZES.into_iter().enumerate() {
            let bytes = value(seed, size);
            client.set(keys.of("k"), &bytes).unwrap();
            assert!(client.get::<Bytes>(keys.of("k")).unwrap() == bytes, "{size}");
        }
        client.del(keys.of("k")).unwrap();
    }
}

#[tokio::test]
async fn tls_sends_them() {
    let server = valkey();
    let certificates = Certificates::new(&["localhost"]);
    let front = TlsFront::to(server.port(), &certificates);
    let config = Config::from_url(format!("rediss://localhost:{}", front.port())).unwrap();
    let config = config.tls(TlsConfig::new().ca(Pem::bytes(&certificates.authority)));
    let client = in_time("connecting", Client::with_config(config)).await.unwrap();
    let keys = Keys::new();
    for (seed, size) in SIZES[..5].iter().enumerate() {
        let bytes = value(seed, *size);
        in_time("the write", client.set(keys.of("k"), &bytes)).await.unwrap();
        assert!(client.get::<Bytes>(keys.of("k")).await.unwrap() == bytes, "{size}");
    }
    client.del(keys.of("k")).await.unwrap();
    in_lists_and_batches(&client).await;
}

/// Large values in lists of arguments and in batches, together with small ones.
async fn in_lists_and_batches(client: &Client) {
    let keys = Keys::new();
    let bytes: Vec<Bytes> = [0, 9, 32 << 10, 70_000, 1 << 20, 5 << 20].map(|size| value(size, size)).into();
    let names: Vec<String> = (0..bytes.len()).map(|n| keys.of(&n.to_string())).collect();
    let pairs: Vec<_> = names.iter().zip(&bytes).collect();
    in_time("MSET", client.mset(&pairs)).await.unwrap();
    assert!(client.mget::<Vec<Bytes>>(&names).await.unwrap() == bytes);
    client.del(&names).await.unwrap();
    let slices: Vec<(&String, &[u8])> = pairs.iter().map(|(name, bytes)| (*name, &bytes[..])).collect();
    in_time("HSET", client.hset(keys.of("hash"), &slices)).await.unwrap();
    assert!(client.hvals::<Vec<Bytes>>(keys.of("hash")).await.unwrap().len() == bytes.len());
    assert!(client.hmget::<Vec<Bytes>>(keys.of("hash"), &names).await.unwrap() == bytes);
    in_time("RPUSH", client.rpush(keys.of("list"), &bytes)).await.unwrap();
    assert!(client.lrange::<Vec<Bytes>>(keys.of("list"), 0, -1).await.unwrap() == bytes);
    let sets = || pairs.iter().map(|(name, bytes)| cmd().set(*name, *bytes));
    let batch = pipe().many(sets()).mget::<Vec<Bytes>>(&names).mset(&pairs).del(&names[..3]);
    let (_, stored, _, deleted) = in_time("the pipeline", client.run(batch)).await.unwrap();
    assert!(stored == bytes && deleted == 3);
    let batch = atomic().many(sets()).mget::<Vec<Bytes>>(&names).del(&names).del(keys.each(["hash", "list"]));
    let (_, stored, ..) = in_time("the transaction", client.run(batch)).await.unwrap();
    assert!(stored == bytes);
}

#[tokio::test]
async fn lists_and_batches_of_them_arrive_whole() {
    let server = valkey();
    for protocol in [2, 3] {
        in_lists_and_batches(&connect(&format!("{}?protocol={protocol}", server.url())).await.unwrap()).await;
    }
}

async fn many_tasks() {
    let server = valkey();
    let client = connect(&server.url()).await.unwrap();
    let keys = std::sync::Arc::new(Keys::new());
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..8_usize {
        let (client, keys) = (client.clone(), keys.clone());
        tasks.spawn(async move {
            let key = keys.of(&task.to_string());
            for round in 0..40_usize {
                // Small and large ones in turn, and every fifth future is dropped early.
                let size = if (task + round).is_multiple_of(2) { 64 } else { (40 << 10) + round * 9_973 };
                let bytes = value(task * 100 + round, size);
                if round % 5 == 3 {
                    let batch = pipe().set(&key, &bytes[1..]).set(&key, &bytes).get::<Bytes>(&key);
                    let read = client.run(batch).await.unwrap().2;
                    assert!(read == bytes, "task {task}, round {round}");
                }
                let write = client.set(&key, &bytes);
                if round % 5 == 4 {
                    at_most(1 + round % 3, write).await;
                } else {
                    write.await.unwrap();
                    assert!(client.get::<Bytes>(&key).await.unwrap() == bytes, "task {task}, round {round}");
                }
                let text = format!("{task}:{round}");
                assert_eq!(client.run(raw("ECHO").arg(&text).reply::<String>()).await.unwrap(), text);
            }
            client.del(&key).await.unwrap();
        });
    }
    in_time("the tasks", async { while tasks.join_next().await.transpose().unwrap().is_some() {} }).await;
}

#[tokio::test]
async fn tasks_share_a_connection_on_one_thread() {
    many_tasks().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tasks_share_a_connection_on_several_threads() {
    many_tasks().await;
}

#[tokio::test]
async fn a_future_dropped_in_the_middle_of_a_write_shifts_no_reply() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "").await;
    let keys = Keys::new();
    let bytes = value(1, 32 << 20);
    proxy.stall();
    // More than the buffers of the sockets hold, so the write stays unfinished.
    assert!(at_most(3, async { client.set(keys.of("k"), &bytes).await }).await.is_none());
    let behind = tokio::spawn({
        let client = client.clone();
        async move { client.run(raw("ECHO").arg("behind").reply::<String>()).await }
    });
    tokio::task::yield_now().await;
    proxy.resume();
    assert_eq!(in_time("the reply", behind).await.unwrap().unwrap(), "behind");
    // What was begun is written to its end.
    assert!(in_time("the value", client.get::<Bytes>(keys.of("k"))).await.unwrap() == bytes);
    client.del(keys.of("k")).await.unwrap();
}

#[tokio::test]
async fn a_write_that_a_lost_connection_cut_is_sent_again() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "retry_attempts=1").await;
    let direct = connect(&server.url()).await.unwrap();
    let keys = Keys::new();
    let bytes = value(1, 32 << 20);
    let accepted = proxy.counts().accepted;
    proxy.stall();
    let write = client.set(keys.of("k"), &bytes);
    let mut write = Box::pin(write);
    assert!(at_most(3, &mut write).await.is_none());
    proxy.reset();
    proxy.resume();
    // A command of which only a part was sent cannot have run, so it is sent again. A write that may have run would be
    // an error.
    in_time("the write", write).await.unwrap();
    assert_eq!(proxy.counts().accepted, accepted + 1, "on another connection");
    assert!(direct.get::<Bytes>(keys.of("k")).await.unwrap() == bytes);
    direct.del(keys.of("k")).await.unwrap();
}

#[tokio::test]
async fn of_a_batch_that_a_lost_connection_cut_only_the_rest_is_sent_again() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "retry_attempts=1").await;
    let direct = connect(&server.url()).await.unwrap();
    let keys = Keys::new();
    let (one, other) = (value(1, 32 << 20), value(2, 33 << 20));
    let accepted = proxy.counts().accepted;
    proxy.stall();
    let batch = pipe().incr(keys.of("n")).checked().set(keys.of("a"), &one).set(keys.of("b"), &other);
    let mut batch = Box::pin(client.run(batch));
    assert!(at_most(3, &mut batch).await.is_none());
    proxy.reset();
    proxy.resume();
    // The small command was sent whole, so it may have run. The server got none of the large ones whole.
    let (counted, ..) = in_time("the batch", batch).await.unwrap();
    assert!(counted.unwrap_err().may_have_run());
    assert_eq!(proxy.counts().accepted, accepted + 1, "on another connection");
    assert!(direct.get::<Bytes>(keys.of("a")).await.unwrap() == one);
    assert!(direct.get::<Bytes>(keys.of("b")).await.unwrap() == other);
    direct.del(keys.each(["n", "a", "b"])).await.unwrap();
}
