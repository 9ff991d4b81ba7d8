//! The byte streams between a client and a virtual server, and the connector that opens them.
//!
//! Every byte is under control: a write may take any number of bytes, a read may return any number, and a connection may
//! be lost before, within and after each of them. The server may still receive what was written before the loss.

use std::{
    collections::{BTreeSet, VecDeque},
    io,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

use crate::config::{ByteStream, Connecting, Connector, Endpoint};

use super::{
    data::Words,
    server,
    world::{State, World},
};

/// How a lost connection looks to its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The end of the stream, behind the bytes that came before.
    Closed,
    /// An error. Bytes that were not read are gone.
    Reset,
}

/// One connection.
#[derive(Debug, Default)]
pub(super) struct Conn {
    pub(super) node: usize,
    /// Bytes that the socket of the client took and the server has not read.
    pub(super) up: VecDeque<u8>,
    /// Bytes that the server sent and the client has not read.
    pub(super) down: VecDeque<u8>,
    pub(super) end: Option<End>,
    /// The client has dropped its stream.
    pub(super) closed: bool,
    /// The server has done all that it will do.
    pub(super) served: bool,
    /// It is lost when so many more bytes were written, or sent by the server.
    pub(super) cut_up: Option<usize>,
    pub(super) cut_down: Option<usize>,
    /// The server neither reads nor answers any more.
    pub(super) silent: bool,
    /// A flush waits until the server has read everything.
    slow_flush: bool,
    pub(super) reader: Option<Waker>,
    pub(super) writer: Option<Waker>,
    pub(super) server: Option<Waker>,
    /// The commands that writes contained, also if they were not taken.
    offered: BTreeSet<u64>,
    /// Commands that the server has received and not answered.
    pub(super) unanswered: usize,
    // The server's side of the session.
    pub(super) resp3: bool,
    pub(super) greeted: bool,
    pub(super) allowed: bool,
    pub(super) database: usize,
    pub(super) queue: Option<Vec<Words>>,
    pub(super) aborted: bool,
    pub(super) watched: Vec<(String, u64)>,
    pub(super) blocked: bool,
    /// A blocking command came over it.
    pub(super) has_blocked: bool,
}

impl Conn {
    pub(super) fn wake(&mut self) {
        for waker in [&mut self.reader, &mut self.writer, &mut self.server] {
            if let Some(waker) = waker.take() {
                waker.wake();
            }
        }
    }

    /// Whether the client can still receive something.
    pub(super) fn is_open(&self) -> bool {
        self.end.is_none() && !self.closed
    }
}

impl State {
    /// Loses a connection. The server still receives a part of what it has not read.
    pub(super) fn cut(&mut self, index: usize, end: End) {
        if self.conns[index].end.is_some() {
            return;
        }
        self.note(|| format!("conn {index} is lost ({end:?})"));
        self.lose_bytes(index);
        let lost_unread = self.random().percent(50);
        let conn = &mut self.conns[index];
        let name = match conn.unanswered + conn.up.len() {
            0 => "lost while idle",
            _ => "lost after a write",
        };
        if end == End::Reset && lost_unread {
            conn.down.clear();
        }
        conn.end = Some(end);
        conn.wake();
        self.counters.add(name);
    }

    /// Some of the last bytes on their way to the server never arrive.
    fn lose_bytes(&mut self, index: usize) {
        let length = self.conns[index].up.len();
        if self.random().percent(60) {
            let kept = self.random().between(0, length);
            self.conns[index].up.truncate(kept);
        }
    }

    /// Notes the commands in bytes that a client wants to write.
    fn offer(&mut self, index: usize, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let mut numbers = Vec::new();
        // A number in the first piece may be the rest of one whose first digits were written before.
        for (at, _) in text.match_indices('~') {
            let rest = &text[at + 1..];
            if let Some(end) = rest.find('~')
                && let Ok(number) = rest[..end].parse::<u64>()
            {
                numbers.push(number);
            }
        }
        for number in numbers {
            // 0 is the number of commands that are not observed.
            let Some(op) = self.ops.get(number as usize).filter(|_| number > 0) else { continue };
            if !self.conns[index].offered.insert(number) {
                continue;
            }
            let (first, request) = (op.offered.is_none(), op.request);
            if first {
                self.ops[number as usize].offered = Some(self.sequence + 1);
                self.sequence += 1;
            }
            self.counters.add("sends");
            self.note(|| format!("conn {index} begins to write {number}"));
            if self.requests[request].dropped {
                self.violated(format!("command {number} was dropped before its write began, and is written"));
            }
        }
    }

    fn write(&mut self, index: usize, bytes: &[u8], cx: &Context<'_>) -> Poll<io::Result<usize>> {
        self.offer(index, bytes);
        if self.conns[index].end.is_some() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = self.plan.room.saturating_sub(self.conns[index].up.len());
        if room == 0 {
            self.counters.add("full sockets");
            // The TCP user timeout ends a connection whose peer takes no more bytes.
            if self.conns[index].silent {
                self.cut(index, End::Reset);
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.conns[index].writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let mut taken = bytes.len().min(room);
        if self.plan.pieces && self.random().percent(50) {
            taken = self.random().between(1, taken);
        }
        let left = self.conns[index].cut_up;
        if let Some(left) = left {
            taken = taken.min(left);
            self.conns[index].cut_up = Some(left - taken);
        }
        if taken < bytes.len() {
            self.counters.add("partial writes");
        }
        let conn = &mut self.conns[index];
        conn.up.extend(&bytes[..taken]);
        if let Some(waker) = conn.server.take() {
            waker.wake();
        }
        if left.is_some_and(|left| left == taken) {
            if taken < bytes.len() {
                self.counters.add("lost within a write");
            }
            let end = self.random().pick(&[End::Closed, End::Reset]);
            self.cut(index, end);
            if taken == 0 {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
        }
        Poll::Ready(Ok(taken))
    }

    fn read(&mut self, index: usize, buffer: &mut ReadBuf<'_>, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let most = self.conns[index].down.len().min(buffer.remaining());
        if most == 0 {
            let conn = &mut self.conns[index];
            return match conn.end {
                Some(End::Closed) => Poll::Ready(Ok(())),
                Some(End::Reset) => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
                None => {
                    conn.reader = Some(cx.waker().clone());
                    Poll::Pending
                }
            };
        }
        let mut count = most;
        if self.plan.pieces && self.random().percent(50) {
            count = self.random().between(1, most);
        }
        let bytes: Vec<u8> = self.conns[index].down.drain(..count).collect();
        buffer.put_slice(&bytes);
        Poll::Ready(Ok(()))
    }
}

/// The client's side of a connection.
#[derive(Debug)]
struct Wire {
    world: World,
    index: usize,
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.world.lock().read(self.index, buffer, cx)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.world.lock().write(self.index, bytes, cx)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.world.lock();
        let conn = &mut state.conns[self.index];
        if conn.slow_flush && conn.end.is_none() && !conn.up.is_empty() {
            conn.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let mut state = self.world.lock();
        let index = self.index;
        state.note(|| format!("conn {index} is dropped by its client"));
        if state.conns[index].end.is_none() {
            state.lose_bytes(index);
        }
        let conn = &mut state.conns[index];
        conn.closed = true;
        conn.wake();
    }
}

/// Opens connections to the virtual server that is the primary, as far as the world knows.
#[derive(Debug)]
pub(super) struct Dialler(pub(super) World);

impl Connector for Dialler {
    fn connect<'a>(&'a self, _: &'a Endpoint) -> Connecting<'a> {
        Box::pin(async move {
            let delay = match self.0.lock().random().below(4) {
                0 => Duration::from_millis(5),
                _ => Duration::ZERO,
            };
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            match self.0.lock().dial() {
                Dialled::Refused => return Err(io::ErrorKind::ConnectionRefused.into()),
                Dialled::Silent => {}
                Dialled::Open(index) => {
                    tokio::spawn(server::serve(self.0.clone(), index));
                    let stream = Wire { world: self.0.clone(), index };
                    return Ok(Box::new(stream) as Box<dyn ByteStream>);
                }
            }
            std::future::pending().await
        })
    }
}

enum Dialled {
    Refused,
    Silent,
    Open(usize),
}

impl State {
    fn dial(&mut self) -> Dialled {
        let node = self.address;
        let now = Instant::now();
        if self.nodes[node].refuses.is_some_and(|until| now < until) {
            if self.random().percent(20) {
                self.counters.add("dials without an end");
                self.note(|| "a dial meets silence".to_owned());
                return Dialled::Silent;
            }
            self.counters.add("dials refused");
            self.note(|| "a dial is refused".to_owned());
            return Dialled::Refused;
        }
        let mut conn = Conn { node, allowed: !self.plan.password, ..Conn::default() };
        let cuts = if self.healed { 0 } else { self.plan.cuts };
        if self.random().percent(cuts) {
            conn.cut_up = Some(self.random().between(100, 2000));
        }
        if self.random().percent(cuts) {
            conn.cut_down = Some(self.random().between(100, 2000));
        }
        conn.slow_flush = self.random().percent(20);
        self.conns.push(conn);
        self.counters.add("connections");
        let index = self.conns.len() - 1;
        self.note(|| format!("conn {index} is made to server {node}"));
        Dialled::Open(index)
    }
}
