//! One connection that the calling thread itself writes to and reads from: no task, no wake-up, two system calls for a
//! command. It does one thing at a time and never reconnects; what is large, or fails, goes another way.

#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::{
    io::{ErrorKind as Io, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};

use crate::{
    config::Config,
    error::{Error, ErrorKind, Execution, Result, TimeoutKind},
    resp::{Limits, Scanner, encode::header, regular},
    session::{Outgoing, ReplyBuf, SMALL},
};

use super::{connect::connect, stream::Stream};

/// What one read asks the kernel for.
const READ: usize = 16 << 10;
/// Commands up to here fit into any socket buffer, so that writing never waits for the reader on the other side.
const LARGEST: usize = 8 << 10;
/// After so long a pause the connection is looked at before it is used: the server may have closed it.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection of the calling thread's own.
#[derive(Debug)]
pub(crate) struct Direct {
    socket: Socket,
    endpoint: String,
    out: Vec<u8>,
    buffer: BytesMut,
    scratch: Box<[u8]>,
    scanner: Scanner,
    timeout: Option<Duration>,
    last_used: Instant,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl Direct {
    /// Connects, in a runtime, and leaves it; `None` with TLS and with a custom stream, which are no plain sockets.
    pub(crate) async fn connect(config: &Config) -> Result<Option<Self>> {
        if config.tls.is_some() || config.connector.is_some() {
            return Ok(None);
        }
        let plain = |error| Error::io("making the connection blocking", error);
        let socket = match connect(config).await? {
            Stream::Tcp(stream) => Socket::Tcp(stream.into_std().map_err(plain)?),
            #[cfg(unix)]
            Stream::Unix(stream) => Socket::Unix(stream.into_std().map_err(plain)?),
            #[cfg(feature = "tls")]
            Stream::Tls(_) => return Ok(None),
            Stream::Custom(_) => return Ok(None),
        };
        socket.set_nonblocking(false).map_err(plain)?;
        socket.set_timeout(config.command_timeout).map_err(plain)?;
        let limits = Limits { bulk: config.max_bulk, reply: config.max_reply, depth: config.max_depth };
        Ok(Some(Self {
            socket,
            endpoint: config.endpoint.to_string(),
            out: Vec::new(),
            buffer: BytesMut::with_capacity(READ),
            scratch: vec![0; READ].into_boxed_slice(),
            scanner: Scanner::new(limits),
            timeout: config.command_timeout,
            last_used: Instant::now(),
        }))
    }

    /// Whether the command is of the kind that goes this way.
    #[inline]
    pub(crate) fn takes(out: &Outgoing<'_>) -> bool {
        out.body.len() <= LARGEST && out.parts == 1
    }

    /// Sends a command, now, which is `start`, and waits for its reply. After an error the connection must not be used
    /// again.
    pub(crate) fn exchange(&mut self, out: &Outgoing<'_>, start: Instant) -> Result<ReplyBuf> {
        if start.saturating_duration_since(self.last_used) > PAUSE {
            self.look()?;
        }
        if !self.buffer.is_empty() {
            self.pass_over()?;
        }
        self.out.clear();
        if out.args > 0 {
            header(&mut self.out, out.args);
        }
        self.out.extend_from_slice(out.body);
        self.write()?;
        // Of its beginning, which spares a look at the clock: a pause seems longer by what the command takes.
        self.last_used = start;
        match self.read_at_once()? {
            Some(reply) => Ok(reply),
            None => self.read(start),
        }
    }

    /// Whether the connection still stands after a pause; what came meanwhile is in the buffer.
    #[cold]
    fn look(&mut self) -> Result<()> {
        match self.socket.read_waiting(&mut self.scratch) {
            Ok(Some(read @ 1..)) => self.buffer.extend_from_slice(&self.scratch[..read]),
            Ok(None) => {}
            Ok(Some(0)) | Err(_) => {
                return Err(self.lost("the server closed it while it was idle", Execution::NotSent));
            }
        }
        Ok(())
    }

    /// What came behind the last reply: messages of the server's own are passed over. A reply that nobody asked for must
    /// not be taken for the next command's.
    #[cold]
    fn pass_over(&mut self) -> Result<()> {
        while let Some(frame) = self.scan().map_err(|error| error.with_execution(Execution::NotSent))? {
            if !frame.push {
                return Err(self.unasked());
            }
            drop(self.buffer.split_to(frame.end));
        }
        // The beginning of a message is completed by what comes next.
        if self.buffer.first().is_some_and(|kind| *kind != b'>') { Err(self.unasked()) } else { Ok(()) }
    }

    #[cold]
    fn unasked(&self) -> Error {
        self.lost("the server sent a reply that no command asked for", Execution::NotSent)
    }

    fn write(&mut self) -> Result<()> {
        let mut written = 0;
        while written < self.out.len() {
            match self.socket.write(&self.out[written..]) {
                Ok(more) => written += more,
                Err(error) if error.kind() == Io::Interrupted => {}
                // A command that is not whole cannot run.
                Err(error) => {
                    return Err(self.lost(&error.to_string(), Execution::NotSent).with_source(error));
                }
            }
        }
        Ok(())
    }

    /// The usual case: one read brings the reply, whole, and nothing else. Then it is found where it was read to. What
    /// else came is in the buffer.
    #[inline]
    fn read_at_once(&mut self) -> Result<Option<ReplyBuf>> {
        if !self.buffer.is_empty() {
            return Ok(None);
        }
        let outcome = self.socket.read_some(&mut self.scratch);
        let read = self.received(outcome)?;
        let bytes = &self.scratch[..read];
        match self.scanner.frame(bytes) {
            Ok(Some(frame)) if frame.end == read && !frame.push && !frame.irregular => {
                Ok(Some(if read <= SMALL {
                    ReplyBuf::small(bytes)
                } else {
                    ReplyBuf::Whole(Bytes::copy_from_slice(bytes))
                }))
            }
            // Where it is not whole, the scan goes on where it stopped; else it is done again, in the buffer.
            Ok(_) => {
                self.buffer.extend_from_slice(bytes);
                Ok(None)
            }
            Err(error) => Err(self.garbage(error)),
        }
    }

    fn read(&mut self, start: Instant) -> Result<ReplyBuf> {
        loop {
            while let Some(frame) = self.scan()? {
                let bytes = self.buffer.split_to(frame.end);
                if frame.push {
                    continue;
                }
                return Ok(if frame.irregular {
                    ReplyBuf::Whole(Bytes::from(regular(&bytes)?))
                } else if bytes.len() <= SMALL {
                    ReplyBuf::small(&bytes)
                } else {
                    ReplyBuf::Whole(bytes.freeze())
                });
            }
            if self.timeout.is_some_and(|timeout| start.elapsed() >= timeout) {
                return Err(timed_out());
            }
            self.fill()?;
        }
    }

    fn scan(&mut self) -> Result<Option<crate::resp::Frame>> {
        if self.buffer.is_empty() {
            return Ok(None);
        }
        self.scanner.frame(&self.buffer).map_err(|error| self.garbage(error))
    }

    /// What came is no reply: whether the command ran, nobody knows.
    #[cold]
    fn garbage(&self, error: Error) -> Error {
        error
            .context(format_args!("connection to {}", self.endpoint))
            .with_execution(Execution::MaybeExecuted)
    }

    /// Reads what there is, at least one byte.
    fn fill(&mut self) -> Result<()> {
        let missing = self.scanner.missing(&self.buffer);
        let outcome = if missing <= READ {
            // The usual case: no room has to be cleared for what comes.
            let outcome = self.socket.read_some(&mut self.scratch);
            self.buffer.extend_from_slice(&self.scratch[..outcome.as_ref().map_or(0, |read| *read)]);
            outcome
        } else {
            // A length is only a claim: never more than doubles.
            let have = self.buffer.len();
            self.buffer.resize(have + missing.min(have.max(1 << 20)), 0);
            let outcome = self.socket.read_some(&mut self.buffer[have..]);
            self.buffer.truncate(have + outcome.as_ref().map_or(0, |read| *read));
            outcome
        };
        self.received(outcome).map(drop)
    }

    /// How many bytes came: at least one.
    #[inline]
    fn received(&self, outcome: std::io::Result<usize>) -> Result<usize> {
        match outcome {
            Ok(0) => Err(self.lost("the server closed it", Execution::MaybeExecuted)),
            Ok(read) => Ok(read),
            Err(error) if matches!(error.kind(), Io::WouldBlock | Io::TimedOut) => Err(timed_out()),
            Err(error) => Err(self.lost(&error.to_string(), Execution::MaybeExecuted).with_source(error)),
        }
    }

    #[cold]
    fn lost(&self, why: &str, execution: Execution) -> Error {
        let text = format!("connection to {}: {why}", self.endpoint);
        Error::new(ErrorKind::Disconnected, Execution::NotSent, text).with_execution(execution)
    }
}

#[cold]
fn timed_out() -> Error {
    Error::new(
        ErrorKind::Timeout(TimeoutKind::Command),
        Execution::NotSent,
        "timed out waiting for the reply",
    )
    .with_execution(Execution::MaybeExecuted)
}

impl Socket {
    fn read_some(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            match self.read(buffer) {
                Err(error) if error.kind() == Io::Interrupted => {}
                other => return other,
            }
        }
    }

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

    /// What is there already, without waiting for it; `None` where that is nothing, 0 bytes at the end of all.
    fn read_waiting(&mut self, buffer: &mut [u8]) -> std::io::Result<Option<usize>> {
        self.set_nonblocking(true)?;
        let outcome = self.read_some(buffer);
        self.set_nonblocking(false)?;
        match outcome {
            Err(error) if error.kind() == Io::WouldBlock => Ok(None),
            other => other.map(Some),
        }
    }
}
