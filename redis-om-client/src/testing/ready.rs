//! Checks whether a started server answers: a PING over a plain socket.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    time::Duration,
};

/// The time limit of one PING.
const ANSWER: Duration = Duration::from_secs(2);

/// The highest port. The cluster bus of a node listens 10,000 above its port.
const HIGHEST: u16 = 65_535 - 10_000;

/// A free port of loopback. Another process may take it before the server does; then the launcher takes the next one.
pub(super) fn free_port() -> io::Result<u16> {
    let mut held = Vec::new();
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        if port <= HIGHEST || held.len() >= 1_000 {
            return Ok(port);
        }
        // Kept until a low port is found, because the system would otherwise return the same port again.
        held.push(listener);
    }
}

/// Whether the server at `port` answers PING. An error that demands a password counts as an answer.
pub(super) fn answers(port: u16) -> bool {
    ping(port).is_ok_and(|reply| reply.starts_with(b"+PONG") || reply.starts_with(b"-NOAUTH"))
}

fn ping(port: u16) -> io::Result<Vec<u8>> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut socket = TcpStream::connect_timeout(&address, ANSWER)?;
    socket.set_read_timeout(Some(ANSWER))?;
    socket.write_all(b"*1\r\n$4\r\nPING\r\n")?;
    let mut reply = Vec::new();
    let mut chunk = [0; 64];
    while !reply.ends_with(b"\r\n") {
        match socket.read(&mut chunk)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => reply.extend_from_slice(&chunk[..n]),
        }
    }
    Ok(reply)
}
