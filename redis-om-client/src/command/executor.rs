//! The traits of everything that takes a command.

use std::future::Future;

use super::Command;
use crate::error::Result;

/// Takes commands. A client sends them and returns a future, a blocking client returns a result, and [`cmd`] returns
/// the command itself. A pipeline and a transaction keep them and add the type of one reply to their own type.
///
/// A function for all clients that are awaited has the bound [`AsyncExecutor`], one for those that wait has
/// [`BlockingExecutor`].
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

/// The bound of a function for everything whose replies are awaited: `&Client`, the `&Connection` that `watch` lends, and a
/// fake for tests.
///
/// [`Executor`] does not say what its output is, because that of a pipeline is no future. With this bound,
/// [`commands`](Self::commands) returns an executor of which each reply is a future:
///
/// ```
/// use redis_om_client::{AsyncExecutor, Result, prelude::*};
///
/// async fn visit<E: AsyncExecutor>(on: E, page: &str) -> Result<(i64, Option<String>)> {
///     let on = on.commands();
///     let visits = on.incr(format!("visits:{page}")).await?;
///     let title = on.get(format!("title:{page}")).await?;
///     Ok((visits, title))
/// }
///
/// # async fn example(client: Client) -> Result<()> {
/// let (visits, title) = visit(&client, "home").await?;
/// # Ok(()) }
/// ```
///
/// A task of its own needs `E: Send`, too. The twin for code without async is [`BlockingExecutor`].
pub trait AsyncExecutor: Copy {
    /// The future of a reply.
    type Reply<R>: Future<Output = Result<R>>;

    /// Sends the command.
    fn send<R>(self, command: Command<R>) -> Self::Reply<R>;

    /// An executor with all commands, whose replies are futures. Models take it, too: `User::get(on, 1).await?`.
    #[must_use]
    fn commands(self) -> AsyncCommands<Self> {
        AsyncCommands(self)
    }
}

/// The commands of an [`AsyncExecutor`]: each reply is a future.
#[derive(Debug, Clone, Copy)]
pub struct AsyncCommands<E>(E);

impl<E: AsyncExecutor> Executor for AsyncCommands<E> {
    type Output<R> = E::Reply<R>;

    fn execute<R>(self, command: Command<R>) -> E::Reply<R> {
        self.0.send(command)
    }
}

/// The bound of a function for everything that waits for its replies: `&blocking::Client`, the `&blocking::Connection` that
/// `watch` lends, and a fake for tests.
///
/// ```
/// use redis_om_client::{BlockingExecutor, Result, prelude::*};
///
/// fn visit<E: BlockingExecutor>(on: E, page: &str) -> Result<(i64, Option<String>)> {
///     let on = on.commands();
///     Ok((on.incr(format!("visits:{page}"))?, on.get(format!("title:{page}"))?))
/// }
/// ```
pub trait BlockingExecutor: Copy {
    /// Sends the command, and waits for its reply.
    ///
    /// # Errors
    /// The command fails.
    fn send<R>(self, command: Command<R>) -> Result<R>;

    /// An executor with all commands, which waits for each reply.
    #[must_use]
    fn commands(self) -> BlockingCommands<Self> {
        BlockingCommands(self)
    }
}

/// The commands of a [`BlockingExecutor`]: each waits for its reply.
#[derive(Debug, Clone, Copy)]
pub struct BlockingCommands<E>(E);

impl<E: BlockingExecutor> Executor for BlockingCommands<E> {
    type Output<R> = Result<R>;

    fn execute<R>(self, command: Command<R>) -> Result<R> {
        self.0.send(command)
    }
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
