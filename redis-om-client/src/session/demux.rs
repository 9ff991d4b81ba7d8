//! Bytes in, replies out.
//!
//! Two steps, so that only the second needs the session: the scan for the replies' ends, then handing them over. A reply
//! that cannot be read is the error of its command; the others do not notice it.

use std::{ops::Range, task::Waker};

use bytes::{Buf, Bytes, BytesMut};

use crate::{
    error::{Error, ErrorKind, Execution},
    resp::{Aside, Frame, Limits, Portion, Scanner, regular, regular_elements},
};

use super::{Delivery, Elements, NoticeKind, Notices, SMALL, Session, mode::Addressee};

/// A reply's end in the read buffer.
#[derive(Debug, Clone, Copy)]
struct End {
    at: usize,
    push: bool,
    irregular: bool,
    /// What is known beside its end is the next of [`ReplyDemux::aside`].
    aside: bool,
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
    /// Of the replies that break a limit or have push messages inside.
    aside: Vec<Aside>,
    /// Bytes of whole replies that were found and not handed over.
    whole: usize,
    /// Some of them cannot be copied into a slot, or the reply whose end has not come breaks a limit.
    large: bool,
}

impl ReplyDemux {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { scanner: Scanner::new(limits), ends: Vec::new(), aside: Vec::new(), whole: 0, large: false }
    }

    /// Finds the ends of the replies in the buffer; `true` if there is something to [deliver](Self::deliver).
    #[inline]
    pub(crate) fn scan(&mut self, buffer: &[u8]) -> Result<bool, Error> {
        let mut start = self.whole;
        loop {
            // Most replies are short strings one after another.
            while let Some(end) = self.scanner.short(buffer, start) {
                self.large |= end - start > SMALL;
                start = end;
                self.ends.push(End {
                    at: end,
                    push: false,
                    irregular: false,
                    aside: false,
                    last_elements: 0,
                });
            }
            if start == buffer.len() {
                break;
            }
            let Some(frame) = self.scanner.frame(&buffer[start..])? else {
                self.large |= self.scanner.is_over();
                break;
            };
            let Frame { end, push, irregular, aside, last_elements } = frame;
            self.large |= end > SMALL || irregular || push || aside || last_elements > 0;
            if aside {
                self.aside.push(self.scanner.take_aside());
            }
            start += end;
            self.ends.push(End { at: start, push, irregular, aside, last_elements });
        }
        self.whole = start;
        Ok(!self.ends.is_empty() || self.large)
    }

    /// How many more bytes the reply at the buffer's end surely needs.
    pub(crate) fn missing(&self, buffer: &[u8]) -> usize {
        self.scanner.missing(&buffer[self.whole..])
    }

    /// Hands the replies that were found to their commands, and the rest to the sink of `notices`. The beginning of a reply
    /// that breaks a limit is dropped.
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
            self.hand_over_all(&bytes, buffer, session, wakers, notices)
        } else {
            let outcome = self.hand_over_small(buffer, session, wakers);
            buffer.advance(self.whole);
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
        &mut self,
        bytes: &Bytes,
        buffer: &mut BytesMut,
        session: &mut Session,
        wakers: &mut Vec<Waker>,
        notices: &mut Notices,
    ) -> Result<(), Error> {
        let outcome = self
            .hand_over_shared(bytes, session, wakers, notices)
            .and_then(|()| self.discard(buffer, session, wakers, notices));
        let received = notices.hand_over(session, wakers);
        outcome.and(received)
    }

    fn hand_over_shared(
        &mut self,
        bytes: &Bytes,
        session: &mut Session,
        wakers: &mut Vec<Waker>,
        notices: &mut Notices,
    ) -> Result<(), Error> {
        let mut start = 0;
        let mut index = 0;
        let mut asides = std::mem::take(&mut self.aside).into_iter();
        while let Some(end) = self.ends.get(index) {
            let reply = start..end.at;
            let taken = if end.push {
                notices.add(NoticeKind::Push, bytes.slice(reply));
                1
            } else if session.for_sink > 0
                && !end.aside
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
                let aside = if end.aside { asides.next() } else { None }.unwrap_or_default();
                if end.aside {
                    session.refuse_for_sink(aside.error.as_ref())?;
                }
                let id = session.next_sent().ok_or_else(|| unasked(&bytes[reply.clone()]))?;
                if end.aside || end.irregular {
                    let bytes = bytes.slice(reply);
                    hand_over_rare(id, &bytes, end, aside, session, wakers, notices);
                    1
                } else if session.pending.is_batch(id) {
                    self.hand_over_run(id, bytes, (start, index), session, wakers)
                } else {
                    hand_over_one(id, bytes, reply, end, session, wakers);
                    session.answered(id);
                    1
                }
            };
            index += taken;
            start = self.ends[index - 1].at;
        }
        Ok(())
    }

    /// As many replies of a batch as were received, as one piece; how many they were. The first is an ordinary one.
    fn hand_over_run(
        &self,
        id: u32,
        bytes: &Bytes,
        (start, index): (usize, usize),
        session: &mut Session,
        wakers: &mut Vec<Waker>,
    ) -> usize {
        let most = session.pending.owed(id) as usize;
        let ordinary = |end: &&End| !end.push && !end.irregular && !end.aside;
        let run = self.ends[index..].iter().take(most).take_while(ordinary).count();
        let piece = bytes.slice(start..self.ends[index + run - 1].at);
        if session.pending.piece(id, piece, run as u32, wakers) {
            session.special -= 1;
            session.answered(id);
        }
        run
    }

    /// Drops the beginning of a reply that breaks a limit; its command fails at once.
    fn discard(
        &mut self,
        buffer: &mut BytesMut,
        session: &mut Session,
        wakers: &mut Vec<Waker>,
        notices: &mut Notices,
    ) -> Result<(), Error> {
        let Some((error, length, inside)) = self.scanner.discard() else { return Ok(()) };
        let bytes = buffer.split_to(length);
        session.refuse_for_sink(Some(&error))?;
        let id = session.next_sent().ok_or_else(|| unasked(&bytes))?;
        // A part of a batch has its error when its reply has ended, so that the replies stay in their order.
        if !session.pending.is_batch(id) {
            wakers.extend(session.pending.fail(id, error));
        }
        if !inside.is_empty() {
            let bytes = bytes.freeze();
            inside.into_iter().for_each(|push| notices.add(NoticeKind::Push, bytes.slice(push)));
        }
        Ok(())
    }
}

/// A reply that is not read as it came: it breaks a limit, has push messages inside, or is irregular.
#[cold]
fn hand_over_rare(
    id: u32,
    bytes: &Bytes,
    end: &End,
    aside: Aside,
    session: &mut Session,
    wakers: &mut Vec<Waker>,
    notices: &mut Notices,
) {
    let plain = match aside.error {
        Some(error) => Err(error),
        None if aside.pushes.is_empty() => Ok(bytes.clone()),
        None => Ok(without(bytes, &aside.pushes)),
    };
    aside.pushes.into_iter().for_each(|push| notices.add(NoticeKind::Push, bytes.slice(push)));
    let plain = plain.and_then(|bytes| match (end.irregular, end.last_elements) {
        (false, _) => Ok(bytes),
        (true, 0) => regular(&bytes).map(Bytes::from),
        (true, count) => regular_elements(&bytes, count).map(Bytes::from),
    });
    let is_batch = session.pending.is_batch(id);
    let is_answered = match plain {
        Ok(bytes) if is_batch => session.pending.piece(id, bytes, 1, wakers),
        Ok(bytes) => {
            let all = 0..bytes.len();
            hand_over_one(id, &bytes, all, end, session, wakers);
            true
        }
        Err(error) if is_batch => session.pending.fail_part(id, error, wakers),
        Err(error) => {
            wakers.extend(session.pending.fail(id, error));
            session.pending.settled(id);
            true
        }
    };
    if is_answered {
        session.special -= usize::from(is_batch);
        session.answered(id);
    }
}

/// The bytes without these ranges, which are in order.
fn without(bytes: &[u8], ranges: &[Range<usize>]) -> Bytes {
    let mut rest = BytesMut::with_capacity(bytes.len());
    let mut from = 0;
    for range in ranges {
        rest.extend_from_slice(&bytes[from..range.start]);
        from = range.end;
    }
    rest.extend_from_slice(&bytes[from..]);
    rest.freeze()
}

/// The reply of a single command, in its regular form.
fn hand_over_one(
    id: u32,
    bytes: &Bytes,
    reply: Range<usize>,
    end: &End,
    session: &mut Session,
    wakers: &mut Vec<Waker>,
) {
    if end.last_elements > 0 {
        let elements = Elements { bytes: bytes.slice(reply), count: end.last_elements, last: true };
        wakers.extend(session.pending.elements(id, elements));
    } else if reply.len() <= SMALL {
        wakers.extend(session.pending.small(id, &bytes[reply]));
    } else {
        session.pending.piece(id, bytes.slice(reply), 1, wakers);
    }
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

    /// A reply for the sink that breaks a limit, or has a push message inside, ends the connection: a sink has no command
    /// that could fail.
    fn refuse_for_sink(&self, error: Option<&Error>) -> Result<(), Error> {
        let is_for_sink = self.for_sink > 0
            && (self.mode.listens()
                || self.next_sent().is_some_and(|id| self.pending.shape(id).delivery == Delivery::Sink));
        if !is_for_sink {
            return Ok(());
        }
        Err(error.cloned().unwrap_or_else(|| {
            let text = "a push message stands inside a reply that belongs to no command";
            Error::new(ErrorKind::Protocol, Execution::NotSent, text)
        }))
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
