//! The options of a TCP socket, and the check that it is not connected to itself.
//!
//! A peer can be lost without closing the connection: a host loses power, a cable is unplugged, or a router drops its
//! state of the connection. The operating system detects this. It uses keepalive probes while nothing is sent, and the
//! TCP user timeout while sent bytes are not acknowledged. A connection that waits in a blocking command has no other
//! means, since its server cannot answer `PING`.

use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

use crate::error::{Error, ErrorKind, Execution, Result};

/// The number of probes that may stay unanswered.
const PROBES: u32 = 3;
/// The longest time between two probes. The shortest is one [`SECOND`].
const LONGEST_INTERVAL: Duration = Duration::from_secs(5);
const SECOND: Duration = Duration::from_secs(1);
/// The longest time before the first probe that Linux accepts, in seconds.
const LONGEST_IDLE: u64 = 32_767;

/// The times of keepalive, in whole seconds: systems accept no finer unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Times {
    /// From the last byte of the peer to the first probe.
    idle: Duration,
    /// From one probe to the next.
    interval: Duration,
    /// From the last byte or answer of the peer to the failure of the connection.
    given_up: Duration,
}

impl Times {
    /// Derives the times from the setting `tcp_keepalive`. With 30 s, probes are sent every 5 s, and the connection
    /// fails after 45 s.
    fn of(idle: Duration) -> Self {
        let up = u64::from(idle.subsec_nanos() > 0);
        let idle = Duration::from_secs(idle.as_secs().saturating_add(up).clamp(1, LONGEST_IDLE));
        let interval = Duration::from_secs(idle.as_secs() / 6).clamp(SECOND, LONGEST_INTERVAL);
        Self { idle, interval, given_up: idle + interval * PROBES }
    }
}

/// Sets the options of a TCP connection. Refuses a connection to itself.
pub(super) fn prepare(stream: &TcpStream, keepalive: Option<Duration>) -> Result<()> {
    not_to_itself(stream)?;
    stream.set_nodelay(true).map_err(|error| Error::io("setting TCP_NODELAY", error))?;
    let Some(times) = keepalive.map(Times::of) else { return Ok(()) };
    let socket = SockRef::from(stream);
    let probes = TcpKeepalive::new().with_time(times.idle).with_interval(times.interval).with_retries(PROBES);
    socket.set_tcp_keepalive(&probes).map_err(|error| Error::io("setting TCP keepalive", error))?;
    #[cfg(any(target_os = "android", target_os = "linux"))]
    socket
        .set_tcp_user_timeout(Some(times.given_up))
        .map_err(|error| Error::io("setting the TCP user timeout", error))?;
    Ok(())
}

/// Refuses a connection to itself. The system makes one if no server listens on the port and it chooses the same port
/// for the outgoing end. Every byte that is sent on it is then received again.
fn not_to_itself(stream: &TcpStream) -> Result<()> {
    let addresses = |error| Error::io("asking for the addresses of the connection", error);
    let (local, peer) = (stream.local_addr().map_err(addresses)?, stream.peer_addr().map_err(addresses)?);
    if local != peer {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Io,
        Execution::NotSent,
        format!(
            "{local} is connected to itself: no server listens on this port, and the system uses the port for outgoing \
             connections: start the server, or give it a port outside of that range"
        ),
    ))
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpSocket};

    use super::*;

    fn seconds(idle: f64) -> (u64, u64, u64) {
        let times = Times::of(Duration::try_from_secs_f64(idle).unwrap_or(Duration::MAX));
        (times.idle.as_secs(), times.interval.as_secs(), times.given_up.as_secs())
    }

    #[test]
    fn times_are_whole_seconds_that_a_system_takes() {
        assert_eq!(seconds(30.0), (30, 5, 45));
        assert_eq!(seconds(600.0), (600, 5, 615));
        assert_eq!(seconds(12.0), (12, 2, 18));
        assert_eq!(seconds(0.000_9), (1, 1, 4));
        assert_eq!(seconds(1.5), (2, 1, 5));
        assert_eq!(seconds(f64::INFINITY), (LONGEST_IDLE, 5, LONGEST_IDLE + 15));
    }

    #[tokio::test]
    async fn the_socket_has_them() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        for (setting, on) in [(None, false), (Some(Duration::MAX), true), (Some(SECOND * 30), true)] {
            prepare(&stream, setting).unwrap();
            assert_eq!(SockRef::from(&stream).keepalive().unwrap(), on, "{setting:?}");
        }
        assert!(stream.nodelay().unwrap());
        #[cfg(target_os = "linux")]
        {
            let socket = SockRef::from(&stream);
            assert_eq!(socket.tcp_keepalive_time().unwrap(), SECOND * 30);
            assert_eq!(socket.tcp_keepalive_interval().unwrap(), SECOND * 5);
            assert_eq!(socket.tcp_keepalive_retries().unwrap(), PROBES);
            assert_eq!(socket.tcp_user_timeout().unwrap(), Some(SECOND * 45));
        }
    }

    #[tokio::test]
    async fn a_connection_to_itself_is_refused() {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        let stream = socket.connect(address).await.unwrap();
        let error = prepare(&stream, None).unwrap_err();
        assert!(error.to_string().contains("to itself") && error.is_retryable(), "{error}");
    }
}
