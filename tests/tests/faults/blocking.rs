//! The same promises on the blocking client, in plain threads.

use std::{
    cell::Cell,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use redis_om_client::{
    Config, Error, ErrorKind, KeyName, Pem, Result, ServerErrorCode, TimeoutKind, TlsConfig,
    blocking::Client, prelude::*, raw, testing::Server,
};
use redis_om_tests::{Certificates, Fault, Keys, Memory, Proxy, TlsFront, valkey};

use super::{QUICK, refused};

fn through(proxy: &Proxy, options: &str) -> Client {
    Client::connect(format!("{}?{QUICK}&{options}", proxy.url()).as_str()).unwrap()
}

#[test]
fn connecting_fails_in_time_with_a_typed_error() {
    let server = Server::builder().password("secret").start().unwrap();
    let error = refused(Client::connect(format!("redis://:wrong@127.0.0.1:{}", server.port()).as_str()));
    assert_eq!(error.code(), Some(&ServerErrorCode::WrongPass), "{error}");
    let proxy = Proxy::to(server.port());
    proxy.refuse();
    let error = refused(Client::connect(proxy.url().as_str()));
    assert_eq!(error.kind(), &ErrorKind::Io, "{error}");
}

#[test]
fn after_a_lost_reply_a_write_fails_and_a_read_is_repeated() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "");
    let key = Keys::new().of("n");
    for done in 1..=5 {
        let sprung = proxy.trap("INCR", Fault::LoseReply);
        let error = refused(client.incr(&key));
        sprung.wait_blocking();
        assert!(error.may_have_run(), "{error}");
        let sprung = proxy.trap("GET", Fault::LoseReply);
        assert_eq!(client.get::<i64>(&key).unwrap(), done);
        sprung.wait_blocking();
    }
}

#[test]
fn a_command_to_a_frozen_server_times_out() {
    let server = Server::start().unwrap();
    let client = Client::connect(format!("{}?command_timeout=300ms", server.url()).as_str()).unwrap();
    server.pause().unwrap();
    let error = refused(client.incr("n"));
    assert_eq!(error.kind(), &ErrorKind::Timeout(TimeoutKind::Command), "{error}");
    server.resume().unwrap();
    while client.set("text", "mine").is_err() {}
    assert_eq!(client.get::<String>("text").unwrap(), "mine");
}

#[test]
fn a_restart_is_survived() {
    let server = Server::start().unwrap();
    let client = Client::connect(format!("{}?{QUICK}", server.url()).as_str()).unwrap();
    for _ in 0..3 {
        client.set("k", 1).unwrap();
        server.restart().unwrap();
        // The first one may still use the connection that has ended.
        let first = client.set("k", 2);
        assert!(first.as_ref().err().is_none_or(redis_om_client::Error::may_have_run), "{first:?}");
        client.set("k", 3).unwrap();
        assert_eq!(client.get::<i64>("k").unwrap(), 3);
    }
}

#[test]
fn many_threads_share_a_client_and_a_blocking_command_delays_no_other() {
    let server = valkey();
    let client = Client::connect(format!("{}?command_timeout=1s", server.url()).as_str()).unwrap();
    let keys = Keys::new();
    thread::scope(|threads| {
        let waiting = threads.spawn(|| -> Result<Option<(KeyName, i64)>> {
            client.blpop(keys.of("queue"), Duration::from_secs(20))
        });
        let counting: Vec<_> = (0..8)
            .map(|_| {
                threads.spawn(|| {
                    for _ in 0..200 {
                        client.incr(keys.of("n")).unwrap();
                    }
                })
            })
            .collect();
        counting.into_iter().for_each(|thread| thread.join().unwrap());
        client.rpush(keys.of("queue"), 7).unwrap();
        assert_eq!(waiting.join().unwrap().unwrap(), Some((keys.of("queue").into(), 7)));
    });
    assert_eq!(client.get::<i64>(keys.of("n")).unwrap(), 1_600);
}

#[test]
fn ten_megabytes_through_small_buffers_do_not_deadlock() {
    let server = valkey();
    let proxy = Proxy::narrow(server.port());
    let client = through(&proxy, "command_timeout=60s");
    let keys = Keys::new();
    let value = "0123456789abcdef".repeat(640);
    let names: Vec<String> = (0..1_000).map(|n| keys.of(&n.to_string())).collect();
    let first = names.iter().map(|key| cmd().getset::<Option<String>>(key, &value));
    let second = names.iter().map(|key| cmd().get::<String>(key));
    let (before, after) = client.run(pipe().many(first).many(second)).unwrap();
    assert!(before.iter().all(Option::is_none));
    assert!(after.iter().all(|got| *got == value));
}

#[test]
fn garbage_is_an_error_and_the_next_command_works() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "");
    let key = Keys::new().of("n");
    let sprung = proxy.trap("INCR", Fault::Replace(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()));
    let error = refused(client.incr(&key));
    sprung.wait_blocking();
    assert_eq!(error.kind(), &ErrorKind::Protocol, "{error}");
    assert_eq!(client.incr(&key).unwrap(), 1);
}

#[test]
fn watched_keys_are_read_again_after_a_conflict_and_the_connection_can_be_reused() {
    let server = valkey();
    let client = Client::connect(&format!("{}?pool_size=1&pool_timeout=2s", server.url())).unwrap();
    let other = Client::connect(&server.url()).unwrap();
    let key = Keys::new().of("stock");
    client.set(&key, 10).unwrap();
    let attempts = Cell::new(0);
    let (left,) = client
        .watch([&key], |conn| -> Result<_> {
            attempts.update(|n| n + 1);
            let _stock: i64 = conn.get(&key)?;
            if attempts.get() < 3 {
                other.incr(&key)?;
            }
            Ok(atomic().decr(&key))
        })
        .unwrap();
    assert_eq!((left, attempts.get()), (11, 3));
    let given_up = client.watch([&key], |_| match attempts.get() {
        0 => Ok(atomic().incr(&key)),
        _ => Err(Error::aborted("sold out")),
    });
    assert_eq!(refused(given_up).kind(), &ErrorKind::Aborted);
    other.incr(&key).unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        client.watch([&key], |conn| -> Result<redis_om_client::Transaction<()>> {
            let _stock: i64 = conn.get(&key)?;
            panic!("the caller's own")
        })
    }));
    assert!(panicked.is_err());
    other.incr(&key).unwrap();
    assert_eq!(client.watch([&key], |_| -> Result<_> { Ok(atomic().decr(&key)) }).unwrap(), (12,));
}

#[test]
fn a_reply_cut_at_every_byte() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "");
    let direct = Client::connect(&server.url()).unwrap();
    let [text, n] = Keys::new().each(["text", "n"]);
    direct.set(&text, "twelve bytes").unwrap();
    for bytes in 0.."$12\r\ntwelve bytes\r\n".len() {
        let sprung = proxy.trap("GET", Fault::Truncate(bytes));
        assert_eq!(client.get::<String>(&text).unwrap(), "twelve bytes", "cut after {bytes} bytes");
        sprung.wait_blocking();
    }
    for (bytes, done) in (0..":1\r\n".len()).zip(1..) {
        let sprung = proxy.trap("INCR", Fault::Truncate(bytes));
        assert!(refused(client.incr(&n)).may_have_run(), "cut after {bytes} bytes");
        sprung.wait_blocking();
        assert_eq!(direct.get::<i64>(&n).unwrap(), done, "cut after {bytes} bytes");
    }
}

/// Waits until this number of connections through the proxy is open.
fn until_open(proxy: &Proxy, open: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(proxy.until("connections to close", |counts| counts.open == open));
}

/// A new blocking client uses its direct connection for the first command.
#[test]
fn half_a_reply_on_the_direct_connection_is_nobodys() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let [text, n] = Keys::new().each(["text", "n"]);
    let direct = Client::connect(&server.url()).unwrap();
    direct.set(&text, "twelve bytes").unwrap();
    let halves: [&[u8]; 5] = [b":", b":1", b":1\r", b"$5\r\nhal", b"*2\r\n:1\r\n"];
    for half in halves {
        for closes in [false, true] {
            let what = half.escape_ascii();
            let client = through(&proxy, "command_timeout=300ms");
            assert_eq!(proxy.counts().open, 2, "the shared one and the direct one");
            let fault = match closes {
                true => Fault::ReplaceThenClose(half.to_vec()),
                false => Fault::Replace(half.to_vec()),
            };
            let sprung = proxy.trap("INCR", fault);
            let error = refused(client.incr(&n));
            sprung.wait_blocking();
            let kind = match closes {
                true => ErrorKind::Disconnected,
                false => ErrorKind::Timeout(TimeoutKind::Command),
            };
            assert_eq!((error.kind(), error.command()), (&kind, Some("INCR")), "{what}: {error}");
            assert!(error.may_have_run(), "{what}: {error}");
            // It was the direct connection, and it is not used again.
            until_open(&proxy, 1);
            for _ in 0..3 {
                assert_eq!(client.get::<String>(&text).unwrap(), "twelve bytes", "{what}");
            }
            drop(client);
            until_open(&proxy, 0);
        }
    }
    assert_eq!(direct.get::<Option<i64>>(&n).unwrap(), None);
}

#[test]
fn replies_without_a_command_go_to_no_command() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let [a, b] = Keys::new().each(["a", "b"]);
    let direct = Client::connect(&server.url()).unwrap();
    direct.mset([(&a, "a"), (&b, "b")]).unwrap();
    let extra: [&[u8]; 3] = [b"$5\r\nwrong\r\n", b"$5\r\nwro", b"$1\r\nx\r\n$"];
    for (protocol, extra) in [2, 3].into_iter().flat_map(|protocol| extra.map(|extra| (protocol, extra))) {
        let client = through(&proxy, &format!("protocol={protocol}"));
        let sprung = proxy.trap("GET", Fault::Replace([b"$1\r\na\r\n", extra].concat()));
        let _either = client.get::<String>(&a);
        sprung.wait_blocking();
        for _ in 0..10 {
            assert_eq!(client.get::<String>(&b).unwrap(), "b");
        }
    }
}

#[test]
fn bytes_that_no_server_sends_are_an_error_in_bounded_memory() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "command_timeout=5s");
    let key = Keys::new().of("n");
    let before = Memory::peak();
    // The end of the last one is found, so the command was answered and `may_have_run` is false.
    let cases: [(Vec<u8>, bool); 4] = [
        (b"$4294967296\r\nabc".to_vec(), true),
        (b"*4294967296\r\n:1\r\n".to_vec(), true),
        (b"\0\x01\r\n".to_vec(), true),
        ([&b"*1\r\n".repeat(10_000)[..], b":1\r\n"].concat(), false),
    ];
    for (case, may_have_run) in &cases {
        // Until the thread's own connection is open again, the shared one serves: the test uses both.
        for _ in 0..2 {
            let sprung = proxy.trap("INCR", Fault::Replace(case.clone()));
            let error = refused(client.incr(&key));
            sprung.wait_blocking();
            assert_eq!((error.kind(), error.command()), (&ErrorKind::Protocol, Some("INCR")), "{error}");
            assert_eq!(error.may_have_run(), *may_have_run, "{error}");
        }
    }
    assert_eq!(client.incr(&key).unwrap(), 1);
    let after = Memory::peak();
    assert!(after.reserved - before.reserved < 2 << 30, "{before:?} {after:?}");
}

#[test]
fn late_replies_do_not_go_to_the_next_commands() {
    let server = Server::builder().args(["--enable-debug-command", "yes"]).start().unwrap();
    let client = Client::connect(&format!("{}?{QUICK}&command_timeout=50ms", server.url())).unwrap();
    for n in 0..3 {
        let error = refused(client.run(raw("DEBUG SLEEP").arg(0.2).reply::<String>()));
        assert!(matches!(error.kind(), ErrorKind::Timeout(_)) && error.may_have_run(), "{error}");
        let echoed = loop {
            match client.echo::<String>(n) {
                Ok(echoed) => break echoed,
                Err(error) => assert!(matches!(error.kind(), ErrorKind::Timeout(_)), "{error}"),
            }
        };
        assert_eq!(echoed, n.to_string());
    }
}

#[test]
fn many_threads_over_a_connection_that_is_lost_repeatedly() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "command_timeout=5s");
    let direct = Client::connect(&server.url()).unwrap();
    let key = Keys::new().of("n");
    let stop = AtomicBool::new(false);
    let (confirmed, unknown) = thread::scope(|threads| {
        let writers: Vec<_> = (0..8)
            .map(|number| {
                let (client, key, stop) = (&client, &key, &stop);
                threads.spawn(move || {
                    let (mut confirmed, mut unknown) = (0, 0);
                    for n in 0.. {
                        if stop.load(Ordering::Relaxed) && confirmed >= 5 {
                            break;
                        }
                        match client.incr(key) {
                            Ok(_) => confirmed += 1,
                            Err(error) if error.may_have_run() => unknown += 1,
                            Err(_) => {}
                        }
                        let word = format!("{number}:{n}");
                        let echoed = match n % 3 {
                            0 => client.run(pipe().echo::<String>(&word)).map(|(echoed,)| echoed),
                            _ => client.echo::<String>(&word),
                        };
                        if let Ok(echoed) = echoed {
                            assert_eq!(echoed, word);
                        }
                    }
                    (confirmed, unknown)
                })
            })
            .collect();
        for n in 0..60 {
            // Connections are lost at random moments. The test concludes nothing from this pause.
            thread::sleep(Duration::from_millis(20));
            match n % 4 {
                0 => proxy.cut(),
                1 => proxy.reset(),
                2 => drop(proxy.trap("INCR", Fault::LoseReply)),
                _ => drop(proxy.trap("ECHO", Fault::Truncate(3))),
            }
        }
        stop.store(true, Ordering::Relaxed);
        let books = writers.into_iter().map(|writer| writer.join().unwrap());
        books.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    });
    let counted = direct.get::<i64>(&key).unwrap();
    assert!((confirmed..=confirmed + unknown).contains(&counted), "{confirmed} {unknown} {counted}");
}

#[test]
fn over_tls_and_over_a_unix_socket() {
    let server = Server::builder().unix_socket().start().unwrap();
    let certificates = Certificates::new(&["localhost"]);
    let front = TlsFront::to(server.port(), &certificates);
    let tls = TlsConfig::new().ca(Pem::bytes(&certificates.authority));
    let secure = Config::from_url(format!("rediss://localhost:{}", front.port())).unwrap().tls(tls);
    let local = Config::from_url(server.unix_url().unwrap()).unwrap();
    for config in [secure, local] {
        let client = Client::with_config(config).unwrap();
        let value = "x".repeat(1 << 20);
        client.set("k", &value).unwrap();
        assert_eq!(client.get::<String>("k").unwrap(), value);
        assert!(client.incr("n").unwrap() > 0);
    }
}
