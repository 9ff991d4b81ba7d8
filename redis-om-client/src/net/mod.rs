//! One connection: a socket, the task that drives it, and the handle through which commands go.
//!
//! Layer 6. It uses `session` and `config`. It knows no topology, and it does not decide which command may be sent
//! again. It keeps these promises:
//!
//! * Reading and writing progress independently.
//! * A lost connection is made again, with jittered backoff and a new greeting.
//! * A dead peer is found by a `PING` with a deadline. Where the server cannot answer a `PING`, TCP keepalive finds it.
//! * No command outlives its own deadline.
//! * An exclusive connection ([`Lifetime::One`]) is shut down in the drop of its link, before the drop returns.
//!
//! Each file uses only those above it in this list:
//!
//! * [`socket`], [`stream`], [`tls`], [`connect`]: from an address to a greeted stream.
//! * [`runtime`], [`jitter`]: the tokio runtime of the connections; random numbers for pauses.
//! * [`wake`]: wakes the wakers of callers.
//! * [`read_half`]: the socket's reading half with its buffer.
//! * [`shared`]: the state that callers and the driver share.
//! * [`large`]: writes a command with a large argument without a copy.
//! * [`reading`]: reads from the socket and delivers replies to their commands.
//! * [`pump`], [`driver`]: the task that drives the connection.
//! * [`link`]: the handle.
//! * [`sync_connection`]: a connection without a task, for the blocking client.

mod connect;
mod driver;
mod jitter;
mod large;
mod link;
mod pump;
mod read_half;
mod reading;
mod runtime;
mod shared;
mod socket;
mod stream;
mod sync_connection;
#[cfg(all(test, feature = "testing"))]
mod tests;
#[cfg(feature = "tls")]
mod tls;
mod wake;

#[cfg(test)]
pub(crate) use connect::greet_over;
pub(crate) use jitter::random;
#[cfg(test)]
pub(crate) use jitter::seed;
pub(crate) use link::Link;
pub(crate) use runtime::Runtime;
pub(crate) use shared::Lifetime;
pub(crate) use sync_connection::SyncConnection;
