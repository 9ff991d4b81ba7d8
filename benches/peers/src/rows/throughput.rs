//! The throughput rows in a child process: it connects, checks that the replies are right, finds out how much work fills a
//! round, then runs one round for each line on standard input. A child process has one contestant, so that the memory and
//! threads of one do not affect another. Idle child processes wait on a pipe.

use std::io::{BufRead, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use super::{Load, bulk};
use crate::contestants::raw::{Raw, RawBlocking, encode};
use crate::contestants::{Address, BlockingGet, Contestant};
use crate::data::{self, Data, FIELDS, HASH_KEY, LARGE, LARGE_KEY, LIST, LIST_KEY, USERS, VALUE, user_key};

/// A runtime with this number of threads. One thread means the current one.
pub(crate) fn runtime(threads: usize) -> Result<Runtime> {
    let mut builder = match threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    if threads > 1 {
        builder.worker_threads(threads);
    }
    Ok(builder.enable_all().build()?)
}

/// Serves rounds of about `target` each with a client.
pub(crate) fn serve<C: Contestant>(
    load: Load,
    threads: usize,
    address: &Address,
    target: Duration,
) -> Result<()> {
    let data = Arc::new(Data::new());
    if load == Load::Blocking {
        let Some(mut get) = C::blocking(address.port)? else { return absent() };
        return rounds(target, move |count| blocking(&mut get, &data, count));
    }
    let runtime = runtime(threads)?;
    let client = runtime.block_on(C::connect(address)).context("connect")?;
    runtime.block_on(verify(client.clone(), &data, load)).context("verify")?;
    if let Load::Bulk(bulk) = load {
        // The arguments are made before the rounds.
        let (mut client, prepared) = (client, bulk::Prepared::<C>::new(bulk, &data));
        return rounds(target, move |count| {
            let times = count.div_ceil(bulk.commands());
            runtime.block_on(bulk::run(&mut client, &data, bulk, &prepared, times))?;
            Ok(times * bulk.commands())
        });
    }
    rounds(target, |count| runtime.block_on(work(&client, &data, load, count)))
}

/// Serves rounds with the raw socket.
pub(crate) fn serve_raw(load: Load, threads: usize, address: &Address, target: Duration) -> Result<()> {
    let data = Data::new();
    let requests = raw_requests(load, &data);
    if load == Load::Blocking {
        let mut socket = RawBlocking::connect(address.port)?;
        let requests = requests.0;
        return rounds(target, move |count| {
            for request in requests.iter().cycle().take(count as usize) {
                socket.call(request)?;
            }
            Ok(count)
        });
    }
    let runtime = runtime(threads)?;
    match &address.authority {
        None => raw_rounds(runtime.block_on(Raw::connect(address.port))?, &runtime, load, requests, target),
        Some(authority) => {
            let socket = runtime.block_on(Raw::connect_tls(address.port, authority))?;
            raw_rounds(socket, &runtime, load, requests, target)
        }
    }
}

fn raw_rounds<S: AsyncRead + AsyncWrite + Unpin>(
    mut socket: Raw<S>,
    runtime: &Runtime,
    load: Load,
    (requests, window, whole): (Vec<Vec<u8>>, usize, bool),
    target: Duration,
) -> Result<()> {
    let reply = runtime.block_on(socket.reply(&requests[0]))?;
    ensure!(reply.len() >= raw_reply(load), "the raw reply is short: {} bytes", reply.len());
    rounds(target, |count| {
        let count = count.div_ceil(window as u64) * window as u64;
        runtime.block_on(socket.run(&requests, count, window, whole))?;
        Ok(count)
    })
}

fn absent() -> Result<()> {
    println!("absent");
    Ok(())
}

/// Calibrates, prints `ready`, and answers each line with operations and nanoseconds until the input ends.
fn rounds(target: Duration, mut run: impl FnMut(u64) -> Result<u64>) -> Result<()> {
    let mut count = 1;
    let count = loop {
        let start = Instant::now();
        let done = run(count)?;
        let spent = start.elapsed();
        if spent * 4 >= target {
            break (done as f64 * target.as_secs_f64() / spent.as_secs_f64()).ceil() as u64;
        }
        count *= 2;
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "ready")?;
    for line in std::io::stdin().lock().lines() {
        line?;
        let start = Instant::now();
        let done = run(count)?;
        writeln!(out, "{done} {}", start.elapsed().as_nanos())?;
    }
    Ok(())
}

/// Compares every reply to the operation of the row in full, so that a client with wrong replies is not measured.
async fn verify<C: Contestant>(mut client: C, data: &Data, load: Load) -> Result<()> {
    match load {
        Load::Sequential | Load::Blocking | Load::Tasks(_) => {
            for (key, value) in data.keys.iter().zip(&data.values).take(USERS) {
                client.set(key, value).await?;
                ensure!(client.get(key).await?.as_ref() == Some(value), "GET {key} is not what was set");
            }
            ensure!(client.get("peers:absent").await?.is_none(), "GET of an absent key is not None");
        }
        Load::Pipeline(_) => ensure!(client.pipe_get(&data.keys).await? == data.values, "pipeline differs"),
        Load::List => ensure!(client.lrange(LIST_KEY).await? == data::list(), "LRANGE differs"),
        Load::Hash => ensure!(client.hgetall(HASH_KEY).await? == data::hash(), "HGETALL differs"),
        Load::Large => {
            ensure!(client.get_bytes(LARGE_KEY).await?.as_ref() == data::large(), "GET of 1 MiB differs")
        }
        Load::Bulk(bulk) => bulk::verify(&mut client, data, bulk).await?,
        Load::Read | Load::Write => {
            for user in &data.users {
                ensure!(client.load(user.id).await? == *user, "loaded user {} differs", user.id);
            }
            // Saved with other numbers and read back.
            let mut other = data.users[1].clone();
            other.id = 1_000_000 + u64::from(std::process::id());
            client.save(&other).await?;
            ensure!(client.load(other.id).await? == other, "saved user differs");
        }
    }
    Ok(())
}

fn blocking(get: &mut BlockingGet, data: &Data, count: u64) -> Result<u64> {
    for n in 0..count as usize {
        check(get(&data.keys[n % data.keys.len()])?)?;
    }
    Ok(count)
}

fn check(value: Option<String>) -> Result<()> {
    match value {
        Some(value) if value.len() == VALUE => Ok(()),
        other => bail!("expected a value for GET, found {other:?}"),
    }
}

/// Does about `count` operations. Returns the exact number.
async fn work<C: Contestant>(client: &C, data: &Arc<Data>, load: Load, count: u64) -> Result<u64> {
    let mut client = client.clone();
    match load {
        Load::Sequential | Load::Blocking => {
            for n in 0..count as usize {
                check(client.get(&data.keys[n % data.keys.len()]).await?)?;
            }
            Ok(count)
        }
        Load::Tasks(tasks) => {
            let each = count.div_ceil(tasks as u64);
            spread(client, data, tasks, move |client, data, task| mixed(client, data, task, each)).await?;
            Ok(each * tasks as u64)
        }
        Load::Pipeline(size) => {
            let times = count.div_ceil(size as u64);
            for _ in 0..times {
                let values = client.pipe_get(&data.keys[..size]).await?;
                ensure!(values.len() == size, "a pipeline of {size} commands has {} replies", values.len());
            }
            Ok(times * size as u64)
        }
        Load::List => {
            for _ in 0..count {
                ensure!(client.lrange(LIST_KEY).await?.len() == LIST, "LRANGE lost elements");
            }
            Ok(count)
        }
        Load::Hash => {
            for _ in 0..count {
                ensure!(client.hgetall(HASH_KEY).await?.len() == FIELDS, "HGETALL lost fields");
            }
            Ok(count)
        }
        Load::Large => {
            for _ in 0..count {
                ensure!(client.get_bytes(LARGE_KEY).await?.as_ref().len() == LARGE, "GET lost bytes");
            }
            Ok(count)
        }
        Load::Bulk(_) => bail!("a bulk row runs its rounds with its own arguments"),
        Load::Read | Load::Write => {
            let each = count.div_ceil(USERS as u64);
            let save = load == Load::Write;
            spread(client, data, USERS, move |client, data, task| models(client, data, task, each, save))
                .await?;
            Ok(each * USERS as u64)
        }
    }
}

/// Runs one future for each task, each with its own handle, to the end.
pub(crate) async fn spread<C, F, T>(client: C, data: &Arc<Data>, tasks: usize, make: F) -> Result<()>
where
    C: Contestant,
    F: Fn(C, Arc<Data>, usize) -> T,
    T: Future<Output = Result<()>> + Send + 'static,
{
    let mut set = JoinSet::new();
    for task in 0..tasks {
        set.spawn(make(client.clone(), Arc::clone(data), task));
    }
    while let Some(done) = set.join_next().await {
        done??;
    }
    Ok(())
}

async fn mixed<C: Contestant>(mut client: C, data: Arc<Data>, task: usize, count: u64) -> Result<()> {
    for n in 0..count as usize {
        let at = (task + n) % data.keys.len();
        if n % 2 == 0 {
            check(client.get(&data.keys[at]).await?)?;
        } else {
            client.set(&data.keys[at], &data.values[at]).await?;
        }
    }
    Ok(())
}

async fn models<C: Contestant>(
    mut client: C,
    data: Arc<Data>,
    task: usize,
    count: u64,
    save: bool,
) -> Result<()> {
    let user = &data.users[task];
    for _ in 0..count {
        if save {
            client.save(user).await?;
        } else {
            ensure!(client.load(user.id).await?.id == user.id, "loaded another user");
        }
    }
    Ok(())
}

/// Only `GET`s, for the rows that count instructions and allocations.
pub(crate) async fn gets<C: Contestant>(
    mut client: C,
    data: Arc<Data>,
    task: usize,
    count: u64,
) -> Result<()> {
    for n in 0..count as usize {
        check(client.get(&data.keys[(task + n) % data.keys.len()]).await?)?;
    }
    Ok(())
}

/// The requests of the row as bytes, how many are in flight, and whether they are sent as whole pipelines.
pub(crate) fn raw_requests(load: Load, data: &Data) -> (Vec<Vec<u8>>, usize, bool) {
    let get = |key: &str| encode(&[b"GET", key.as_bytes()]);
    let gets: Vec<_> = data.keys.iter().map(|key| get(key)).collect();
    match load {
        Load::Sequential | Load::Blocking => (gets, 1, true),
        Load::Tasks(tasks) => {
            let pairs = data.keys.iter().zip(&data.values).enumerate();
            let mixed = pairs.map(|(n, (key, value))| match n % 2 {
                0 => get(key),
                _ => encode(&[b"SET", key.as_bytes(), value.as_bytes()]),
            });
            (mixed.collect(), tasks, false)
        }
        Load::Pipeline(size) => (gets[..size].to_vec(), size, true),
        Load::List => (vec![encode(&[b"LRANGE", LIST_KEY.as_bytes(), b"0", b"-1"])], 1, true),
        Load::Hash => (vec![encode(&[b"HGETALL", HASH_KEY.as_bytes()])], 1, true),
        Load::Large => (vec![get(LARGE_KEY)], 1, true),
        Load::Bulk(bulk) => (bulk::raw_requests(bulk, data), bulk.commands() as usize, true),
        Load::Read => {
            let users = data.users.iter().map(|user| encode(&[b"HGETALL", user_key(user.id).as_bytes()]));
            (users.collect(), USERS, false)
        }
        Load::Write => (data.users.iter().map(data::hset_user).collect(), USERS, false),
    }
}

/// The smallest length of the reply to the first raw request of the row.
fn raw_reply(load: Load) -> usize {
    match load {
        Load::Sequential | Load::Blocking | Load::Tasks(_) | Load::Pipeline(_) => VALUE,
        Load::List => LIST * 32,
        Load::Hash => FIELDS * 32,
        Load::Large => LARGE,
        Load::Bulk(bulk) => bulk::raw_reply(bulk),
        Load::Read => 100,
        Load::Write => 4,
    }
}
