//! What the server sends without a request, and the commands that are sent again on a new connection.

use std::sync::Mutex;

use bytes::BytesMut;
use proptest::prelude::*;

use super::{
    super::{Bounds, Ended, ReplyDemux, Submitted, Ticket, tests::*},
    *,
};
use crate::{error::ErrorKind, resp::Limits};

/// A sink that records what it receives.
#[derive(Debug, Default)]
struct RecordingSink {
    received: Mutex<Vec<(NoticeKind, String)>>,
    waker: Mutex<Option<Waker>>,
    /// The commands that it gives to write.
    output: Mutex<Vec<u8>>,
    /// Whether it returns an error after the next frames.
    refuses: Mutex<bool>,
}

impl Sink for RecordingSink {
    fn connected(&self, protocol: Protocol) -> Replay {
        Replay { bytes: format!("<{protocol:?}>").into_bytes(), replies: 1 }
    }

    fn receive(&self, notices: &mut Vec<Notice>, wakers: &mut Vec<Waker>) -> Result<(), Error> {
        let notices = notices.iter().map(|notice| (notice.kind, notice.bytes.escape_ascii().to_string()));
        self.received.lock().unwrap().extend(notices);
        wakers.extend(self.waker.lock().unwrap().take());
        match *self.refuses.lock().unwrap() {
            true => Err(Error::config("the sink cannot continue")),
            false => Ok(()),
        }
    }

    fn output(&self, out: &mut Vec<u8>) {
        out.append(&mut self.output.lock().unwrap());
    }

    fn lost(&self, _error: &Error, _again: bool, _wakers: &mut Vec<Waker>) {}
}

impl RecordingSink {
    fn take(&self) -> Vec<(NoticeKind, String)> {
        std::mem::take(&mut self.received.lock().unwrap())
    }
}

fn replay(bytes: &str, replies: u32) -> Replay {
    Replay { bytes: bytes.into(), replies }
}

fn gone() -> Error {
    Error::new(ErrorKind::Disconnected, crate::error::Execution::NotSent, "gone")
}

fn listening(mode: Mode, first: &str) -> (Session, Arc<RecordingSink>) {
    let mut session = Session::with_mode(bounds(), mode);
    session.up_with(&replay(first, 0), &mut Vec::new());
    (session, Arc::new(RecordingSink::default()))
}

/// Reads `bytes` in pieces of `step` bytes.
fn read(
    session: &mut Session,
    sink: &Arc<RecordingSink>,
    bytes: &[u8],
    step: usize,
) -> Result<Vec<Waker>, Error> {
    let mut demux = ReplyDemux::new(Limits::default());
    let mut notices = Notices::new(Some(sink.clone()));
    let (mut buffer, mut wakers) = (BytesMut::new(), Vec::new());
    for piece in bytes.chunks(step) {
        buffer.extend_from_slice(piece);
        if demux.scan(&buffer)? {
            demux.deliver(&mut buffer, session, &mut wakers, &mut notices)?;
        }
    }
    assert!(buffer.is_empty());
    Ok(wakers)
}

fn shown(frames: &[(NoticeKind, &[u8])]) -> Vec<(NoticeKind, String)> {
    frames.iter().map(|(kind, bytes)| (*kind, bytes.escape_ascii().to_string())).collect()
}

#[test]
fn pushes_between_replies_go_to_the_sink() {
    for step in [1, 7, 1000] {
        let mut session = up(bounds());
        let sink = Arc::new(RecordingSink::default());
        let mut tickets = [submit(&mut session, "$1"), submit(&mut session, "$2")];
        write_all(&mut session);
        let pushes: [&[u8]; 2] = [b">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n", b">2\r\n+invalidate\r\n_\r\n"];
        let bytes = [b":1\r\n", pushes[0], b":2\r\n", pushes[1]].concat();
        read(&mut session, &sink, &bytes, step).unwrap();
        assert_eq!(sink.take(), shown(&pushes.map(|bytes| (NoticeKind::Push, bytes))));
        for (ticket, expected) in tickets.iter_mut().zip(["the integer 1", "the integer 2"]) {
            assert_eq!(reply(&mut session, ticket).unwrap().unwrap(), expected);
        }
        assert!(session.is_clean());
    }
}

#[test]
fn the_sink_has_a_push_before_a_reply_of_the_same_read_can_be_taken() {
    let mut session = up(bounds());
    let sink = Arc::new(RecordingSink::default());
    *sink.waker.lock().unwrap() = Some(Waker::noop().clone());
    let mut ticket = submit(&mut session, "$1");
    write_all(&mut session);
    // The reply comes first on the wire. While the session was in use, nothing was woken. The sink has the push.
    let wakers = read(&mut session, &sink, b":1\r\n>2\r\n+invalidate\r\n_\r\n", 1000).unwrap();
    assert_eq!((wakers.len(), sink.take().len()), (2, 1));
    assert!(reply(&mut session, &mut ticket).unwrap().is_ok());
}

#[test]
fn replayed_commands_are_written_first_and_shift_no_reply() {
    for step in [100, 1 << 20] {
        let mut session = Session::new(bounds());
        let sink = Arc::new(RecordingSink::default());
        let mut ticket = submit(&mut session, "$1");
        for connection in 0..2 {
            session.up_with(&sink.connected(Protocol::Resp3), &mut Vec::new());
            let queued = session.submit(&mut ticket, get("$1"), 0, Waker::noop()).unwrap();
            assert_eq!(queued, Submitted::Queued);
            assert_eq!(write_all(&mut session), b"<Resp3>*1\r\n$1");
            if connection == 0 {
                // The connection is lost before the reply came. The commands are replayed on the next one.
                session.lose(&gone(), &mut Vec::new());
                assert!(reply(&mut session, &mut ticket).unwrap().unwrap_err().may_have_run());
                ticket = submit(&mut session, "$1");
            }
        }
        // A long reply to a replayed command goes to the sink and not to the waiting command.
        let long = [&b"*3000\r\n"[..], &b"$8\r\n01234567\r\n".repeat(3000)].concat();
        let push: &[u8] = b">2\r\n+invalidate\r\n_\r\n";
        read(&mut session, &sink, &[&long[..], push].concat(), step).unwrap();
        assert!(!session.is_clean() && reply(&mut session, &mut ticket).is_none());
        read(&mut session, &sink, b"+mine\r\n", step).unwrap();
        assert_eq!(sink.take(), shown(&[(NoticeKind::Reply, &long), (NoticeKind::Push, push)]));
        assert!(reply(&mut session, &mut ticket).unwrap().unwrap().contains("mine"));
        assert!(session.is_clean());
        assert_eq!((session.special, session.for_sink), (0, 0));
        session.pending.assert_free();
    }
}

#[test]
fn a_session_is_not_clean_or_drained_before_the_replay_is_answered() {
    let mut session = Session::new(bounds());
    session.up_with(&replay("<auth><track>", 2), &mut Vec::new());
    assert!(!session.is_clean());
    write_all(&mut session);
    session.hold();
    for (answers, ready) in [(0, false), (1, false), (2, true)] {
        if answers > 0 {
            answer(&mut session, b"+OK\r\n").unwrap();
        }
        assert_eq!((session.is_drained(), session.inflight() == 0), (ready, ready));
    }
    assert_eq!(answer(&mut session, b"+OK\r\n").unwrap_err().kind(), &ErrorKind::Protocol);
}

#[test]
fn a_replay_that_was_not_written_is_not_written_twice() {
    for replies in [0, 1] {
        let mut session = Session::new(bounds());
        session.up_with(&replay("<first>", replies), &mut Vec::new());
        session.submit_detached(get("$forget"), 0).unwrap();
        let mut ticket = submit(&mut session, "$1");
        session.lose(&gone(), &mut Vec::new());
        assert!(!reply(&mut session, &mut ticket).unwrap().unwrap_err().may_have_run());
        session.up_with(&replay("<second>", replies), &mut Vec::new());
        assert_eq!(write_all(&mut session), b"<second>*1\r\n$forget");
        answer(&mut session, b"+OK\r\n:1\r\n"[if replies == 1 { 0 } else { 5 }..].as_ref()).unwrap();
        assert!(session.is_clean());
        assert_eq!((session.special, session.for_sink), (0, 0));
        session.pending.assert_free();
    }
}

#[test]
fn withdrawing_a_command_does_not_withdraw_the_replay() {
    for replies in [0, 1] {
        let mut session = Session::new(bounds());
        session.up_with(&replay("<first>", replies), &mut Vec::new());
        let mut tickets: Vec<_> = (0..3).map(|n| submit(&mut session, &format!("${n}"))).collect();
        session.cancel(&mut tickets[0]);
        session.cancel(&mut tickets[2]);
        assert_eq!(write_all(&mut session), b"<first>*1\r\n$1");
    }
}

#[test]
fn a_refused_replay_goes_to_the_sink_which_can_end_the_connection() {
    for refuses in [false, true] {
        let mut session = Session::new(bounds());
        let sink = Arc::new(RecordingSink::default());
        *sink.refuses.lock().unwrap() = refuses;
        session.up_with(&sink.connected(Protocol::Resp2), &mut Vec::new());
        let mut ticket = submit(&mut session, "$1");
        write_all(&mut session);
        let outcome = read(&mut session, &sink, b"-WRONGPASS no\r\n+mine\r\n", 1000);
        assert_eq!(outcome.map_err(|error| error.to_string()).is_err(), refuses);
        assert_eq!(sink.take(), shown(&[(NoticeKind::Reply, b"-WRONGPASS no\r\n")]));
        assert!(
            reply(&mut session, &mut ticket).unwrap().is_ok(),
            "the reply that was received is still delivered"
        );
    }
}

#[test]
fn a_subscriber_receives_every_frame_over_resp2() {
    for step in [1, 5, 1000] {
        let (mut session, sink) = listening(Mode::Subscriber, "<SUBSCRIBE a>");
        assert_eq!(write_all(&mut session), b"<SUBSCRIBE a>");
        sink.output.lock().unwrap().extend_from_slice(b"<SUBSCRIBE b>");
        assert!(session.take_output(&*sink) && !session.take_output(&*sink));
        assert!(session.probe());
        assert_eq!(write_all(&mut session), [b"<SUBSCRIBE b>", PROBE].concat());
        assert!(session.in_flight().probe_written);
        let frames: [(NoticeKind, &[u8]); 8] = [
            (NoticeKind::Push, b"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"),
            (NoticeKind::Push, b"*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$4\r\na\r\nb\r\n"),
            (NoticeKind::Reply, b"-NOPERM this user has no permissions to access the channel\r\n"),
            (NoticeKind::Push, b"*4\r\n$8\r\npmessage\r\n$1\r\n*\r\n$1\r\na\r\n$1\r\nx\r\n"),
            (NoticeKind::Push, b"*3\r\n$8\r\nsmessage\r\n$1\r\na\r\n$1\r\nx\r\n"),
            (NoticeKind::Reply, b"*2\r\n$4\r\npong\r\n$0\r\n\r\n"),
            (NoticeKind::Push, b"*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n"),
            (NoticeKind::Reply, b"+PONG\r\n"),
        ];
        let mut bytes: Vec<u8> = frames.iter().flat_map(|frame| frame.1).copied().collect();
        // The sink does not receive the replies to the session's own PING, with and without subscriptions.
        bytes.extend_from_slice(PROBE_REPLY);
        bytes.extend_from_slice(PROBE_REPLY_IN_RESP2);
        read(&mut session, &sink, &bytes, step).unwrap();
        assert_eq!(sink.take(), shown(&frames));
    }
}

#[test]
fn a_subscriber_receives_every_frame_over_resp3() {
    let (mut session, sink) = listening(Mode::Subscriber, "<SUBSCRIBE a>");
    write_all(&mut session);
    let frames: [(NoticeKind, &[u8]); 4] = [
        (NoticeKind::Push, b">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"),
        (NoticeKind::Reply, b"-NOPERM no\r\n"),
        (NoticeKind::Push, b">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n"),
        (NoticeKind::Reply, b"+PONG\r\n"),
    ];
    let bytes: Vec<u8> = frames.iter().flat_map(|frame| frame.1).copied().collect();
    read(&mut session, &sink, &bytes, 3).unwrap();
    assert_eq!(sink.take(), shown(&frames));
}

#[test]
fn a_monitor_receives_lines() {
    let (mut session, sink) = listening(Mode::Monitor, "<MONITOR>");
    write_all(&mut session);
    let line: &[u8] = b"+1700000000.123456 [0 127.0.0.1:5] \"GET\" \"k\"\r\n";
    read(&mut session, &sink, &[b"+OK\r\n", line, PROBE_REPLY].concat(), 9).unwrap();
    assert_eq!(sink.take(), shown(&[(NoticeKind::Reply, b"+OK\r\n"), (NoticeKind::Line, line)]));
}

#[test]
fn commands_of_the_sink_are_queued_at_once() {
    let (mut session, sink) = listening(Mode::Subscriber, "<SUBSCRIBE a>");
    write_all(&mut session);
    sink.output.lock().unwrap().extend_from_slice(b"<UNSUBSCRIBE a>");
    read(&mut session, &sink, b">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n", 1000).unwrap();
    assert_eq!(write_all(&mut session), b"<UNSUBSCRIBE a>");
    // The sink is not asked for commands on a connection that is going to be replaced, or while there is none.
    sink.output.lock().unwrap().extend_from_slice(b"<SUBSCRIBE b>");
    session.hold();
    assert!(!session.take_output(&*sink) && !session.probe() && session.is_drained());
    session.lose(&gone(), &mut Vec::new());
    assert!(!session.take_output(&*sink) && !session.has_output());
    session.up_with(&replay("<SUBSCRIBE a b>", 0), &mut Vec::new());
    assert_eq!(write_all(&mut session), b"<SUBSCRIBE a b>");
    // On a shared connection it is not asked either: the replies would be taken for those of commands.
    let mut shared = Session::new(bounds());
    shared.up(&mut Vec::new());
    assert!(!shared.take_output(&*sink) && !shared.has_output());
}

#[test]
fn a_connection_that_listens_takes_no_commands() {
    let (mut session, _sink) = listening(Mode::Subscriber, "");
    for connected in [true, false] {
        let mut ticket = Ticket::New;
        let error = session.submit(&mut ticket, get("$1"), 5, Waker::noop()).unwrap_err();
        assert_eq!((error.kind(), error.may_have_run()), (&ErrorKind::Argument, false));
        assert!(matches!(ticket, Ticket::Done(Ended { deadline: 105, written: 0 })), "{ticket:?}");
        assert!(session.submit_detached(get("$1"), 0).is_err());
        if connected {
            session.lose(&gone(), &mut Vec::new());
        }
    }
}

#[test]
fn evicted_commands_fail_as_not_sent() {
    let mut session = Session::new(Bounds { commands: 4, ..bounds() });
    session.up_with(&replay("<first>", 1), &mut Vec::new());
    let mut sent = submit(&mut session, "$sent");
    assert_eq!(write_all(&mut session), b"<first>*1\r\n$sent");
    let mut queued = submit(&mut session, "$queued");
    session.submit_detached(get("$forget"), 0).unwrap();
    let mut waiting = submit(&mut session, "$waiting");
    let mut wakers = Vec::new();
    session.evict(&gone(), &mut wakers);
    assert_eq!(wakers.len(), 2);
    let error = reply(&mut session, &mut queued).unwrap().unwrap_err();
    assert!(!error.may_have_run());
    assert!(matches!(queued, Ticket::Done(Ended { deadline: 100, written: 0 })), "{queued:?}");
    let error = session.submit(&mut waiting, get("$waiting"), 0, Waker::noop()).unwrap_err();
    assert!(!error.may_have_run());
    // Commands that were sent keep their place, and so do commands whose reply is discarded.
    assert_eq!(write_all(&mut session), b"*1\r\n$forget");
    answer(&mut session, b"+OK\r\n:1\r\n:2\r\n").unwrap();
    assert_eq!(reply(&mut session, &mut sent).unwrap().unwrap(), "the integer 1");
    assert!(session.is_clean());
    session.pending.assert_free();
}

fn word() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::sample::select(&MESSAGES[..]).prop_map(<[u8]>::to_vec),
        Just(b"pong".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..12),
    ]
}

/// A frame, and its kind over RESP2.
fn frame() -> impl Strategy<Value = (NoticeKind, Vec<u8>)> {
    let array = proptest::collection::vec(word(), 1..5).prop_map(|words| {
        let kind = match MESSAGES.contains(&&*words[0]) {
            true => NoticeKind::Push,
            false => NoticeKind::Reply,
        };
        let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            bytes.extend_from_slice(&word);
            bytes.extend_from_slice(b"\r\n");
        }
        (kind, bytes)
    });
    let simple = "[-+][a-zA-Z0-9 ]{0,90}".prop_map(|text| (NoticeKind::Reply, format!("{text}\r\n").into()));
    prop_oneof![array, simple]
}

proptest! {
    /// The sink receives all frames in order and with their kind, whatever the frames are and however they are cut:
    /// over RESP2, over RESP3 (where pushes are marked), and among the replies of a shared connection.
    #[test]
    fn every_frame_is_received_once_and_in_order(
        frames in proptest::collection::vec(frame(), 0..20), step in 1usize..200, resp3: bool, replies in 0u32..3,
    ) {
        let marked = |(kind, mut bytes): (NoticeKind, Vec<u8>)| {
            if resp3 && kind == NoticeKind::Push {
                bytes[0] = b'>';
            }
            (kind, bytes)
        };
        let frames: Vec<_> = frames.into_iter().map(marked).collect();
        let bytes: Vec<u8> = frames.iter().flat_map(|frame| frame.1.clone()).collect();
        let expected: Vec<_> =
            frames.iter().map(|(kind, bytes)| (*kind, bytes.escape_ascii().to_string())).collect();
        let (mut session, sink) = listening(Mode::Subscriber, "<first>");
        write_all(&mut session);
        read(&mut session, &sink, &bytes, step).unwrap();
        prop_assert_eq!(sink.take(), expected);

        // On a shared connection, the first replies and all pushes go to the sink. The other replies go to the
        // commands.
        let mut session = Session::new(bounds());
        let is_push = |bytes: &[u8]| bytes[0] == b'>';
        let commands = frames.iter().filter(|frame| !is_push(&frame.1)).count();
        let replies = replies.min(commands as u32);
        session.up_with(&replay("<first>", replies), &mut Vec::new());
        let mut tickets: Vec<_> =
            (replies as usize..commands).map(|number| submit(&mut session, &format!("${number}"))).collect();
        write_all(&mut session);
        read(&mut session, &sink, &bytes, step).unwrap();
        let mut left = replies;
        let mut replied = Vec::new();
        let mut expected = Vec::new();
        for (_, bytes) in &frames {
            match is_push(bytes) {
                true => expected.push((NoticeKind::Push, bytes.escape_ascii().to_string())),
                false if left > 0 => {
                    left -= 1;
                    expected.push((NoticeKind::Reply, bytes.escape_ascii().to_string()));
                }
                false => replied.push(bytes.clone()),
            }
        }
        prop_assert_eq!(sink.take(), expected);
        for (ticket, expected) in tickets.iter_mut().zip(replied) {
            let found = match session.reply(ticket, Waker::noop()) {
                Some(Ok(reply)) => reply.to_bytes(),
                other => panic!("{other:?}"),
            };
            prop_assert_eq!(&found[..], &expected[..]);
        }
        prop_assert!(session.is_clean());
        prop_assert_eq!((session.special, session.for_sink), (0, 0));
        session.pending.assert_free();
    }
}
