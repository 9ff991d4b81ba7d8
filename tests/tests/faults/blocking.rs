//! The same promises on the blocking client, on plain threads.

use std::{thread, time::Duration};

use redis_om_client::{
    Error, ErrorKind, Result, ServerErrorCode, TimeoutKind, blocking::Client, prelude::*, testing::Server,
};
use redis_om_tests::{Fault, Keys, Proxy, valkey};

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
fn a_lost_reply_is_told_for_a_write_and_repeated_for_a_read() {
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
fn a_frozen_server_is_told_in_time() {
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
        // The first one may still go into the connection that has ended.
        let first = client.set("k", 2);
        assert!(first.as_ref().err().is_none_or(redis_om_client::Error::may_have_run), "{first:?}");
        client.set("k", 3).unwrap();
        assert_eq!(client.get::<i64>("k").unwrap(), 3);
    }
}

#[test]
fn many_threads_share_it_and_a_waiting_one_holds_up_nobody() {
    let server = valkey();
    let client = Client::connect(format!("{}?command_timeout=1s", server.url()).as_str()).unwrap();
    let keys = Keys::new();
    thread::scope(|threads| {
        let waiting = threads.spawn(|| -> Result<Option<(String, i64)>> {
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
        assert_eq!(waiting.join().unwrap().unwrap(), Some((keys.of("queue"), 7)));
    });
    assert_eq!(client.get::<i64>(keys.of("n")).unwrap(), 1_600);
}

#[test]
fn ten_megabytes_through_a_narrow_way_do_not_lock_up() {
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
fn watched_keys_are_read_again_after_a_conflict_and_the_connection_comes_back_clean() {
    let server = valkey();
    let client = Client::connect(&format!("{}?pool_size=1&pool_timeout=2s", server.url())).unwrap();
    let other = Client::connect(&server.url()).unwrap();
    let key = Keys::new().of("stock");
    client.set(&key, 10).unwrap();
    let mut attempts = 0;
    let (left,) = client
        .watch([&key], |conn| {
            attempts += 1;
            let _stock: i64 = conn.get(&key)?;
            if attempts < 3 {
                other.incr(&key)?;
            }
            Ok(atomic().decr(&key))
        })
        .unwrap();
    assert_eq!((left, attempts), (11, 3));
    let given_up = client.watch([&key], |_| match attempts {
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
    assert_eq!(client.watch([&key], |_| Ok(atomic().decr(&key))).unwrap(), (12,));
}
