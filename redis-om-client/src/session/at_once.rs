//! Tests: a command with a large argument that is handed to a writer past the queue.

use bytes::Bytes;

use super::{
    tests::{answer, bounds, get, reply, submit, up, write_all},
    *,
};
use crate::resp::{
    encode::{Body, bulk},
    large::Larges,
};

const SIZE: usize = 100_000;

fn body() -> (Body, Larges) {
    let (mut body, mut larges) = (Body::new(), Larges::new());
    bulk(&mut body, b"ECHO");
    larges.attach(&mut body, vec![b'x'; SIZE].into());
    (body, larges)
}

fn outgoing<'a>((body, larges): &'a (Body, Larges)) -> Outgoing<'a> {
    Outgoing { body, args: 2, large: Some(larges), ..get("") }
}

/// Hands the command to a writer.
fn at_once(session: &mut Session, out: &Outgoing<'_>) -> (Ticket, Output) {
    let mut ticket = Ticket::New;
    assert!(session.takes_at_once(&ticket, out));
    let output = session.submit_at_once(&mut ticket, out, 0, Waker::noop());
    (ticket, output)
}

fn wire() -> Vec<u8> {
    format!("*2\r\n$4\r\nECHO\r\n${SIZE}\r\n{}\r\n", "x".repeat(SIZE)).into_bytes()
}

#[test]
fn the_queue_has_the_same_bytes() {
    let command = body();
    let out = outgoing(&command);
    let mut session = up(bounds());
    session.submit(&mut Ticket::New, out, 0, Waker::noop()).unwrap();
    assert!(write_all(&mut session) == wire());
    let (_ticket, output) = at_once(&mut up(bounds()), &out);
    assert!(output.pieces(0).map(|piece| piece.to_vec()).concat() == wire());
}

#[test]
fn replies_keep_their_order() {
    let command = body();
    let out = outgoing(&command);
    let mut session = up(bounds());
    let mut before = submit(&mut session, "$0");
    assert!(!session.takes_at_once(&Ticket::New, &out), "another command is queued");
    let queued = session.output();
    assert!(!session.takes_at_once(&Ticket::New, &out), "another writer is at work");
    session.wrote(queued.len(), Some(queued));
    let (mut ticket, output) = at_once(&mut session, &out);
    let mut behind = submit(&mut session, "$1");
    assert_eq!((session.queued(), session.inflight()), (1, 3));
    session.wrote(output.len(), Some(output.into_buffer()));
    assert_eq!(write_all(&mut session), b"*1\r\n$1");
    answer(&mut session, b":0\r\n:1\r\n:2\r\n").unwrap();
    for (ticket, expected) in [(&mut before, 0), (&mut ticket, 1), (&mut behind, 2)] {
        assert_eq!(reply(&mut session, ticket).unwrap().unwrap(), format!("the integer {expected}"));
    }
    assert!(session.is_clean());
}

#[test]
fn a_lost_connection_tells_what_may_have_run() {
    let command = body();
    let out = outgoing(&command);
    let size = wire().len();
    let lost = Error::new(ErrorKind::Disconnected, Execution::NotSent, "lost");
    for (written, expected) in [
        (Some(0), Execution::NotSent),
        (Some(size - 1), Execution::NotSent),
        (Some(size), Execution::MaybeExecuted),
        (None, Execution::MaybeExecuted),
    ] {
        let mut session = up(bounds());
        let (mut ticket, _output) = at_once(&mut session, &out);
        let mut behind = submit(&mut session, "$1");
        // While the writer works, it is not known what the kernel took.
        if let Some(written) = written {
            session.wrote(written, None);
        }
        session.lose(&lost, &mut Vec::new());
        let error = reply(&mut session, &mut ticket).unwrap().unwrap_err();
        assert_eq!(error.execution(), expected, "{written:?}");
        let Ticket::Done(ended) = ticket else { panic!("{ticket:?}") };
        assert_eq!(ended.written, written.unwrap_or(size));
        let error = reply(&mut session, &mut behind).unwrap().unwrap_err();
        assert_eq!(error.execution(), Execution::NotSent);
    }
}

#[test]
fn a_dropped_future_in_the_middle_of_a_write_shifts_no_reply() {
    let command = body();
    let mut session = up(bounds());
    let (mut ticket, output) = at_once(&mut session, &outgoing(&command));
    session.wrote(10, None);
    session.cancel(&mut ticket);
    let mut behind = submit(&mut session, "$1");
    session.resume_write();
    session.wrote(output.len() - 10, Some(output.into_buffer()));
    assert_eq!(write_all(&mut session), b"*1\r\n$1");
    answer(&mut session, b"$1\r\nx\r\n:5\r\n").unwrap();
    assert_eq!(reply(&mut session, &mut behind).unwrap().unwrap(), "the integer 5");
    assert!(session.is_clean());
}

#[test]
fn the_budget_counts_it() {
    let command = body();
    let out = outgoing(&command);
    let mut session = up(Bounds { bytes: SIZE + SIZE / 2, ..bounds() });
    let (_ticket, output) = at_once(&mut session, &out);
    assert_eq!(session.pending_bytes(), wire().len());
    session.wrote(10, None);
    assert_eq!(session.pending_bytes(), wire().len() - 10);
    assert!(!session.takes_at_once(&Ticket::New, &out), "there is no room for a second one");
    let mut second = Ticket::New;
    assert_eq!(session.submit(&mut second, out, 0, Waker::noop()).unwrap(), Submitted::Waiting);
    session.resume_write();
    session.wrote(output.len() - 10, Some(output.into_buffer()));
    assert_eq!(session.pending_bytes(), 0);
    session.admit(&mut Vec::new());
    assert_eq!(session.submit(&mut second, out, 0, Waker::noop()).unwrap(), Submitted::Queued);
    assert_eq!(session.pending_bytes(), wire().len());
    assert_eq!(Bytes::from(write_all(&mut session)), wire());
}
