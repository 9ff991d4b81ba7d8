//! Every command as a method of every executor: one file for each group of the commands' documentation.
//!
//! Floor 4: stands on `command`; knows no client.

mod hash;
mod string;

pub use hash::{
    FieldExpireTime, FieldExpiry, FieldPersist, FieldTtl, HExpireCondition, HGetEx, HSetExOptions,
    HashCommands, HashTtlCommands,
};
pub use string::StringCommands;
