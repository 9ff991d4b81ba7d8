//! A proxy between client and server that injects the faults of networks and broken peers.
//!
//! A fault is injected at once into all connections ([`Proxy::cut`], [`Proxy::stall`], [`Proxy::refuse`]), or when
//! certain bytes pass ([`Proxy::trap`]). Events are counted and can be awaited.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{oneshot, watch},
    task::JoinHandle,
};

use crate::{
    block,
    pump::{self, End, Fault},
    runtime,
};

/// The events so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Accepted connections of the client.
    pub accepted: u64,
    /// Those of them that are open.
    pub open: u64,
    /// Bytes from client to server.
    pub up: u64,
    /// Bytes from server to client.
    pub down: u64,
}

/// The state that applies to every connection.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct State {
    /// No byte is passed on, in either direction, and no connection is closed.
    pub(crate) stalled: bool,
    /// Connections with a lower number are closed in this way.
    pub(crate) cut: (u64, Option<End>),
}

/// A fault that is injected when certain bytes pass.
#[derive(Debug)]
pub(crate) struct Trap {
    needle: Vec<u8>,
    pub(crate) fault: Fault,
    pub(crate) sprung: oneshot::Sender<()>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) state: watch::Sender<State>,
    pub(crate) counts: watch::Sender<Counts>,
    pub(crate) lockstep: bool,
    /// The most bytes that are passed on at a time.
    pub(crate) piece: usize,
    traps: Mutex<Vec<Trap>>,
}

/// A proxy in front of one server, on a port of its own. A drop cuts its connections.
#[derive(Debug)]
pub struct Proxy {
    target: u16,
    port: u16,
    small: bool,
    shared: Arc<Shared>,
    accepting: Mutex<Option<JoinHandle<()>>>,
}

/// Tells when the fault of a trap was injected.
#[derive(Debug)]
pub struct Sprung(oneshot::Receiver<()>);

impl Sprung {
    /// Waits until the fault was injected.
    pub async fn wait(self) {
        crate::in_time("waiting for the fault of the trap", self.0).await.unwrap();
    }

    /// The same for a test without async.
    pub fn wait_blocking(self) {
        block(self.wait());
    }
}

impl Proxy {
    /// A proxy in front of the server at this port of loopback.
    #[must_use]
    pub fn to(target: u16) -> Self {
        Self::build(target, false, 64 * 1024)
    }

    /// A proxy that passes bytes on in pieces of this size, each in a packet of its own: no reply arrives in one piece.
    #[must_use]
    pub fn in_pieces(target: u16, bytes: usize) -> Self {
        Self::build(target, false, bytes)
    }

    /// A proxy with small buffers. It accepts no more bytes from the client while the client does not read its replies.
    /// A client that reads only after it has written everything never ends here.
    #[must_use]
    pub fn narrow(target: u16) -> Self {
        Self::build(target, true, 4 * 1024)
    }

    fn build(target: u16, small: bool, piece: usize) -> Self {
        let shared = Arc::new(Shared {
            state: watch::Sender::default(),
            counts: watch::Sender::default(),
            lockstep: small,
            piece,
            traps: Mutex::default(),
        });
        let listener = block(async move { listen(0, small) });
        let port = listener.local_addr().unwrap().port();
        let accepting = runtime().spawn(accept(listener, target, Arc::clone(&shared)));
        Self { target, port, small, shared, accepting: Mutex::new(Some(accepting)) }
    }

    /// The port on loopback.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The URL of the server behind it, without user and password.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// The events so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        *self.shared.counts.borrow()
    }

    /// Waits until the counts meet the condition.
    pub async fn until(&self, what: &str, so: impl FnMut(&Counts) -> bool) -> Counts {
        let mut counts = self.shared.counts.subscribe();
        *crate::in_time(what, counts.wait_for(so)).await.unwrap()
    }

    /// Injects a fault once: when the client next sends these bytes (such as `"INCR"`) on any connection.
    #[must_use = "the trap can be awaited"]
    pub fn trap(&self, needle: impl AsRef<[u8]>, fault: Fault) -> Sprung {
        let (sprung, wait) = oneshot::channel();
        self.shared.traps().push(Trap { needle: needle.as_ref().to_vec(), fault, sprung });
        Sprung(wait)
    }

    /// Closes every open connection, like a server that ends.
    pub fn cut(&self) {
        self.cut_with(End::Closed);
    }

    /// Resets every open connection, like a server that crashed.
    pub fn reset(&self) {
        self.cut_with(End::Reset);
    }

    fn cut_with(&self, end: End) {
        let before = self.counts().accepted;
        self.shared.state.send_modify(|state| state.cut = (before, Some(end)));
        let mut counts = self.shared.counts.subscribe();
        // Later connections stay: the wait is for those that were open.
        block(
            async move { counts.wait_for(|now| now.open <= now.accepted - before).await.map(drop).unwrap() },
        );
    }

    /// Passes no bytes on from now on, and closes nothing: like a peer that has vanished without a packet.
    pub fn stall(&self) {
        self.shared.state.send_modify(|state| state.stalled = true);
    }

    /// Passes on the bytes that were held back.
    pub fn resume(&self) {
        self.shared.state.send_modify(|state| state.stalled = false);
    }

    /// Cuts all connections and refuses new ones.
    pub fn refuse(&self) {
        if let Some(task) = self.accepting().take() {
            task.abort();
            // The listener is closed when the task has ended.
            block(async move { task.await.unwrap_err() });
        }
        self.cut();
    }

    /// Accepts new connections again, on the same port.
    pub fn accept(&self) {
        let mut accepting = self.accepting();
        if accepting.is_none() {
            let (port, small, target, shared) =
                (self.port, self.small, self.target, Arc::clone(&self.shared));
            let listener = block(async move { listen(port, small) });
            *accepting = Some(runtime().spawn(accept(listener, target, shared)));
        }
    }

    fn accepting(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.accepting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(task) = self.accepting().take() {
            task.abort();
        }
        self.shared.state.send_modify(|state| state.cut = (u64::MAX, Some(End::Closed)));
    }
}

impl Shared {
    fn traps(&self) -> MutexGuard<'_, Vec<Trap>> {
        self.traps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first trap for these bytes. It is removed.
    pub(crate) fn trapped(&self, bytes: &[u8]) -> Option<Trap> {
        let mut traps = self.traps();
        let found = |trap: &Trap| bytes.windows(trap.needle.len()).any(|window| window == trap.needle);
        let at = traps.iter().position(found)?;
        Some(traps.remove(at))
    }
}

fn listen(port: u16, small: bool) -> TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    if small {
        // Accepted sockets inherit this size.
        socket.set_recv_buffer_size(8 * 1024).unwrap();
        socket.set_send_buffer_size(8 * 1024).unwrap();
    }
    socket.bind(SocketAddr::from(([127, 0, 0, 1], port))).unwrap();
    socket.listen(1024).unwrap()
}

async fn accept(listener: TcpListener, target: u16, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        let mut number = 0;
        shared.counts.send_modify(|counts| {
            counts.accepted += 1;
            counts.open += 1;
            number = counts.accepted;
        });
        tokio::spawn(async move {
            // If the server is down, its clients see their connection close.
            client.set_nodelay(true).ok();
            if let Ok(server) = TcpStream::connect(("127.0.0.1", target)).await {
                pump::run(&client, &server, number, &shared).await;
            }
            drop(client);
            shared.counts.send_modify(|counts| counts.open -= 1);
        });
    }
}
