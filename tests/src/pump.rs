//! Passes the bytes of one connection through the proxy, and injects the faults.

use std::{
    io,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    net::TcpStream,
    sync::{Mutex as Turn, watch},
};

use crate::proxy::{Shared, State};

/// The fault of a trap.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The bytes never reach the server: the connection is closed at once.
    CutBefore,
    /// The same, with a reset.
    ResetBefore,
    /// The server runs the command. When it answers, the connection is closed and the answer is lost.
    LoseReply,
    /// This number of bytes of the answer passes, then the connection is closed.
    Truncate(usize),
    /// The server runs the command, but no more bytes reach the client; the connection stays open.
    Silence,
    /// The bytes reach the server after this delay.
    Delay(Duration),
    /// The bytes do not reach the server. The client gets these bytes instead of an answer.
    Replace(Vec<u8>),
    /// The same, and then the connection is closed.
    ReplaceThenClose(Vec<u8>),
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// With a FIN.
    Closed,
    /// With a reset (RST).
    Reset,
}

/// What happens to the answers of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answers {
    Pass,
    /// This number of bytes passes, then the connection is closed.
    Bytes(usize),
    Swallow,
}

struct Connection<'a> {
    client: &'a TcpStream,
    server: &'a TcpStream,
    shared: &'a Shared,
    answers: Mutex<Answers>,
    /// Locked while bytes are passed on, if the proxy handles one direction at a time.
    turn: Turn<()>,
}

/// Passes bytes on until a side or a fault closes the connection.
pub(crate) async fn run(client: &TcpStream, server: &TcpStream, number: u64, shared: &Shared) {
    let answers = Mutex::new(Answers::Pass);
    let connection = Connection { client, server, shared, answers, turn: Turn::new(()) };
    let end = tokio::select! {
        end = connection.up() => end,
        end = connection.down() => end,
        end = cut(shared.state.subscribe(), number) => end,
    };
    if end == End::Reset {
        client.set_zero_linger().ok();
    }
}

async fn cut(mut state: watch::Receiver<State>, number: u64) -> End {
    match state.wait_for(|state| number <= state.cut.0).await {
        Ok(state) => state.cut.1.unwrap_or(End::Closed),
        Err(_) => End::Closed,
    }
}

impl Connection<'_> {
    /// From the client to the server. The bytes of a needle may arrive in two reads, so the end of the last read is
    /// kept.
    async fn up(&self) -> End {
        let mut chunk = vec![0; self.shared.piece];
        let mut seen = Vec::new();
        loop {
            let Ok(length) = self.next(self.client, &mut chunk).await else { return End::Closed };
            let bytes = &chunk[..length];
            seen.extend_from_slice(bytes);
            if let Some(trap) = self.shared.trapped(&seen) {
                seen.clear();
                let end = self.spring(&trap.fault, bytes).await;
                trap.sprung.send(()).ok();
                if let Some(end) = end {
                    return end;
                }
            } else {
                seen.drain(..seen.len().saturating_sub(64));
                if self.pass(self.server, bytes).await.is_err() {
                    return End::Closed;
                }
            }
            self.shared.counts.send_modify(|counts| counts.up += length as u64);
        }
    }

    async fn spring(&self, fault: &Fault, bytes: &[u8]) -> Option<End> {
        match fault {
            Fault::CutBefore => return Some(End::Closed),
            Fault::ResetBefore => return Some(End::Reset),
            Fault::LoseReply => self.answer(Answers::Bytes(0)),
            Fault::Truncate(bytes) => self.answer(Answers::Bytes(*bytes)),
            Fault::Silence => self.answer(Answers::Swallow),
            Fault::Delay(time) => tokio::time::sleep(*time).await,
            Fault::Replace(instead) => {
                return self.pass(self.client, instead).await.err().map(|_| End::Closed);
            }
            Fault::ReplaceThenClose(instead) => {
                self.pass(self.client, instead).await.ok();
                return Some(End::Closed);
            }
        }
        self.pass(self.server, bytes).await.err().map(|_| End::Closed)
    }

    /// From the server to the client.
    async fn down(&self) -> End {
        let mut chunk = vec![0; self.shared.piece];
        loop {
            let Ok(length) = self.next(self.server, &mut chunk).await else { return End::Closed };
            let answers = *self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            let passing = match answers {
                Answers::Pass => length,
                Answers::Bytes(left) => left.min(length),
                Answers::Swallow => 0,
            };
            if self.pass(self.client, &chunk[..passing]).await.is_err() {
                return End::Closed;
            }
            self.shared.counts.send_modify(|counts| counts.down += passing as u64);
            if let Answers::Bytes(left) = answers {
                if passing == left {
                    return End::Closed;
                }
                self.answer(Answers::Bytes(left - passing));
            }
        }
    }

    fn answer(&self, answers: Answers) {
        *self.answers.lock().unwrap_or_else(PoisonError::into_inner) = answers;
    }

    /// Reads the available bytes, when nothing is stalled. An error means that the other side has closed.
    async fn next(&self, from: &TcpStream, chunk: &mut [u8]) -> io::Result<usize> {
        let mut state = self.shared.state.subscribe();
        loop {
            from.readable().await?;
            if state.wait_for(|state| !state.stalled).await.is_err() {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            let _turn = match self.shared.lockstep {
                true => Some(self.turn.lock().await),
                false => None,
            };
            match from.try_read(chunk) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                other => return other,
            }
        }
    }

    /// Writes all bytes.
    async fn pass(&self, to: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
        let _turn = match self.shared.lockstep {
            true => Some(self.turn.lock().await),
            false => None,
        };
        while !bytes.is_empty() {
            to.writable().await?;
            match to.try_write(bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
