//! The limit: one socket, bytes made beforehand, and a scan that finds where replies end and nothing more. No client
//! can be faster by much (one that writes larger batches can be, a little).

use std::io::{Read, Write};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Room for what one read brings.
const ROOM: usize = 256 * 1024;

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

/// What arrived and how far it is scanned.
struct Inbox {
    bytes: Vec<u8>,
    filled: usize,
    scan: Scan,
}

impl Inbox {
    fn new() -> Self {
        Self { bytes: vec![0; ROOM], filled: 0, scan: Scan::default() }
    }

    /// Free space; what is scanned is dropped first, and a reply larger than the space makes it grow.
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

    fn arrived(&mut self, count: usize) -> Result<usize> {
        ensure!(count > 0, "the server closed the connection");
        self.filled += count;
        self.scan.replies(&self.bytes[..self.filled])
    }
}

/// An asynchronous socket.
pub(crate) struct Raw {
    stream: TcpStream,
    inbox: Inbox,
}

impl Raw {
    pub(crate) async fn connect(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.context("connect the raw socket")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, inbox: Inbox::new() })
    }

    /// Sends `count` of the requests in turn, `window` of them in flight. `whole`: the window is refilled only when
    /// it is empty, as a pipeline is; else as replies arrive, as independent tasks do.
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
                    out.extend_from_slice(turn.next().context("no request to send")?);
                    sent += 1;
                }
                self.stream.write_all(&out).await?;
            }
            let read = self.stream.read(self.inbox.space()).await?;
            answered += self.inbox.arrived(read)? as u64;
        }
        Ok(())
    }

    /// The bytes of one reply: to see, before anything is measured, that the request asks for what the others read.
    pub(crate) async fn reply(&mut self, request: &[u8]) -> Result<Vec<u8>> {
        self.stream.write_all(request).await?;
        loop {
            let read = self.stream.read(self.inbox.space()).await?;
            if self.inbox.arrived(read)? > 0 {
                return Ok(self.inbox.bytes[..self.inbox.filled].to_vec());
            }
        }
    }
}

/// A blocking socket.
pub(crate) struct RawBlocking {
    stream: std::net::TcpStream,
    inbox: Inbox,
}

impl RawBlocking {
    pub(crate) fn connect(port: u16) -> Result<Self> {
        let stream = std::net::TcpStream::connect(("127.0.0.1", port)).context("connect the raw socket")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, inbox: Inbox::new() })
    }

    /// One request and its reply.
    pub(crate) fn call(&mut self, request: &[u8]) -> Result<()> {
        self.send(request, 1)
    }

    /// A batch of requests and all its replies: the harness seeds with it.
    pub(crate) fn send(&mut self, requests: &[u8], count: usize) -> Result<()> {
        self.stream.write_all(requests)?;
        let mut answered = 0;
        while answered < count {
            let read = self.stream.read(self.inbox.space())?;
            answered += self.inbox.arrived(read)?;
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
