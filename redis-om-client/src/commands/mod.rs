//! Every command as a method: one trait for each group of commands, which every executor implements.

// Layer 4: uses `command`; knows nothing of clients. There is one file for each group of the commands' documentation.
// The promise kept here: this is the only declaration of a command.

mod connection;
// Some examples are of methods that need the feature.
#[cfg(all(test, feature = "json"))]
mod examples;
mod expiry;
#[cfg(test)]
mod extremes;
mod fields;
mod hash;
mod json;
mod kept;
mod key;
mod list;
mod scan;
mod scripting;
mod set;
mod sorted_set;
mod string;
mod timeout;

pub use connection::{
    ClientAttribute, ClientFilter, ClientInfo, ClientType, ConnectionCommands, PauseMode, TrackingInfo,
    TrackingRedirect, Unblock,
};
pub use expiry::{ExpireOptions, ExpireTime, Ttl};
pub use hash::{FieldExpiry, FieldPersist, HGetEx, HSetExOptions, HashCommands, HashTtlCommands};
#[cfg(feature = "json")]
pub use json::JsonOne;
pub use json::{JsonCommands, JsonFloats, JsonLayout, JsonSetCondition, JsonType, JsonValueCommands};
pub use key::{
    CopyOptions, KeyCommands, KeyExpiryCommands, KeyType, MigrateOptions, ObjectEncoding, RestoreOptions,
    SortOptions,
};
pub use list::{BlockingListCommands, LMoveM, LPosOptions, ListCommands, ListEnd, ListSide};
pub use scan::{ScanOptions, ScanPage};
pub use scripting::{
    EngineStats, FlushMode, FunctionFlag, FunctionLibrary, FunctionListOptions, FunctionRestorePolicy,
    FunctionStats, LibraryFunction, RunningScript, ScriptingCommands,
};
pub use set::SetCommands;
pub use sorted_set::{
    BlockingSortedSetCommands, LexRange, ScoreRange, SortedSetCombineCommands, SortedSetCommands,
    SortedSetRangeCommands, ZAddOptions, ZAggregate, ZCombine, ZEnd, ZPopped, ZRange,
};
pub use string::{
    DelEx, GetEx, IncrEx, Increment, LcsMatch, LcsMatches, LcsOptions, MSetExOptions, SetOptions,
    StringCommands,
};
