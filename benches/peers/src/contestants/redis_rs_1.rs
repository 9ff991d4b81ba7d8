//! redis-rs, the latest stable release. The code is shared with the other generation: `redis_rs.rs`.

pub(crate) use redis1 as api;

#[allow(clippy::duplicate_mod)] // the same calls against two versions of one crate
#[path = "redis_rs.rs"]
mod body;

pub(crate) use body::RedisRs;

/// An empty pipeline with room for so many commands.
pub(crate) fn pipeline(commands: usize) -> api::Pipeline {
    api::Pipeline::with_capacity(commands)
}

/// The settings of TLS that trust this authority only.
pub(crate) fn trusting(authority: Vec<u8>) -> api::TlsCertificates {
    api::TlsCertificates { client_tls: None, root_cert: Some(authority) }
}
