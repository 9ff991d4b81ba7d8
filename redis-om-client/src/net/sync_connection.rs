//! One connection that the calling thread itself writes to and reads from. A command needs no task, no switch between
//! threads, and two system calls. The connection runs one command at a time and never reconnects.
//!
//! It serves the benchmark row `seq-blocking`. It bypasses the driver only. [`Session`] and [`ReplyDemux`] keep the
//! order, the framing, the limits and the count of sent bytes, as they do for the driver.

#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::{
    io::{ErrorKind as Io, Read, Write},
    net::TcpStream,
    task::Waker,
    time::{Duration, Instant},
};

use bytes::BytesMut;

use crate::{
    config::Config,
    error::{Error, ErrorKind, Execution, Result, TimeoutKind},
    session::{Bounds, Notices, Outgoing, ReplyBuf, ReplyDemux, Session, Ticket, limits},
};

use super::{connect::connect, stream::Stream};

/// The number of bytes that one read asks the kernel for.
const READ: usize = 16 << 10;
/// In bytes. A command up to this size fits into any socket buffer, so its write never waits until the server reads.
const LARGEST: usize = 8 << 10;
/// After a longer pause than this, the connection is checked before it is used: the server may have closed it.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection that the calling thread drives by itself.
#[derive(Debug)]
pub(crate) struct SyncConnection {
    socket: Socket,
    endpoint: String,
    session: Session,
    demux: ReplyDemux,
    buffer: BytesMut,
    scratch: Box<[u8]>,
    notices: Notices,
    wakers: Vec<Waker>,
    timeout: Option<Duration>,
    last_used: Instant,
    /// The connection must not be used again.
    broken: bool,
    /// The timeout of the socket differs from the timeout of commands, and must be set before the next command.
    is_shortened: bool,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl SyncConnection {
    /// Connects inside a tokio runtime, and takes the socket out of the runtime. Returns `None` with TLS and with a
    /// custom stream, since they are not plain sockets.
    pub(crate) async fn connect(config: &Config) -> Result<Option<Self>> {
        if config.tls.is_some() || config.connector.is_some() {
            return Ok(None);
        }
        let plain = |error| Error::io("making the connection blocking", error);
        let socket = match connect(config).await?.0 {
            Stream::Tcp(stream) => Socket::Tcp(stream.into_std().map_err(plain)?),
            #[cfg(unix)]
            Stream::Unix(stream) => Socket::Unix(stream.into_std().map_err(plain)?),
            #[cfg(feature = "tls")]
            Stream::Tls(_) => return Ok(None),
            Stream::Custom(_) => return Ok(None),
        };
        socket.set_nonblocking(false).map_err(plain)?;
        socket.set_timeout(config.command_timeout).map_err(plain)?;
        let mut session = Session::new(Bounds {
            bytes: config.queue_budget,
            commands: config.queue_commands,
            when_full: config.when_full,
        });
        let mut wakers = Vec::new();
        session.up(&mut wakers);
        Ok(Some(Self {
            socket,
            endpoint: config.endpoint.to_string(),
            session,
            demux: ReplyDemux::new(limits(config)),
            buffer: BytesMut::with_capacity(READ),
            scratch: vec![0; READ].into_boxed_slice(),
            // This connection has no subscriptions, so it needs no sink.
            notices: Notices::default(),
            wakers,
            timeout: config.command_timeout,
            last_used: Instant::now(),
            broken: false,
            is_shortened: false,
        }))
    }

    /// Whether this connection takes the command: it must be a single command, and small.
    #[inline]
    pub(crate) fn takes(out: &Outgoing<'_>) -> bool {
        out.len() <= LARGEST && out.parts == 1
    }

    /// How long the connection has not been used.
    pub(crate) fn idle(&self) -> Duration {
        self.last_used.elapsed()
    }

    /// Sends a command and waits for its reply. `start` is the current time. After an error the connection must not be
    /// used again.
    pub(crate) fn exchange(&mut self, out: &Outgoing<'_>, start: Instant) -> Result<ReplyBuf> {
        if self.broken || self.has_unasked() {
            return Err(self.lost("the server sent a reply that no command asked for"));
        }
        if start.saturating_duration_since(self.last_used) > PAUSE {
            self.look()?;
        }
        if self.is_shortened {
            self.set_socket_timeout(self.timeout)?;
        }
        // This is the start of the command, not its end, which saves one clock reading. The next pause seems longer by
        // the duration of the command.
        self.last_used = start;
        let mut ticket = Ticket::New;
        // The timeouts of the socket replace the deadline.
        let out = Outgoing { timeout: None, ..*out };
        self.session.submit(&mut ticket, out, 0, Waker::noop())?;
        match self.write(start).and_then(|()| self.read(&mut ticket, start)) {
            Ok(Some(reply)) => Ok(reply),
            Ok(None) => self.fail(&mut ticket, &self.lost("the command was not queued")),
            Err(error) => self.fail(&mut ticket, &error),
        }
    }

    /// Sends a `PING` and waits for the answer no longer than `patience`.
    pub(crate) fn ping(&mut self, ping: &Outgoing<'_>, patience: Duration) -> Result<()> {
        let usual = self.timeout.replace(patience);
        self.set_socket_timeout(self.timeout)?;
        let outcome = self.exchange(ping, Instant::now()).map(drop);
        self.timeout = usual;
        self.set_socket_timeout(usual)?;
        outcome
    }

    fn set_socket_timeout(&mut self, timeout: Option<Duration>) -> Result<()> {
        self.is_shortened = timeout != self.timeout;
        let set = self.socket.set_timeout(timeout);
        set.map_err(|error| self.lost("the timeout of its socket cannot be set").with_source(error))
    }

    /// Whether the buffer has bytes that are not a push message. Such bytes belong to no command.
    #[inline]
    fn has_unasked(&self) -> bool {
        self.buffer.first().is_some_and(|kind| *kind != b'>')
    }

    /// Returns the reply if it came before the failure. Otherwise returns the error. The session adds whether the
    /// command may have run.
    #[cold]
    fn fail(&mut self, ticket: &mut Ticket, error: &Error) -> Result<ReplyBuf> {
        self.broken = true;
        self.session.lose(error, &mut self.wakers);
        match self.session.reply(ticket, Waker::noop()) {
            Some(outcome) => outcome,
            None => Err(error.clone()),
        }
    }

    /// Checks after a pause that the server has not closed the connection. Messages that came meanwhile are delivered.
    #[cold]
    fn look(&mut self) -> Result<()> {
        match self.socket.read_waiting(&mut self.scratch) {
            Ok(Some(read @ 1..)) => {
                self.buffer.extend_from_slice(&self.scratch[..read]);
                self.deliver()
            }
            Ok(None) => Ok(()),
            Ok(Some(0)) | Err(_) => Err(self.lost("the server closed it while it was idle")),
        }
    }

    fn write(&mut self, start: Instant) -> Result<()> {
        let bytes = self.session.output();
        let mut written = 0;
        while written < bytes.len() {
            match self.socket.write(&bytes[written..]) {
                Ok(more) => written += more,
                Err(error)
                    if error.kind() == Io::Interrupted
                        && self.timeout.is_none_or(|timeout| start.elapsed() < timeout) => {}
                Err(error) => {
                    self.session.wrote(written, None);
                    return Err(self.lost(&error.to_string()).with_source(error));
                }
            }
        }
        self.session.wrote(written, Some(bytes));
        Ok(())
    }

    fn read(&mut self, ticket: &mut Ticket, start: Instant) -> Result<Option<ReplyBuf>> {
        let mut is_later = false;
        while let Ticket::Queued(_) = ticket {
            match self.session.reply(ticket, Waker::noop()) {
                Some(outcome) => return outcome.map(Some),
                None => {
                    self.fill(start, is_later)?;
                    self.deliver()?;
                    is_later = true;
                }
            }
        }
        Ok(None)
    }

    fn deliver(&mut self) -> Result<()> {
        if self.demux.scan(&self.buffer).map_err(|error| self.named(error))? {
            let Self { demux, buffer, session, wakers, notices, .. } = self;
            demux.deliver(buffer, session, wakers, notices).map_err(|error| self.named(error))?;
        }
        Ok(())
    }

    /// Reads the available bytes, and waits until there is at least one.
    fn fill(&mut self, start: Instant, is_later: bool) -> Result<()> {
        // The timeout of the socket starts again with each read. Only the first read has the whole timeout.
        if is_later && let Some(timeout) = self.timeout {
            let left = timeout.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Err(timed_out());
            }
            self.set_socket_timeout(Some(left))?;
        }
        let missing = self.demux.missing(&self.buffer);
        let outcome = if missing <= READ {
            // The usual case: a read into `scratch` needs no new room that is filled with zeros first.
            let outcome = self.socket.read(&mut self.scratch);
            self.buffer.extend_from_slice(&self.scratch[..outcome.as_ref().map_or(0, |read| *read)]);
            outcome
        } else {
            // The length that a server sends may be wrong, so the buffer at most doubles, or grows by 1 MiB.
            let have = self.buffer.len();
            self.buffer.resize(have + missing.min(have.max(1 << 20)), 0);
            let outcome = self.socket.read(&mut self.buffer[have..]);
            self.buffer.truncate(have + outcome.as_ref().map_or(0, |read| *read));
            outcome
        };
        match outcome {
            Ok(0) => Err(self.lost("the server closed it")),
            // A signal ended the read. The next read has only the time that is left.
            Err(error) if error.kind() == Io::Interrupted => Ok(()),
            Ok(_) => Ok(()),
            Err(error) if matches!(error.kind(), Io::WouldBlock | Io::TimedOut) => Err(timed_out()),
            Err(error) => Err(self.lost(&error.to_string()).with_source(error)),
        }
    }

    #[cold]
    fn named(&self, error: Error) -> Error {
        error.context(format_args!("connection to {}", self.endpoint))
    }

    /// The session adds whether the command may have run.
    #[cold]
    fn lost(&self, why: &str) -> Error {
        let text = format!("connection to {}: {why}", self.endpoint);
        Error::new(ErrorKind::Disconnected, Execution::NotSent, text)
    }
}

/// The session adds whether the command may have run.
#[cold]
fn timed_out() -> Error {
    Error::new(
        ErrorKind::Timeout(TimeoutKind::Command),
        Execution::NotSent,
        "timed out waiting for the reply",
    )
}

impl Socket {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            #[cfg(unix)]
            Self::Unix(stream) => stream.read(buffer),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            #[cfg(unix)]
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    fn set_nonblocking(&self, nonblocking: bool) -> std::io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_nonblocking(nonblocking),
            #[cfg(unix)]
            Self::Unix(stream) => stream.set_nonblocking(nonblocking),
        }
    }

    fn set_timeout(&self, timeout: Option<Duration>) -> std::io::Result<()> {
        match self {
            Self::Tcp(stream) => {
                stream.set_read_timeout(timeout)?;
                stream.set_write_timeout(timeout)
            }
            #[cfg(unix)]
            Self::Unix(stream) => {
                stream.set_read_timeout(timeout)?;
                stream.set_write_timeout(timeout)
            }
        }
    }

    /// Reads the bytes that have already come, without waiting. Returns `None` if there are none, and 0 at the end of
    /// the stream.
    fn read_waiting(&mut self, buffer: &mut [u8]) -> std::io::Result<Option<usize>> {
        self.set_nonblocking(true)?;
        let outcome = self.read(buffer);
        self.set_nonblocking(false)?;
        match outcome {
            Err(error) if matches!(error.kind(), Io::WouldBlock | Io::Interrupted) => Ok(None),
            other => other.map(Some),
        }
    }
}
