//! Drives one connection: writes what callers have queued, reads replies, and checks deadlines.

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
    wake::wake_all,
};

/// The longest time between two checks of the deadlines, in milliseconds.
const IDLE: Tick = 60_000;

/// Why the driver has ended a connection.
pub(super) enum End {
    /// The handle was dropped.
    Closed,
    /// A new connection is wanted. Nothing is in flight on this one, or the wait for replies has ended.
    Redial,
    Lost(Error),
}

/// The state of the driver for one connection.
pub(super) struct Pump<'a> {
    shared: &'a Shared,
    config: &'a Config,
    wakers: Vec<Waker>,
    timer: Pin<Box<Sleep>>,
    /// The tick that the timer is set to.
    timer_at: Tick,
    yielded: bool,
    /// The tick at which a redial no longer waits for the commands in flight.
    redial_at: Tick,
    /// The stream may hold bytes that the kernel has not taken (TLS).
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
            Err(end) => {
                // Commands that expired in this turn have failed: their futures are woken also where the turn ended early.
                self.wake_all();
                Poll::Ready(end)
            }
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
            // Room that was kept for futures which were not polled passes to other commands.
            state.session.next_turn();
            state.session.admit(&mut self.wakers);
            // Replies are still to come, so the write can wait for one turn. In that turn, tasks that are ready queue
            // their commands, so that they share the write. This matters when they run on another thread.
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
        // This comes before the write, so that a command whose deadline has passed is not sent.
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

    /// Ends a turn. Requests another turn if one is needed. Ends a connection that is to be replaced, once nothing is
    /// in flight on it or the wait for that has ended.
    fn end_turn(&mut self, cx: &Context<'_>, now: Tick) -> Result<(), End> {
        let mut state = self.shared.lock();
        // Another turn is needed where room is offered: the futures of those commands may not be polled, and then the
        // room passes to other commands. It is also needed where a write waited for a read that brought no reply (a TLS
        // record without data).
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
            let (output, mut position) = match state.rest.take() {
                Some(rest) => {
                    state.session.resume_write();
                    rest
                }
                None if state.session.has_output() => (state.session.output().into(), 0),
                None => break,
            };
            drop(state);
            let from = position;
            let mut blocked = false;
            while position < output.len() && !blocked {
                let piece = output.next_piece(position);
                match half.reader.poll_write(cx, piece) {
                    Poll::Ready(Ok(0)) => {
                        // The stream is sure to have taken no more.
                        self.shared.lock().session.wrote(position - from, None);
                        let error =
                            std::io::Error::new(std::io::ErrorKind::WriteZero, "the stream takes no bytes");
                        return Err(End::Lost(lost(error)));
                    }
                    // A custom stream may return a count larger than the slice.
                    Poll::Ready(Ok(written)) => position += written.min(piece.len()),
                    Poll::Ready(Err(error)) => return Err(End::Lost(lost(error))),
                    Poll::Pending => blocked = true,
                }
            }
            self.unflushed |= position > from;
            let mut state = self.shared.lock();
            if blocked {
                state.session.wrote(position - from, None);
                state.rest = Some((output, position));
                break;
            }
            state.session.wrote(position - from, Some(output.into_buffer()));
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

    /// Fails the commands whose deadline has passed, and sends a `PING` to a silent peer.
    fn keep_time(&mut self, half: &mut ReadHalf, cx: &mut Context<'_>, now: Tick) -> Result<(), End> {
        loop {
            let mut state = self.shared.lock();
            // Nothing is to be done while no deadline has passed and the timer is set early enough for all of them.
            if self.timer_at <= state.armed && now < state.armed {
                return Ok(());
            }
            let (next, unanswered) = state.session.expire(now, &mut self.wakers);
            // The commands that were withdrawn have freed their room.
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
                // The answer may already be in the socket: the runtime may not have polled the socket for a while.
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
            self.timer.as_mut().reset(at);
            if self.timer.as_mut().poll(cx).is_pending() {
                return Ok(());
            }
        }
    }

    fn wake_all(&mut self) {
        wake_all(&mut self.wakers);
    }
}
