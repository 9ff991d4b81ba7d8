//! One connection being driven: writes what callers left, reads, keeps the time.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::time::Sleep;

use crate::{
    config::{Config, millis},
    error::{Error, ErrorKind, Execution, Result},
    session::{Check, NEVER, Tick},
};

use super::{
    read_half::{ReadHalf, lost},
    reading,
    shared::{Flushed, Shared},
    stream::Waiting,
};

/// How often the driver looks at the time at least.
const IDLE: Tick = 60_000;

/// Why a connection is driven no more.
pub(super) enum End {
    /// The handle is gone.
    Closed,
    /// A new connection is wanted, and nothing is in flight on this one.
    Redial,
    Lost(Error),
}

/// One connection being driven.
pub(super) struct Pump<'a> {
    shared: &'a Shared,
    config: &'a Config,
    wakers: Vec<Waker>,
    timer: Pin<Box<Sleep>>,
    /// What the timer is set for.
    timer_at: Tick,
    yielded: bool,
    /// When a redial gives up waiting for what is in flight.
    redial_at: Tick,
    /// The stream has buffered bytes that the kernel has not taken (TLS).
    unflushed: bool,
}

impl<'a> Pump<'a> {
    pub(super) fn new(shared: &'a Shared, config: &'a Config) -> Self {
        Self {
            shared,
            config,
            wakers: Vec::new(),
            timer: Box::pin(tokio::time::sleep(Duration::ZERO)),
            timer_at: NEVER,
            yielded: false,
            redial_at: NEVER,
            unflushed: false,
        }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let mut half = self.shared.read_half();
        let Some(half) = half.as_mut() else { return Poll::Ready(End::Closed) };
        match self.drive(half, cx) {
            Err(end) => Poll::Ready(end),
            Ok(()) => Poll::Pending,
        }
    }

    fn drive(&mut self, half: &mut ReadHalf, cx: &mut Context<'_>) -> Result<(), End> {
        let now = self.shared.now();
        {
            let mut state = self.shared.lock();
            state.notified = false;
            state.now = now;
            let before = match &state.driver {
                Some(waker) if waker.will_wake(cx.waker()) => None,
                _ => state.driver.replace(cx.waker().clone()),
            };
            if state.closing {
                return Err(End::Closed);
            }
            if let Some(error) = state.broken.take() {
                return Err(End::Lost(lost(error)));
            }
            if state.redial && self.redial_at == NEVER {
                self.redial_at = now.saturating_add(millis(self.config.ping_timeout));
                state.armed = 0;
            }
            // Room that was kept for futures which did not come passes to others.
            state.session.next_turn();
            state.session.admit(&mut self.wakers);
            // Replies are still to come, so nothing is delayed for long: the tasks that are ready queue their commands first,
            // which matters when they run on another thread.
            let session = &state.session;
            self.yielded = !self.yielded
                && session.has_output()
                && session.inflight() > session.queued()
                && state.rest.is_none();
            state.notified |= self.yielded;
            drop(state);
            drop(before);
        }
        self.wake_all();
        // Before the write: what has no time left is not sent.
        self.keep_time(half, cx, now)?;
        if self.yielded {
            cx.waker().wake_by_ref();
        } else {
            self.write(half, cx)?;
        }
        match reading::read(half, self.shared, cx, now) {
            Poll::Ready(error) => Err(End::Lost(error)),
            Poll::Pending => self.end_turn(cx, now),
        }
    }

    /// What a turn ends with: another one where room is offered; the end of a connection that is to be replaced, once
    /// nothing is in flight on it.
    fn end_turn(&mut self, cx: &Context<'_>, now: Tick) -> Result<(), End> {
        let mut state = self.shared.lock();
        // Room is offered to commands whose futures may not come: in the next turn it passes to others.
        // So it is where a write waits until something is read that was no reply (a record of TLS without data).
        let read_first = std::mem::take(&mut state.read_first);
        if (state.session.offers_room() || read_first) && !state.notified {
            state.notified = true;
            cx.waker().wake_by_ref();
        }
        if !state.redial {
            return Ok(());
        }
        if state.session.is_drained() || now >= self.redial_at {
            return Err(End::Redial);
        }
        Ok(())
    }

    fn write(&mut self, half: &mut ReadHalf, cx: &mut Context<'_>) -> Result<(), End> {
        if half.reader.is_joined() {
            return self.write_joined(half, cx);
        }
        while self.shared.flush(self.shared.lock()) == Flushed::Blocked {
            match half.reader.poll_writable(cx) {
                Poll::Pending => break,
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Err(End::Lost(lost(error))),
            }
        }
        match self.shared.lock().broken.take() {
            Some(error) => Err(End::Lost(lost(error))),
            None => Ok(()),
        }
    }

    /// Writes to a stream that reads and writes through one state, such as TLS.
    fn write_joined(&mut self, half: &mut ReadHalf, cx: &mut Context<'_>) -> Result<(), End> {
        loop {
            let mut state = self.shared.lock();
            if state.rest.is_none()
                && state.session.has_output()
                && !state.may_write(|| half.reader.waiting())
            {
                break;
            }
            let (buffer, mut position) = match state.rest.take() {
                Some(rest) => {
                    state.session.resume_write();
                    rest
                }
                None if state.session.has_output() => (state.session.output(), 0),
                None => break,
            };
            drop(state);
            let from = position;
            let mut blocked = false;
            while position < buffer.len() && !blocked {
                match half.reader.poll_write(cx, &buffer[position..]) {
                    Poll::Ready(Ok(0)) => {
                        let error =
                            std::io::Error::new(std::io::ErrorKind::WriteZero, "the stream takes no bytes");
                        return Err(End::Lost(lost(error)));
                    }
                    // A custom stream may claim more than it was given.
                    Poll::Ready(Ok(written)) => position += written.min(buffer.len() - position),
                    Poll::Ready(Err(error)) => return Err(End::Lost(lost(error))),
                    Poll::Pending => blocked = true,
                }
            }
            self.unflushed |= position > from;
            let mut state = self.shared.lock();
            if blocked {
                state.session.wrote(position - from, None);
                state.rest = Some((buffer, position));
                break;
            }
            state.session.wrote(position - from, Some(buffer));
        }
        if self.unflushed {
            match half.reader.poll_flush(cx) {
                Poll::Ready(Ok(())) => self.unflushed = false,
                Poll::Ready(Err(error)) => return Err(End::Lost(lost(error))),
                Poll::Pending => {}
            }
        }
        match self.shared.lock().broken.take() {
            Some(error) => Err(End::Lost(lost(error))),
            None => Ok(()),
        }
    }

    /// Fails what has waited too long, and asks a silent peer by `PING` whether it is there.
    fn keep_time(&mut self, half: &mut ReadHalf, cx: &mut Context<'_>, now: Tick) -> Result<(), End> {
        loop {
            let mut state = self.shared.lock();
            // A command may have an earlier deadline than the timer is set for.
            if self.timer_at <= state.armed && now < state.armed {
                return Ok(());
            }
            let (next, unanswered) = state.session.expire(now, &mut self.wakers);
            // What was withdrawn has left its room to others.
            state.session.admit(&mut self.wakers);
            let in_flight = state.session.in_flight();
            let look_at = match state.liveness.check(now, unanswered, in_flight) {
                Check::Wait(at) => at,
                Check::Ping => {
                    if state.session.probe() {
                        state.liveness.asked();
                        drop(state);
                        self.write(half, cx)?;
                        state = self.shared.lock();
                    }
                    now.saturating_add(millis(self.config.ping_timeout))
                }
                // The answer may lie in the socket: the runtime may not have looked for a while.
                Check::GiveUp if half.reader.waiting() == Waiting::Bytes => now + 1,
                Check::GiveUp => {
                    let spent = state.session.spent();
                    drop(state);
                    drop(spent);
                    self.wake_all();
                    return Err(End::Lost(Error::new(
                        ErrorKind::Disconnected,
                        Execution::NotSent,
                        format!(
                            "the server is silent: no answer to PING within {:?}",
                            self.config.ping_timeout
                        ),
                    )));
                }
            };
            let timeout = self.config.command_timeout.map_or(IDLE, millis).clamp(1, IDLE);
            state.armed = next.min(look_at).min(self.redial_at).min(now.saturating_add(timeout));
            let (armed, at) = (state.armed, self.shared.instant(state.armed));
            let spent = state.session.spent();
            drop(state);
            drop(spent);
            self.wake_all();
            let Some(at) = at else { return Ok(()) };
            self.timer_at = armed;
            self.timer.as_mut().reset(at.into());
            if self.timer.as_mut().poll(cx).is_pending() {
                return Ok(());
            }
        }
    }

    /// Only after the lock was released: the tasks that are woken need it.
    fn wake_all(&mut self) {
        self.wakers.drain(..).for_each(Waker::wake);
    }
}
