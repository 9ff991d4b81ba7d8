//! Bytes in, replies out.
//!
//! Two steps, so that only the second needs the session: the scan for the replies' ends, then handing them over. A reply
//! that cannot be read is the error of its command; the others do not notice it.

use std::{ops::Range, task::Waker};

use bytes::{Buf, Bytes, BytesMut};

use crate::{
    error::{Error, ErrorKind, Execution},
    resp::{Aside, Frame, Limits, Scanner, regular},
};

use super::{NoticeKind, Notices, SMALL, Session, mode::Addressee};

/// The read buffer's side of a session.
#[derive(Debug)]
pub(crate) struct ReplyDemux {
    scanner: Scanner,
    /// The whole replies that were found and not handed over. Their ends count from the start of the buffer.
    frames: Vec<Frame>,
    /// Of the replies that break a limit or have push messages inside.
    aside: Vec<Aside>,
    /// Bytes of whole replies that were found and not handed over.
    whole: usize,
    /// Some of them cannot be copied into a slot, or the reply whose end has not come breaks a limit.
    large: bool,
}

impl ReplyDemux {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { scanner: Scanner::new(limits), frames: Vec::new(), aside: Vec::new(), whole: 0, large: false }
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
                self.frames.push(Frame::plain(end));
            }
            if start == buffer.len() {
                break;
            }
            let Some(frame) = self.scanner.frame(&buffer[start..])? else {
                self.large |= self.scanner.is_over();
                break;
            };
            self.large |= frame.end > SMALL || frame.irregular || frame.push || frame.aside;
            if frame.aside {
                self.aside.push(self.scanner.take_aside());
            }
            start += frame.end;
            self.frames.push(Frame { end: start, ..frame });
        }
        self.whole = start;
        Ok(!self.frames.is_empty() || self.large)
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
        self.frames.clear();
        self.whole = 0;
        self.large = false;
        outcome
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
        for frame in &self.frames {
            let id = session.next_sent().ok_or_else(|| unasked(&buffer[start..frame.end]))?;
            session.answered(id);
            wakers.extend(session.pending.small(id, &buffer[start..frame.end]));
            start = frame.end;
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
        while let Some(frame) = self.frames.get(index) {
            let reply = start..frame.end;
            let taken = if frame.push {
                notices.add(NoticeKind::Push, bytes.slice(reply));
                1
            } else if session.for_sink > 0
                && !frame.aside
                && let addressee = session.next_addressee(&bytes[reply.clone()])
                && addressee != Addressee::Command
            {
                if let Addressee::Sink(kind) = addressee {
                    let bytes = match frame.irregular {
                        true => regular(&bytes[reply])?.into(),
                        false => bytes.slice(reply),
                    };
                    notices.add(kind, bytes);
                }
                1
            } else {
                let aside = if frame.aside { asides.next() } else { None }.unwrap_or_default();
                if frame.aside {
                    session.refuse_for_sink(aside.error.as_ref())?;
                }
                let id = session.next_sent().ok_or_else(|| unasked(&bytes[reply.clone()]))?;
                if frame.aside || frame.irregular {
                    let bytes = bytes.slice(reply);
                    hand_over_rare(id, &bytes, frame, aside, session, wakers, notices);
                    1
                } else if session.pending.is_batch(id) {
                    self.hand_over_run(id, bytes, (start, index), session, wakers)
                } else {
                    hand_over_one(id, bytes, reply, session, wakers);
                    session.answered(id);
                    1
                }
            };
            index += taken;
            start = self.frames[index - 1].end;
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
        let ordinary = |frame: &&Frame| !frame.push && !frame.irregular && !frame.aside;
        let run = self.frames[index..].iter().take(most).take_while(ordinary).count();
        let piece = bytes.slice(start..self.frames[index + run - 1].end);
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
    frame: &Frame,
    aside: Aside,
    session: &mut Session,
    wakers: &mut Vec<Waker>,
    notices: &mut Notices,
) {
    let plain = match aside.error {
        Some(error) => Err(error),
        None => {
            let plain = if aside.pushes.is_empty() { bytes.clone() } else { without(bytes, &aside.pushes) };
            if frame.irregular { regular(&plain).map(Bytes::from) } else { Ok(plain) }
        }
    };
    aside.pushes.into_iter().for_each(|push| notices.add(NoticeKind::Push, bytes.slice(push)));
    let is_batch = session.pending.is_batch(id);
    let is_answered = match plain {
        Ok(bytes) if is_batch => session.pending.piece(id, bytes, 1, wakers),
        Ok(bytes) => {
            let all = 0..bytes.len();
            hand_over_one(id, &bytes, all, session, wakers);
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
    session: &mut Session,
    wakers: &mut Vec<Waker>,
) {
    if reply.len() <= SMALL {
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
        if !shape.for_sink {
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
            && (self.mode.listens() || self.next_sent().is_some_and(|id| self.pending.shape(id).for_sink));
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
