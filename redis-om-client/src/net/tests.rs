//! Tests of connections that listen, and of the commands that are written first on a new connection. They use real
//! servers, and lose connections in between.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use super::{
    link::{Link, Listener},
    runtime::Runtime,
    shared::Lifetime,
};
use crate::{
    config::{Config, Protocol},
    error::{Error, Result},
    resp::encode::{Body, bulk, header},
    session::{Mode, Notice, NoticeKind, Outgoing, Replay, Runs, Sink, Ticket},
    testing::{Kind, Server},
};

fn encode(words: &[&str]) -> Vec<u8> {
    let mut body = Body::new();
    words.iter().for_each(|word| bulk(&mut body, word.as_bytes()));
    let mut out = Vec::new();
    header(&mut out, words.len() as u32);
    out.extend_from_slice(&body);
    out
}

#[derive(Debug, Clone, PartialEq)]
enum Event {
    Connected(Protocol),
    Received(NoticeKind, String),
    /// Whether a new connection is going to be made.
    Lost(bool),
}

/// Records the calls that it receives.
#[derive(Debug, Default)]
struct Recorder {
    events: Mutex<Vec<Event>>,
    waker: Mutex<Option<Waker>>,
    /// The commands that are written first on each connection.
    first: Mutex<Vec<Vec<u8>>>,
    /// The number of connections so far. It replaces `#` in `first`.
    connections: AtomicU32,
    output: Mutex<Vec<u8>>,
    /// The number of replies after which it still refuses the connection.
    refuses: AtomicU32,
    /// The next frame makes it panic, under the lock of the session.
    panics: AtomicBool,
}

impl Sink for Recorder {
    fn connected(&self, protocol: Protocol) -> Replay {
        self.events.lock().unwrap().push(Event::Connected(protocol));
        let number = self.connections.fetch_add(1, Ordering::Relaxed);
        let first = self.first.lock().unwrap();
        let bytes: Vec<u8> = first.concat();
        let digit = b'0' + (number % 10) as u8;
        let bytes = bytes.into_iter().map(|byte| if byte == b'#' { digit } else { byte }).collect();
        Replay { bytes, replies: first.len() as u32 }
    }

    fn receive(&self, notices: &mut Vec<Notice>, wakers: &mut Vec<Waker>) -> Result<()> {
        let mut events = self.events.lock().unwrap();
        wakers.extend(self.waker.lock().unwrap().take());
        if self.panics.swap(false, Ordering::Relaxed) {
            drop(events);
            panic!("the sink panics");
        }
        for notice in notices.drain(..) {
            events.push(Event::Received(notice.kind, notice.bytes.escape_ascii().to_string()));
            if notice.kind == NoticeKind::Reply
                && self.refuses.load(Ordering::Relaxed) > 0
                && self.refuses.fetch_sub(1, Ordering::Relaxed) > 0
            {
                return Err(Error::config("the sink cannot go on"));
            }
        }
        Ok(())
    }

    fn output(&self, out: &mut Vec<u8>) {
        out.append(&mut self.output.lock().unwrap());
    }

    fn lost(&self, _error: &Error, again: bool, wakers: &mut Vec<Waker>) {
        self.events.lock().unwrap().push(Event::Lost(again));
        wakers.extend(self.waker.lock().unwrap().take());
    }
}

impl Recorder {
    /// A recorder whose commands are written first on each connection.
    fn with_first(commands: &[&[&str]]) -> Arc<Self> {
        let recorder = Self::default();
        *recorder.first.lock().unwrap() = commands.iter().map(|words| encode(words)).collect();
        Arc::new(recorder)
    }

    /// Waits for an event for which `holds` is true. Takes it and all earlier events, and returns them.
    async fn until(&self, what: &str, holds: impl Fn(&Event) -> bool) -> Vec<Event> {
        let found = poll_fn(|cx| {
            let mut events = self.events.lock().unwrap();
            match events.iter().position(&holds) {
                Some(index) => Poll::Ready(events.drain(..=index).collect()),
                None => {
                    *self.waker.lock().unwrap() = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        });
        match tokio::time::timeout(Duration::from_secs(30), found).await {
            Ok(events) => events,
            Err(_) => panic!("waited for {what}; there is {:?}", self.events.lock().unwrap()),
        }
    }

    /// Waits for a frame that contains all these words.
    async fn frame(&self, kind: NoticeKind, words: &[&str]) -> Vec<Event> {
        let holds = |event: &Event| match event {
            Event::Received(found, text) => *found == kind && words.iter().all(|word| text.contains(word)),
            Event::Connected(_) | Event::Lost(_) => false,
        };
        self.until(&format!("{kind:?} {words:?}"), holds).await
    }

    async fn lost(&self, again: bool) {
        self.until("the loss", |event| *event == Event::Lost(again)).await;
    }
}

/// Sends a command, and returns the bytes of its reply.
async fn ask(link: &Link, words: &[&str]) -> Result<String> {
    let bytes = encode(words);
    let out = Outgoing {
        body: &bytes,
        args: 0,
        parts: 1,
        runs: Runs::Whole,
        blocking: false,
        timeout: Some(30_000),
        for_sink: false,
        large: None,
    };
    let mut ticket = Ticket::New;
    let reply = poll_fn(|cx| link.poll(&mut ticket, &out, cx)).await?;
    Ok(String::from_utf8(reply.to_bytes().to_vec()).unwrap())
}

struct Setting {
    server: Server,
    config: Arc<Config>,
    runtime: Runtime,
    /// An ordinary connection.
    other: Link,
}

impl Setting {
    async fn link(&self, mode: Mode, sink: &Arc<Recorder>) -> Link {
        let listener = Listener { mode, sink: sink.clone() };
        Link::connect(self.config.clone(), Lifetime::Reconnecting, &self.runtime, Some(listener))
            .await
            .unwrap()
    }

    async fn other(&self, words: &[&str]) -> String {
        ask(&self.other, words).await.unwrap()
    }

    /// Waits until the server holds back one command.
    async fn until_blocked(&self) {
        let within = tokio::time::Instant::now() + Duration::from_secs(30);
        while !self.other(&["INFO", "clients"]).await.contains("blocked_clients:1\r\n") {
            assert!(tokio::time::Instant::now() < within, "the server has no command that blocks");
            tokio::task::yield_now().await;
        }
    }

    /// Waits until the subscriber has sent a `PING` as its last command.
    async fn subscriber_has_pinged(&self) {
        let within = tokio::time::Instant::now() + Duration::from_secs(30);
        while !self.other(&["CLIENT", "LIST", "TYPE", "pubsub"]).await.contains(" cmd=ping ") {
            assert!(tokio::time::Instant::now() < within, "the subscriber has not sent a PING");
            tokio::task::yield_now().await;
        }
    }
}

/// Runs the test with each kind of server and each protocol. A silent peer gets a `PING` after 20 ms.
fn everywhere<F: Future<Output = ()>>(test: impl Fn(Setting, Protocol) -> F) {
    for kind in [Kind::Valkey, Kind::Redis8, Kind::Redis6] {
        for protocol in [Protocol::Resp2, Protocol::Resp3] {
            let server = Server::builder().kind(kind).start().unwrap();
            let mut config = Config::from_url(server.url()).unwrap().protocol(protocol);
            config.idle_ping = Some(Duration::from_millis(20));
            let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            tokio.block_on(async {
                let runtime = Runtime::current().unwrap();
                let config = Arc::new(config);
                let other = Link::connect(config.clone(), Lifetime::Reconnecting, &runtime, None);
                let other = other.await.unwrap();
                test(Setting { server, config, runtime, other }, protocol).await;
            });
        }
    }
}

#[test]
fn a_subscriber_is_subscribed_again_after_each_loss() {
    use NoticeKind::Push;
    everywhere(|setting, protocol| async move {
        let sink = Recorder::with_first(&[&["SUBSCRIBE", "a"]]);
        let link = setting.link(Mode::Subscriber, &sink).await;
        let before = sink.frame(Push, &["subscribe", "a"]).await;
        assert_eq!(before[0], Event::Connected(protocol));
        // The session's own PING is answered, and the sink does not see the answer.
        setting.subscriber_has_pinged().await;
        assert_eq!(setting.other(&["PUBLISH", "a", "first"]).await, ":1\r\n");
        let quiet = sink.frame(Push, &["message", "first"]).await;
        assert_eq!(quiet.len(), 1, "{quiet:?}");

        // Later, the sink subscribes to a pattern.
        sink.output.lock().unwrap().extend(encode(&["PSUBSCRIBE", "b*"]));
        link.take_sink_output();
        sink.frame(Push, &["psubscribe", "b*"]).await;
        sink.first.lock().unwrap().push(encode(&["PSUBSCRIBE", "b*"]));

        for round in ["third", "fourth"] {
            setting.other(&["CLIENT", "KILL", "TYPE", "pubsub"]).await;
            sink.lost(true).await;
            let again = sink.frame(Push, &["psubscribe", "b*"]).await;
            assert!(again.contains(&Event::Connected(protocol)), "{again:?}");
            assert_eq!(setting.other(&["PUBLISH", "a", round]).await, ":1\r\n");
            assert_eq!(setting.other(&["PUBLISH", "b", round]).await, ":1\r\n");
            sink.frame(Push, &["message", "\\na\\r", round]).await;
            sink.frame(Push, &["pmessage", "\\nb\\r", round]).await;
        }
        // A command is refused here and does not reach the server.
        assert!(!ask(&link, &["GET", "k"]).await.unwrap_err().may_have_run());
        drop(link);
        sink.lost(false).await;
    });
}

#[test]
fn a_monitor_goes_on_after_its_server_was_started_again() {
    everywhere(|setting, _| async move {
        let sink = Recorder::with_first(&[&["MONITOR"]]);
        let link = setting.link(Mode::Monitor, &sink).await;
        for key in ["k1", "k2"] {
            sink.frame(NoticeKind::Reply, &["+OK"]).await;
            setting.other(&["SET", key, "v"]).await;
            sink.frame(NoticeKind::Line, &["SET", key]).await;
            if key == "k1" {
                // A monitor receives the line of its own PING, and its connection is kept.
                let before = sink.frame(NoticeKind::Line, &["PING", "redis-om"]).await;
                assert!(before.iter().all(|event| matches!(event, Event::Received(..))), "{before:?}");
                setting.server.restart().unwrap();
                sink.lost(true).await;
            }
        }
        drop(link);
        sink.lost(false).await;
    });
}

#[test]
fn what_is_said_first_on_a_shared_connection_shifts_no_reply() {
    everywhere(|setting, protocol| async move {
        let mut first: Vec<&[&str]> = vec![&["CLIENT", "SETNAME", "replayed-#"], &["GET", "absent"]];
        if protocol == Protocol::Resp3 {
            first.push(&["CLIENT", "TRACKING", "ON"]);
        }
        let sink = Recorder::with_first(&first);
        let link = setting.link(Mode::Shared, &sink).await;
        for key in 0..10 {
            setting.other(&["SET", &format!("k{key}"), &format!("value-{key}")]).await;
        }
        for connection in 0..3 {
            let name = format!("$10\r\nreplayed-{connection}\r\n");
            assert_eq!(ask(&link, &["CLIENT", "GETNAME"]).await.unwrap(), name);
            sink.frame(NoticeKind::Reply, &["+OK"]).await;
            sink.frame(NoticeKind::Reply, &[if protocol == Protocol::Resp3 { "_" } else { "$-1" }]).await;
            if protocol == Protocol::Resp3 {
                sink.frame(NoticeKind::Reply, &["+OK"]).await;
            }
            for key in 0..10 {
                let value = format!("$7\r\nvalue-{key}\r\n");
                assert_eq!(ask(&link, &["GET", &format!("k{key}")]).await.unwrap(), value);
            }
            if protocol == Protocol::Resp3 {
                setting.other(&["SET", "k3", "value-3"]).await;
                sink.frame(NoticeKind::Push, &["invalidate", "k3"]).await;
            }
            // The connection that sends CLIENT KILL is not closed.
            setting.other(&["CLIENT", "KILL", "TYPE", "normal"]).await;
            sink.lost(true).await;
        }
        drop(link);
        sink.lost(false).await;
    });
}

#[test]
fn a_sink_that_cannot_go_on_gets_a_new_connection() {
    everywhere(|setting, _| async move {
        let sink = Recorder::with_first(&[&["CLIENT", "SETNAME", "replayed-#"]]);
        sink.refuses.store(2, Ordering::Relaxed);
        let link = setting.link(Mode::Shared, &sink).await;
        sink.lost(true).await;
        sink.lost(true).await;
        assert_eq!(ask(&link, &["CLIENT", "GETNAME"]).await.unwrap(), "$10\r\nreplayed-2\r\n");
    });
}

#[test]
fn what_waits_for_a_connection_can_be_evicted() {
    everywhere(|setting, _| async move {
        let sink = Recorder::with_first(&[&["CLIENT", "SETNAME", "replayed-#"]]);
        let link = setting.link(Mode::Shared, &sink).await;
        sink.frame(NoticeKind::Reply, &["+OK"]).await;
        setting.server.stop();
        sink.lost(true).await;
        let mut waiting = pin!(ask(&link, &["INCR", "n"]));
        assert!(poll_fn(|cx| Poll::Ready(waiting.as_mut().poll(cx).is_pending())).await);
        link.evict(&Error::config("take another one"));
        let error = waiting.await.unwrap_err();
        assert_eq!((error.may_have_run(), error.to_string()), (false, "take another one".to_owned()));
        // The link itself can still be used.
        setting.server.restart().unwrap();
        assert_eq!(ask(&link, &["INCR", "n"]).await.unwrap(), ":1\r\n");
    });
}

/// A link whose runtime ends before its task has run.
fn of_an_ended_runtime(server: &Server, lifetime: Lifetime, sink: &Arc<Recorder>) -> Link {
    let config = Arc::new(Config::from_url(server.url()).unwrap());
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let listener = Some(Listener { mode: Mode::Shared, sink: sink.clone() });
    tokio.block_on(async {
        let runtime = Runtime::current().unwrap();
        Link::connect(config, lifetime, &runtime, listener).await.unwrap()
    })
}

#[test]
fn a_task_of_a_link_that_reconnects_goes_on_after_its_runtime() {
    let server = Server::start().unwrap();
    let sink = Recorder::with_first(&[]);
    let link = of_an_ended_runtime(&server, Lifetime::Reconnecting, &sink);
    let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(tokio.block_on(ask(&link, &["PING"])).unwrap(), "+PONG\r\n");
    let events = sink.events.lock().unwrap();
    assert!(matches!(events[..], [Event::Lost(true), Event::Connected(_)]), "the sink is told of both");
}

#[test]
fn a_task_that_ends_before_it_ran_tells_its_sink_and_its_commands() {
    let server = Server::start().unwrap();
    let sink = Recorder::with_first(&[&["PING"]]);
    let link = of_an_ended_runtime(&server, Lifetime::One, &sink);
    assert_eq!(*sink.events.lock().unwrap(), [Event::Lost(false)]);
    let mut asked = pin!(ask(&link, &["PING"]));
    match asked.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => assert!(!outcome.unwrap_err().may_have_run()),
        Poll::Pending => panic!("the command waits for ever"),
    }
}

#[test]
fn after_a_panic_under_the_lock_commands_in_flight_fail_and_later_ones_run() {
    everywhere(|setting, protocol| async move {
        // No PING and no deadline wakes the driver.
        let mut config = (*setting.config).clone();
        (config.idle_ping, config.command_timeout) = (None, None);
        let setting = Setting { config: Arc::new(config), ..setting };
        let sink = Recorder::with_first(&[]);
        let link = setting.link(Mode::Shared, &sink).await;
        for round in 1..=3 {
            // The connection stands, so that the command is sent by its first poll.
            ask(&link, &["PING"]).await.unwrap();
            let mut waiting = pin!(ask(&link, &["BLPOP", "absent", "0"]));
            assert!(poll_fn(|cx| Poll::Ready(waiting.as_mut().poll(cx).is_pending())).await);
            // It has arrived at the server.
            setting.until_blocked().await;
            let panicked = catch_unwind(AssertUnwindSafe(|| {
                let _state = link.shared.lock();
                panic!("under the lock");
            }));
            assert!(panicked.is_err());
            // The deadline of the command is 30 seconds. The driver is woken by the recovery, not by the deadline.
            let failed = tokio::time::timeout(Duration::from_secs(20), waiting);
            let error = failed.await.unwrap().unwrap_err();
            assert!(error.to_string().contains("a thread panicked while it used the connection"), "{error}");
            assert!(error.may_have_run(), "{error}");
            sink.lost(true).await;
            assert_eq!(ask(&link, &["INCR", "n"]).await.unwrap(), format!(":{round}\r\n"));
            assert!(sink.events.lock().unwrap().contains(&Event::Connected(protocol)));
        }
    });
}

#[test]
fn after_a_panic_of_the_driver_under_the_lock_there_is_a_new_connection() {
    everywhere(|setting, _| async move {
        let sink = Recorder::with_first(&[&["CLIENT", "SETNAME", "replayed-#"]]);
        sink.panics.store(true, Ordering::Relaxed);
        let link = setting.link(Mode::Shared, &sink).await;
        sink.lost(true).await;
        assert_eq!(ask(&link, &["CLIENT", "GETNAME"]).await.unwrap(), "$10\r\nreplayed-1\r\n");
    });
}
