//! A complete async client for Redis and Valkey: every command on an async client, a blocking one, a pipeline or a
//! transaction.
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
//! **A command is a value; an executor decides what becomes of it.** Each command is declared once, in [`commands`]:
//! its words, its keys, its flags and the decoder of its reply. The async [`Client`], the [`blocking`] one, a
//! [`Pipeline`] and a [`Transaction`] all use that one declaration.
//!
//! # What it promises
//!
//! * No write happens twice, none vanishes silently: what was never sent is retried; what was sent and not answered is
//!   retried only if it reads, or is the same done twice; else [`Error::may_have_run`] says so.
//! * Any future can be dropped at any moment: no reply ever reaches another caller.
//! * Blocking commands never hold up others, and are not cut off by the default timeout.
//! * Memory is bounded: the queue has a byte budget, replies have limits in size and depth.
//! * An outage is survived without a restart.
//!
//! # The architecture
//!
//! Every module has a layer and uses lower layers only (`cargo xtask layers` checks this).
//!
//! | layer | modules | what they know |
//! |---|---|---|
//! | 0 | `error` | nothing else |
//! | 1 | `resp`, `config` | bytes; settings as data |
//! | 2 | `value` | Rust types to arguments, replies to Rust types |
//! | 3 | `command` | commands, pipelines, transactions as values |
//! | 4 | [`commands`] | every command, one file for each group |
//! | 5 | `session` | one connection's conversation, without a socket or a clock |
//! | 6 | `net` | sockets, TLS, the task that drives a connection |
//! | 7 | `route` | which connection a command takes |
//! | 8 | `client` | the client, its retries, its pool, `watch` |
//! | 10 | [`blocking`], `testing` | the same client without async; servers for tests |

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

pub use client::{Client, Connected, Connection, Paged, Pager, Request};
pub use command::{
    Build, Checked, Cmd, Command, Decoder, Executor, Many, One, Pipeline, Plan, ReplySlot, ReplySlots, SLOTS,
    Steps, Transaction, atomic, cmd, pipe, policy, raw, slot,
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
#[doc(hidden)]
pub use value::{Chunk, ChunkDecoder};
