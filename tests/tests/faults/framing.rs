//! Replies that are unusual but complete: long lines, deep nesting, replies that exceed a limit, push messages and
//! errors inside a reply. Each of them affects only its own command, and no other command on the same connection.

use std::sync::Arc;

use redis_om_client::{
    ByteStream, Client, Command, Config, Connecting, Connector, Endpoint, Error, ErrorKind, Execution,
    FromRedis, Result, ServerError, Value, blocking, prelude::*, raw, testing::Server,
};
use redis_om_tests::{Fault, Keys, Proxy, in_time, redis6, redis8, valkey};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{connect, refused, through};

/// A Lua table that contains itself: the server nests its reply as deep as its own stack allows.
const ENDLESS: &str = "local t = {} t[1] = t return t";

fn eval<R: FromRedis>(script: &str) -> Command<R> {
    raw("EVAL").arg(script).arg(0).reply()
}

fn servers() -> [Arc<Server>; 2] {
    [valkey(), redis8()]
}

/// Clients of both servers over both versions of the protocol, each with its server.
async fn clients(options: &str) -> Vec<(Client, Arc<Server>)> {
    let mut clients = Vec::new();
    for server in servers() {
        for protocol in [2, 3] {
            let url = format!("{}?connections=1&protocol={protocol}&{options}", server.url());
            clients.push((connect(&url).await.unwrap(), server.clone()));
        }
    }
    clients
}

/// Runs the command between others on the same connection, which all get their own replies.
async fn among_others<R>(client: &Client, command: Command<R>) -> Result<R> {
    let id = client.client_id().await.unwrap();
    let [n, text] = Keys::new().each(["n", "text"]);
    client.set(&text, "mine").await.unwrap();
    let counted = |from: i64| (from..from + 200).collect::<Vec<_>>();
    let many = || client.run(pipe().many((0..200).map(|_| cmd().incr(&n))));
    let (before, first, outcome, second, behind, last) = in_time("the commands together", async {
        tokio::join!(
            many(),
            client.incr(&n),
            client.run(command),
            client.get::<String>(&text),
            many(),
            client.incr(&n)
        )
    })
    .await;
    assert_eq!(before.unwrap(), (counted(1),));
    assert_eq!(first.unwrap(), 201);
    assert_eq!(second.unwrap(), "mine");
    assert_eq!(behind.unwrap(), (counted(202),));
    assert_eq!(last.unwrap(), 402);
    assert_eq!(client.client_id().await.unwrap(), id, "the connection was lost");
    outcome
}

#[track_caller]
fn exceeds_a_limit(error: &Error, texts: [&str; 2]) {
    assert_eq!((error.kind(), error.execution()), (&ErrorKind::Protocol, Execution::Answered), "{error}");
    assert_eq!(error.command(), Some("EVAL"), "{error}");
    for text in texts.into_iter().chain(["raise that limit"]) {
        assert!(error.to_string().contains(text), "{error}");
    }
}

#[tokio::test]
async fn lines_of_seventy_thousand_bytes() {
    for (client, _server) in clients("").await {
        let status =
            among_others(&client, eval::<String>("return {ok=string.rep('x', 70000)}")).await.unwrap();
        assert!(status == "x".repeat(70_000));
        let long = "return {err='MYERR ' .. string.rep('x', 70000)}";
        let error = refused(among_others(&client, eval::<String>(long)).await);
        let ErrorKind::Server(server) = error.kind() else { panic!("{error}") };
        assert!(server.message().contains(&"x".repeat(70_000)), "{} bytes", server.message().len());
    }
    // Also in pieces of a few bytes, and on the blocking client.
    let server = valkey();
    let proxy = Proxy::in_pieces(server.port(), 700);
    let client = through(&proxy, "").await;
    let found = in_time("a status", client.run(eval::<String>("return {ok=string.rep('x', 70000)}"))).await;
    assert_eq!(found.unwrap().len(), 70_000);
    let url = server.url();
    let blocking = move || {
        let client = blocking::Client::connect(&url).unwrap();
        client.run(eval::<String>("return {ok=string.rep('x', 70000)}")).unwrap().len()
    };
    assert_eq!(tokio::task::spawn_blocking(blocking).await.unwrap(), 70_000);
}

#[tokio::test]
async fn a_reply_nested_thousands_deep() {
    let found = ["nested more than 128 deep", "`max_depth`"];
    for (client, _server) in clients("").await {
        for _ in 0..3 {
            exceeds_a_limit(&refused(among_others(&client, eval::<Value>(ENDLESS)).await), found);
        }
    }
    // Within the limit, a type that can hold the reply decodes it, and another one refuses it.
    for (client, _server) in clients("max_depth=100000").await {
        among_others(&client, eval::<()>(ENDLESS)).await.unwrap();
        let error = refused(among_others(&client, eval::<Value>(ENDLESS)).await);
        assert_eq!(error.kind(), &ErrorKind::Decode, "{error}");
        assert!(error.to_string().contains("nested at most 256 deep"), "{error}");
    }
    for server in servers() {
        let url = server.url();
        let blocking = move || {
            let client = blocking::Client::connect(&url).unwrap();
            let error = refused(client.run(eval::<Value>(ENDLESS)));
            client.set("k", "v").unwrap();
            assert_eq!(client.get::<String>("k").unwrap(), "v");
            error
        };
        exceeds_a_limit(&tokio::task::spawn_blocking(blocking).await.unwrap(), found);
    }
}

#[tokio::test]
async fn a_reply_that_exceeds_a_limit_of_size() {
    for (client, _server) in clients("max_bulk=10kb&max_reply=100kb").await {
        let string = |bytes: usize| format!("return string.rep('x', {bytes})");
        let list =
            |count: usize| format!("local t = {{}} for i = 1, {count} do t[i] = 'element' end return t");
        assert_eq!(among_others(&client, eval::<String>(&string(10_240))).await.unwrap().len(), 10_240);
        assert_eq!(among_others(&client, eval::<Vec<String>>(&list(7_000))).await.unwrap().len(), 7_000);
        for bytes in [10_241, 5_000_000] {
            let error = refused(among_others(&client, eval::<String>(&string(bytes))).await);
            exceeds_a_limit(&error, [&format!("a string of {bytes} bytes"), "`max_bulk`"]);
        }
        // A little and much longer than the limit.
        for count in [8_000, 30_000] {
            let error = refused(among_others(&client, eval::<Value>(&list(count))).await);
            exceeds_a_limit(&error, ["a reply of more than 102400 bytes", "`max_reply`"]);
            let error = refused(among_others(&client, eval::<Vec<String>>(&list(count))).await);
            exceeds_a_limit(&error, ["a reply of more than 102400 bytes", "`max_reply`"]);
        }
        let error = refused(among_others(&client, eval::<Vec<String>>(&list(100_000))).await);
        exceeds_a_limit(&error, ["an aggregate of 100000 values", "`max_reply`"]);
        let line = "return {ok=string.rep('x', 5000000)}";
        exceeds_a_limit(
            &refused(among_others(&client, eval::<String>(line)).await),
            ["a reply of more", "`max_reply`"],
        );
    }
}

#[tokio::test]
async fn one_part_of_a_batch_exceeds_a_limit() {
    for (client, _server) in clients("max_bulk=10kb").await {
        let n = Keys::new().of("n");
        let id = client.client_id().await.unwrap();
        let long = "return string.rep('x', 300000)";
        for script in [long, ENDLESS] {
            let batch =
                pipe().incr(&n).execute(eval::<Value>(script)).checked().incr(&n).many([cmd().incr(&n)]);
            let (first, failed, second, third) = in_time("the batch", client.run(batch)).await.unwrap();
            assert_eq!((second - first, third), (1, vec![second + 1]));
            let error = failed.unwrap_err();
            assert_eq!((error.kind(), error.command()), (&ErrorKind::Protocol, Some("EVAL")), "{error}");
            assert_eq!(error.execution(), Execution::Answered, "{error}");
            // Without `checked` it is the error of the batch, which names the part. The whole batch has run.
            let error = refused(client.run(pipe().incr(&n).execute(eval::<Value>(script)).incr(&n)).await);
            assert!(error.to_string().contains("command 2 of 3"), "{error}");
            assert!(error.to_string().contains("raise that limit"), "{error}");
            assert_eq!(client.get::<i64>(&n).await.unwrap(), second + 3);
            // A transaction has one reply for all commands.
            let error = refused(client.run(atomic().incr(&n).execute(eval::<Value>(script))).await);
            assert!(error.to_string().contains("raise that limit"), "{error}");
            assert_eq!(client.get::<i64>(&n).await.unwrap(), second + 4);
        }
        // Thousands of replies are before and after the failed one.
        let many = || (0..3_000).map(|_| cmd().incr(&n));
        let batch = pipe().many(many()).execute(eval::<String>(long)).checked().many(many());
        let (before, failed, behind) = in_time("a long batch", client.run(batch)).await.unwrap();
        assert_eq!((before.len(), behind.len()), (3_000, 3_000));
        assert_eq!(behind[2_999], before[0] + 5_999);
        assert!(failed.unwrap_err().to_string().contains("a string of 300000 bytes"));
        assert_eq!(client.client_id().await.unwrap(), id, "the connection was lost");
    }
}

#[tokio::test]
async fn an_error_inside_a_reply_is_a_value() {
    let script = "return {1, {err='MYERR boom'}, 'x'}";
    for (client, _server) in clients("").await {
        let [first, Value::Error(inside), last] =
            &among_others(&client, eval::<Vec<Value>>(script)).await.unwrap()[..]
        else {
            panic!("no error inside")
        };
        assert_eq!((first, last.as_str()), (&Value::Int(1), Some("x")));
        assert!(inside.to_string().starts_with("MYERR boom"), "{inside}");
        let tree = among_others(&client, eval::<Value>(script)).await.unwrap();
        assert_eq!(tree.as_slice().unwrap()[1], Value::Error(inside.clone()));
        let (_, typed, _) =
            among_others(&client, eval::<(i64, Result<i64, ServerError>, String)>(script)).await.unwrap();
        assert_eq!(typed.as_ref(), Err(inside));
        // A type that cannot hold it gives the error of the command, with the position.
        let error = refused(among_others(&client, eval::<Vec<String>>(script)).await);
        assert!(matches!(error.kind(), ErrorKind::Server(server) if server == inside), "{error}");
        assert!(error.to_string().contains("at `1`: MYERR boom"), "{error}");
        // If the whole reply is an error, it is the error of the command.
        let error = refused(among_others(&client, eval::<Value>("return {err='MYERR boom'}")).await);
        assert!(matches!(error.kind(), ErrorKind::Server(_)), "{error}");
        let (found, one) = client
            .run(pipe().execute(eval::<Vec<Value>>(script)).execute(eval::<i64>("return 1")))
            .await
            .unwrap();
        assert_eq!((&found[1], one), (&Value::Error(inside.clone()), 1));
    }
}

/// Opens connections on which the server tracks the keys that are read. (The client refuses `CLIENT TRACKING`, because
/// callers share its connection.)
#[derive(Debug)]
struct Tracking(u16);

impl Connector for Tracking {
    fn connect<'a>(&'a self, _: &'a Endpoint) -> Connecting<'a> {
        Box::pin(async {
            let mut stream = TcpStream::connect(("127.0.0.1", self.0)).await?;
            stream.write_all(b"*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\nCLIENT TRACKING ON\r\n").await?;
            let mut answer = Vec::new();
            while !answer.ends_with(b"+OK\r\n") {
                answer.push(stream.read_u8().await?);
            }
            let stream: Box<dyn ByteStream> = Box::new(stream);
            Ok(stream)
        })
    }
}

#[tokio::test]
async fn a_push_message_inside_the_reply_of_exec() {
    for server in [redis6(), valkey(), redis8()] {
        let config = Config::from_url("redis://tracked.invalid?connections=1").unwrap();
        let config = config.connector(Tracking(server.port()));
        let client = in_time("connecting", Client::with_config(config)).await.unwrap();
        let keys = Keys::new();
        let [a, b, other] = keys.each(["a", "b", "other"]);
        let id = client.client_id().await.unwrap();
        for n in 1..=50 {
            // The server tracks the key that was read. Redis 6.2 sends the invalidation for the client's own write
            // inside the reply of `EXEC`.
            let _: Vec<Option<String>> = client.mget([&a, &b]).await.unwrap();
            let writes = atomic().incr(&a).incr(&b).set(&other, n).get::<i64>(&a);
            let (done, counted) = in_time("a transaction beside another command", async {
                tokio::join!(client.run(writes), client.incr(keys.of("n")))
            })
            .await;
            assert_eq!(done.unwrap(), (n, n, (), n));
            assert_eq!(counted.unwrap(), n);
        }
        assert_eq!(client.client_id().await.unwrap(), id, "the connection was lost");
    }
}

#[tokio::test]
async fn invalid_bytes_after_a_skipped_reply_end_the_connection() {
    let server = valkey();
    let proxy = Proxy::to(server.port());
    let client = through(&proxy, "command_timeout=5s&max_bulk=1kb").await;
    let n = Keys::new().of("n");
    // The string is longer than its header says: the start of the next reply is unknown.
    let reply = [&b"$2000\r\n"[..], &vec![b'x'; 2_010], b"\r\n"].concat();
    let sprung = proxy.trap("INCR", Fault::Replace(reply));
    let error = refused(in_time("the command", client.incr(&n)).await);
    sprung.wait().await;
    assert_eq!(error.kind(), &ErrorKind::Protocol, "{error}");
    assert_eq!(in_time("the next command", client.incr(&n)).await.unwrap(), 1);
}
