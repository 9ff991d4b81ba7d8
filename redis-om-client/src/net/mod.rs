//! One connection: a socket, the task that drives it, and the handle through which commands go.
//!
//! Layer 6: uses `session` and `config`; knows no topology, and nothing of which command may be sent again. The promises
//! kept here: reading and writing progress independently; an outage is survived (reconnect with jittered backoff,
//! greeting and all); a dead peer is found by a `PING` with a deadline, or by TCP keepalive where the server cannot answer
//! one; no command outlives its own deadline; what is abandoned is shut down in the drop itself.
//!
//! Each file uses only those above it in this list:
//!
//! * [`socket`], [`stream`], [`tls`], [`connect`]: from an address to a greeted stream.
//! * [`runtime`], [`jitter`]: the tokio runtime of the connections; chance for pauses.
//! * [`read_half`]: the socket's reading half with its buffer.
//! * [`shared`]: what callers and the driver share.
//! * [`reading`]: bytes from the socket to the commands that wait for them.
//! * [`pump`], [`driver`]: the task.
//! * [`link`]: the handle.
//! * [`sync_connection`]: a connection without a task, for the blocking client.

mod connect;
mod driver;
mod jitter;
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

pub(crate) use jitter::random;
pub(crate) use link::Link;
pub(crate) use runtime::Runtime;
pub(crate) use shared::Lifetime;
pub(crate) use sync_connection::SyncConnection;
