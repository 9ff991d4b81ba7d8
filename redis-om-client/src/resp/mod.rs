//! RESP, the wire protocol of Redis and Valkey, versions 2 and 3. Arguments are encoded here, and replies are decoded.
//!
//! Layer 1. It knows errors. It knows nothing of sockets, of commands, or of the types that callers decode replies
//! into.
//!
//! * [`scan`]: finds the end of a reply. It resumes after a partial read and does not scan the same values twice. It
//!   skips replies that exceed a limit, and it finds push messages inside a reply.
//! * [`scalar`]: what may stand in the line of a number.
//! * [`replies`]: complete replies. The types of the caller are decoded directly from their bytes, without a tree of
//!   values. [`reply`] is one value, [`items`] are the elements of an aggregate, [`blob`] is a string, and [`cursor`]
//!   is a position in the bytes.
//! * [`frames`]: splits bytes into whole replies.
//! * [`irregular`]: rewrites replies with attributes and streamed aggregates to their plain form, with the
//!   `redis-protocol` crate. No server sends them on a hot path.
//! * [`encode`]: encodes arguments. [`large`]: arguments that stand beside the encoded ones.
//!
//! There are two decoders because `redis-protocol` builds a tree of values (twice for a map), and decodes a reply from
//! its beginning again at each partial read. The scan is several times faster on whole replies, and its time is linear
//! for replies that arrive in pieces. A property test checks that the two decoders agree.
//!
//! Source: the [RESP3 specification](https://github.com/redis/redis-specifications/blob/master/protocol/RESP3.md).

mod blob;
mod cursor;
pub(crate) mod encode;
mod frames;
mod irregular;
mod items;
pub(crate) mod large;
mod replies;
mod reply;
mod scalar;
mod scan;
#[cfg(test)]
pub(crate) mod vectors;

pub use blob::Blob;
pub(crate) use cursor::Text;
pub(crate) use frames::{FAILED, may_have_error, split};
pub(crate) use irregular::regular;
pub use items::Items;
pub use replies::Replies;
pub use reply::Reply;
#[cfg(test)]
pub(crate) use scan::work;
pub(crate) use scan::{Aside, Frame, Limits, Scanner};
