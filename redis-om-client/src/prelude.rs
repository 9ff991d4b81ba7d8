//! The traits and constructors that code with Redis commands needs: `use redis_om_client::prelude::*;`.
//!
//! Options and reply types are not here. Name them where you use them: `use redis_om_client::commands::SetOptions;`.

pub use crate::{
    client::Client,
    command::{Executor, atomic, cmd, pipe, raw},
    commands::{
        BlockingListCommands, BlockingSortedSetCommands, ConnectionCommands, HashCommands, HashTtlCommands,
        JsonCommands, JsonValueCommands, KeyCommands, KeyExpiryCommands, ListCommands, ScriptingCommands,
        SetCommands, SortedSetCombineCommands, SortedSetCommands, SortedSetRangeCommands, StringCommands,
    },
};
