//! redis-rs, the release candidate of its next generation. The code is shared with the other generation: `redis_rs.rs`.

pub(crate) use redis2 as api;

#[allow(clippy::duplicate_mod)] // the same calls against two versions of one crate
#[path = "redis_rs.rs"]
mod body;

pub(crate) use body::RedisRs;

/// An empty pipeline; this generation has no way to reserve room.
pub(crate) fn pipeline(_commands: usize) -> api::Pipeline {
    api::Pipeline::new()
}

/// The settings of TLS that trust this authority only.
pub(crate) fn trusting(authority: Vec<u8>) -> api::TlsCertificates {
    api::TlsCertificates::new().root_cert(authority)
}
