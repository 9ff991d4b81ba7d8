//! Every command as a method of every executor: one file for each group of the commands' documentation.
//!
//! Floor 4: stands on `command`; knows no client.

mod string;

pub use string::StringCommands;
