//! Replies that are truncated, that no server sends, or that do not fit the caller's type.

use redis_om_client::{
    Client, ErrorKind, ServerErrorCode, Value, blocking, prelude::*, raw, testing::Server,
};
use redis_om_tests::{Fault, Keys, Memory, Proxy, in_time, valkey};

use super::{connect, refused, through};

/// An INCR whose reply is replaced by these bytes: it gives an error and no retry, and then the client works again.
async fn instead(reply: &[u8]) {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "command_timeout=5s").await;
    let key = Keys::new().of("counter");
    let sprung = proxy.trap("INCR", Fault::Replace(reply.to_vec()));
    let error = refused(in_time("the command", client.incr(&key)).await);
    sprung.wait().await;
    assert_eq!(error.kind(), &ErrorKind::Protocol, "{error}");
    assert_eq!((error.command(), error.key()), (Some("INCR"), Some(&*key)), "{error}");
    assert!(error.may_have_run(), "{error}");
    assert_eq!(in_time("the next command", client.incr(&key)).await.unwrap(), 1);
}

#[tokio::test]
async fn garbage() {
    instead(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
    instead(b"\0\x01\x02\x03\r\n").await;
    instead(b"$-7\r\n").await;
}

/// A number, a boolean or a null with other content is not decoded as some value: the connection ends.
#[tokio::test]
async fn values_of_the_wrong_form() {
    for reply in [":12a\r\n", ":\r\n", ",abc\r\n", "#x\r\n", "_x\r\n", "(1x\r\n", "=2\r\nab\r\n"] {
        instead(reply.as_bytes()).await;
    }
}

#[tokio::test]
async fn a_bulk_of_four_gigabytes() {
    let before = Memory::peak();
    instead(b"$4294967296\r\nabc").await;
    instead(b"*4294967296\r\n:1\r\n").await;
    instead(b"$18446744073709551617\r\nabc").await;
    let after = Memory::peak();
    assert!(after.reserved - before.reserved < 2 << 30, "{before:?} {after:?}");
    assert!(after.resident - before.resident < 1 << 30, "{before:?} {after:?}");
}

#[tokio::test]
async fn a_bulk_within_the_limit_reserves_no_memory_before_its_bytes_arrive() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "command_timeout=300ms").await;
    let before = Memory::peak();
    // Its size is within the limit of 512 MiB, but no more bytes follow.
    let sprung = proxy.trap("INCR", Fault::Replace(b"$500000000\r\nabc".to_vec()));
    let error = refused(in_time("the command", client.incr(Keys::new().of("n"))).await);
    sprung.wait().await;
    assert!(matches!(error.kind(), ErrorKind::Timeout(_)), "{error}");
    assert!(error.may_have_run());
    let after = Memory::peak();
    assert!(after.resident - before.resident < 256 << 20, "{before:?} {after:?}");
}

#[tokio::test]
async fn nesting_ten_thousand_deep() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "command_timeout=5s").await;
    let key = Keys::new().of("counter");
    for level in ["*1\r\n", "%1\r\n+k\r\n"] {
        let reply = format!("{}:1\r\n", level.repeat(10_000));
        let sprung = proxy.trap("INCR", Fault::Replace(reply.into_bytes()));
        let error = refused(in_time("the command", client.incr(&key)).await);
        sprung.wait().await;
        assert_eq!((error.kind(), error.key()), (&ErrorKind::Protocol, Some(&*key)), "{error}");
        // The command was answered, so the error does not say that it may have run.
        assert!(!error.may_have_run() && error.to_string().contains("nested more than 128 deep"), "{error}");
        // The trap withholds the command from the server. The next command uses the same connection.
        let (n,) = in_time("the next command", client.run(pipe().get::<Option<u32>>(&key))).await.unwrap();
        assert_eq!(n, None);
        assert_eq!(proxy.counts().accepted, 1);
    }
}

#[tokio::test]
async fn a_reply_without_a_command_goes_to_no_command() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "").await;
    let keys = Keys::new();
    client.set(keys.of("a"), "a").await.unwrap();
    // Two replies to one command: the next command would take the second one.
    let sprung = proxy.trap("GET", Fault::Replace(b"$1\r\na\r\n$5\r\nwrong\r\n".to_vec()));
    let _either = in_time("the command", client.get::<String>(keys.of("a"))).await;
    sprung.wait().await;
    client.set(keys.of("b"), "b").await.ok();
    for _ in 0..10 {
        let value = in_time("the next command", client.get::<String>(keys.of("a"))).await.unwrap();
        assert_eq!(value, "a");
    }
}

#[tokio::test]
async fn a_reply_cut_at_every_byte() {
    let server = valkey();
    let keys = Keys::new();
    let direct = connect(&server.url()).await.unwrap();
    direct.set(keys.of("text"), "twelve bytes").await.unwrap();
    let whole = "$12\r\ntwelve bytes\r\n".len();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "").await;
    for bytes in 0..whole {
        let sprung = proxy.trap("GET", Fault::Truncate(bytes));
        // A read is repeated.
        let value: String = in_time("reading", client.get(keys.of("text"))).await.unwrap();
        assert_eq!(value, "twelve bytes", "cut after {bytes} bytes");
        sprung.wait().await;
    }
    for (bytes, done) in (0..":1\r\n".len()).zip(1..) {
        let sprung = proxy.trap("INCR", Fault::Truncate(bytes));
        let error = refused(in_time("counting", client.incr(keys.of("n"))).await);
        sprung.wait().await;
        assert!(error.may_have_run(), "cut after {bytes} bytes: {error}");
        // A write is not repeated.
        assert_eq!(direct.get::<i64>(keys.of("n")).await.unwrap(), done, "cut after {bytes} bytes");
    }
}

#[tokio::test]
async fn a_long_list_cut_between_two_of_its_elements() {
    let server = valkey();
    let list = Keys::new().of("list");
    let direct = connect(&server.url()).await.unwrap();
    let names: Vec<String> = (0..20_000).map(|number| format!("element {number:08}")).collect();
    direct.rpush(&list, &names).await.unwrap();
    let proxy = Proxy::to(server.port());
    for options in ["", "protocol=2", "max_reply=2mb"] {
        let client = through(&proxy, options).await;
        // None of the elements that arrived before the cut may occur twice after the repetition.
        for bytes in [100, 17_000, 40_000, 100_001, 350_000] {
            let sprung = proxy.trap("LRANGE", Fault::Truncate(bytes));
            let found: Vec<String> = in_time("reading", client.lrange(&list, 0, -1)).await.unwrap();
            assert!(found == names, "cut after {bytes} bytes");
            sprung.wait().await;
        }
    }
}

#[tokio::test]
async fn a_long_list_that_is_cut_or_cannot_be_decoded() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "max_reply=300kb").await;
    let list = Keys::new().of("list");
    let numbers: Vec<u32> = (0..20_000).collect();
    client.rpush(&list, &numbers).await.unwrap();
    assert_eq!(client.lrange::<Vec<u32>>(&list, 0, -1).await.unwrap(), numbers);
    // The 15,000th element is not a number. The elements behind it are discarded.
    client.lset(&list, 15_000, "fifteen thousand").await.unwrap();
    let (wrong, counted) = tokio::join!(client.lrange::<Vec<u32>>(&list, 0, -1), client.llen(&list));
    let error = refused(wrong);
    assert_eq!((error.command(), error.key()), (Some("LRANGE"), Some(&*list)), "{error}");
    assert!(error.to_string().contains("at `15000`"), "{error}");
    assert_eq!(counted.unwrap(), 20_000);
    // Invalid bytes after most of the elements.
    let mut broken = b"*20000\r\n".to_vec();
    broken.extend_from_slice(&b"$1\r\n7\r\n".repeat(15_000));
    broken.extend_from_slice(b"garbage\r\n");
    let sprung = proxy.trap("LRANGE", Fault::Replace(broken));
    let error = refused(in_time("reading", client.lrange::<Vec<u32>>(&list, 0, -1)).await);
    sprung.wait().await;
    assert_eq!(error.kind(), &ErrorKind::Protocol, "{error}");
    // More bytes than the limit of a reply.
    client.rpush(&list, &numbers).await.unwrap();
    let error = refused(in_time("reading", client.lrange::<Vec<String>>(&list, 0, -1)).await);
    assert_eq!(error.kind(), &ErrorKind::Protocol, "{error}");
    assert!(error.to_string().contains("a reply of more than 307200 bytes"), "{error}");
    assert_eq!(in_time("the next command", client.llen(&list)).await.unwrap(), 40_000);
}

#[tokio::test]
async fn a_long_pipeline_cut_after_some_of_its_replies() {
    let server = valkey();
    let keys = Keys::new();
    let direct = connect(&server.url()).await.unwrap();
    let names: Vec<String> = (0..3_000).map(|number| keys.of(&format!("{number:040}"))).collect();
    direct.run(pipe().many(names.iter().map(|name| cmd().set(name, name)))).await.unwrap();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "").await;
    let cuts = [100, 20_000, 50_000, 100_000];
    assert!(names.iter().map(String::len).sum::<usize>() > cuts[3], "the last cut is behind the end");
    for bytes in cuts {
        // All reads are repeated. The replies of the first attempt are discarded.
        let sprung = proxy.trap("GET", Fault::Truncate(bytes));
        let reads = pipe().many(names.iter().map(|name| cmd().get::<String>(name))).exists(&names[0]);
        let (found, there) = in_time("reading", client.run(reads)).await.unwrap();
        assert!(found == names && there == 1, "cut after {bytes} bytes");
        sprung.wait().await;
        // A write without a reply is not repeated. If all writes were answered, only the reads behind them are
        // repeated.
        let sprung = proxy.trap("APPEND", Fault::Truncate(bytes));
        let writes = names.iter().map(|name| cmd().append(name, "x"));
        let reads = names.iter().map(|name| cmd().get::<String>(name));
        let batch = pipe().many(writes).many(reads);
        match in_time("writing", client.run(batch)).await {
            Ok((_, found)) => {
                assert!(found.iter().zip(&names).all(|(found, name)| *found == format!("{name}x")));
                assert!(bytes > 100, "most of the writes had no reply");
            }
            Err(error) => {
                assert!(error.may_have_run(), "{error}");
                assert!(bytes < 3_000 * 5, "cut after {bytes} bytes, behind the writes: {error}");
            }
        }
        sprung.wait().await;
        direct.run(pipe().many(names.iter().map(|name| cmd().set(name, name)))).await.unwrap();
    }
    // One command fails. The others have run when the caller gets the error.
    direct.rpush(keys.of("list"), "x").await.unwrap();
    let reads = names.iter().map(|name| cmd().get::<String>(name));
    let increments = (0..2_000).map(|_| cmd().incr(keys.of("count")));
    let batch = pipe().get::<String>(keys.of("list")).many(reads).many(increments);
    let error = refused(client.run(batch).await);
    assert_eq!(error.key(), Some(&*keys.of("list")), "{error}");
    assert_eq!(direct.get::<u32>(keys.of("count")).await.unwrap(), 2_000);
}

#[tokio::test]
async fn a_long_list_in_a_pipeline_with_other_commands() {
    let server = valkey();
    let client = connect(&server.url()).await.unwrap();
    let keys = Keys::new();
    let [list, count, other] = keys.each(["list", "count", "other"]);
    let names: Vec<String> = (0..50_000).map(|number| format!("element {number:08}")).collect();
    client.rpush(&list, &names).await.unwrap();
    client.set(&other, 777).await.unwrap();
    for done in 1..=5 {
        let (alone,) = client.run(pipe().lrange::<Vec<String>>(&list, 0, -1)).await.unwrap();
        assert!(alone == names);
        let batch = client.run(pipe().lrange::<Vec<String>>(&list, 0, -1).incr(&count));
        let single = client.lrange::<Vec<String>>(&list, 0, -1);
        let (batch, single, other) = tokio::join!(batch, single, client.get::<i64>(&other));
        assert!(batch.unwrap() == (names.clone(), done));
        assert!(single.unwrap() == names);
        assert_eq!(other.unwrap(), 777);
    }
}

async fn holding(value: &[u8]) -> (Client, String, std::sync::Arc<redis_om_client::testing::Server>) {
    let server = valkey();
    let client = connect(&server.url()).await.unwrap();
    let key = Keys::new().of("held");
    client.set(&key, value).await.unwrap();
    (client, key, server)
}

#[tokio::test]
async fn text_that_is_not_utf8() {
    let (client, key, _server) = holding(b"caf\xe9").await;
    let error = refused(client.get::<String>(&key).await);
    assert_eq!(error.kind(), &ErrorKind::Decode, "{error}");
    assert_eq!((error.command(), error.key()), (Some("GET"), Some(&*key)));
    assert!(error.to_string().to_lowercase().contains("utf-8"), "{error}");
    assert_eq!(client.get::<Vec<u8>>(&key).await.unwrap(), b"caf\xe9");
}

#[tokio::test]
async fn text_that_is_not_a_number_and_keys_that_do_not_exist() {
    let (client, key, _server) = holding(b"three").await;
    for error in [refused(client.get::<i64>(&key).await), refused(client.get::<f64>(&key).await)] {
        assert_eq!(error.kind(), &ErrorKind::Decode, "{error}");
        assert!(error.to_string().contains("three"), "{error}");
    }
    let error = refused(client.get::<String>(format!("{key}:absent")).await);
    assert_eq!(error.kind(), &ErrorKind::Decode, "{error}");
    assert!(error.to_string().contains("Option"), "the remedy is missing: {error}");
    assert_eq!(client.get::<Option<String>>(format!("{key}:absent")).await.unwrap(), None);
}

#[tokio::test]
async fn the_servers_own_errors_have_their_code() {
    let (client, key, _server) = holding(b"text").await;
    let error = refused(client.hget::<Option<String>>(&key, "field").await);
    assert_eq!(error.code(), Some(&ServerErrorCode::WrongType), "{error}");
    assert_eq!((error.command(), error.key()), (Some("HGET"), Some(&*key)));
    assert!(!error.may_have_run());
    let error = refused(client.incr(&key).await);
    assert_eq!(error.code(), Some(&ServerErrorCode::Err), "{error}");
    // One of several commands fails: the others have run, and the error names it.
    let other = format!("{key}:other");
    let error = refused(client.run(pipe().set(&other, 1).incr(&key).incr(&other)).await);
    assert_eq!(error.key(), Some(&*key), "{error}");
    assert!(error.to_string().contains("2 of 3"), "{error}");
    assert_eq!(client.get::<i64>(&other).await.unwrap(), 2);
}

#[tokio::test]
async fn replies_that_arrive_in_pieces() {
    let server = Server::builder().args(["--enable-debug-command", "yes"]).start().unwrap();
    let direct = connect(&server.url()).await.unwrap();
    let numbers: Vec<i64> = (0..1_000).collect();
    direct.rpush("list", &numbers).await.unwrap();
    direct.set("text", "x".repeat(5_000)).await.unwrap();
    let debug = |name: &str| raw("DEBUG PROTOCOL").arg(name).reply::<Value>();
    let names =
        ["string", "double", "null", "array", "set", "map", "attrib", "verbatim", "true", "bignum", "push"];
    for (protocol, bytes) in [(2, 1), (3, 1), (3, 2), (3, 7)] {
        let whole = connect(&format!("{}?protocol={protocol}", server.url())).await.unwrap();
        let proxy = Proxy::in_pieces(server.port(), bytes);
        let pieces = through(&proxy, &format!("protocol={protocol}")).await;
        let (text, list) =
            in_time("a pipeline", pieces.run(pipe().get::<String>("text").lrange::<Vec<i64>>("list", 0, -1)))
                .await
                .unwrap();
        assert!(text.len() == 5_000 && list == numbers, "pieces of {bytes}");
        for name in names {
            let (one, other) = (whole.run(debug(name)).await, in_time(name, pieces.run(debug(name))).await);
            assert_eq!(format!("{one:?}"), format!("{other:?}"), "pieces of {bytes}");
        }
        let url = format!("{}?protocol={protocol}", proxy.url());
        let blocking = move || {
            let client = blocking::Client::connect(&url).unwrap();
            let seen = names.map(|name| format!("{:?}", client.run(debug(name))));
            (client.get::<String>("text").unwrap().len(), seen)
        };
        let (length, seen) =
            in_time("the blocking client", tokio::task::spawn_blocking(blocking)).await.unwrap();
        assert_eq!(length, 5_000);
        for (name, seen) in names.into_iter().zip(seen) {
            assert_eq!(format!("{:?}", whole.run(debug(name)).await), seen, "pieces of {bytes}");
        }
    }
}
