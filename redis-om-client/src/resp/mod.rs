//! RESP, the wire protocol of Redis and Valkey, versions 2 and 3: bytes in, bytes out.
//!
//! Layer 1: knows errors, and nothing of sockets, commands or Rust types.
//!
//! * [`scan`]: where does a reply end? Resumable: a byte that was looked at is not looked at again. What breaks a limit is
//!   passed over; push messages inside a reply are found.
//! * [`replies`]: complete replies, from which the caller's types are decoded without a tree between; [`reply`] is one
//!   value of them, [`items`] the elements of an aggregate, [`blob`] a string, [`cursor`] the position.
//! * [`irregular`]: attributes and streamed aggregates, which no server sends on the hot path, are rewritten to their
//!   plain form by the `redis-protocol` crate.
//! * [`encode`]: arguments to bytes.
//!
//! Why two decoders: `redis-protocol` builds a tree (of a map, twice) and starts over at each partial read. Held equal
//! to it by a property test, the scan is several times faster on whole replies and linear on those in pieces.
//!
//! Source: the [RESP3 specification](https://github.com/redis/redis-specifications/blob/master/protocol/RESP3.md).

mod blob;
mod cursor;
pub(crate) mod encode;
mod frames;
mod irregular;
mod items;
mod replies;
mod reply;
mod scan;
#[cfg(test)]
mod vectors;

pub use blob::Blob;
pub(crate) use cursor::Text;
pub(crate) use frames::{FAILED, may_have_error, split};
pub(crate) use irregular::regular;
pub use items::Items;
pub use replies::Replies;
pub use reply::Reply;
pub(crate) use scan::{Aside, Frame, Limits, Scanner};
