//! Bytes in, replies out.
//!
//! Two steps, so that only the second needs the session: the scan for the replies' ends, then handing them over.

use std::{ops::Range, task::Waker};

use bytes::{Bytes, BytesMut};

use crate::{
    error::{Error, ErrorKind, Execution},
    resp::{Frame, Limits, Portion, Scanner, regular, regular_elements},
};

use super::{Delivery, Elements, NoticeKind, Notices, SMALL, Session, mode::Addressee};

/// A reply's end in the read buffer.
#[derive(Debug, Clone, Copy)]
struct End {
    at: usize,
    push: bool,
    irregular: bool,
    /// Only the last so many elements of a reply that was handed over in portions; else 0.
    last_elements: usize,
}

/// What has come of an unfinished reply, or of a batch's, is handed over from so many bytes on, if its command can read it.
pub(super) const PORTION: usize = 16 << 10;

/// The read buffer's side of a session.
#[derive(Debug)]
pub(crate) struct ReplyDemux {
    scanner: Scanner,
    ends: Vec<End>,
    /// Bytes of whole replies that were found and not handed over.
    whole: usize,
    /// Some of them cannot be copied into a slot.
    large: bool,
}

impl ReplyDemux {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { scanner: Scanner::new(limits), ends: Vec::new(), whole: 0, large: false }
    }

    /// Finds the ends of the replies in the buffer; `true` if there are any.
    #[inline]
    pub(crate) fn scan(&mut self, buffer: &[u8]) -> Result<bool, Error> {
        let mut start = self.whole;
        loop {
            // Most replies are short strings one after another.
            while let Some(end) = self.scanner.short(buffer, start) {
                self.large |= end - start > SMALL;
                start = end;
                self.ends.push(End { at: end, push: false, irregular: false, last_elements: 0 });
            }
            if start == buffer.len() {
                break;
            }
            let Some(frame) = self.scanner.frame(&buffer[start..])? else { break };
            let Frame { end, push, irregular, last_elements } = frame;
            self.large |= end > SMALL || irregular || push || last_elements > 0;
            start += end;
            self.ends.push(End { at: start, push, irregular, last_elements });
        }
        self.whole = start;
        Ok(!self.ends.is_empty())
    }

    /// How many more bytes the reply at the buffer's end surely needs.
    pub(crate) fn missing(&self, buffer: &[u8]) -> usize {
        self.scanner.missing(&buffer[self.whole..])
    }

    /// Hands the replies that were found to their commands, and the rest to the sink of `notices`.
    ///
    /// The sink has all of it when this returns, and the session cannot be used by others meanwhile: nobody takes a reply
    /// before the sink has what came with it.
    ///
    /// # Errors
    ///
    /// A reply belongs to no command, or the sink cannot go on: the connection has to be given up.
    pub(crate) fn deliver(
        &mut self,
        buffer: &mut BytesMut,
        session: &mut Session,
        wakers: &mut Vec<Waker>,
        notices: &mut Notices,
    ) -> Result<(), Error> {
        let outcome = if self.large || session.special > 0 {
            let bytes = buffer.split_to(self.whole).freeze();
            self.hand_over_all(&bytes, session, wakers, notices)
        } else {
            let outcome = self.hand_over_small(buffer, session, wakers);
            bytes::Buf::advance(buffer, self.whole);
            outcome
        };
        self.ends.clear();
        self.whole = 0;
        self.large = false;
        outcome
    }

    /// What has come of a reply whose end has not, if it is worth being handed over. Only when no whole reply waits.
    #[inline]
    pub(crate) fn portion(&self) -> Option<Portion> {
        self.scanner.portion().filter(|portion| portion.end >= PORTION)
    }

    /// Hands the portion over, if the reply's command can read it without the others.
    pub(crate) fn deliver_portion(
        &mut self,
        portion: Portion,
        buffer: &mut BytesMut,
        session: &mut Session,
    ) -> Option<Waker> {
        let id = session.next_sent().filter(|id| session.pending.reads_elements(*id))?;
        self.scanner.cut(portion);
        let bytes = buffer.split_to(portion.end).freeze();
        session.pending.elements(id, Elements { bytes, count: portion.elements, last: false })
    }

    /// Only short replies of single commands.
    #[inline]
    fn hand_over_small(
        &self,
        buffer: &[u8],
        session: &mut Session,
        wakers: &mut Vec<Waker>,
    ) -> Result<(), Error> {
        let mut start = 0;
        for end in &self.ends {
            let id = session.next_sent().ok_or_else(|| unasked(&buffer[start..end.at]))?;
            session.answered(id);
            wakers.extend(session.pending.small(id, &buffer[start..end.at]));
            start = end.at;
        }
        Ok(())
    }

    /// Not inlined: the path of short replies keeps its registers.
    #[inline(never)]
    fn hand_over_all(
        &self,
        bytes: &Bytes,
        session: &mut Session,
        wakers: &mut Vec<Waker>,
        notices: &mut Notices,
    ) -> Result<(), Error> {
        let outcome = self.hand_over_shared(bytes, session, wakers, notices);
        let received = notices.hand_over(session, wakers);
        outcome.and(received)
    }

    fn hand_over_shared(
        &self,
        bytes: &Bytes,
        session: &mut Session,
        wakers: &mut Vec<Waker>,
        notices: &mut Notices,
    ) -> Result<(), Error> {
        let mut start = 0;
        let mut index = 0;
        while let Some(end) = self.ends.get(index) {
            let reply = start..end.at;
            let taken = if end.push {
                notices.add(NoticeKind::Push, bytes.slice(reply));
                1
            } else if session.for_sink > 0
                && let addressee = session.next_addressee(&bytes[reply.clone()])
                && addressee != Addressee::Command
            {
                if let Addressee::Sink(kind) = addressee {
                    let bytes = match end.irregular {
                        true => regular(&bytes[reply])?.into(),
                        false => bytes.slice(reply),
                    };
                    notices.add(kind, bytes);
                }
                1
            } else {
                let id = session.next_sent().ok_or_else(|| unasked(&bytes[reply.clone()]))?;
                if session.pending.is_batch(id) {
                    self.hand_over_run(id, bytes, (start, index), session, wakers)?
                } else {
                    hand_over_one(id, bytes, reply, end, session, wakers)?;
                    session.answered(id);
                    1
                }
            };
            index += taken;
            start = self.ends[index - 1].at;
        }
        Ok(())
    }

    /// As many replies of a batch as were received, as one piece; how many they were.
    fn hand_over_run(
        &self,
        id: u32,
        bytes: &Bytes,
        (start, index): (usize, usize),
        session: &mut Session,
        wakers: &mut Vec<Waker>,
    ) -> Result<usize, Error> {
        let most = session.pending.owed(id) as usize;
        let run = self.ends[index..].iter().take(most).take_while(|end| !end.push && !end.irregular).count();
        let (run, piece) = if run == 0 {
            (1, Bytes::from(regular(&bytes[start..self.ends[index].at])?))
        } else {
            (run, bytes.slice(start..self.ends[index + run - 1].at))
        };
        if session.pending.piece(id, piece, run as u32, wakers) {
            session.special -= 1;
            session.answered(id);
        }
        Ok(run)
    }
}

/// The reply of a single command.
fn hand_over_one(
    id: u32,
    bytes: &Bytes,
    reply: Range<usize>,
    end: &End,
    session: &mut Session,
    wakers: &mut Vec<Waker>,
) -> Result<(), Error> {
    if end.last_elements > 0 {
        let count = end.last_elements;
        let bytes = match end.irregular {
            true => regular_elements(&bytes[reply], count)?.into(),
            false => bytes.slice(reply),
        };
        wakers.extend(session.pending.elements(id, Elements { bytes, count, last: true }));
    } else if end.irregular {
        session.pending.piece(id, regular(&bytes[reply])?.into(), 1, wakers);
    } else if reply.len() <= SMALL {
        wakers.extend(session.pending.small(id, &bytes[reply]));
    } else {
        session.pending.piece(id, bytes.slice(reply), 1, wakers);
    }
    Ok(())
}

impl Session {
    /// The command at the front has its last reply.
    #[inline]
    fn answered(&mut self, id: u32) {
        self.inflight.pop_front();
        if self.blocking > 0 {
            self.blocking -= usize::from(self.pending.is_blocking(id));
        }
    }

    /// What the next frame is for, where it is not marked as a push. A reply to what was replayed is counted.
    fn next_addressee(&mut self, frame: &[u8]) -> Addressee {
        if self.mode.listens() {
            return self.addressee(frame);
        }
        let Some(id) = self.next_sent() else { return Addressee::Command };
        let shape = self.pending.shape(id);
        if shape.delivery != Delivery::Sink {
            return Addressee::Command;
        }
        if self.pending.passed_on(id) {
            self.special -= 1 + usize::from(shape.parts > 1);
            self.for_sink -= 1;
            self.answered(id);
        }
        Addressee::Sink(NoticeKind::Reply)
    }

    /// The command that the next reply answers. What is not sent cannot be answered.
    #[inline]
    fn next_sent(&self) -> Option<u32> {
        if self.inflight.len() > self.queued { self.inflight.front().copied() } else { None }
    }
}

#[cold]
fn unasked(bytes: &[u8]) -> Error {
    let shown = &bytes[..bytes.len().min(60)];
    Error::new(
        ErrorKind::Protocol,
        Execution::NotSent,
        format!("the server sent a reply that no command asked for: \"{}\"", shown.escape_ascii()),
    )
}
