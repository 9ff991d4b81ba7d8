//! Divides the received bytes into replies, and delivers each reply to its command.
//!
//! There are two steps. The first step finds the ends of the replies. Only the second step, the delivery, needs the
//! session. A reply that cannot be read is an error of its command only.

use std::{ops::Range, task::Waker};

use bytes::{Buf, Bytes, BytesMut};

use crate::{
    error::{Error, ErrorKind, Execution},
    resp::{Aside, Frame, Limits, Scanner, regular},
};

use super::{NoticeKind, Notices, Runs, SMALL, Session, mode::Addressee};

/// The state of the read buffer of a session.
#[derive(Debug)]
pub(crate) struct ReplyDemux {
    scanner: Scanner,
    /// The complete replies that were found and not delivered. Their ends count from the start of the buffer.
    frames: Vec<Frame>,
    /// The findings in the replies of `frames` that exceed a limit or have push messages inside.
    aside: Vec<Aside>,
    /// The number of bytes of these complete replies.
    whole: usize,
    /// One of these replies cannot be copied into a slot, or the incomplete reply after them exceeds a limit.
    large: bool,
}

impl ReplyDemux {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { scanner: Scanner::new(limits), frames: Vec::new(), aside: Vec::new(), whole: 0, large: false }
    }

    /// Finds the ends of the replies in the buffer. Returns `true` if there is something to [deliver](Self::deliver).
    ///
    /// # Errors
    ///
    /// The bytes are not replies, or they are a push message that exceeds a limit. The connection has to be closed.
    #[inline]
    pub(crate) fn scan(&mut self, buffer: &[u8]) -> Result<bool, Error> {
        let mut start = self.whole;
        loop {
            // Most replies are short strings.
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

    /// The number of bytes that are certainly missing from the incomplete reply at the end of the buffer.
    pub(crate) fn missing(&self, buffer: &[u8]) -> usize {
        self.scanner.missing(&buffer[self.whole..])
    }

    /// Delivers the replies that were found to their commands, and the other frames to the sink of `notices`. If the
    /// incomplete reply at the end exceeds a limit, its bytes are discarded.
    ///
    /// When this returns, the sink has received all its frames. Until then, the session is borrowed. So a caller that
    /// takes a reply can rely on this: the sink has the frames that were received with the reply.
    ///
    /// # Errors
    ///
    /// A reply belongs to no command, or the sink cannot continue. The connection has to be closed.
    pub(crate) fn deliver(
        &mut self,
        buffer: &mut BytesMut,
        session: &mut Session,
        wakers: &mut Vec<Waker>,
        notices: &mut Notices,
    ) -> Result<(), Error> {
        let outcome = if self.large || session.special > 0 {
            let bytes = buffer.split_to(self.whole).freeze();
            self.deliver_all(&bytes, buffer, session, wakers, notices)
        } else {
            let outcome = self.deliver_small(buffer, session, wakers);
            buffer.advance(self.whole);
            outcome
        };
        self.frames.clear();
        self.whole = 0;
        self.large = false;
        outcome
    }

    /// Delivers short replies of single commands.
    #[inline]
    fn deliver_small(
        &self,
        buffer: &[u8],
        session: &mut Session,
        wakers: &mut Vec<Waker>,
    ) -> Result<(), Error> {
        let mut start = 0;
        for frame in &self.frames {
            let id = session.next_sent().ok_or_else(|| unrequested(&buffer[start..frame.end]))?;
            session.answered(id);
            wakers.extend(session.pending.small(id, &buffer[start..frame.end]));
            start = frame.end;
        }
        Ok(())
    }

    /// Delivers frames of any kind. It is not inlined, so that the path of short replies needs fewer registers.
    #[inline(never)]
    fn deliver_all(
        &mut self,
        bytes: &Bytes,
        buffer: &mut BytesMut,
        session: &mut Session,
        wakers: &mut Vec<Waker>,
        notices: &mut Notices,
    ) -> Result<(), Error> {
        let outcome = self
            .deliver_frames(bytes, session, wakers, notices)
            .and_then(|()| self.discard(buffer, session, wakers, notices));
        let received = notices.hand_over(session, wakers);
        outcome.and(received)
    }

    fn deliver_frames(
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
                let id = session.next_sent().ok_or_else(|| unrequested(&bytes[reply.clone()]))?;
                if frame.aside || frame.irregular {
                    let bytes = bytes.slice(reply);
                    deliver_changed(id, &bytes, frame, aside, session, wakers, notices);
                    1
                } else if session.pending.is_batch(id) {
                    self.deliver_run(id, bytes, (start, index), session, wakers)?
                } else {
                    deliver_one(id, bytes, reply, session, wakers);
                    session.answered(id);
                    1
                }
            };
            index += taken;
            start = self.frames[index - 1].end;
        }
        Ok(())
    }

    /// Delivers the replies of a batch that were received one after another, in one piece. Returns their number. The
    /// first one must be ordinary: no push message, not irregular and without findings.
    fn deliver_run(
        &self,
        id: u32,
        bytes: &Bytes,
        (start, index): (usize, usize),
        session: &mut Session,
        wakers: &mut Vec<Waker>,
    ) -> Result<usize, Error> {
        let most = session.pending.owed(id) as usize;
        let ordinary = |frame: &&Frame| !frame.push && !frame.irregular && !frame.aside;
        let run = self.frames[index..].iter().take(most).take_while(ordinary).count();
        let end = self.frames[index + run - 1].end;
        if session.pending.piece(id, bytes.slice(start..end), run as u32, wakers) {
            let is_transaction = session.pending.shape(id).runs == Runs::Whole;
            session.special -= 1;
            session.answered(id);
            let last = if run > 1 { self.frames[index + run - 2].end } else { start };
            if is_transaction && bytes[last..end].starts_with(b"-ERR unknown command") {
                return Err(still_in_transaction());
            }
        }
        Ok(run)
    }

    /// Discards the received bytes of an incomplete reply that exceeds a limit. Its command fails at once.
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
        let id = session.next_sent().ok_or_else(|| unrequested(&bytes))?;
        // A part of a batch gets its error when the end of its reply is received, so that the replies keep their order.
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

/// The error of a connection whose server does not know `EXEC`. The server would only queue all further commands.
#[cold]
fn still_in_transaction() -> Error {
    Error::new(
        ErrorKind::Disconnected,
        Execution::NotSent,
        "the server does not know EXEC, so the connection was closed inside a transaction: is EXEC renamed or disabled \
         on the server?",
    )
}

/// Delivers a reply that cannot be delivered unchanged: it exceeds a limit, has push messages inside, or is irregular.
#[cold]
fn deliver_changed(
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
            deliver_one(id, &bytes, all, session, wakers);
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

/// Copies the bytes outside of these ranges. The ranges are in ascending order.
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

/// Delivers the reply of a single command, in its regular form.
fn deliver_one(id: u32, bytes: &Bytes, reply: Range<usize>, session: &mut Session, wakers: &mut Vec<Waker>) {
    if reply.len() <= SMALL {
        wakers.extend(session.pending.small(id, &bytes[reply]));
    } else {
        session.pending.piece(id, bytes.slice(reply), 1, wakers);
    }
}

impl Session {
    /// Removes the command at the front, whose last reply was received.
    #[inline]
    fn answered(&mut self, id: u32) {
        self.inflight.pop_front();
        if self.blocking > 0 {
            self.blocking -= usize::from(self.pending.is_blocking(id));
        }
    }

    /// Returns the receiver of a frame that is not marked as a push. If it is a reply to a replayed command, it is
    /// counted as received.
    fn next_addressee(&mut self, frame: &[u8]) -> Addressee {
        if self.mode.listens() {
            return self.addressee(frame);
        }
        let Some(id) = self.next_sent() else { return Addressee::Command };
        let shape = self.pending.shape(id);
        if !shape.for_sink {
            return Addressee::Command;
        }
        if self.pending.reply_for_sink(id) {
            self.special -= 1 + usize::from(shape.parts > 1);
            self.for_sink -= 1;
            self.answered(id);
        }
        Addressee::Sink(NoticeKind::Reply)
    }

    /// Checks a reply that exceeds a limit or has a push message inside. If it is for the sink, this is an error of the
    /// connection, because there is no command that could fail with it.
    fn refuse_for_sink(&self, error: Option<&Error>) -> Result<(), Error> {
        let is_for_sink = self.for_sink > 0
            && (self.mode.listens() || self.next_sent().is_some_and(|id| self.pending.shape(id).for_sink));
        if !is_for_sink {
            return Ok(());
        }
        Err(error.cloned().unwrap_or_else(|| {
            let text = "the server sent a push message inside a reply that belongs to no command";
            Error::new(ErrorKind::Protocol, Execution::NotSent, text)
        }))
    }

    /// Returns the command that the next reply answers. A command that was not sent cannot be answered.
    #[inline]
    fn next_sent(&self) -> Option<u32> {
        if self.inflight.len() > self.queued { self.inflight.front().copied() } else { None }
    }
}

/// The error for a reply that belongs to no command.
#[cold]
fn unrequested(bytes: &[u8]) -> Error {
    let shown = &bytes[..bytes.len().min(60)];
    Error::new(
        ErrorKind::Protocol,
        Execution::NotSent,
        format!("the server sent a reply that no command asked for: \"{}\"", shown.escape_ascii()),
    )
}
