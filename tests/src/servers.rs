//! One private server of each kind for a whole test binary.

use std::sync::{Arc, Mutex, Weak};

pub use redis_om_client::testing::Kind;
use redis_om_client::testing::{Module, Server};

/// A server that concurrent tests share. It is stopped when the last of them drops it. A value that only a static holds
/// would never be dropped, and its folder would remain.
type Shared = Mutex<Weak<Server>>;

/// The default server: Valkey.
#[must_use]
pub fn valkey() -> Arc<Server> {
    static SHARED: Shared = Mutex::new(Weak::new());
    shared(&SHARED, || Server::start().unwrap())
}

/// Redis 8 with JSON.
#[must_use]
pub fn redis8() -> Arc<Server> {
    static SHARED: Shared = Mutex::new(Weak::new());
    shared(&SHARED, || Server::builder().kind(Kind::Redis8).module(Module::Json).start().unwrap())
}

/// The oldest supported server.
#[must_use]
pub fn redis6() -> Arc<Server> {
    static SHARED: Shared = Mutex::new(Weak::new());
    shared(&SHARED, || Server::builder().kind(Kind::Redis6).start().unwrap())
}

/// The shared server of this kind.
#[must_use]
pub fn server(kind: Kind) -> Arc<Server> {
    match kind {
        Kind::Redis8 => redis8(),
        Kind::Redis6 => redis6(),
        _ => valkey(),
    }
}

fn shared(slot: &Shared, start: impl FnOnce() -> Server) -> Arc<Server> {
    let mut slot = slot.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    slot.upgrade().unwrap_or_else(|| {
        let server = Arc::new(start());
        *slot = Arc::downgrade(&server);
        server
    })
}
