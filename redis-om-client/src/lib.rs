//! A complete async client for Redis and Valkey.

mod client;
mod command;
mod config;
mod error;
mod net;
mod resp;
mod route;
mod session;
#[cfg(feature = "testing")]
pub mod testing;
mod value;

pub mod blocking;
pub mod commands;
pub mod prelude;

pub use client::{Client, Connection, Request};
pub use command::{
    Build, Checked, Cmd, Command, Decoder, Executor, Many, One, Pipeline, Plan, Slot, Slots, Transaction,
    atomic, cmd, pipe, raw,
};
pub use config::{
    Config, Endpoint, Pem, Protocol, ReconnectPolicy, RetryPolicy, Sentinel, TlsConfig, Topology, WhenFull,
};
pub use error::{
    DecodeError, Error, ErrorKind, Execution, Result, ServerError, ServerErrorCode, TimeoutKind,
};
pub use resp::{Blob, Items, Replies, Reply};
#[cfg(feature = "json")]
pub use value::Json;
pub use value::{Arg, Args, FromRedis, ToArg, ToArgs, Value, Written};
