//! Who takes a command, and what becomes of it.

use super::Command;

/// What takes commands: a client sends them and gives a future, a blocking client a result, a pipeline and a
/// transaction keep them and grow by the type of one reply, [`cmd`] gives the command itself.
///
/// Every command is a method of a trait for all executors, such as [`StringCommands`](crate::commands::StringCommands).
/// Your own commands can be too:
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
    /// What this executor makes of a command whose reply is an `R`.
    type Output<R>;

    /// Takes the command.
    fn execute<R>(self, command: Command<R>) -> Self::Output<R>;
}

/// The executor that only builds: see [`cmd`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Build;

/// Builds a command as a value, to be run later or many at a time.
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
    fn execute<R>(self, command: Command<R>) -> Command<R> {
        command
    }
}
