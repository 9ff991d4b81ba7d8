//! All faults at once: connections are lost at random moments, commands have every form, and futures are dropped at
//! random. Every finished command must have its own reply, every counter must have the right sum, and no resource may
//! be used up.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use redis_om_client::{Client, Error, ErrorKind, Execution, Result, prelude::*};
use redis_om_tests::{Fault, Keys, Proxy, Random, in_time, valkey};
use tokio::task::JoinSet;

use super::{cancel::at_most, connect, through};

/// How many increments of its counter each task has confirmed at least.
const LEAST: i64 = 5;

/// What one task knows of its counter.
#[derive(Debug, Default, Clone, Copy)]
struct Books {
    confirmed: i64,
    /// Unknown: the command may have run, or its future was dropped.
    unknown: i64,
}

/// Whether an outage may cause this error; any other error is a defect.
fn expected(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Disconnected | ErrorKind::Io | ErrorKind::Timeout(_) | ErrorKind::Protocol
    )
}

async fn share(client: Client, keys: Keys, number: usize, stop: Arc<AtomicBool>) -> Books {
    let mut random = Random::new(number as u64);
    let counter = keys.of(&format!("n{number}"));
    let queue = keys.of(&format!("q{number}"));
    let mut books = Books::default();
    // Long enough for some increments, also on a slow machine.
    while !stop.load(Ordering::Relaxed) || books.confirmed < LEAST {
        let polls = if random.below(3) > 0 { usize::MAX } else { random.below(8) };
        let word = random.bits().to_string();
        let echo = || cmd().echo::<String>(&*word);
        let seen: Option<Result<()>> = match random.below(6) {
            0 => at_most(polls, client.echo::<String>(&*word))
                .await
                .map(|got| got.map(|got| assert_eq!(got, word))),
            1 => {
                let many = pipe().many([echo(), echo()]).echo::<String>("end");
                at_most(polls, client.run(many)).await.map(|got| {
                    got.map(|(both, end)| {
                        assert_eq!((both, &*end), (vec![word.clone(), word.clone()], "end"))
                    })
                })
            }
            2 => at_most(polls, client.run(atomic().many([echo(), echo()])))
                .await
                .map(|got| got.map(|(both,)| assert_eq!(both, [&*word, &*word]))),
            3 => at_most(polls, client.blpop::<i64>(&queue, Duration::from_millis(1)))
                .await
                .map(|got| got.map(|popped| assert_eq!(popped, None))),
            4 => {
                let watching = client.watch([&queue], async |conn| {
                    assert_eq!(conn.llen(&queue).await?, 0);
                    Ok(atomic().echo::<String>(&word))
                });
                at_most(polls, watching).await.map(|got| got.map(|(got,)| assert_eq!(got, word)))
            }
            _ => {
                match at_most(polls, client.incr(&counter)).await {
                    Some(Ok(_)) => books.confirmed += 1,
                    Some(Err(error)) if error.execution() == Execution::NotSent => {}
                    Some(Err(_)) | None => books.unknown += 1,
                }
                continue;
            }
        };
        if let Some(Err(error)) = seen {
            assert!(expected(&error), "{error}");
        }
        tokio::task::yield_now().await;
    }
    books
}

async fn chaos(options: &str, seed: u64) {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client =
        through(&proxy, &format!("command_timeout=2s&pool_size=4&connect_timeout=1s&{options}")).await;
    let direct = connect(&server.url()).await.unwrap();
    let keys = Keys::new();
    let stop = Arc::new(AtomicBool::new(false));
    let tasks = 16;
    let mut shares = JoinSet::new();
    for number in 0..tasks {
        let (client, keys, stop) = (client.clone(), keys.clone(), Arc::clone(&stop));
        shares.spawn(async move { (number, share(client, keys, number, stop).await) });
    }
    let mut random = Random::new(seed);
    for _ in 0..100 {
        // The faults come at random moments, which this pause makes. The test concludes nothing from it.
        tokio::time::sleep(Duration::from_millis(random.below(40) as u64)).await;
        match random.below(9) {
            0 => proxy.cut(),
            1 => proxy.reset(),
            2 => {
                proxy.stall();
                tokio::time::sleep(Duration::from_millis(5)).await;
                proxy.resume();
            }
            3 => drop(proxy.trap("ECHO", Fault::Truncate(random.below(40)))),
            4 => drop(proxy.trap("INCR", Fault::LoseReply)),
            5 => drop(proxy.trap("EXEC", Fault::ResetBefore)),
            6 => drop(proxy.trap("BLPOP", Fault::CutBefore)),
            7 => drop(proxy.trap("ECHO", Fault::Replace(b"$4294967296\r\n".to_vec()))),
            _ => drop(proxy.trap("ECHO", Fault::Delay(Duration::from_millis(3)))),
        }
    }
    stop.store(true, Ordering::Relaxed);
    while let Some(done) = in_time("the tasks to end", shares.join_next()).await {
        let (number, books) = done.unwrap();
        let counted = direct.get::<Option<i64>>(keys.of(&format!("n{number}"))).await.unwrap().unwrap_or(0);
        let most = books.confirmed + books.unknown;
        assert!((books.confirmed..=most).contains(&counted), "task {number}: {books:?}, counted {counted}");
    }
    // Nothing was used up: there are as many exclusive connections as before, and each command has its own reply.
    let mut waiting = JoinSet::new();
    for n in 0..4_i64 {
        let (client, key) = (client.clone(), keys.of(&format!("last{n}")));
        waiting.spawn(async move { (n, client.blpop::<i64>(key, Duration::from_secs(20)).await) });
    }
    for n in 0..4_i64 {
        in_time("pushing", direct.rpush(keys.of(&format!("last{n}")), n)).await.unwrap();
    }
    while let Some(done) = in_time("the last ones", waiting.join_next()).await {
        let (n, popped) = done.unwrap();
        // One of them may have got a connection with a fault that a trap has yet to inject.
        match popped {
            Ok(popped) => assert_eq!(popped.map(|(_, value)| value), Some(n)),
            Err(error) => assert!(expected(&error), "{error}"),
        }
    }
}

#[tokio::test]
async fn on_one_thread() {
    chaos("protocol=3", 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_two_threads_with_three_connections_and_resp2() {
    chaos("protocol=2&connections=3", 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_small_queue_budget() {
    chaos("queue_commands=4&queue_budget=4KiB", 3).await;
}

/// Futures that wait for room are dropped at random: each must return its reserved room.
#[tokio::test]
async fn reserved_room_of_dropped_futures_is_offered_to_other_commands() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "queue_commands=4&queue_budget=2KiB").await;
    let mut tasks = JoinSet::new();
    for task in 0..32_u64 {
        let client = client.clone();
        tasks.spawn(async move {
            let mut random = Random::new(task);
            let mut ended = 0;
            for n in 0..150_u64 {
                let word = format!("{task}:{n}:{}", "x".repeat(random.below(1_500)));
                let polls = if random.below(2) == 0 { usize::MAX } else { random.below(5) };
                if let Some(got) = at_most(polls, client.echo::<String>(&word)).await {
                    assert_eq!(got.unwrap(), word);
                    ended += 1;
                }
            }
            ended
        });
    }
    let mut ended = 0;
    while let Some(done) = in_time("all of them", tasks.join_next()).await {
        ended += done.unwrap();
    }
    assert!(ended > 1_500, "{ended}");
    assert_eq!(proxy.counts().accepted, 1);
}
