//! A complete async client for Redis and Valkey. Every command runs on an async client, on a blocking client, in a
//! pipeline or in a transaction.
//!
//! ```no_run
//! use redis_om_client::prelude::*;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> redis_om_client::Result<()> {
//! let client = Client::connect("redis://localhost").await?;
//! client.set("name", "Ann").await?;
//! let name: Option<String> = client.get("name").await?;
//! let (old, visits): (Option<String>, i64) = client.run(pipe().get("name").incr("visits")).await?;
//! let (a, b) = client.run(atomic().decr_by("acct:a", 30).incr_by("acct:b", 30)).await?;
//! # Ok(()) }
//! ```
//!
//! **A command is a value; an executor decides what is done with it.** Each command is declared once, in [`commands`]:
//! its words, its keys, its flags and the decoder of its reply. The async [`Client`], the [`blocking`] client, a
//! [`Pipeline`] and a [`Transaction`] use this one declaration.
//!
//! # Promises
//!
//! * No write happens twice, and none is lost without an error. A command that was not sent is retried. A command that
//!   was sent and not answered is retried only if it reads or is idempotent; otherwise [`Error::may_have_run`] is true.
//! * Every future can be dropped at any time: no reply ever reaches another caller.
//! * Blocking commands never delay others, and the default timeout does not end them.
//! * Memory is bounded: the queue has a byte budget, and replies have limits of size and depth.
//! * The client survives an outage of the server without a restart.

// The layers of these modules, and which module may use which: see CONTRIBUTING.md. This file only re-exports.

mod client;
mod command;
mod config;
mod error;
#[cfg(test)]
mod fuzz;
mod net;
mod resp;
mod route;
mod session;
#[cfg(test)]
mod simulate;
#[cfg(feature = "testing")]
pub mod testing;
mod value;

pub mod blocking;
pub mod commands;
pub mod prelude;

pub use client::{Client, Connected, Connection, Decision, Paged, Pager, Request};
pub use command::{
    AsyncCommands, AsyncExecutor, BlockingCommands, BlockingExecutor, Build, Checked, Cmd, Command, Decoder,
    Executor, Many, One, Pipeline, Plan, ReplySlot, ReplySlots, SLOTS, Steps, Transaction, atomic, cmd, pipe,
    policy, raw, slot,
};
pub use config::{
    ByteStream, Config, Connecting, Connector, Endpoint, Pem, Protocol, ReconnectPolicy, RetryPolicy,
    Sentinel, TlsConfig, Topology, WhenFull,
};
pub use error::{
    DecodeError, Error, ErrorKind, Execution, Result, ServerError, ServerErrorCode, TimeoutKind,
};
pub use resp::{Blob, Items, Replies, Reply};
#[cfg(feature = "json")]
pub use value::Json;
pub use value::{Arg, Args, FromRedis, KeyName, ToArg, ToArgs, Value, Written};
