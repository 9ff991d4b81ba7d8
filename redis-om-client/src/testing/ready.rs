//! Whether a server that was just started answers: a PING over a plain socket.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    time::Duration,
};

/// How long one PING may take.
const ANSWER: Duration = Duration::from_secs(2);

/// The bus of a cluster node listens 10,000 above its port, so that a port must leave room for it.
const HIGHEST: u16 = 65_535 - 10_000;

/// A port of loopback that nobody listens on at this moment. Another process may still take it before the server
/// does: the launcher then takes the next one.
pub(super) fn free_port() -> io::Result<u16> {
    let mut held = Vec::new();
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        if port <= HIGHEST || held.len() >= 1_000 {
            return Ok(port);
        }
        // Kept until a low one is found, or the system would hand out the same again.
        held.push(listener);
    }
}

/// Whether the server at `port` answers PING, be it with a demand for a password.
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
