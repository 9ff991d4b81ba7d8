//! The task of one link. It drives the connection, and makes a new one when the connection is lost.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::{Poll, Waker},
    time::Duration,
};

use crate::{
    config::{Config, Protocol, millis},
    error::Error,
    session::{Liveness, Tick, limits},
};

use super::{
    connect::connect,
    jitter::random,
    pump::{End, Pump},
    read_half::{ReadHalf, closed},
    shared::{Lifetime, Shared},
    stream::{Shutdown, Stream, Writer},
};

/// The longest time between two checks of the deadlines while there is no connection, in milliseconds.
const IDLE: Tick = 60_000;

/// The driver of one connection.
#[derive(Debug)]
pub(super) struct Driver {
    shared: Arc<Shared>,
    config: Arc<Config>,
    lifetime: Lifetime,
    first: Option<(Stream, Protocol)>,
    /// Closes the link when the task ends, even if the task was never polled.
    _abandoned: Abandoned,
}

impl Driver {
    pub(super) fn new(
        shared: Arc<Shared>,
        config: Arc<Config>,
        lifetime: Lifetime,
        first: (Stream, Protocol),
    ) -> Self {
        let abandoned = Abandoned(shared.clone());
        Self { shared, config, lifetime, first: Some(first), _abandoned: abandoned }
    }

    /// Runs until the handle is dropped, or until no new connection will be made.
    pub(super) async fn run(mut self) {
        let mut attempt = 0;
        while let Some((stream, protocol)) = self.next_stream(&mut attempt).await {
            let end = self.drive(stream, protocol).await;
            if self.shared.lock().has_answered {
                attempt = 0;
            }
            match end {
                End::Closed => break,
                End::Redial => self.lose(&closed("the connection was replaced by a new one")),
                End::Lost(error) => {
                    let error = error.context(format_args!("connection to {}", self.config.endpoint));
                    tracing::debug!(%error, "connection lost");
                    if self.lifetime == Lifetime::One {
                        self.shared.close(&error);
                        break;
                    }
                    self.lose(&error);
                }
            }
        }
    }

    fn lose(&self, error: &Error) {
        let mut wakers = Vec::new();
        let mut state = self.shared.lock();
        state.generation += 1;
        let ended = (state.writer.take(), state.rest.take(), state.broken.take(), state.shutdown.take());
        state.redial = false;
        state.read_first = false;
        self.shared.lose_sink(error, true, &mut wakers);
        state.session.lose(error, &mut wakers);
        drop(state);
        drop(ended);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Returns the next connection. `None` if the handle was dropped, or if the reconnect policy allows no further
    /// attempt.
    async fn next_stream(&mut self, attempt: &mut u32) -> Option<(Stream, Protocol)> {
        if let Some(stream) = self.first.take() {
            return Some(stream);
        }
        loop {
            let number = *attempt;
            *attempt = attempt.saturating_add(1);
            let Some(pause) = self.config.reconnect.delay(number, random()) else {
                self.shared.close(&closed(
                    "the connection is lost, and the reconnect policy allows no further attempt",
                ));
                return None;
            };
            // After a connection that delivered replies, the first attempt is made at once.
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

    /// Awaits `work` while there is no connection, and fails the commands whose deadline passes meanwhile. Returns
    /// `None` if the handle was dropped.
    async fn meanwhile<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        let mut timer = pin!(tokio::time::sleep(Duration::ZERO));
        let mut wakers = Vec::new();
        poll_fn(|cx| {
            loop {
                let now = self.shared.now();
                let mut state = self.shared.lock();
                state.notified = false;
                let before = state.driver.replace(cx.waker().clone());
                if state.closing {
                    return Poll::Ready(None);
                }
                let (next, _) = state.session.expire(now, &mut wakers);
                state.armed = next.min(now.saturating_add(IDLE));
                let at = self.shared.instant(state.armed);
                drop(state);
                drop(before);
                wakers.drain(..).for_each(Waker::wake);
                if let Some(at) = at {
                    timer.as_mut().reset(at);
                }
                if timer.as_mut().poll(cx).is_pending() {
                    break;
                }
            }
            work.as_mut().poll(cx).map(Some)
        })
        .await
    }

    /// Opens a new connection for commands. The commands that the sink wants to be written first are queued before
    /// them.
    fn begin(&self, writer: Option<Writer>, shutdown: Option<Shutdown>, protocol: Protocol) {
        let mut wakers = Vec::new();
        let mut state = self.shared.lock();
        let now = self.shared.now();
        let (idle, patience) = (self.config.idle_ping.map(millis), millis(self.config.ping_timeout));
        state.begin(now, Liveness::new(idle, patience, now));
        state.writer = writer;
        state.shutdown = shutdown;
        state.session.up_with(&self.shared.replay(protocol), &mut wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Drives one connection until its end.
    async fn drive(&self, stream: Stream, protocol: Protocol) -> End {
        // A link that reconnects is not shut down in a drop. No blocking command runs on it, so no abandoned command
        // can take an element from the server.
        let shutdown = match self.lifetime {
            Lifetime::Reconnecting => Ok(None),
            Lifetime::One => stream.shutdown_handle(),
        };
        let shutdown = match shutdown {
            Ok(shutdown) => shutdown,
            Err(error) => return End::Lost(super::read_half::lost(error)),
        };
        let (reader, writer) = stream.split();
        let half = ReadHalf::new(reader, limits(&self.config), self.shared.notices());
        *self.shared.read_half() = Some(half);
        self.begin(writer, shutdown, protocol);
        let mut pump = Pump::new(&self.shared, &self.config);
        let end = poll_fn(|cx| pump.poll(cx)).await;
        *self.shared.read_half() = None;
        end
    }
}

/// Closes the link when the driver is dropped, so that every command fails. A runtime that ends drops the driver, too.
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
