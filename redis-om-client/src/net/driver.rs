//! The task of one connection: reads, writes what callers left, keeps the time, reconnects.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use tokio::time::Sleep;

use crate::{
    config::{Config, millis},
    error::{Error, ErrorKind, Execution, Result},
    resp::Limits,
    session::{NEVER, Tick},
};

use super::{
    connect::connect,
    jitter::random,
    link::{Flushed, Shared, closed},
    read_half::{ReadHalf, lost},
    stream::{Stream, Writer},
};

/// A connection that stood for so long is replaced at once; one that did not, after a pause.
const STEADY: Duration = Duration::from_secs(1);
/// How often the driver of an idle connection looks at the time where nothing says otherwise.
const IDLE: Tick = 60_000;

/// The driver of one connection.
#[derive(Debug)]
pub(super) struct Driver {
    shared: Arc<Shared>,
    config: Arc<Config>,
    reconnect: bool,
    first: Option<Stream>,
}

/// Why a connection is driven no more.
enum End {
    /// The handle is gone.
    Closed,
    Lost(Error),
}

impl Driver {
    pub(super) fn new(shared: Arc<Shared>, config: Arc<Config>, reconnect: bool, first: Stream) -> Self {
        Self { shared, config, reconnect, first: Some(first) }
    }

    /// Until the handle is dropped, or the connection is lost for good.
    pub(super) async fn run(mut self) {
        let guard = Abandoned(self.shared.clone());
        let mut attempt = 0;
        while let Some(stream) = self.next_stream(&mut attempt).await {
            let since = Instant::now();
            let end = self.pump(stream).await;
            match end {
                End::Closed => break,
                End::Lost(error) => {
                    let error = error.context(format_args!("connection to {}", self.config.endpoint));
                    tracing::debug!(%error, "connection lost");
                    if !self.reconnect {
                        self.shared.close(&error);
                        break;
                    }
                    self.lose(&error);
                    if since.elapsed() >= STEADY {
                        attempt = 0;
                    }
                }
            }
        }
        drop(guard);
    }

    fn lose(&self, error: &Error) {
        let mut wakers = Vec::new();
        let mut state = self.shared.lock();
        state.generation += 1;
        state.writer = None;
        state.rest = None;
        state.broken = None;
        state.session.lose(error, &mut wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// The next connection; `None` where the handle is gone or the policy gives up.
    async fn next_stream(&mut self, attempt: &mut u32) -> Option<Stream> {
        if let Some(stream) = self.first.take() {
            return Some(stream);
        }
        loop {
            let number = *attempt;
            *attempt += 1;
            let Some(pause) = self.config.reconnect.delay(number, random()) else {
                self.shared
                    .close(&closed("the connection is lost, and the reconnect policy has no attempt left"));
                return None;
            };
            // After a connection that had stood for a while the first attempt is made at once.
            let pause = if number == 0 { Duration::ZERO } else { pause };
            self.meanwhile(tokio::time::sleep(pause)).await?;
            let config = self.config.clone();
            match self.meanwhile(async move { connect(&config).await }).await? {
                Ok(stream) => return Some(stream),
                Err(error) => {
                    tracing::debug!(%error, attempt = number + 1, "no connection");
                    self.shared.lock().session.note_failure(error);
                }
            }
        }
    }

    /// Awaits while there is no connection: those who wait for one run out of time all the same, and the handle may
    /// be dropped (`None`).
    async fn meanwhile<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        let mut timer = pin!(tokio::time::sleep(Duration::ZERO));
        let mut wakers = Vec::new();
        poll_fn(|cx| {
            loop {
                let now = self.shared.now();
                let mut state = self.shared.lock();
                state.notified = false;
                state.driver = Some(cx.waker().clone());
                if state.closing {
                    return Poll::Ready(None);
                }
                let (next, _) = state.session.expire(now, &mut wakers);
                state.armed = next.min(now + IDLE);
                let at = self.shared.instant(state.armed);
                drop(state);
                wakers.drain(..).for_each(Waker::wake);
                if let Some(at) = at {
                    timer.as_mut().reset(at.into());
                }
                if timer.as_mut().poll(cx).is_pending() {
                    break;
                }
            }
            work.as_mut().poll(cx).map(Some)
        })
        .await
    }

    /// Lets commands go.
    fn up(&self, writer: Option<Writer>) {
        let mut wakers = Vec::new();
        let mut state = self.shared.lock();
        state.writer = writer;
        state.broken = None;
        state.last_write = 0;
        state.now = self.shared.now();
        state.armed = 0;
        state.session.up(&mut wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Drives one connection until its end.
    async fn pump(&self, stream: Stream) -> End {
        let (reader, writer) = stream.split();
        let limits =
            Limits { bulk: self.config.max_bulk, reply: self.config.max_reply, depth: self.config.max_depth };
        *self.shared.read_half() = Some(ReadHalf::new(reader, limits, &self.shared));
        self.up(writer);
        let mut pump = Pump {
            shared: &self.shared,
            config: &self.config,
            wakers: Vec::new(),
            timer: Box::pin(tokio::time::sleep(Duration::ZERO)),
            timer_at: NEVER,
            yielded: false,
            unflushed: false,
        };
        let end = poll_fn(|cx| pump.poll(cx)).await;
        *self.shared.read_half() = None;
        end
    }
}

/// One connection being driven.
struct Pump<'a> {
    shared: &'a Shared,
    config: &'a Config,
    wakers: Vec<Waker>,
    timer: Pin<Box<Sleep>>,
    /// What the timer is set for.
    timer_at: Tick,
    yielded: bool,
    /// A stream without a writer of its own has kept bytes (TLS: encrypted) that the kernel has not taken.
    unflushed: bool,
}

impl Pump<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let mut read_half = self.shared.read_half();
        let Some(read_half) = read_half.as_mut() else { return Poll::Ready(End::Closed) };
        match self.drive(read_half, cx) {
            Err(end) => Poll::Ready(end),
            Ok(()) => Poll::Pending,
        }
    }

    fn drive(&mut self, read_half: &mut ReadHalf, cx: &mut Context<'_>) -> Result<(), End> {
        let now = self.shared.now();
        {
            let mut state = self.shared.lock();
            state.notified = false;
            state.now = now;
            match &state.driver {
                Some(waker) if waker.will_wake(cx.waker()) => {}
                _ => state.driver = Some(cx.waker().clone()),
            }
            if state.closing {
                return Err(End::Closed);
            }
            if let Some(error) = state.broken.take() {
                return Err(End::Lost(lost(error)));
            }
            // Replies are still to come, so nobody starves: the tasks that are ready queue their commands first, which
            // matters when they run on another thread.
            let session = &state.session;
            if !self.yielded
                && session.has_output()
                && session.inflight() > session.queued()
                && state.rest.is_none()
            {
                self.yielded = true;
                state.notified = true;
                drop(state);
                cx.waker().wake_by_ref();
            } else {
                self.yielded = false;
                drop(state);
                self.write(read_half, cx)?;
            }
        }
        self.keep_time(read_half, cx, now)?;
        match read_half.read(self.shared, now) {
            Poll::Ready(error) => Err(End::Lost(error)),
            Poll::Pending => Ok(()),
        }
    }

    fn write(&mut self, read_half: &mut ReadHalf, cx: &mut Context<'_>) -> Result<(), End> {
        if read_half.reader.is_joined() {
            return self.write_joined(read_half, cx);
        }
        while self.shared.flush(self.shared.lock()) == Flushed::Blocked {
            match read_half.reader.poll_writable(cx) {
                Poll::Pending => break,
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Err(End::Lost(lost(error))),
            }
        }
        Ok(())
    }

    fn write_joined(&mut self, read_half: &mut ReadHalf, cx: &mut Context<'_>) -> Result<(), End> {
        loop {
            let mut state = self.shared.lock();
            let (buffer, mut position) = match state.rest.take() {
                Some(rest) => rest,
                None if state.session.has_output() => (state.session.output(), 0),
                None => break,
            };
            drop(state);
            let from = position;
            let mut blocked = false;
            while position < buffer.len() && !blocked {
                match read_half.reader.poll_write(cx, &buffer[position..]) {
                    Poll::Ready(Ok(written)) => position += written,
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
            match read_half.reader.poll_flush(cx) {
                Poll::Ready(Ok(())) => self.unflushed = false,
                Poll::Ready(Err(error)) => return Err(End::Lost(lost(error))),
                Poll::Pending => {}
            }
        }
        Ok(())
    }

    /// Fails what has waited too long, and asks a silent peer whether it is there.
    fn keep_time(&mut self, read_half: &mut ReadHalf, cx: &mut Context<'_>, now: Tick) -> Result<(), End> {
        loop {
            let mut state = self.shared.lock();
            // Somebody may have come with an earlier deadline than the timer is set for.
            if self.timer_at <= state.armed && now < state.armed {
                return Ok(());
            }
            let (next, unanswered) = state.session.expire(now, &mut self.wakers);
            // What was withdrawn has left its room to others.
            state.session.admit(&mut self.wakers);
            let idle_ping = self.config.idle_ping.map_or(NEVER, millis);
            let patience = millis(self.config.ping_timeout);
            let silent_since = read_half.last_read;
            let ping_at = match read_half.probe {
                Some(since) if now >= since + patience => {
                    drop(state);
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
                Some(since) => since + patience,
                None if unanswered || now >= silent_since.saturating_add(idle_ping) => {
                    state.session.probe();
                    read_half.probe = Some(now);
                    drop(state);
                    self.write(read_half, cx)?;
                    state = self.shared.lock();
                    now + patience
                }
                None => silent_since.saturating_add(idle_ping),
            };
            let timeout = self.config.command_timeout.map_or(IDLE, millis);
            let armed = next.min(ping_at).min(now + timeout.clamp(1, IDLE));
            state.armed = armed;
            let at = self.shared.instant(armed);
            drop(state);
            self.wake_all();
            let Some(at) = at else { return Ok(()) };
            self.timer_at = armed;
            self.timer.as_mut().reset(at.into());
            if self.timer.as_mut().poll(cx).is_pending() {
                return Ok(());
            }
        }
    }

    /// Only after the lock was let go: who is woken wants it.
    fn wake_all(&mut self) {
        self.wakers.drain(..).for_each(Waker::wake);
    }
}

/// Tells whoever waits when the task is dropped with its runtime.
#[derive(Debug)]
struct Abandoned(Arc<Shared>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        *self.0.read_half() = None;
        self.0.close(&closed(
            "the connection is closed: its client was dropped, or the runtime that it was connected in has ended",
        ));
    }
}
