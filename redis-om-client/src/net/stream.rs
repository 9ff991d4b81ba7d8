//! TCP, unix, TLS and custom streams as one type, split for reading and writing where the system allows it.

use std::{
    io,
    mem::MaybeUninit,
    net,
    pin::{Pin, pin},
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::BytesMut;
use socket2::{SockRef, Socket};
#[cfg(unix)]
use tokio::net::{UnixStream, unix};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf},
    net::{TcpStream, tcp},
};

use crate::config::ByteStream;

/// A connected stream.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
    #[cfg(feature = "tls")]
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
    /// The stream that a user's connector returned, wrapped in TLS if the settings have TLS.
    Custom(CustomStream),
}

/// The half that reads.
#[derive(Debug)]
pub(super) enum Reader {
    Tcp(tcp::OwnedReadHalf),
    #[cfg(unix)]
    Unix(unix::OwnedReadHalf),
    /// TLS has one state for both directions, so the reader also writes.
    #[cfg(feature = "tls")]
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
    /// A custom stream may have one state for both directions, too.
    Custom(CustomStream),
}

/// The half that writes. Any thread can write to it, and a write does not wait.
#[derive(Debug)]
pub(super) enum Writer {
    Tcp(tcp::OwnedWriteHalf),
    #[cfg(unix)]
    Unix(unix::OwnedWriteHalf),
}

/// A socket that belongs to no runtime.
#[derive(Debug)]
pub(super) enum Detached {
    Tcp(net::TcpStream),
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixStream),
}

impl Detached {
    /// Takes a socket out of its runtime. `None` for TLS and custom streams, which cannot leave it.
    pub(super) fn of(reader: Reader, writer: Writer) -> Option<Self> {
        match (reader, writer) {
            (Reader::Tcp(reader), Writer::Tcp(writer)) => {
                reader.reunite(writer).ok()?.into_std().ok().map(Self::Tcp)
            }
            #[cfg(unix)]
            (Reader::Unix(reader), Writer::Unix(writer)) => {
                reader.reunite(writer).ok()?.into_std().ok().map(Self::Unix)
            }
            _ => None,
        }
    }

    /// Puts the socket into the runtime in which this is called.
    pub(super) fn attach(self) -> io::Result<(Reader, Option<Writer>)> {
        Ok(match self {
            Self::Tcp(socket) => Stream::Tcp(TcpStream::from_std(socket)?).split(),
            #[cfg(unix)]
            Self::Unix(socket) => Stream::Unix(UnixStream::from_std(socket)?).split(),
        })
    }
}

/// What a read from a socket would find at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiting {
    /// No byte and no end. Also returned for a custom stream, which cannot be checked.
    Nothing,
    /// At least one byte.
    Bytes,
    /// The end of the stream, or an error: the peer has closed the connection.
    Closed,
}

/// A second handle to the socket of a stream, which ends the connection from any thread.
///
/// The system keeps a socket open while any handle to it is open. So this handle must be dropped together with the
/// stream. Otherwise the peer does not see the end.
#[derive(Debug)]
pub(super) struct Shutdown {
    socket: Socket,
    /// The peer is on this machine.
    is_local: bool,
}

/// The longest wait until a peer on this machine notices the end. The peer usually takes less than 0.1 ms.
const NOTICE: Duration = Duration::from_millis(5);

impl Shutdown {
    /// Ends both directions at once. Calling it again does nothing.
    pub(super) fn now(&self) {
        // An error says that the connection has ended already.
        let _ended = self.socket.shutdown(net::Shutdown::Both);
    }

    /// Ends both directions, as [`Shutdown::now`] does. With a peer on this machine it first waits until the peer has
    /// closed its side, for 5 ms at most. The reason: a server may receive the end and a command of another connection
    /// in the same turn of its event loop. If it runs the command first, it may still give an element to the connection
    /// that has ended.
    pub(super) fn now_and_noticed(&self) {
        if self.is_local && self.socket.shutdown(net::Shutdown::Write).is_ok() {
            let start = Instant::now();
            let mut bytes = [MaybeUninit::uninit(); 512];
            // The socket does not block. The bytes that still come are discarded.
            while let Ok(1..) | Err(_) = self.socket.recv(&mut bytes)
                && start.elapsed() < NOTICE
            {
                std::thread::yield_now();
            }
        }
        self.now();
    }
}

/// A user's stream. The mutex is never locked. It makes the type `Sync`, although a user's stream need not be `Sync`.
pub(super) struct CustomStream(Mutex<Box<dyn ByteStream>>);

impl CustomStream {
    pub(super) fn new(stream: Box<dyn ByteStream>) -> Self {
        Self(Mutex::new(stream))
    }

    fn get(&mut self) -> Pin<&mut dyn ByteStream> {
        Pin::new(&mut **self.0.get_mut().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::fmt::Debug for CustomStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CustomStream")
    }
}

impl Stream {
    /// Splits the stream into its halves. A stream with one state for both directions has no separate writer. Then
    /// [`Reader::is_joined`] is true.
    pub(super) fn split(self) -> (Reader, Option<Writer>) {
        match self {
            Self::Tcp(stream) => {
                let (reader, writer) = stream.into_split();
                (Reader::Tcp(reader), Some(Writer::Tcp(writer)))
            }
            #[cfg(unix)]
            Self::Unix(stream) => {
                let (reader, writer) = stream.into_split();
                (Reader::Unix(reader), Some(Writer::Unix(writer)))
            }
            #[cfg(feature = "tls")]
            Self::Tls(stream) => (Reader::Tls(stream), None),
            Self::Custom(stream) => (Reader::Custom(stream), None),
        }
    }

    /// Returns a handle that ends the connection from any thread. With TLS it is a handle to the TCP socket. `None` for
    /// a custom stream: dropping the stream ends it.
    ///
    /// # Errors
    ///
    /// The system has no file descriptor left.
    pub(super) fn shutdown_handle(&self) -> io::Result<Option<Shutdown>> {
        let Some(socket) = self.socket() else { return Ok(None) };
        let is_local = match socket.peer_addr()?.as_socket() {
            Some(address) => address.ip().is_loopback(),
            // A unix socket.
            None => true,
        };
        socket.try_clone().map(|socket| Some(Shutdown { socket, is_local }))
    }

    /// The socket under the stream. `None` for a custom stream.
    fn socket(&self) -> Option<SockRef<'_>> {
        match self {
            Self::Tcp(stream) => Some(SockRef::from(stream)),
            #[cfg(unix)]
            Self::Unix(stream) => Some(SockRef::from(stream)),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Some(SockRef::from(stream.get_ref().0)),
            Self::Custom(_) => None,
        }
    }
}

impl Reader {
    /// Whether both directions have one state, so that the reader also writes ([`Reader::poll_write`]).
    #[inline]
    pub(super) fn is_joined(&self) -> bool {
        match self {
            Self::Tcp(_) => false,
            #[cfg(unix)]
            Self::Unix(_) => false,
            #[cfg(feature = "tls")]
            Self::Tls(_) => true,
            Self::Custom(_) => true,
        }
    }

    /// Reads the available bytes into the free capacity of the buffer. Returns 0 at the end of the stream.
    #[inline]
    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut BytesMut,
    ) -> Poll<io::Result<usize>> {
        use std::future::Future;
        match self {
            Self::Tcp(half) => pin!(half.read_buf(buffer)).poll(cx),
            #[cfg(unix)]
            Self::Unix(half) => pin!(half.read_buf(buffer)).poll(cx),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => pin!(stream.read_buf(buffer)).poll(cx),
            Self::Custom(stream) => pin!(stream.get().read_buf(buffer)).poll(cx),
        }
    }

    /// Checks what a read from the socket would find at this moment. It asks the system and not tokio: tokio knows only
    /// what the runtime saw when it last polled the socket. With TLS, the bytes may be a part of a record, or the end
    /// of the TLS session.
    pub(super) fn waiting(&self) -> Waiting {
        match self {
            Self::Tcp(half) => peek(SockRef::from(half.as_ref())),
            #[cfg(unix)]
            Self::Unix(half) => peek(SockRef::from(half.as_ref())),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => peek(SockRef::from(stream.get_ref().0)),
            Self::Custom(_) => Waiting::Nothing,
        }
    }

    /// Ready when the writer can take more bytes.
    pub(super) fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(half) => half.as_ref().poll_write_ready(cx),
            #[cfg(unix)]
            Self::Unix(half) => half.as_ref().poll_write_ready(cx),
            #[cfg(feature = "tls")]
            Self::Tls(_) => Poll::Ready(Ok(())),
            Self::Custom(_) => Poll::Ready(Ok(())),
        }
    }

    /// Writes to a stream without a separate writer. Returns the number of bytes that it took. A stream with a separate
    /// writer takes 0 bytes.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(_) => Poll::Ready(Ok(0)),
            #[cfg(unix)]
            Self::Unix(_) => Poll::Ready(Ok(0)),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Custom(stream) => stream.get().poll_write(cx, bytes),
        }
    }

    /// Sends the bytes that a stream without a separate writer has taken and not yet sent (TLS: encrypted bytes).
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(_) => Poll::Ready(Ok(())),
            #[cfg(unix)]
            Self::Unix(_) => Poll::Ready(Ok(())),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
            Self::Custom(stream) => stream.get().poll_flush(cx),
        }
    }
}

impl Writer {
    /// Writes as many bytes as the kernel takes now, and returns their number.
    #[inline]
    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(half) => half.try_write(bytes),
            #[cfg(unix)]
            Self::Unix(half) => half.try_write(bytes),
        }
    }

    /// Writes as many bytes of these pieces as the kernel takes now, and returns their number.
    pub(super) fn try_write_vectored(&self, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Tcp(half) => half.try_write_vectored(pieces),
            #[cfg(unix)]
            Self::Unix(half) => half.try_write_vectored(pieces),
        }
    }

    /// Checks what a read from the socket would find at this moment: see [`Reader::waiting`].
    pub(super) fn waiting(&self) -> Waiting {
        match self {
            Self::Tcp(half) => peek(SockRef::from(half.as_ref())),
            #[cfg(unix)]
            Self::Unix(half) => peek(SockRef::from(half.as_ref())),
        }
    }
}

/// Looks at the next byte and leaves it in the socket. The sockets of tokio do not block.
fn peek(socket: SockRef<'_>) -> Waiting {
    let mut byte = [MaybeUninit::uninit()];
    loop {
        return match socket.peek(&mut byte) {
            Ok(0) => Waiting::Closed,
            Ok(_) => Waiting::Bytes,
            Err(error) => match error.kind() {
                io::ErrorKind::Interrupted => continue,
                io::ErrorKind::WouldBlock => Waiting::Nothing,
                _ => Waiting::Closed,
            },
        };
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Custom(stream) => stream.get().poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Custom(stream) => stream.get().poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            #[cfg(unix)]
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
            Self::Custom(stream) => stream.get().poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The driver ends a connection by dropping it.
        self.poll_flush(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    async fn pair() -> (Stream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (Stream::Tcp(stream), listener.accept().await.unwrap().0)
    }

    /// Waits until the system has received a byte or the end. Nothing is read.
    fn arrival(reader: &Reader) {
        let Reader::Tcp(half) = reader else { unreachable!("a TCP stream has a TCP reader") };
        let socket = SockRef::from(half.as_ref());
        socket.set_nonblocking(false).unwrap();
        let _arrived = socket.peek(&mut [MaybeUninit::uninit()]);
        socket.set_nonblocking(true).unwrap();
    }

    #[tokio::test]
    async fn what_waits_is_seen_without_the_runtime() {
        let (stream, mut peer) = pair().await;
        let (mut reader, writer) = stream.split();
        let writer = writer.unwrap();
        assert_eq!((reader.waiting(), writer.waiting()), (Waiting::Nothing, Waiting::Nothing));
        peer.write_all(b"x").await.unwrap();
        arrival(&reader);
        assert_eq!((reader.waiting(), writer.waiting()), (Waiting::Bytes, Waiting::Bytes));
        // The byte is still in the socket.
        let mut buffer = BytesMut::with_capacity(8);
        std::future::poll_fn(|cx| reader.poll_read(cx, &mut buffer)).await.unwrap();
        assert_eq!((&buffer[..], reader.waiting()), (&b"x"[..], Waiting::Nothing));
        drop(peer);
        arrival(&reader);
        assert_eq!((reader.waiting(), writer.waiting()), (Waiting::Closed, Waiting::Closed));
    }

    #[tokio::test]
    async fn a_reset_is_an_end() {
        let (stream, peer) = pair().await;
        let (reader, writer) = stream.split();
        SockRef::from(&peer).set_linger(Some(std::time::Duration::ZERO)).unwrap();
        drop(peer);
        arrival(&reader);
        assert_eq!(writer.unwrap().waiting(), Waiting::Closed);
    }

    #[tokio::test]
    async fn the_peer_sees_a_shutdown_while_the_stream_lives() {
        let (stream, mut peer) = pair().await;
        let shutdown = stream.shutdown_handle().unwrap().unwrap();
        std::thread::spawn(move || {
            shutdown.now();
            shutdown.now();
        })
        .join()
        .unwrap();
        assert_eq!(peer.read(&mut [0; 8]).await.unwrap(), 0);
        let (reader, _writer) = stream.split();
        assert_eq!(reader.waiting(), Waiting::Closed);
    }

    #[tokio::test]
    async fn a_custom_stream_is_read_and_written_through_one_state() {
        let (near, mut far) = tokio::io::duplex(16);
        let stream = Stream::Custom(CustomStream::new(Box::new(near)));
        assert!(stream.shutdown_handle().unwrap().is_none());
        let (mut reader, writer) = stream.split();
        assert!(reader.is_joined() && writer.is_none());
        assert_eq!(reader.waiting(), Waiting::Nothing);
        assert_eq!(std::future::poll_fn(|cx| reader.poll_write(cx, b"ping")).await.unwrap(), 4);
        std::future::poll_fn(|cx| reader.poll_flush(cx)).await.unwrap();
        let mut bytes = [0; 4];
        far.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"ping");
        far.write_all(b"pong").await.unwrap();
        let mut buffer = BytesMut::with_capacity(8);
        std::future::poll_fn(|cx| reader.poll_read(cx, &mut buffer)).await.unwrap();
        assert_eq!(&buffer[..], b"pong");
    }
}
