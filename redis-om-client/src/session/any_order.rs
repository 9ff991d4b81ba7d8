//! All events of a connection, in any order. Every command gets its own complete reply, also if replies of other
//! commands exceed a limit. The sink receives its frames. Each future with an outcome was woken. At the end every slot
//! is free.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    task::Wake,
};

use bytes::BytesMut;
use proptest::prelude::*;

use super::*;
use crate::resp::Replies;
use crate::{
    FromRedis,
    config::Protocol,
    resp::{Limits, Reply},
};

/// The number of elements of a long list and of replies of a long batch. They are received in several pieces.
const LONG: u32 = 3000;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    One,
    List,
    Batch,
    /// A batch that contains long lists.
    Mixed,
    /// The nesting of its reply exceeds the limit.
    Deep,
    /// Its reply is a list with a string in its middle that exceeds the limit.
    Long,
    /// A batch with one reply of each of these two kinds.
    Failing,
}

/// The limit of a string in a reply, in bytes.
const BULK: usize = 100_000;
const LIMITS: Limits = Limits { bulk: BULK, reply: 1 << 20, depth: 128 };

impl Kind {
    fn parts(self) -> u32 {
        match self {
            Self::One | Self::List | Self::Deep | Self::Long => 1,
            Self::Batch => LONG,
            Self::Mixed | Self::Failing => 5,
        }
    }

    /// The answer of the server. Its numbers are in no other answer. With `push`, its lists contain a push message.
    fn answer(self, first: u32, push: bool) -> Vec<u8> {
        let string = |number: u32| format!("$12\r\n{number:012}\r\n");
        let strings = |count: u32| (first..first + count).map(string).collect::<String>();
        let strings_from = |from: u32| (first + from..first + LONG).map(string).collect::<String>();
        let inside = if push { PUSH } else { "" };
        let list = || format!("*{LONG}\r\n{}{inside}{}", strings(LONG / 2), strings_from(LONG / 2));
        let deep = || format!("{}{inside}:1\r\n", "*1\r\n".repeat(5_000));
        let long = || {
            let string = format!("${}\r\n{}\r\n", BULK + 1, "x".repeat(BULK + 1));
            format!("*{}\r\n{}{string}{inside}{}", LONG + 1, strings(LONG / 2), strings_from(LONG / 2))
        };
        match self {
            Self::One => strings(1),
            Self::List => list(),
            Self::Batch => strings(LONG),
            Self::Mixed => [strings(1), list(), strings(2), list()].concat(),
            Self::Deep => deep(),
            Self::Long => long(),
            Self::Failing => [strings(1), deep(), list(), long(), strings(1)].concat(),
        }
        .into_bytes()
    }

    /// The numbers that the future must get.
    fn expected(self, first: u32) -> Vec<i64> {
        let from = |count: u32| i64::from(first)..i64::from(first + count);
        match self {
            Self::One => from(1).collect(),
            Self::Mixed => from(1).chain(from(LONG)).chain(from(2)).chain(from(LONG)).collect(),
            Self::Deep | Self::Long => Vec::new(),
            Self::Failing => from(1).chain(from(LONG)).chain(from(1)).collect(),
            _ => from(LONG).collect(),
        }
    }
}

/// A push message.
const PUSH: &str = ">2\r\n+invalidate\r\n_\r\n";

#[derive(Debug, Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A future that waits for its reply.
struct Waiting {
    kind: Kind,
    first: u32,
    ticket: Ticket,
    woken: Arc<Woken>,
    numbers: Vec<i64>,
}

impl Waiting {
    fn submit(session: &mut Session, kind: Kind, number: u32, now: Tick) -> Self {
        let woken = Arc::new(Woken::default());
        let mut ticket = Ticket::New;
        let text = format!("<{number}>");
        let out = Outgoing {
            body: text.as_bytes(),
            args: 0,
            parts: kind.parts(),
            runs: if kind.parts() == 1 { Runs::Whole } else { Runs::Partly },
            blocking: false,
            timeout: Some(100),
            for_sink: false,
            large: None,
        };
        session.submit(&mut ticket, out, now, &Waker::from(woken.clone())).unwrap();
        let first = number * 10_000;
        Self { kind, first, ticket, woken, numbers: Vec::new() }
    }

    fn numbers(reply: Reply<'_>, out: &mut Vec<i64>) {
        match reply {
            Reply::Array(mut items) => {
                while !items.is_empty() {
                    Self::numbers(items.take().unwrap(), out);
                }
            }
            // It replaces a reply that could not be read.
            Reply::Error(line) => assert_eq!(&*line, b"CLIENT failed"),
            other => out.push(i64::from_redis(other).unwrap()),
        }
    }

    fn read(&mut self, mut replies: Replies<'_>) {
        while replies.has_more() {
            Self::numbers(replies.take().unwrap(), &mut self.numbers);
        }
    }

    /// Takes the outcome, if there is one, and checks it. Returns `true` if there was one.
    fn poll(&mut self, session: &mut Session) -> bool {
        let waker = Waker::from(self.woken.clone());
        let Some(outcome) = session.reply(&mut self.ticket, &waker) else {
            self.woken.0.store(false, Ordering::Relaxed);
            return false;
        };
        assert!(self.woken.0.load(Ordering::Relaxed), "{:?} has an outcome and was not woken", self.kind);
        let mut reply = match outcome {
            Ok(reply) => reply,
            Err(error) => {
                let answered = error.execution() == Execution::Answered;
                let refused = matches!(self.kind, Kind::Deep | Kind::Long);
                assert!(!answered || refused, "{:?}: {error}", self.kind);
                return true;
            }
        };
        assert!(!matches!(self.kind, Kind::Deep | Kind::Long), "a reply that exceeds a limit was delivered");
        let lost = if let ReplyBuf::Partly(partly) = &mut reply { partly.lost.take() } else { None };
        self.read(reply.replies());
        let failures: Vec<_> = reply.replies().failures().iter().map(|(part, _)| *part).collect();
        let failing: &[usize] = if self.kind == Kind::Failing { &[1, 3] } else { &[] };
        let expected = self.kind.expected(self.first);
        let found = self.numbers.len();
        if let Some(error) = lost {
            assert!(error.may_have_run() && self.kind.parts() > 1);
            assert!(failing.starts_with(&failures), "{:?}", self.kind);
            assert!(expected.starts_with(&self.numbers), "{:?}: {found} of {}", self.kind, expected.len());
        } else {
            assert_eq!(failures, failing, "{:?}", self.kind);
            assert!(self.numbers == expected, "{:?}: {found} of {}", self.kind, expected.len());
        }
        true
    }
}

#[derive(Debug, Clone)]
enum Event {
    Submit(Kind),
    /// The future with this index (modulo their number) is dropped.
    Cancel(usize),
    /// The kernel takes at most this number of bytes.
    Write(usize),
    /// The server answers at most this number of commands.
    Serve(usize),
    /// At most this number of bytes of the answers is received.
    Arrive(usize),
    /// The future with this index (modulo their number) is polled.
    Poll(usize),
    /// 60 ms pass.
    Expire,
    /// The connection is lost. The next one begins with replayed commands that get this number of replies.
    Lose(u32),
    /// The commands that are not sent fail.
    Evict,
}

fn event() -> impl Strategy<Value = Event> {
    let kind = prop_oneof![
        Just(Kind::One),
        Just(Kind::List),
        Just(Kind::Batch),
        Just(Kind::Mixed),
        Just(Kind::Deep),
        Just(Kind::Long),
        Just(Kind::Failing),
    ];
    prop_oneof![
        4 => kind.prop_map(Event::Submit),
        2 => (0usize..64).prop_map(Event::Cancel),
        3 => (1usize..200).prop_map(Event::Write),
        5 => (0usize..5).prop_map(Event::Serve),
        8 => prop_oneof![1usize..100, 10_000usize..70_000].prop_map(Event::Arrive),
        4 => (0usize..64).prop_map(Event::Poll),
        1 => Just(Event::Expire),
        1 => (0u32..4).prop_map(Event::Lose),
        1 => Just(Event::Evict),
    ]
}

/// Both ends of a connection, and the futures that use it.
struct Connection {
    session: Session,
    demux: ReplyDemux,
    buffer: BytesMut,
    waiting: Vec<Waiting>,
    kinds: Vec<Kind>,
    now: Tick,
    /// The buffer of a writer, and the number of its bytes that are written.
    writing: Option<(Vec<u8>, usize)>,
    /// The bytes that the server has received and not executed.
    up: Vec<u8>,
    /// The bytes that the server has sent and the client has not received.
    down: Vec<u8>,
    notices: Notices,
    /// Counts the frames that the sink received on this connection.
    sink: Arc<Counter>,
    /// The number of replies on this connection that are for the sink.
    replayed: u32,
    /// The number of push messages that the server has sent on this connection.
    pushed: u32,
}

/// Counts replies and push messages, and checks the order of the replies to the replayed commands.
#[derive(Debug, Default)]
struct Counter {
    replies: AtomicU32,
    pushes: AtomicU32,
}

impl Sink for Counter {
    fn connected(&self, _: Protocol) -> Replay {
        Replay::default()
    }

    fn receive(&self, notices: &mut Vec<Notice>, _: &mut Vec<Waker>) -> Result<(), Error> {
        for notice in notices {
            if notice.kind == NoticeKind::Push {
                self.pushes.fetch_add(1, Ordering::Relaxed);
            } else {
                let number = self.replies.fetch_add(1, Ordering::Relaxed);
                assert_eq!(notice.bytes, format!("+replayed {number}\r\n"));
            }
        }
        Ok(())
    }

    fn lost(&self, _: &Error, _: bool, _: &mut Vec<Waker>) {}
}

impl Connection {
    fn new() -> Self {
        let bounds = Bounds { bytes: 1 << 20, commands: 1000, when_full: WhenFull::Wait };
        let mut session = Session::new(bounds);
        session.up(&mut Vec::new());
        let sink = Arc::new(Counter::default());
        Self {
            session,
            demux: ReplyDemux::new(LIMITS),
            buffer: BytesMut::new(),
            waiting: Vec::new(),
            kinds: Vec::new(),
            now: 0,
            writing: None,
            up: Vec::new(),
            down: Vec::new(),
            notices: Notices::new(Some(sink.clone())),
            sink,
            replayed: 0,
            pushed: 0,
        }
    }

    fn apply(&mut self, event: Event) {
        match event {
            Event::Submit(kind) => {
                let number = self.kinds.len() as u32;
                self.kinds.push(kind);
                self.waiting.push(Waiting::submit(&mut self.session, kind, number, self.now));
            }
            Event::Cancel(index) if !self.waiting.is_empty() => {
                let mut gone = self.waiting.swap_remove(index % self.waiting.len());
                self.session.cancel(&mut gone.ticket);
            }
            Event::Write(most) => self.write(most),
            Event::Serve(most) => self.serve(most),
            Event::Arrive(most) => self.arrive(most),
            Event::Poll(index) if !self.waiting.is_empty() => {
                let index = index % self.waiting.len();
                let polled = &mut self.waiting[index];
                if polled.woken.0.load(Ordering::Relaxed) && polled.poll(&mut self.session) {
                    self.waiting.swap_remove(index);
                }
            }
            Event::Expire => {
                self.now += 60;
                let mut wakers = Vec::new();
                self.session.expire(self.now, &mut wakers);
                wakers.into_iter().for_each(Waker::wake);
            }
            Event::Lose(replayed) => {
                let mut wakers = Vec::new();
                self.session
                    .lose(&Error::new(ErrorKind::Disconnected, Execution::NotSent, "gone"), &mut wakers);
                wakers.into_iter().for_each(Waker::wake);
                self.replay(replayed);
                self.demux = ReplyDemux::new(LIMITS);
                self.buffer.clear();
                (self.up, self.down, self.writing) = (Vec::new(), Vec::new(), None);
            }
            Event::Evict => {
                let mut wakers = Vec::new();
                let error = Error::new(ErrorKind::Disconnected, Execution::NotSent, "evicted");
                self.session.evict(&error, &mut wakers);
                wakers.into_iter().for_each(Waker::wake);
            }
            Event::Cancel(_) | Event::Poll(_) => {}
        }
        // A future that was not woken has no outcome: `poll` fails if it has one.
        let asleep = self.waiting.iter_mut().filter(|waiting| !waiting.woken.0.load(Ordering::Relaxed));
        for waiting in asleep {
            assert!(!waiting.poll(&mut self.session));
        }
    }

    /// A new connection is made. It begins with replayed commands that get this number of replies.
    fn replay(&mut self, replies: u32) {
        let bytes = (0..replies).flat_map(|number| format!("<r{number}>").into_bytes()).collect();
        self.session.up_with(&Replay { bytes, replies }, &mut Vec::new());
        self.sink = Arc::new(Counter::default());
        self.notices = Notices::new(Some(self.sink.clone()));
        (self.replayed, self.pushed) = (replies, 0);
    }

    fn write(&mut self, most: usize) {
        if self.writing.is_none() && self.session.has_output() {
            self.writing = Some((self.session.output(), 0));
        }
        let Some((bytes, from)) = self.writing.take() else { return };
        let to = bytes.len().min(from + most);
        self.up.extend_from_slice(&bytes[from..to]);
        if to == bytes.len() {
            self.session.wrote(to - from, Some(bytes));
        } else {
            self.session.wrote(to - from, None);
            self.writing = Some((bytes, to));
        }
    }

    fn serve(&mut self, most: usize) {
        for _ in 0..most {
            let Some(end) = self.up.iter().position(|byte| *byte == b'>') else { break };
            let command: Vec<u8> = self.up.drain(..=end).collect();
            if let [b'<', b'r', number @ .., b'>'] = &command[..] {
                self.down.extend([b"+replayed ", number, b"\r\n"].concat());
                continue;
            }
            let number: u32 = std::str::from_utf8(&command[1..end]).unwrap().parse().unwrap();
            let kind = self.kinds[number as usize];
            let mut answer = kind.answer(number * 10_000, number % 4 == 1);
            if number.is_multiple_of(3) {
                answer.extend_from_slice(PUSH.as_bytes());
            }
            self.pushed += memchr::memmem::find_iter(&answer, PUSH).count() as u32;
            self.down.extend(answer);
        }
    }

    fn arrive(&mut self, most: usize) {
        let mut left = most.min(self.down.len());
        while left > 0 {
            let read = left.min(64 << 10);
            left -= read;
            self.buffer.extend(self.down.drain(..read));
            let mut wakers = Vec::new();
            if self.demux.scan(&self.buffer).unwrap() {
                let (buffer, session) = (&mut self.buffer, &mut self.session);
                self.demux.deliver(buffer, session, &mut wakers, &mut self.notices).unwrap();
            }
            assert!(self.buffer.len() <= (64 << 10) + LONG as usize * 18 + 100, "{}", self.buffer.len());
            wakers.into_iter().for_each(Waker::wake);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_command_gets_its_own_complete_reply(events in proptest::collection::vec(event(), 0..150)) {
        let mut connection = Connection::new();
        let end = [Event::Write(usize::MAX / 2), Event::Serve(usize::MAX), Event::Arrive(usize::MAX)];
        // Twice, because the first write only finishes the buffer that a writer already has.
        for event in events.into_iter().chain(end.clone()).chain(end) {
            connection.apply(event);
        }
        for mut waiting in connection.waiting {
            assert!(waiting.poll(&mut connection.session), "{:?} got no answer", waiting.kind);
        }
        assert!(connection.session.is_clean());
        assert_eq!((connection.session.special, connection.session.for_sink), (0, 0));
        assert_eq!(connection.sink.replies.load(Ordering::Relaxed), connection.replayed);
        assert_eq!(connection.sink.pushes.load(Ordering::Relaxed), connection.pushed);
        connection.session.pending.assert_free();
    }
}
