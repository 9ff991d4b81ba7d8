//! The trait of everything that takes a command.

use super::Command;

/// Takes commands. A client sends them and returns a future, a blocking client returns a result, and [`cmd`] returns
/// the command itself. A pipeline and a transaction keep them and add the type of one reply to their own type.
///
/// Every command is a method of a trait that every executor implements, such as
/// [`StringCommands`](crate::commands::StringCommands). Your own commands can be methods, too:
///
/// ```
/// use redis_om_client::{Executor, prelude::*, raw};
///
/// trait Shop: Executor {
///     /// Takes one piece of this article from the stock.
///     fn sell(self, article: &str) -> Self::Output<i64> {
///         self.execute(raw("DECR").key(format_args!("stock:{article}").to_string()).reply())
///     }
/// }
/// impl<E: Executor> Shop for E {}
///
/// assert_eq!(cmd().sell("lamp").to_string(), "DECR stock:lamp");
/// ```
pub trait Executor: Sized {
    /// What this executor returns for a command whose reply is an `R`.
    type Output<R>;

    /// Takes the command.
    fn execute<R>(self, command: Command<R>) -> Self::Output<R>;
}

/// The executor that only builds a command: see [`cmd`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Build;

/// Builds a command as a value, to be run later or as one of many.
///
/// ```
/// use redis_om_client::prelude::*;
///
/// let commands = ["a", "b"].map(|key| cmd().get::<Option<i64>>(key));
/// let batch = pipe().many(commands);
/// assert_eq!(batch.to_string(), "GET a | GET b");
/// ```
#[must_use]
pub fn cmd() -> Build {
    Build
}

impl Executor for Build {
    type Output<R> = Command<R>;

    #[inline]
    #[cfg_attr(test, track_caller)]
    fn execute<R>(self, command: Command<R>) -> Command<R> {
        #[cfg(test)]
        super::record::note(&command.cmd);
        command
    }
}
