//! The task of one link. It drives the connection, and makes a new one when the connection is lost.

use std::{
    future::{Future, poll_fn},
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use bytes::BytesMut;

use crate::{
    config::{Config, Protocol, millis},
    error::Error,
    session::{Liveness, Notices, ReplyDemux, Tick, limits},
};

use super::{
    connect::connect,
    jitter::random,
    pump::{End, Pump},
    read_half::{ReadHalf, closed},
    runtime::Runtime,
    shared::{Lifetime, Shared},
    stream::{Detached, Shutdown, Stream, Writer},
    wake::wake_all,
};

/// The longest time between two checks of the deadlines while there is no connection, in milliseconds.
const IDLE: Tick = 60_000;

/// The longest wait for another thread that writes, when the runtime ends.
const WRITE: Duration = Duration::from_secs(1);

/// The driver of one link.
#[derive(Debug)]
pub(super) struct Driver {
    shared: Arc<Shared>,
    config: Arc<Config>,
    lifetime: Lifetime,
}

/// What a driver begins with.
enum Start {
    New(Stream, Protocol),
    /// A connection that another runtime has driven before.
    Moved(Box<Moved>),
    /// No connection.
    Lost,
}

impl Driver {
    /// Starts the task that drives the link in `runtime`.
    pub(super) fn start(
        shared: Arc<Shared>,
        config: Arc<Config>,
        lifetime: Lifetime,
        (stream, protocol): (Stream, Protocol),
        runtime: &Runtime,
    ) {
        let driver = Self { shared, config, lifetime };
        driver.spawn(Start::New(stream, protocol), runtime);
    }

    fn spawn(self, start: Start, runtime: &Runtime) {
        let Self { shared, config, lifetime } = &self;
        let abandoned = Abandoned {
            shared: shared.clone(),
            config: config.clone(),
            lifetime: *lifetime,
            runtime: runtime.clone(),
        };
        runtime.spawn(self.supervise(start, abandoned));
    }

    /// Runs the driver again after each panic, because it calls code of a user that may panic (the wakers of an
    /// executor). After a panic, the commands in flight fail and a new connection is made.
    async fn supervise(self, mut start: Start, _abandoned: Abandoned) {
        let mut attempt = 0;
        while let Err(panic) = caught(self.run(mem::replace(&mut start, Start::Lost), attempt)).await {
            let error = closed(&format!("a waker or another callback panicked: {panic}"));
            attempt = if self.shared.lock().has_answered { 0 } else { attempt.saturating_add(1) };
            // The commands of these wakers may have their replies already.
            let half = self.shared.read_half().take();
            let mut wakers = half.map_or_else(Vec::new, |half| half.wakers);
            drop(catch_unwind(AssertUnwindSafe(|| wake_all(&mut wakers))));
            // These wakers may panic, too. The connection is lost before they are woken.
            match catch_unwind(AssertUnwindSafe(|| self.is_last(error))) {
                Ok(false) | Err(_) => {}
                Ok(true) => break,
            }
        }
    }

    /// Runs until the handle is dropped, or until no new connection will be made.
    async fn run(&self, start: Start, mut attempt: u32) {
        let mut end = match start {
            Start::New(stream, protocol) => Some(self.drive(stream, protocol).await),
            Start::Moved(moved) => Some(self.go_on_with(moved).await),
            Start::Lost => None,
        };
        loop {
            if let Some(end) = end {
                if self.shared.lock().has_answered {
                    attempt = 0;
                }
                match end {
                    End::Closed => return,
                    End::Redial => self.lose(&closed("the connection was replaced by a new one")),
                    End::Lost(error) => {
                        if self.is_last(error) {
                            return;
                        }
                    }
                }
            }
            let Some((stream, protocol)) = self.next_stream(&mut attempt).await else { return };
            end = Some(self.drive(stream, protocol).await);
        }
    }

    /// Handles the loss of a connection. Returns whether no other follows.
    fn is_last(&self, error: Error) -> bool {
        let error = error.context(format_args!("connection to {}", self.config.endpoint));
        tracing::debug!(%error, "connection lost");
        if self.lifetime == Lifetime::One {
            self.shared.close(&error);
            return true;
        }
        self.lose(&error);
        false
    }

    fn lose(&self, error: &Error) {
        self.shared.lose(error);
    }

    /// Returns the next connection. `None` if the handle was dropped, or if the reconnect policy allows no further
    /// attempt.
    async fn next_stream(&self, attempt: &mut u32) -> Option<(Stream, Protocol)> {
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
                wake_all(&mut wakers);
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
        wake_all(&mut wakers);
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
        self.pump().await
    }

    /// Drives a connection that another runtime has driven before, until its end.
    async fn go_on_with(&self, moved: Box<Moved>) -> End {
        match moved.attach() {
            Ok((half, writer)) => {
                *self.shared.read_half() = Some(half);
                self.shared.lock().writer = writer;
                self.pump().await
            }
            Err(error) => End::Lost(super::read_half::lost(error)),
        }
    }

    async fn pump(&self) -> End {
        let mut pump = Pump::new(&self.shared, &self.config);
        let end = poll_fn(|cx| pump.poll(cx)).await;
        *self.shared.read_half() = None;
        end
    }
}

/// What becomes of the link when the task of its driver is dropped before its end, because its runtime ends.
#[derive(Debug)]
struct Abandoned {
    shared: Arc<Shared>,
    config: Arc<Config>,
    lifetime: Lifetime,
    runtime: Runtime,
}

/// A connection on its way to another runtime: everything but the socket stays as it was.
struct Moved {
    socket: Detached,
    buffer: BytesMut,
    demux: ReplyDemux,
    notices: Notices,
}

impl Moved {
    fn attach(self) -> std::io::Result<(ReadHalf, Option<Writer>)> {
        let (reader, writer) = self.socket.attach()?;
        let Self { buffer, demux, notices, .. } = self;
        Ok((ReadHalf { reader, buffer, demux, wakers: Vec::new(), notices }, writer))
    }
}

impl Abandoned {
    /// A link that reconnects goes on in the lasting runtime, if possible with its connection, so that the commands in
    /// flight get their replies.
    fn move_on(&self) -> std::io::Result<()> {
        self.runtime.move_on()?;
        let start = match self.take_connection() {
            Some(moved) => Start::Moved(Box::new(moved)),
            None => {
                self.shared.lose(&closed("the runtime that the client was connected in has ended"));
                Start::Lost
            }
        };
        let (shared, config) = (self.shared.clone(), self.config.clone());
        Driver { shared, config, lifetime: self.lifetime }.spawn(start, &self.runtime);
        Ok(())
    }

    fn take_connection(&self) -> Option<Moved> {
        let half = self.shared.read_half().take()?;
        if half.reader.is_joined() {
            return None;
        }
        let start = Instant::now();
        let writer = loop {
            let mut state = self.shared.lock();
            let (writer, waker) = (state.writer.take(), state.driver.take());
            drop(state);
            drop(waker);
            match writer {
                Some(writer) => break writer,
                // Another thread writes. It does not wait for the socket, so it ends soon.
                None if start.elapsed() < WRITE => std::thread::yield_now(),
                None => return None,
            }
        };
        let ReadHalf { reader, buffer, demux, notices, mut wakers } = half;
        wake_all(&mut wakers);
        Some(Moved { socket: Detached::of(reader, writer)?, buffer, demux, notices })
    }
}

impl Drop for Abandoned {
    fn drop(&mut self) {
        let goes_on =
            self.lifetime == Lifetime::Reconnecting && !std::thread::panicking() && self.shared.is_wanted();
        if goes_on && self.move_on().is_ok() {
            return;
        }
        *self.shared.read_half() = None;
        self.shared.close(&closed(
            "the connection is closed: its client was dropped, or the runtime that it was connected in has ended",
        ));
    }
}

/// Runs work to its end. An error is the message of a panic in it.
async fn caught(work: impl Future<Output = ()>) -> Result<(), String> {
    let mut work = pin!(work);
    let polled = poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
        Ok(polled) => polled.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    });
    polled.await.map_err(|panic| match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (None, Some(text)) => text.clone(),
        (None, None) => "no message".to_owned(),
    })
}
