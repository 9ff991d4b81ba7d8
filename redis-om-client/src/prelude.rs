//! Everything that a module which talks to Redis needs: `use redis_om_client::prelude::*;`.

pub use crate::{
    client::Client,
    command::{Executor, atomic, cmd, pipe},
    commands::*,
};
