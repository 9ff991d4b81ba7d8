//! The limit: one socket, requests that are encoded before the measurement, and a scan that only finds the ends of
//! replies. A client can be faster only by a little, if it writes larger batches.

use std::io::{Read, Write};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::tls::{Authority, HOST, TlsStream};

/// The size of the read buffer.
const ROOM: usize = 256 * 1024;

/// The size from which a request is sent without a copy. A row does not mix small and large requests.
const LARGE: usize = 64 * 1024;

/// One command as bytes.
pub(crate) fn encode(arguments: &[&[u8]]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", arguments.len()).into_bytes();
    for argument in arguments {
        out.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
        out.extend_from_slice(argument);
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// Finds the ends of replies, resuming where it stopped.
#[derive(Default)]
struct Scan {
    at: usize,
    /// Frames of the current reply that have not ended yet; 0 between replies.
    open: usize,
}

impl Scan {
    /// How many replies end in `bytes` that had not ended before.
    fn replies(&mut self, bytes: &[u8]) -> Result<usize> {
        let mut done = 0;
        while let Some((number, line)) = header(&bytes[self.at..]) {
            self.open = self.open.max(1);
            let mut next = self.at + line;
            match bytes[self.at] {
                b'$' if number >= 0 => {
                    next += number as usize + 2;
                    if next > bytes.len() {
                        break;
                    }
                }
                b'*' => self.open += number.max(0) as usize,
                b'-' => bail!("the server answered {}", String::from_utf8_lossy(&bytes[self.at..next])),
                _ => {}
            }
            self.at = next;
            self.open -= 1;
            if self.open == 0 {
                done += 1;
            }
        }
        Ok(done)
    }
}

/// The number in a header line and the line's length with its end, if the line is whole.
fn header(bytes: &[u8]) -> Option<(i64, usize)> {
    let (mut number, mut minus) = (0_i64, false);
    for (at, byte) in bytes.iter().enumerate().skip(1) {
        match byte {
            b'\n' => return Some((if minus { -number } else { number }, at + 1)),
            b'-' => minus = true,
            b'0'..=b'9' => number = number.wrapping_mul(10).wrapping_add(i64::from(byte - b'0')),
            _ => {}
        }
    }
    None
}

/// The bytes that were read, and how far they are scanned.
struct ReadBuffer {
    bytes: Vec<u8>,
    filled: usize,
    scan: Scan,
}

impl ReadBuffer {
    fn new() -> Self {
        Self { bytes: vec![0; ROOM], filled: 0, scan: Scan::default() }
    }

    /// The free space. Scanned bytes are removed first; the buffer grows for a reply that is larger than the space.
    fn space(&mut self) -> &mut [u8] {
        if self.scan.open == 0 && self.scan.at > 0 {
            self.bytes.copy_within(self.scan.at..self.filled, 0);
            self.filled -= self.scan.at;
            self.scan.at = 0;
        }
        if self.filled == self.bytes.len() {
            self.bytes.resize(self.bytes.len() * 2, 0);
        }
        &mut self.bytes[self.filled..]
    }

    fn advance(&mut self, count: usize) -> Result<usize> {
        ensure!(count > 0, "the server closed the connection");
        self.filled += count;
        self.scan.replies(&self.bytes[..self.filled])
    }
}

/// An asynchronous socket, or TLS over one.
pub(crate) struct Raw<S = TcpStream> {
    stream: S,
    buffer: ReadBuffer,
}

impl Raw<TcpStream> {
    pub(crate) async fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.context("connect the raw socket")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: ReadBuffer::new() })
    }
}

impl Raw<TlsStream> {
    pub(crate) async fn connect_tls(port: u16, authority: &Authority) -> Result<Self> {
        let Raw { stream, buffer } = Raw::connect(port).await?;
        let connector = TlsConnector::from(Arc::new(authority.client_config()?));
        let stream = connector.connect(ServerName::try_from(HOST)?, stream).await.context("handshake")?;
        Ok(Self { stream, buffer })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Raw<S> {
    /// Sends `count` requests in turn, with `window` of them in flight. With `whole`, the window is filled again only when
    /// it is empty, as by a pipeline; otherwise as replies arrive, as by independent tasks.
    pub(crate) async fn run(
        &mut self,
        requests: &[Vec<u8>],
        count: u64,
        window: usize,
        whole: bool,
    ) -> Result<()> {
        let (mut sent, mut answered, mut out) = (0_u64, 0_u64, Vec::new());
        let mut turn = requests.iter().cycle();
        while answered < count {
            if !whole || sent == answered {
                out.clear();
                while sent < count && sent - answered < window as u64 {
                    let request = turn.next().context("no request to send")?;
                    // A copy of a large request would take as long as the client that is measured.
                    if window == 1 || request.len() >= LARGE {
                        self.stream.write_all(request).await?;
                    } else {
                        out.extend_from_slice(request);
                    }
                    sent += 1;
                }
                self.stream.write_all(&out).await?;
                self.stream.flush().await?;
            }
            let read = self.stream.read(self.buffer.space()).await?;
            answered += self.buffer.advance(read)? as u64;
        }
        Ok(())
    }

    /// The bytes of one reply. It is used before the measurement to check that the request asks for the same data.
    pub(crate) async fn reply(&mut self, request: &[u8]) -> Result<Vec<u8>> {
        self.stream.write_all(request).await?;
        self.stream.flush().await?;
        loop {
            let read = self.stream.read(self.buffer.space()).await?;
            if self.buffer.advance(read)? > 0 {
                return Ok(self.buffer.bytes[..self.buffer.filled].to_vec());
            }
        }
    }
}

/// A blocking socket.
pub(crate) struct RawBlocking {
    stream: std::net::TcpStream,
    buffer: ReadBuffer,
}

impl RawBlocking {
    pub(crate) fn connect(port: u16) -> Result<Self> {
        let stream = std::net::TcpStream::connect(("127.0.0.1", port)).context("connect the raw socket")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: ReadBuffer::new() })
    }

    /// One request and its reply.
    pub(crate) fn call(&mut self, request: &[u8]) -> Result<()> {
        self.send(request, 1)
    }

    /// Sends a batch of requests and reads all replies. The harness writes the data with it.
    pub(crate) fn send(&mut self, requests: &[u8], count: usize) -> Result<()> {
        self.stream.write_all(requests)?;
        let mut answered = 0;
        while answered < count {
            let read = self.stream.read(self.buffer.space())?;
            answered += self.buffer.advance(read)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_counted_however_they_arrive() {
        let bytes = b"$3\r\na\r\n\r\n+OK\r\n*2\r\n$1\r\nx\r\n*1\r\n:-7\r\n$-1\r\n*0\r\n";
        let mut scan = Scan::default();
        let one_by_one: usize = (0..=bytes.len()).map(|end| scan.replies(&bytes[..end]).unwrap()).sum();
        assert_eq!(one_by_one, 5);
        assert_eq!(Scan::default().replies(bytes).unwrap(), 5);
    }

    #[test]
    fn an_error_reply_is_an_error() {
        let error = Scan::default().replies(b"-ERR no\r\n").unwrap_err();
        assert!(error.to_string().contains("ERR no"));
    }
}
