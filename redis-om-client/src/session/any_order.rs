//! Everything that a connection meets, in any order: every answer is whole and its command's own, also where other
//! commands have replies that break a limit; the sink receives what is for it; each future that can take something was
//! woken for it, and at the end every slot is free.

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

/// Elements of a long list, and replies of a long batch: they come in several pieces.
const LONG: u32 = 3000;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    One,
    List,
    Batch,
    /// A batch with long lists in it.
    Mixed,
    /// Its reply is nested too deep.
    Deep,
    /// Its reply, a list, has a string in its middle that is too long.
    Long,
    /// A batch in which one reply is nested too deep and one too long.
    Failing,
}

/// The longest string of a reply.
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

    /// What the server answers: numbers that no other command's answer has; in the lists there may be a push message.
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

    /// The numbers of the answer.
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

/// A future's side.
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
            // In the place of a reply that could not be read.
            Reply::Error(line) => assert_eq!(&*line, b"CLIENT failed"),
            other => out.push(i64::from_redis(other).unwrap()),
        }
    }

    fn read(&mut self, mut replies: Replies<'_>) {
        while replies.has_more() {
            Self::numbers(replies.take().unwrap(), &mut self.numbers);
        }
    }

    /// Takes what there is; `true` when that was all.
    fn poll(&mut self, session: &mut Session) -> bool {
        let waker = Waker::from(self.woken.clone());
        let Some(outcome) = session.reply(&mut self.ticket, &waker) else {
            self.woken.0.store(false, Ordering::Relaxed);
            return false;
        };
        assert!(self.woken.0.load(Ordering::Relaxed), "{:?} has something and was not woken", self.kind);
        let mut reply = match outcome {
            Ok(reply) => reply,
            Err(error) => {
                let answered = error.execution() == Execution::Answered;
                let refused = matches!(self.kind, Kind::Deep | Kind::Long);
                assert!(!answered || refused, "{:?}: {error}", self.kind);
                return true;
            }
        };
        assert!(!matches!(self.kind, Kind::Deep | Kind::Long), "it came whole");
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
enum Deed {
    Submit(Kind),
    /// The future with this number, among those there are, is dropped.
    Cancel(usize),
    /// The kernel takes so many bytes.
    Write(usize),
    /// The server answers so many commands.
    Serve(usize),
    /// So many bytes of the answers come.
    Arrive(usize),
    /// The future with this number is polled.
    Poll(usize),
    /// Time passes.
    Expire,
    /// The connection is lost, and the next one begins with commands that get so many replies.
    Lose(u32),
    /// What is not sent fails.
    Evict,
}

fn deed() -> impl Strategy<Value = Deed> {
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
        4 => kind.prop_map(Deed::Submit),
        2 => (0usize..64).prop_map(Deed::Cancel),
        3 => (1usize..200).prop_map(Deed::Write),
        5 => (0usize..5).prop_map(Deed::Serve),
        8 => prop_oneof![1usize..100, 10_000usize..70_000].prop_map(Deed::Arrive),
        4 => (0usize..64).prop_map(Deed::Poll),
        1 => Just(Deed::Expire),
        1 => (0u32..4).prop_map(Deed::Lose),
        1 => Just(Deed::Evict),
    ]
}

/// Both ends of a connection, and the futures that use it.
struct World {
    session: Session,
    demux: ReplyDemux,
    buffer: BytesMut,
    waiting: Vec<Waiting>,
    kinds: Vec<Kind>,
    now: Tick,
    /// What a writer has in hand, and how much of it has gone.
    hand: Option<(Vec<u8>, usize)>,
    up: Vec<u8>,
    down: Vec<u8>,
    notices: Notices,
    /// What it received on this connection.
    sink: Arc<Counter>,
    /// How many replies of this connection are the sink's.
    replayed: u32,
    /// How many pushes the server has sent on it.
    pushed: u32,
}

/// Counts replies and pushes. All replies to what was replayed come before any other frame.
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

impl World {
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
            hand: None,
            up: Vec::new(),
            down: Vec::new(),
            notices: Notices::new(Some(sink.clone())),
            sink,
            replayed: 0,
            pushed: 0,
        }
    }

    fn happens(&mut self, deed: Deed) {
        match deed {
            Deed::Submit(kind) => {
                let number = self.kinds.len() as u32;
                self.kinds.push(kind);
                self.waiting.push(Waiting::submit(&mut self.session, kind, number, self.now));
            }
            Deed::Cancel(index) if !self.waiting.is_empty() => {
                let mut gone = self.waiting.swap_remove(index % self.waiting.len());
                self.session.cancel(&mut gone.ticket);
            }
            Deed::Write(most) => self.write(most),
            Deed::Serve(most) => self.serve(most),
            Deed::Arrive(most) => self.arrive(most),
            Deed::Poll(index) if !self.waiting.is_empty() => {
                let index = index % self.waiting.len();
                let polled = &mut self.waiting[index];
                if polled.woken.0.load(Ordering::Relaxed) && polled.poll(&mut self.session) {
                    self.waiting.swap_remove(index);
                }
            }
            Deed::Expire => {
                self.now += 60;
                let mut wakers = Vec::new();
                self.session.expire(self.now, &mut wakers);
                wakers.into_iter().for_each(Waker::wake);
            }
            Deed::Lose(replayed) => {
                let mut wakers = Vec::new();
                self.session
                    .lose(&Error::new(ErrorKind::Disconnected, Execution::NotSent, "gone"), &mut wakers);
                wakers.into_iter().for_each(Waker::wake);
                self.replay(replayed);
                self.demux = ReplyDemux::new(LIMITS);
                self.buffer.clear();
                (self.up, self.down, self.hand) = (Vec::new(), Vec::new(), None);
            }
            Deed::Evict => {
                let mut wakers = Vec::new();
                let error = Error::new(ErrorKind::Disconnected, Execution::NotSent, "evicted");
                self.session.evict(&error, &mut wakers);
                wakers.into_iter().for_each(Waker::wake);
            }
            Deed::Cancel(_) | Deed::Poll(_) => {}
        }
        // A future that was not woken has nothing to take: `poll` checks it.
        let asleep = self.waiting.iter_mut().filter(|waiting| !waiting.woken.0.load(Ordering::Relaxed));
        for waiting in asleep {
            assert!(!waiting.poll(&mut self.session));
        }
    }

    /// A new connection stands, which begins with commands that get so many replies.
    fn replay(&mut self, replies: u32) {
        let bytes = (0..replies).flat_map(|number| format!("<r{number}>").into_bytes()).collect();
        self.session.up_with(&Replay { bytes, replies }, &mut Vec::new());
        self.sink = Arc::new(Counter::default());
        self.notices = Notices::new(Some(self.sink.clone()));
        (self.replayed, self.pushed) = (replies, 0);
    }

    fn write(&mut self, most: usize) {
        if self.hand.is_none() && self.session.has_output() {
            self.hand = Some((self.session.output(), 0));
        }
        let Some((bytes, from)) = self.hand.take() else { return };
        let to = bytes.len().min(from + most);
        self.up.extend_from_slice(&bytes[from..to]);
        if to == bytes.len() {
            self.session.wrote(to - from, Some(bytes));
        } else {
            self.session.wrote(to - from, None);
            self.hand = Some((bytes, to));
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
    fn every_answer_is_whole_and_its_commands_own(deeds in proptest::collection::vec(deed(), 0..150)) {
        let mut world = World::new();
        let end = [Deed::Write(usize::MAX / 2), Deed::Serve(usize::MAX), Deed::Arrive(usize::MAX)];
        // Twice: what a writer had in hand is written first.
        for deed in deeds.into_iter().chain(end.clone()).chain(end) {
            world.happens(deed);
        }
        for mut waiting in world.waiting {
            assert!(waiting.poll(&mut world.session), "{:?} got no answer", waiting.kind);
        }
        assert!(world.session.is_clean());
        assert_eq!((world.session.special, world.session.for_sink), (0, 0));
        assert_eq!(world.sink.replies.load(Ordering::Relaxed), world.replayed);
        assert_eq!(world.sink.pushes.load(Ordering::Relaxed), world.pushed);
        world.session.pending.assert_free();
    }
}
