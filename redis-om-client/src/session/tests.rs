//! Tests of the session with bytes that the tests pass in and take out.

use bytes::BytesMut;
use proptest::prelude::*;

use super::*;
use crate::resp::Limits;

pub(super) fn bounds() -> Bounds {
    Bounds { bytes: 1 << 20, commands: 1000, when_full: WhenFull::Wait }
}

pub(super) fn up(bounds: Bounds) -> Session {
    let mut session = Session::new(bounds);
    session.up(&mut Vec::new());
    session
}

pub(super) fn get<'a>(body: &'a str) -> Outgoing<'a> {
    Outgoing {
        body: body.as_bytes(),
        args: 1,
        parts: 1,
        runs: Runs::Whole,
        blocking: false,
        timeout: Some(100),
        for_sink: false,
        large: None,
    }
}

pub(super) fn submit(session: &mut Session, body: &str) -> Ticket {
    let mut ticket = Ticket::New;
    session.submit(&mut ticket, get(body), 0, Waker::noop()).unwrap();
    ticket
}

pub(super) fn write_all(session: &mut Session) -> Vec<u8> {
    let out = session.output();
    session.wrote(out.len(), Some(Vec::new()));
    out
}

pub(super) fn answer(session: &mut Session, bytes: &[u8]) -> Result<(), Error> {
    let mut demux = ReplyDemux::new(Limits::default());
    let mut buffer = BytesMut::from(bytes);
    demux.scan(&buffer)?;
    demux.deliver(&mut buffer, session, &mut Vec::new(), &mut Notices::default())
}

pub(super) fn reply(session: &mut Session, ticket: &mut Ticket) -> Option<Result<String, Error>> {
    let outcome = session.reply(ticket, Waker::noop())?;
    Some(outcome.map(|reply| reply.replies().take().unwrap().describe()))
}

/// A pipeline of `parts` commands.
fn batch_of(body: &str, parts: u32, timeout: Option<u64>) -> Outgoing<'_> {
    Outgoing { args: 0, parts, runs: Runs::Partly, timeout, ..get(body) }
}

/// A single command, or a pipeline of two.
fn of_kind(body: &str, batch: bool) -> Outgoing<'_> {
    if batch { batch_of(body, 2, None) } else { Outgoing { args: 0, timeout: None, ..get(body) } }
}

/// The replies of a batch as text.
fn texts(batch: &ReplyBuf) -> Vec<String> {
    let mut replies = batch.replies();
    std::iter::from_fn(|| replies.take().ok().map(|reply| reply.describe())).collect()
}

#[test]
fn each_reply_goes_to_its_command_in_order() {
    let mut session = up(bounds());
    let mut tickets: Vec<_> = (0..3).map(|n| submit(&mut session, &format!("${n}"))).collect();
    assert_eq!(write_all(&mut session), b"*1\r\n$0*1\r\n$1*1\r\n$2");
    answer(&mut session, b":0\r\n:1\r\n").unwrap();
    assert_eq!(reply(&mut session, &mut tickets[1]).unwrap().unwrap(), "the integer 1");
    assert_eq!(reply(&mut session, &mut tickets[0]).unwrap().unwrap(), "the integer 0");
    assert!(reply(&mut session, &mut tickets[2]).is_none());
    assert!(!session.is_clean());
    answer(&mut session, b":2\r\n").unwrap();
    assert_eq!(reply(&mut session, &mut tickets[2]).unwrap().unwrap(), "the integer 2");
    assert!(session.is_clean());
}

#[test]
fn a_cancelled_command_that_is_not_written_is_withdrawn() {
    let mut session = up(bounds());
    let mut tickets: Vec<_> = (0..3).map(|n| submit(&mut session, &format!("${n}"))).collect();
    session.cancel(&mut tickets[1]);
    assert_eq!(write_all(&mut session), b"*1\r\n$0*1\r\n$2");
    answer(&mut session, b":0\r\n:2\r\n").unwrap();
    assert_eq!(reply(&mut session, &mut tickets[2]).unwrap().unwrap(), "the integer 2");
}

#[test]
fn a_dropped_future_does_not_shift_replies() {
    let mut session = up(bounds());
    let mut tickets: Vec<_> = (0..3).map(|n| submit(&mut session, &format!("${n}"))).collect();
    write_all(&mut session);
    session.cancel(&mut tickets[0]);
    // The slot of the dropped future must not be used again before its reply was received.
    let mut another = submit(&mut session, "$9");
    write_all(&mut session);
    answer(&mut session, b":0\r\n:1\r\n:2\r\n:9\r\n").unwrap();
    assert_eq!(reply(&mut session, &mut tickets[1]).unwrap().unwrap(), "the integer 1");
    assert_eq!(reply(&mut session, &mut another).unwrap().unwrap(), "the integer 9");
}

#[test]
fn a_lost_connection_distinguishes_sent_and_unsent_commands() {
    let mut session = up(bounds());
    let mut sent = submit(&mut session, "$1");
    write_all(&mut session);
    let mut half = submit(&mut session, "$2");
    let out = session.output();
    session.wrote(out.len() - 1, Some(Vec::new()));
    let mut queued = submit(&mut session, "$3");
    session.lose(&Error::new(ErrorKind::Disconnected, Execution::NotSent, "gone"), &mut Vec::new());
    let execution =
        |session: &mut Session, ticket: &mut Ticket| reply(session, ticket).unwrap().unwrap_err().execution();
    assert_eq!(execution(&mut session, &mut sent), Execution::MaybeExecuted);
    assert_eq!(execution(&mut session, &mut half), Execution::NotSent);
    assert_eq!(execution(&mut session, &mut queued), Execution::NotSent);
}

#[test]
fn bytes_that_a_writer_has_taken_may_have_been_sent() {
    let mut session = up(bounds());
    let mut ticket = submit(&mut session, "$1");
    let _out = session.output();
    session.lose(&Error::new(ErrorKind::Disconnected, Execution::NotSent, "gone"), &mut Vec::new());
    assert!(reply(&mut session, &mut ticket).unwrap().unwrap_err().may_have_run());
}

#[test]
fn commands_wait_for_room_in_order() {
    let mut session = up(Bounds { commands: 2, ..bounds() });
    let mut first = submit(&mut session, "$0");
    let _second = submit(&mut session, "$1");
    let mut third = Ticket::New;
    assert_eq!(session.submit(&mut third, get("$2"), 0, Waker::noop()).unwrap(), Submitted::Waiting);
    write_all(&mut session);
    answer(&mut session, b":0\r\n").unwrap();
    let mut wakers = Vec::new();
    session.admit(&mut wakers);
    assert_eq!(wakers.len(), 1);
    // Room that is kept for one command is not given to another command.
    let mut fourth = Ticket::New;
    assert_eq!(session.submit(&mut fourth, get("$3"), 0, Waker::noop()).unwrap(), Submitted::Waiting);
    assert_eq!(session.submit(&mut third, get("$2"), 0, Waker::noop()).unwrap(), Submitted::Queued);
    assert!(reply(&mut session, &mut first).is_some());
}

#[test]
fn a_full_queue_refuses_a_command_if_the_settings_say_so() {
    let mut session = up(Bounds { bytes: 10, when_full: WhenFull::Fail, ..bounds() });
    let _large = submit(&mut session, "a single command may be larger than the budget");
    let error = session.submit(&mut Ticket::New, get("$1"), 0, Waker::noop()).unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::QueueFull);
    assert!(error.is_retryable());
}

#[test]
fn commands_fail_at_their_deadline_whether_sent_or_queued() {
    let mut session = up(bounds());
    let mut sent = submit(&mut session, "$1");
    write_all(&mut session);
    let mut queued = submit(&mut session, "$2");
    let mut wakers = Vec::new();
    assert_eq!(session.expire(99, &mut wakers), (100, false));
    assert_eq!(session.expire(100, &mut wakers), (NEVER, true));
    assert_eq!(wakers.len(), 2);
    assert!(reply(&mut session, &mut sent).unwrap().unwrap_err().may_have_run());
    assert!(!reply(&mut session, &mut queued).unwrap().unwrap_err().may_have_run());
    assert!(!session.has_output(), "a command that timed out before it was sent is not sent later");
    answer(&mut session, b":1\r\n").unwrap();
    assert!(session.is_clean());
}

#[test]
fn commands_wait_while_there_is_no_connection() {
    let mut session = Session::new(bounds());
    let mut ticket = Ticket::New;
    assert_eq!(session.submit(&mut ticket, get("$1"), 0, Waker::noop()).unwrap(), Submitted::Waiting);
    session.note_failure(Error::new(ErrorKind::Io, Execution::NotSent, "connection refused"));
    let mut wakers = Vec::new();
    session.expire(100, &mut wakers);
    let error = session.submit(&mut ticket, get("$1"), 0, Waker::noop()).unwrap_err();
    assert!(error.to_string().contains("no connection: connection refused"), "{error}");
    assert_eq!(error.execution(), Execution::NotSent);
}

#[test]
fn waiting_does_not_extend_a_deadline() {
    let mut session = Session::new(bounds());
    let mut ticket = Ticket::New;
    assert_eq!(session.submit(&mut ticket, get("$1"), 0, Waker::noop()).unwrap(), Submitted::Waiting);
    session.up(&mut Vec::new());
    // The connection is lost before the woken command is submitted again. It waits again, with the same deadline.
    session.lose(&Error::new(ErrorKind::Disconnected, Execution::NotSent, "gone"), &mut Vec::new());
    assert_eq!(session.submit(&mut ticket, get("$1"), 60, Waker::noop()).unwrap(), Submitted::Waiting);
    session.up(&mut Vec::new());
    assert_eq!(session.submit(&mut ticket, get("$1"), 80, Waker::noop()).unwrap(), Submitted::Queued);
    write_all(&mut session);
    assert_eq!(session.expire(99, &mut Vec::new()), (100, false));
    assert_eq!(session.expire(100, &mut Vec::new()), (NEVER, true));
}

#[test]
fn a_lost_command_keeps_its_deadline() {
    let mut session = up(bounds());
    let mut ticket = submit(&mut session, "$1");
    write_all(&mut session);
    session.lose(&Error::new(ErrorKind::Disconnected, Execution::NotSent, "gone"), &mut Vec::new());
    reply(&mut session, &mut ticket).unwrap().unwrap_err();
    assert!(matches!(ticket, Ticket::Done(Ended { deadline: 100, .. })));
}

#[test]
fn pushes_are_not_replies() {
    let mut session = up(bounds());
    let mut ticket = submit(&mut session, "$1");
    write_all(&mut session);
    let mut demux = ReplyDemux::new(Limits::default());
    let mut buffer = BytesMut::from(&b">2\r\n+invalidate\r\n_\r\n:1\r\n"[..]);
    demux.scan(&buffer).unwrap();
    demux.deliver(&mut buffer, &mut session, &mut Vec::new(), &mut Notices::default()).unwrap();
    assert_eq!(reply(&mut session, &mut ticket).unwrap().unwrap(), "the integer 1");
}

#[test]
fn a_reply_without_a_command_is_an_error() {
    let mut session = up(bounds());
    assert_eq!(answer(&mut session, b"+OK\r\n").unwrap_err().kind(), &ErrorKind::Protocol);
    // A queued command does not change this: it was not sent.
    let _queued = submit(&mut session, "$1");
    assert_eq!(answer(&mut session, b"+OK\r\n").unwrap_err().kind(), &ErrorKind::Protocol);
}

#[test]
fn a_batch_gets_its_replies_in_pieces() {
    let mut session = up(bounds());
    let mut ticket = Ticket::New;
    let out = batch_of("*1\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\n", 2, None);
    session.submit(&mut ticket, out, 0, Waker::noop()).unwrap();
    let mut single = submit(&mut session, "$1");
    write_all(&mut session);
    answer(&mut session, b":1\r\n").unwrap();
    assert!(session.reply(&mut ticket, Waker::noop()).is_none());
    answer(&mut session, b":2\r\n:3\r\n").unwrap();
    let batch = session.reply(&mut ticket, Waker::noop()).unwrap().unwrap();
    assert_eq!(texts(&batch), ["the integer 1", "the integer 2"]);
    assert_eq!(reply(&mut session, &mut single).unwrap().unwrap(), "the integer 3");
    assert!(session.is_clean());
}

#[derive(Debug, Clone)]
enum Event {
    Submit(bool),
    Cancel(usize),
    Write(usize),
    Answer(usize),
    Take(usize),
}

proptest! {
    /// Commands are submitted, dropped, written and answered in any order. Each future gets the reply of its own
    /// command, and at the end no command remains.
    #[test]
    fn every_reply_belongs_to_its_command(events in proptest::collection::vec(prop_oneof![
        4 => any::<bool>().prop_map(Event::Submit),
        2 => (0usize..64).prop_map(Event::Cancel),
        2 => (0usize..200).prop_map(Event::Write),
        3 => (0usize..5).prop_map(Event::Answer),
        3 => (0usize..64).prop_map(Event::Take),
    ], 0..200)) {
        let mut session = up(Bounds { commands: 16, ..bounds() });
        let mut demux = ReplyDemux::new(Limits::default());
        let mut buffer = BytesMut::new();
        let mut waiting: Vec<(u32, bool, Ticket)> = Vec::new();
        // The bytes that the server has received.
        let mut wire = Vec::new();
        let mut writing: Option<(Vec<u8>, usize)> = None;
        let mut next = 0u32;
        let settle = |session: &mut Session| session.admit(&mut Vec::new());
        let body = |n: u32, batch: bool| if batch { format!("<{n}><{n}>") } else { format!("<{n}>") };
        for event in events {
            match event {
                Event::Submit(batch) => {
                    let mut ticket = Ticket::New;
                    let text = body(next, batch);
                    let out = of_kind(&text, batch);
                    session.submit(&mut ticket, out, 0, Waker::noop()).unwrap();
                    waiting.push((next, batch, ticket));
                    next += 1;
                }
                Event::Cancel(index) if !waiting.is_empty() => {
                    let (_, _, mut ticket) = waiting.swap_remove(index % waiting.len());
                    session.cancel(&mut ticket);
                }
                Event::Write(most) => {
                    if writing.is_none() && session.has_output() {
                        writing = Some((session.output(), 0));
                    }
                    if let Some((bytes, from)) = writing.take() {
                        let to = bytes.len().min(from + most);
                        wire.extend_from_slice(&bytes[from..to]);
                        let done = to == bytes.len();
                        if done {
                            session.wrote(to - from, Some(bytes));
                        } else {
                            session.wrote(to - from, None);
                            writing = Some((bytes, to));
                        }
                    }
                }
                Event::Answer(most) => {
                    for _ in 0..most {
                        let Some(end) = wire.iter().position(|byte| *byte == b'>') else { break };
                        let word: Vec<u8> = wire.drain(..=end).collect();
                        let number = std::str::from_utf8(&word[1..word.len() - 1]).unwrap();
                        buffer.extend_from_slice(format!(":{number}\r\n").as_bytes());
                    }
                    if demux.scan(&buffer).unwrap() {
                        demux.deliver(&mut buffer, &mut session, &mut Vec::new(), &mut Notices::default()).unwrap();
                    }
                }
                Event::Take(index) if !waiting.is_empty() => {
                    let index = index % waiting.len();
                    let (number, batch, ticket) = &mut waiting[index];
                    if matches!(ticket, Ticket::Waiting(_)) {
                        let text = body(*number, *batch);
                        let out = of_kind(&text, *batch);
                        session.submit(ticket, out, 0, Waker::noop()).unwrap();
                    } else if let Some(outcome) = session.reply(ticket, Waker::noop()) {
                        let reply = outcome.unwrap();
                        let mut replies = reply.replies();
                        for _ in 0..=u32::from(*batch) {
                            prop_assert_eq!(replies.take().unwrap().describe(), format!("the integer {number}"));
                        }
                        waiting.swap_remove(index);
                    }
                }
                Event::Cancel(_) | Event::Take(_) => {}
            }
            settle(&mut session);
        }
        for (_, _, mut ticket) in waiting {
            session.cancel(&mut ticket);
        }
        session.lose(&Error::new(ErrorKind::Disconnected, Execution::NotSent, "end"), &mut Vec::new());
        prop_assert_eq!(session.inflight(), 0);
        prop_assert!(session.wait_queue.is_empty());
        prop_assert_eq!(session.wait_queue.kept(), wait_queue::Kept::default());
    }
}

/// An array reply of these numbers.
fn list(numbers: std::ops::Range<u32>) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", numbers.len()).into_bytes();
    for number in numbers {
        bytes.extend_from_slice(format!("$8\r\n{number:08}\r\n").as_bytes());
    }
    bytes
}

/// Passes the bytes in, at most `step` bytes at a time, as a socket does.
fn feed(session: &mut Session, bytes: &[u8], step: usize) -> Result<(), Error> {
    let mut demux = ReplyDemux::new(Limits::default());
    let mut buffer = BytesMut::new();
    for piece in bytes.chunks(step) {
        buffer.extend_from_slice(piece);
        if demux.scan(&buffer)? {
            demux.deliver(&mut buffer, session, &mut Vec::new(), &mut Notices::default())?;
        }
    }
    Ok(())
}

#[test]
fn a_long_list_is_delivered_whole() {
    let list = list(0..5000);
    for step in [100, 4 << 10, 40_001, 1 << 20] {
        let mut session = up(bounds());
        let bodies = ["$1", "$2", "$3", "$4"];
        let mut tickets = bodies.map(|body| submit(&mut session, body));
        write_all(&mut session);
        let bytes = [&b":1\r\n"[..], &list, &list, b":4\r\n"].concat();
        feed(&mut session, &bytes, step).unwrap();
        let expected = ["the integer 1", "an array of 5000", "an array of 5000", "the integer 4"];
        for (ticket, expected) in tickets.iter_mut().zip(expected) {
            assert_eq!(reply(&mut session, ticket).unwrap().unwrap(), expected);
        }
        assert!(session.is_clean());
    }
}

#[test]
fn a_list_that_is_dropped_or_lost_in_its_middle_does_not_affect_the_next_command() {
    let bytes = list(0..5000);
    let (first, rest) = bytes.split_at(40_000);
    let mut demux = ReplyDemux::new(Limits::default());
    let mut session = up(bounds());
    let mut dropped = submit(&mut session, "$1");
    let mut next = submit(&mut session, "$2");
    write_all(&mut session);
    let mut buffer = BytesMut::from(first);
    assert!(!demux.scan(&buffer).unwrap());
    assert!(session.reply(&mut dropped, Waker::noop()).is_none());
    session.cancel(&mut dropped);
    // The whole reply is discarded when its end is received.
    buffer.extend_from_slice(rest);
    buffer.extend_from_slice(&list(7..9));
    assert!(demux.scan(&buffer).unwrap());
    demux.deliver(&mut buffer, &mut session, &mut Vec::new(), &mut Notices::default()).unwrap();
    assert_eq!(reply(&mut session, &mut next).unwrap().unwrap(), "an array of 2");
    assert!(session.is_clean());

    let mut lost = submit(&mut session, "$3");
    write_all(&mut session);
    feed(&mut session, first, 20_000).unwrap();
    session.lose(&Error::new(ErrorKind::Disconnected, Execution::NotSent, "gone"), &mut Vec::new());
    assert!(reply(&mut session, &mut lost).unwrap().unwrap_err().may_have_run());
    session.up(&mut Vec::new());
    let mut again = submit(&mut session, "$4");
    write_all(&mut session);
    feed(&mut session, &bytes, 10_000).unwrap();
    assert_eq!(reply(&mut session, &mut again).unwrap().unwrap(), "an array of 5000");
}

#[test]
fn a_long_list_in_a_batch_is_delivered_whole() {
    let mut session = up(bounds());
    let mut batch = Ticket::New;
    let out = batch_of("*1\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\n", 2, None);
    session.submit(&mut batch, out, 0, Waker::noop()).unwrap();
    let mut after = submit(&mut session, "$1");
    write_all(&mut session);
    let bytes = [&list(0..5000)[..], b":1\r\n", b":2\r\n"].concat();
    feed(&mut session, &bytes, 20_000).unwrap();
    assert_eq!(reply(&mut session, &mut after).unwrap().unwrap(), "the integer 2");
    let batch = session.reply(&mut batch, Waker::noop()).unwrap().unwrap();
    assert_eq!(texts(&batch), ["an array of 5000", "the integer 1"]);
}

#[test]
fn a_failed_batch_returns_the_replies_that_were_received_before() {
    let mut session = up(bounds());
    let mut first = Ticket::New;
    session.submit(&mut first, batch_of("$1", 3000, Some(10)), 0, Waker::noop()).unwrap();
    write_all(&mut session);
    let replies = b"$8\r\n01234567\r\n".repeat(3000);
    feed(&mut session, &replies[..14 * 2000], 14 * 100).unwrap();
    session.expire(10, &mut Vec::new());
    let all = session.reply(&mut first, Waker::noop()).unwrap().unwrap();
    assert_eq!(texts(&all).len(), 2000);
    assert!(all.into_pieces().lost.unwrap().may_have_run());
    // The later replies are discarded, and the next command uses the same slot.
    feed(&mut session, &replies[14 * 2000..], 14 * 100).unwrap();
    assert!(session.is_clean());
    let mut next = Ticket::New;
    session.submit(&mut next, batch_of("$1", 2, Some(10)), 0, Waker::noop()).unwrap();
    write_all(&mut session);
    feed(&mut session, b":1\r\n:2\r\n", 4).unwrap();
    let last = session.reply(&mut next, Waker::noop()).unwrap().unwrap();
    assert_eq!(texts(&last), ["the integer 1", "the integer 2"]);
    assert_eq!(session.pending.assert_free(), 1);
}

#[test]
fn waiting_commands_do_not_make_a_queue_that_refuses_commands_full() {
    let mut session = Session::new(Bounds { when_full: WhenFull::Fail, ..bounds() });
    let mut first = Ticket::New;
    // It waits, because there is no connection.
    session.submit(&mut first, get("$1"), 0, Waker::noop()).unwrap();
    session.up(&mut Vec::new());
    let mut second = Ticket::New;
    assert!(session.submit(&mut second, get("$2"), 0, Waker::noop()).is_ok());
    assert_eq!(session.submit(&mut first, get("$1"), 0, Waker::noop()).unwrap(), Submitted::Queued);
}

#[test]
fn detached_commands_keep_their_order_over_a_loss() {
    let mut session = up(bounds());
    session.submit_detached(get("$1"), 0).unwrap();
    session.hold();
    session.submit_detached(get("$2"), 0).unwrap();
    let lost = Error::new(ErrorKind::Disconnected, Execution::NotSent, "gone");
    session.lose(&lost, &mut Vec::new());
    session.submit_detached(get("$3"), 0).unwrap();
    session.up(&mut Vec::new());
    assert_eq!(write_all(&mut session), b"*1\r\n$1*1\r\n$2*1\r\n$3");
    session.close(&lost, &mut Vec::new());
    assert_eq!(session.pending_bytes(), 0);
}

#[test]
fn the_end_of_a_probe_is_known_although_a_command_before_it_was_withdrawn() {
    let mut session = up(bounds());
    let mut ticket = submit(&mut session, "$1");
    assert!(session.probe());
    session.cancel(&mut ticket);
    assert!(!session.in_flight().probe_written);
    write_all(&mut session);
    assert!(session.in_flight().probe_written);
}

#[test]
fn thousands_of_commands_expire_or_are_cancelled_at_once() {
    let bounds = Bounds { bytes: 1 << 30, commands: 1 << 20, when_full: WhenFull::Wait };
    let mut session = up(bounds);
    let mut tickets: Vec<_> = (0..32_000).map(|n| submit(&mut session, &format!("${n}"))).collect();
    // Every second future is dropped, from the last to the first.
    for ticket in tickets.iter_mut().rev().step_by(2) {
        session.cancel(ticket);
    }
    assert_eq!(session.inflight(), 16_000);
    let mut wakers = Vec::new();
    session.expire(100, &mut wakers);
    assert_eq!((session.inflight(), wakers.len()), (0, 16_000));
    assert!(write_all(&mut session).is_empty());
    for ticket in tickets.iter_mut().step_by(2) {
        let error = session.reply(ticket, Waker::noop()).unwrap().unwrap_err();
        assert_eq!(error.execution(), Execution::NotSent);
    }
    assert_eq!(session.pending.assert_free(), 32_000);
}
