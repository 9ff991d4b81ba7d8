//! How an attempt ends, and what follows: blocking commands, dropped futures, replies of scripts, a failover.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    task::Poll,
    time::Duration,
};

use redis_om_client::{
    ByteStream, Client, Config, Connecting, Connector, Endpoint, ErrorKind, KeyName, Result, Value, blocking,
    commands::{ListEnd, ZEnd},
    prelude::*,
    raw,
    testing::Server,
};
use redis_om_tests::{Fault, Keys, Proxy, in_time, redis6, redis8, valkey};
use tokio::net::TcpStream;

use super::{QUICK, connect, refused, through};

/// Waits until this number of connections is blocked on the server.
async fn blocked(on: &Client, wanted: usize) {
    let so = async {
        loop {
            let info: String = on.run(raw("INFO").arg("clients").reply()).await.unwrap();
            if info.lines().any(|line| line == format!("blocked_clients:{wanted}")) {
                return;
            }
        }
    };
    in_time("the command to block", so).await;
}

/// Polls a future once.
async fn once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

#[tokio::test]
async fn no_ping_is_sent_on_a_connection_with_a_blocking_command() {
    for server in [valkey(), redis8(), redis6()] {
        let direct = connect(&server.url()).await.unwrap();
        let url = format!("{}?idle_ping=50ms&ping_timeout=50ms&command_timeout=100ms", server.url());
        let client = connect(&url).await.unwrap();
        let keys = Keys::new();
        for timeout in [Duration::from_secs(60), Duration::ZERO] {
            let element = async {
                // This is several times the ping timeout.
                tokio::time::sleep(Duration::from_millis(500)).await;
                direct.rpush(keys.of("q"), "x").await.unwrap();
            };
            let (taken, ()) = tokio::join!(client.blpop(keys.of("q"), timeout), element);
            let (key, value): (KeyName, String) = taken.unwrap().unwrap();
            assert_eq!((key.to_string(), value), (keys.of("q"), "x".to_owned()));
        }
        let url = url.clone();
        let key = keys.of("q");
        let waits = tokio::task::spawn_blocking(move || {
            let client = blocking::Client::connect(&url)?;
            client.blpop::<String>(&key, Duration::ZERO)
        });
        tokio::time::sleep(Duration::from_millis(500)).await;
        direct.rpush(keys.of("q"), "x").await.unwrap();
        assert_eq!(waits.await.unwrap().unwrap().unwrap().1, "x");
    }
}

/// The blocking commands, one after another. Those of lists wait for `q`, those of sorted sets for `z`. An element that
/// is moved to another list would be in `other`.
async fn blocks(client: &Client, turn: usize) -> Result<()> {
    let minute = Duration::from_secs(60);
    match turn % BLOCKING {
        0 => client.blpop::<String>("q", minute).await.map(drop),
        1 => client.brpop::<String>(["q", "r"], minute).await.map(drop),
        2 => client.blmove::<String>("q", "other", ListEnd::Left, ListEnd::Right, minute).await.map(drop),
        3 => client.brpoplpush::<Option<String>>("q", "other", minute).await.map(drop),
        4 => client.blmpop::<String>("q", ListEnd::Left, 1, minute).await.map(drop),
        5 => client
            .watch(["w"], async |conn| -> Result<_> {
                conn.blpop::<String>("q", minute).await?;
                Ok(atomic().incr("other"))
            })
            .await
            .map(drop),
        6 => client.bzpopmin::<String>("z", minute).await.map(drop),
        7 => client.bzpopmax::<String>("z", minute).await.map(drop),
        _ => client.bzmpop::<String>("z", ZEnd::Min, 1, minute).await.map(drop),
    }
}

/// The number of cases in [`blocks`].
const BLOCKING: usize = 9;

async fn dropped_commands_take_no_element(times: usize) {
    // It has a server of its own, because it counts blocked clients.
    let server = Server::start().unwrap();
    let client = connect(&server.url()).await.unwrap();
    let direct = connect(&server.url()).await.unwrap();
    let mut lost = Vec::new();
    for turn in 0..times {
        {
            let mut waits = pin!(blocks(&client, turn));
            tokio::select! {
                ended = &mut waits => panic!("nothing was there to take: {ended:?}"),
                () = blocked(&direct, 1) => {}
            }
        }
        // The drop has returned.
        let (_, _, from_list, from_set) = direct
            .run(
                pipe()
                    .rpush("q", turn)
                    .zadd("z", (1.0, turn))
                    .lpop::<Option<usize>>("q")
                    .zpopmin::<usize>("z"),
            )
            .await
            .unwrap();
        if (from_list, from_set) != (Some(turn), Some((turn, 1.0))) {
            lost.push(turn % BLOCKING);
        }
        // Waits until no command is blocked, so that the next turn does not see this one.
        blocked(&direct, 0).await;
    }
    assert_eq!(lost, [0; 0], "of {times}");
    assert!(direct.exists("other").await.unwrap() == 0, "an element was moved");
}

#[tokio::test]
async fn a_dropped_command_takes_no_element_on_one_thread() {
    dropped_commands_take_no_element(1_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_command_takes_no_element_on_several_threads() {
    tokio::spawn(dropped_commands_take_no_element(1_000)).await.unwrap();
}

#[tokio::test]
async fn a_script_that_returned_an_error_may_have_run() {
    const CODES: [&str; 6] = ["LOADING", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "BUSY", "READONLY"];
    for server in [valkey(), redis8(), redis6()] {
        let client = connect(&server.url()).await.unwrap();
        let keys = Keys::new();
        for (done, code) in (1..).zip(CODES) {
            let script = format!("redis.call('INCR', KEYS[1]) return {{err='{code} mine'}}");
            let n = keys.of("n");
            let told = |error: redis_om_client::Error| {
                assert!(error.may_have_run() && !error.is_retryable(), "{error}");
                assert!(error.to_string().contains("effects before the failure remain"), "{error}");
            };
            told(refused(client.eval::<Value>(&script, [&n], ()).await));
            assert_eq!(client.get::<i64>(&n).await.unwrap(), done, "{code}: more than once");
            let words = raw("EVAL").arg(&script).arg(1).key(keys.of("raw"));
            told(refused(client.run(words.reply::<Value>()).await));
            assert_eq!(client.get::<i64>(keys.of("raw")).await.unwrap(), done, "{code}: more than once");
            let (outcome, after) = client
                .run(pipe().eval::<Value>(&script, [keys.of("piped")], ()).checked().incr(keys.of("behind")))
                .await
                .unwrap();
            told(refused(outcome));
            assert_eq!((client.get::<i64>(keys.of("piped")).await.unwrap(), after), (done, done));
            told(refused(client.run(atomic().eval::<Value>(&script, [keys.of("atomic")], ())).await));
            assert_eq!(client.get::<i64>(keys.of("atomic")).await.unwrap(), done, "{code}: more than once");
        }
    }
    let server = valkey();
    let client = connect(&server.url()).await.unwrap();
    let key = Keys::new().of("n");
    let library = "#!lua name=attempts\nredis.register_function('attempts_loading', function(keys) \
                   redis.call('INCR', keys[1]) return {err='LOADING mine'} end)";
    let load = raw("FUNCTION").arg("LOAD").arg("REPLACE").arg(library);
    client.run(load.reply::<String>()).await.unwrap();
    let error = refused(client.fcall::<Value>("attempts_loading", [&key], ()).await);
    assert!(error.may_have_run(), "{error}");
    assert_eq!(client.get::<i64>(&key).await.unwrap(), 1);
}

#[tokio::test]
async fn an_error_says_may_have_run_if_an_earlier_attempt_may_have_run() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "command_timeout=2s").await;
    let direct = connect(&server.url()).await.unwrap();
    let key = Keys::new().of("k");
    let sprung = proxy.trap("SETRANGE", Fault::Silence);
    let command = raw("SETRANGE").key(&key).arg(0).arg("same").idempotent().reply::<u64>();
    let lost = async {
        sprung.wait().await;
        in_time("the server to run it", async {
            while direct.get::<Option<String>>(&key).await.unwrap().is_none() {}
        })
        .await;
        // The second attempt cannot connect.
        proxy.refuse();
    };
    let (outcome, ()) = tokio::join!(client.run(command), lost);
    let error = refused(outcome);
    assert!(error.may_have_run(), "{error}");
    assert!(!error.is_retryable(), "{error}");
}

/// Connects to the server that is set at the moment of the dial.
#[derive(Debug, Clone)]
struct Name(Arc<AtomicU16>);

impl Connector for Name {
    fn connect<'a>(&'a self, _: &'a Endpoint) -> Connecting<'a> {
        Box::pin(async move {
            let stream = TcpStream::connect(("127.0.0.1", self.0.load(Ordering::SeqCst))).await?;
            Ok(Box::new(stream) as Box<dyn ByteStream>)
        })
    }
}

#[tokio::test]
async fn after_a_failover_the_name_is_resolved_again() {
    let (old, new) = (Server::start().unwrap(), Server::start().unwrap());
    let name = Name(Arc::new(AtomicU16::new(old.port())));
    let config = Config::from_url(format!("redis://name.invalid?{QUICK}")).unwrap().connector(name.clone());
    let client = in_time("connecting", Client::with_config(config)).await.unwrap();
    client.set("k", "before").await.unwrap();
    let on_old = connect(&old.url()).await.unwrap();
    let replicate = raw("REPLICAOF").arg("127.0.0.1").arg(new.port()).reply::<()>();
    on_old.run(replicate).await.unwrap();
    name.0.store(new.port(), Ordering::SeqCst);
    // Each way of sending finds the new server.
    in_time("a write", client.set("a", 1)).await.unwrap();
    let (b, c) = in_time("a pipeline", client.run(pipe().incr("b").incr("c"))).await.unwrap();
    let (d,) = in_time("a transaction", client.run(atomic().incr("d"))).await.unwrap();
    assert_eq!((b, c, d), (1, 1, 1));
    let (e,) = in_time("watch", client.watch(["e"], async |_| -> Result<_> { Ok(atomic().incr("e")) }))
        .await
        .unwrap();
    assert_eq!(e, 1);
    let on_new = connect(&new.url()).await.unwrap();
    assert_eq!(on_new.exists(["a", "b", "c", "d", "e"]).await.unwrap(), 5);
}

#[tokio::test]
async fn after_a_failover_exclusive_connections_are_replaced() {
    let (old, new) = (Server::start().unwrap(), Server::start().unwrap());
    let name = Name(Arc::new(AtomicU16::new(old.port())));
    let config = Config::from_url(format!("redis://name.invalid?{QUICK}")).unwrap().connector(name.clone());
    let client = in_time("connecting", Client::with_config(config)).await.unwrap();
    let add = || client.watch(["n"], async |_| -> Result<_> { Ok(atomic().incr("n")) });
    assert_eq!(in_time("watch before", add()).await.unwrap(), (1,));
    let nothing = client.blpop::<i64>("q", Duration::from_millis(10)).await.unwrap();
    assert!(nothing.is_none());
    let on_old = connect(&old.url()).await.unwrap();
    on_old.run(raw("REPLICAOF").arg("127.0.0.1").arg(new.port()).reply::<()>()).await.unwrap();
    name.0.store(new.port(), Ordering::SeqCst);
    // The program uses nothing else.
    let on_new = connect(&new.url()).await.unwrap();
    in_time("watch after", add()).await.unwrap();
    assert!(on_new.get::<i64>("n").await.unwrap() >= 1);
    let batch = pipe().set("b", 1).add(raw("WAIT").arg(0).arg(10).reply::<i64>());
    in_time("a pipeline with WAIT", client.run(batch)).await.unwrap();
    let batch = pipe().set("c", 1).blpop::<i64>("q", Duration::from_millis(10));
    in_time("a pipeline that blocks", client.run(batch)).await.unwrap();
    assert_eq!(on_new.exists(["b", "c"]).await.unwrap(), 2);
}

#[tokio::test]
async fn only_the_repeatable_parts_of_a_batch_are_sent_again() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "").await;
    let [a, b, c] = Keys::new().each(["a", "b", "c"]);
    // The first reply arrives, then the connection ends. It is unknown whether the other commands ran.
    let sprung = proxy.trap("INCR", Fault::Truncate(4));
    let batch = pipe().incr(&a).checked().incr(&b).checked().get::<Option<i64>>(&c).checked();
    let (first, second, third) = in_time("the batch", client.run(batch)).await.unwrap();
    sprung.wait().await;
    assert_eq!(first.unwrap(), 1);
    let error = refused(second);
    assert!(error.may_have_run() && error.key() == Some(&*b), "{error}");
    assert_eq!(third.unwrap(), None, "a read is sent again");
}

#[tokio::test]
async fn a_batch_that_was_not_sent_is_sent_on_the_next_connection() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "").await;
    let key = Keys::new().of("n");
    let sprung =
        proxy.trap("INCR", Fault::Replace(b"-LOADING Redis is loading the dataset in memory\r\n".repeat(2)));
    let (one, two) = in_time("the batch", client.run(pipe().incr(&key).incr(&key))).await.unwrap();
    sprung.wait().await;
    assert_eq!((one, two), (1, 2));
    let lines = b"-LOADING Redis is loading the dataset in memory\r\n".repeat(2);
    let abort = b"-EXECABORT Transaction discarded because of previous errors.\r\n";
    let sprung = proxy.trap("EXEC", Fault::Replace([b"+OK\r\n", &lines[..], abort].concat()));
    let (one, two) = in_time("the transaction", client.run(atomic().incr(&key).incr(&key))).await.unwrap();
    sprung.wait().await;
    assert_eq!((one, two), (3, 4));
}

#[tokio::test]
async fn script_kill_does_not_wait_for_the_script() {
    let server = Server::builder().args(["--lua-time-limit", "5"]).start().unwrap();
    let client = connect(&server.url()).await.unwrap();
    let endless = tokio::spawn({
        let client = client.clone();
        async move { client.eval::<Value>("while true do end", (), ()).await }
    });
    let direct = connect(&format!("{}?retry_refusals=0", server.url())).await.unwrap();
    in_time("the script to be too long", async { while direct.ping().await.is_ok() {} }).await;
    in_time("SCRIPT KILL", client.script_kill()).await.unwrap();
    let error = refused(in_time("the script", endless).await.unwrap());
    assert!(error.to_string().contains("killed"), "{error}");
    in_time("another command", client.ping()).await.unwrap();
}

#[test]
fn a_connection_that_was_closed_while_the_program_slept_is_found_before_a_write() {
    let server = valkey();
    let direct = blocking::Client::connect(&server.url()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let key = Keys::new().of("n");
    runtime.block_on(async {
        let client = connect(&format!("{}?{QUICK}", server.url())).await.unwrap();
        for done in 1..=20_i64 {
            let id: i64 = client.run(raw("CLIENT ID").reply()).await.unwrap();
            let kill = raw("CLIENT").arg("KILL").arg("ID").arg(id).reply::<i64>();
            // The thread of the runtime does not poll its sockets meanwhile.
            let killed = std::thread::scope(|scope| scope.spawn(|| direct.run(kill)).join().unwrap());
            assert_eq!(killed.unwrap(), 1);
            std::thread::sleep(Duration::from_millis(110));
            let counted = in_time("a command after the pause", client.incr(&key)).await;
            assert_eq!(counted.unwrap(), done, "turn {done}");
        }
    });
}

#[test]
fn the_error_outside_of_a_suitable_runtime_says_what_is_missing() {
    let server = valkey();
    let url = server.url();
    let mut connecting = pin!(Client::connect(&url));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let Poll::Ready(outcome) = connecting.as_mut().poll(&mut context) else { panic!("it waits for nothing") };
    let error = refused(outcome);
    assert_eq!(error.kind(), &ErrorKind::Config, "{error}");
    assert!(error.to_string().contains("tokio runtime"), "{error}");
    for (builder, what) in [
        (tokio::runtime::Builder::new_current_thread().enable_io().build(), "timers"),
        (tokio::runtime::Builder::new_current_thread().enable_time().build(), "sockets"),
    ] {
        let error = refused(builder.unwrap().block_on(Client::connect(&url)));
        assert_eq!(error.kind(), &ErrorKind::Config, "{error}");
        assert!(error.to_string().contains(what), "{error}");
    }
}

/// A client works in a runtime without timers and sockets, also when it has to wait and to try again.
#[test]
fn a_client_is_used_in_a_runtime_without_timers() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let own = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let client = own.block_on(through(&proxy, "command_timeout=20s"));
    let bare = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let keys = Keys::new();
    bare.block_on(async {
        assert_eq!(client.incr(keys.of("n")).await.unwrap(), 1);
        let sprung = proxy.trap("GET", Fault::LoseReply);
        assert_eq!(client.get::<i64>(keys.of("n")).await.unwrap(), 1);
        drop(sprung);
        let nothing = client.blpop::<i64>(keys.of("q"), Duration::from_millis(10)).await.unwrap();
        assert!(nothing.is_none());
        let (n,) = client
            .watch([keys.of("n")], async |_| -> Result<_> { Ok(atomic().incr(keys.of("n"))) })
            .await
            .unwrap();
        assert_eq!(n, 2);
        let sprung = proxy.trap("GET", Fault::LoseReply);
        assert_eq!(client.run(pipe().get::<i64>(keys.of("n"))).await.unwrap(), (2,));
        drop(sprung);
    });
}

#[tokio::test]
async fn a_kept_connection_does_not_occupy_a_place_in_the_pool() {
    let server = valkey();
    let client = connect(&format!("{}?pool_size=1&pool_timeout=2s", server.url())).await.unwrap();
    let key = Keys::new().of("n");
    let mut kept = Vec::new();
    for done in 1..=3 {
        let watched =
            client.watch([&key], async |connection| -> Result<_> { Ok((atomic().incr(&key), connection)) });
        let ((n,), connection) = in_time("watch", watched).await.unwrap();
        kept.push(connection);
        assert_eq!(n, done);
    }
    let error = refused(kept[0].get::<i64>(&key).await);
    assert!(error.to_string().contains("has ended"), "{error}");
}

#[tokio::test]
async fn a_drop_can_send_a_command_and_ignore_its_reply() {
    struct Guard(Client, String);
    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.forget(cmd().del(&self.1)).unwrap();
        }
    }
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "").await;
    let direct = connect(&server.url()).await.unwrap();
    let key = Keys::new().of("working");
    let gone = async || {
        in_time("the key to go", async { while direct.exists(&key).await.unwrap() == 1 {} }).await;
    };
    direct.set(&key, 1).await.unwrap();
    // On a thread without a runtime.
    let guard = Guard(client.clone(), key.clone());
    std::thread::spawn(move || drop(guard)).join().unwrap();
    gone().await;
    // While there is no connection.
    direct.set(&key, 1).await.unwrap();
    proxy.refuse();
    drop(Guard(client.clone(), key.clone()));
    assert_eq!(direct.exists(&key).await.unwrap(), 1);
    proxy.accept();
    gone().await;
    // With the blocking client, without a further call on it.
    direct.set(&key, 1).await.unwrap();
    let (url, name) = (server.url(), key.clone());
    let kept = tokio::task::spawn_blocking(move || {
        let client = blocking::Client::connect(&url).unwrap();
        client.forget(cmd().del(&name)).unwrap();
        client
    })
    .await
    .unwrap();
    gone().await;
    drop(kept);
    let error = refused(client.forget(cmd().blpop::<String>("q", Duration::ZERO)));
    assert_eq!(error.kind(), &ErrorKind::Argument, "{error}");
}

#[test]
fn a_blocking_client_sends_forgotten_commands_after_an_outage() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let url = format!("{}?{QUICK}&idle_ping=none", proxy.url());
    let client = blocking::Client::connect(&url).unwrap();
    let direct = blocking::Client::connect(&server.url()).unwrap();
    let key = Keys::new().of("working");
    direct.set(&key, 1).unwrap();
    proxy.refuse();
    client.forget(cmd().del(&key)).unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    proxy.accept();
    let start = std::time::Instant::now();
    while direct.exists(&key).unwrap() == 1 {
        assert!(start.elapsed() < redis_om_tests::PATIENCE, "it was not sent");
    }
}

#[tokio::test]
async fn clients_that_share_connections_have_their_own_timeouts() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "command_timeout=20s").await;
    let opened = proxy.counts().accepted;
    let impatient = client.sharing(|config| config.command_timeout(Duration::from_millis(50))).unwrap();
    impatient.ping().await.unwrap();
    assert_eq!(proxy.counts().accepted, opened, "no connection was made");
    proxy.stall();
    let error = refused(in_time("the impatient one", impatient.ping()).await);
    assert!(matches!(error.kind(), ErrorKind::Timeout(_)), "{error}");
    proxy.resume();
    in_time("the patient one", client.ping()).await.unwrap();
    let error = refused(client.sharing(|config| config.database(3)));
    assert_eq!(error.kind(), &ErrorKind::Config, "{error}");
}

#[test]
fn tasks_of_a_blocking_client_progress_while_a_thread_drives_it() -> Result<()> {
    let server = valkey();
    let client = blocking::Client::connect(&server.url())?;
    let (done, wait) = std::sync::mpsc::channel();
    let spawned = client.as_async().clone();
    let key = Keys::new().of("n");
    client.block_on(async {
        tokio::spawn(async move { done.send(spawned.incr(&key).await) });
        Ok(())
    })?;
    let driving = client.clone().keep_driving()?;
    assert_eq!(wait.recv_timeout(redis_om_tests::PATIENCE).unwrap()?, 1);
    drop(driving);
    client.ping().map(drop)
}

#[tokio::test]
async fn reserved_room_that_is_not_used_is_offered_to_another_command() {
    let server = valkey();
    for timeout in ["2s", "none"] {
        let url = format!("{}?queue_budget=1MiB&command_timeout={timeout}", server.url());
        let client = connect(&url).await.unwrap();
        let keys = Keys::new();
        let large = "x".repeat(256 << 10);
        let names: Vec<String> = (0..100).map(|n| keys.of(&n.to_string())).collect();
        let mut sets: Vec<_> = names.iter().map(|name| Box::pin(client.set(name, &large))).collect();
        for set in &mut sets {
            let _polled = once(set.as_mut()).await;
        }
        // The futures are awaited one after another. Between them another command runs, while the waiting futures are
        // not polled.
        for (done, set) in (1_i64..).zip(sets) {
            let counted = in_time("a command beside those that wait", client.incr(keys.of("n"))).await;
            assert_eq!(counted.unwrap(), done);
            if timeout == "none" {
                in_time("one that waited", set).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn one_timeout_does_not_end_a_connection_that_other_commands_use() {
    let server = Server::start().unwrap();
    let url = format!("{}?command_timeout=100ms&ping_timeout=50ms", server.url());
    let impatient = connect(&url).await.unwrap();
    let patient = impatient.sharing(|config| config.command_timeout(Duration::from_secs(20))).unwrap();
    let id: i64 = patient.run(raw("CLIENT ID").reply()).await.unwrap();
    // The server is busy for a second.
    let busy = "local start = redis.call('TIME') repeat local now = redis.call('TIME') \
                until (now[1] - start[1]) * 1000000 + now[2] - start[2] > 1000000";
    let direct = connect(&server.url()).await.unwrap();
    let (busy, late, counted) = tokio::join!(
        direct.eval::<Value>(busy, (), ()),
        async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            impatient.ping().await
        },
        async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            patient.incr("n").await
        },
    );
    busy.unwrap();
    let error = refused(late);
    assert!(matches!(error.kind(), ErrorKind::Timeout(_)), "{error}");
    assert_eq!(counted.unwrap(), 1, "it had time left");
    assert_eq!(patient.run(raw("CLIENT ID").reply::<i64>()).await.unwrap(), id, "the connection is the same");
}
