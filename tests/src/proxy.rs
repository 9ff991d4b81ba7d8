//! A proxy between client and server that does to the connection what networks and broken peers do.
//!
//! Faults come in two forms: at once and to everything ([`Proxy::cut`], [`Proxy::stall`], [`Proxy::refuse`]), or as a
//! trap that springs when certain bytes pass ([`Proxy::trap`]). What has happened is counted and can be awaited.

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

/// What has passed up to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Connections taken from the client.
    pub accepted: u64,
    /// Of them, those that are open.
    pub open: u64,
    /// Bytes from client to server.
    pub up: u64,
    /// Bytes from server to client.
    pub down: u64,
}

/// What holds for every connection.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct State {
    /// Nothing is passed on, in either direction; nothing is closed.
    pub(crate) stalled: bool,
    /// Connections that are older than this are closed, in this way.
    pub(crate) cut: (u64, Option<End>),
}

/// A fault that waits for certain bytes.
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
    /// How many bytes are passed on at a time.
    pub(crate) piece: usize,
    traps: Mutex<Vec<Trap>>,
}

/// A proxy in front of one server, on a port of its own; its connections are cut when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    target: u16,
    port: u16,
    small: bool,
    shared: Arc<Shared>,
    accepting: Mutex<Option<JoinHandle<()>>>,
}

/// Tells when a trap has sprung.
#[derive(Debug)]
pub struct Sprung(oneshot::Receiver<()>);

impl Sprung {
    /// Waits until the fault was injected.
    pub async fn wait(self) {
        crate::in_time("waiting for the trap to spring", self.0).await.unwrap();
    }

    /// The same where nothing is async.
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

    /// A proxy that passes bytes on in pieces of this size, each in a packet of its own: no reply comes whole.
    #[must_use]
    pub fn in_pieces(target: u16, bytes: usize) -> Self {
        Self::build(target, false, bytes)
    }

    /// A proxy with little room: small socket buffers, and it takes nothing more from the client while the client does
    /// not take its replies. A client that only reads once it has written everything never ends here.
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

    /// What has passed up to now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        *self.shared.counts.borrow()
    }

    /// Waits until the counts are so.
    pub async fn until(&self, what: &str, so: impl FnMut(&Counts) -> bool) -> Counts {
        let mut counts = self.shared.counts.subscribe();
        *crate::in_time(what, counts.wait_for(so)).await.unwrap()
    }

    /// Injects a fault, once, when the client next sends these bytes (such as `"INCR"`) on any connection.
    #[must_use = "the trap can be awaited"]
    pub fn trap(&self, needle: impl AsRef<[u8]>, fault: Fault) -> Sprung {
        let (sprung, wait) = oneshot::channel();
        self.shared.traps().push(Trap { needle: needle.as_ref().to_vec(), fault, sprung });
        Sprung(wait)
    }

    /// Closes every open connection, as a server does that ends.
    pub fn cut(&self) {
        self.cut_with(End::Closed);
    }

    /// Resets every open connection, as a server does that crashed.
    pub fn reset(&self) {
        self.cut_with(End::Reset);
    }

    fn cut_with(&self, end: End) {
        let before = self.counts().accepted;
        self.shared.state.send_modify(|state| state.cut = (before, Some(end)));
        let mut counts = self.shared.counts.subscribe();
        // Later ones stay: what is counted out here are those that there were.
        block(
            async move { counts.wait_for(|now| now.open <= now.accepted - before).await.map(drop).unwrap() },
        );
    }

    /// From now on nothing passes, and nothing is closed: a peer that has vanished without a word.
    pub fn stall(&self) {
        self.shared.state.send_modify(|state| state.stalled = true);
    }

    /// What was held back passes on.
    pub fn resume(&self) {
        self.shared.state.send_modify(|state| state.stalled = false);
    }

    /// Cuts everything and refuses new connections.
    pub fn refuse(&self) {
        if let Some(task) = self.accepting().take() {
            task.abort();
            // The listener is closed once the task is gone.
            block(async move { task.await.unwrap_err() });
        }
        self.cut();
    }

    /// Takes new connections again, on the same port.
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

    /// The first trap for these bytes; it springs once.
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
        // What is accepted inherits them.
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
            // Where the server is down, its clients see their connection closed.
            client.set_nodelay(true).ok();
            if let Ok(server) = TcpStream::connect(("127.0.0.1", target)).await {
                pump::run(&client, &server, number, &shared).await;
            }
            drop(client);
            shared.counts.send_modify(|counts| counts.open -= 1);
        });
    }
}
