//! One connection: a socket, the task that drives it, and the handle through which commands go.
//!
//! Layer 6: stands on `session` and `config`; knows no topology, and nothing of which command may be retried. The
//! promises kept here: reading and writing progress independently, an outage is survived (reconnect with jittered
//! backoff, greeting and all), a dead peer is found by a `PING` with a deadline, and no command outlives its own.
//!
//! * [`link`]: the handle. Callers encode into the session under a short mutex; an idle connection is written to by the
//!   caller itself, so that one task alone pays no wake-up.
//! * [`driver`]: the task. It reads, writes what callers left, keeps the time, reconnects.
//! * [`read_half`]: the reading half, of the driver's task; a caller who waits alone reads for itself.
//! * [`direct`]: a connection without a task, for the blocking client.
//! * [`connect`], [`socket`], [`stream`], [`tls`]: from an address to a greeted stream.

mod connect;
mod direct;
mod driver;
mod jitter;
mod link;
mod read_half;
mod socket;
#[allow(dead_code, reason = "the driver takes over `Shutdown` and `Waiting`")]
mod stream;
#[cfg(feature = "tls")]
mod tls;

pub(crate) use direct::Direct;
pub(crate) use jitter::random;
pub(crate) use link::Link;
