//! A command is a value; an executor decides what is done with it.
//!
//! Layer 3: uses `value` and `resp`; knows nothing of clients and connections. [`Cmd`] holds the words, the keys and
//! the flags. [`Command<R>`] adds the decoder of the reply. An [`Executor`] (a client, a pipeline, a transaction) takes
//! a `Command<R>` and returns its own output for an `R`. The promise kept here: building a command never fails and
//! never sends. A bad argument is kept in the command and is reported when the command runs, before anything is sent.

#[cfg(test)]
mod attached;
mod batch;
mod cmd;
mod decoder;
mod executor;
mod flags;
mod framed;
mod guard;
mod keys;
mod part;
mod pipeline;
mod plan;
pub mod policy;
#[cfg(test)]
mod record;
mod reply_slots;
mod secrets;
mod show;
mod slot;
mod transaction;

pub use cmd::{Cmd, raw};
pub use decoder::Decoder;
pub use executor::{AsyncCommands, AsyncExecutor, BlockingCommands, BlockingExecutor, Build, Executor, cmd};
pub(crate) use flags::Flags;
pub(crate) use part::Block;
pub use pipeline::{Pipeline, pipe};
pub use plan::Plan;
pub use reply_slots::{Checked, Many, One, ReplySlot, ReplySlots, Steps};
pub use slot::{SLOTS, slot};
pub use transaction::{Transaction, atomic};

use std::fmt;

use crate::value::FromRedis;

/// A command whose reply is an `R`. Nothing is sent until an [`Executor`] or `run` takes it.
///
/// ```
/// use redis_om_client::prelude::*;
///
/// let command = cmd().get::<Option<String>>("name");
/// assert_eq!(command.to_string(), "GET name");
/// ```
#[repr(C)]
#[must_use = "a command does nothing until it is run"]
pub struct Command<R> {
    /// First field: see [`Body`](crate::resp::encode::Body).
    cmd: Cmd,
    decoder: Decoder<R>,
}

impl<R> Command<R> {
    /// A command with these words, whose reply `decoder` decodes.
    #[inline]
    pub fn new(cmd: Cmd, decoder: Decoder<R>) -> Self {
        Self { cmd, decoder }
    }

    /// A command whose reply type implements [`FromRedis`].
    #[inline]
    pub(crate) fn of(cmd: Cmd) -> Self
    where
        R: FromRedis,
    {
        Self::new(cmd, Decoder::of())
    }

    /// Several commands as one value. They are sent together over one connection, with no other command between, and
    /// are answered together, in order. They are not atomic: put the value into [`atomic`] if all or none of them must
    /// run.
    pub fn together<T>(commands: impl IntoIterator<Item = Command<T>>, decoder: Decoder<R>) -> Self {
        let mut batch = Cmd::batch();
        commands.into_iter().for_each(|command| batch.push(&command.cmd));
        Self::new(batch.together(), decoder)
    }

    /// Several commands as one value, all of which run or none: they are sent from `MULTI` to `EXEC`. Inside
    /// [`atomic`](atomic()) they are commands of that transaction. Their replies are decoded together, in order; `decoder` gets
    /// only those, not the replies of `MULTI` and `EXEC`.
    ///
    /// ```
    /// use redis_om_client::{Command, Decoder, prelude::*};
    ///
    /// let incr = |key| cmd().incr(key);
    /// let both = || Command::atomic([incr("a"), incr("b")], Decoder::new(|replies| {
    ///     let first = Decoder::<i64>::of().decode(replies)?;
    ///     Ok(first + Decoder::<i64>::of().decode(replies)?)
    /// }));
    /// assert_eq!(both().to_string(), "MULTI | INCR a | INCR b | EXEC");
    /// assert_eq!(atomic().add(both()).incr("c").to_string(), "MULTI | INCR a | INCR b | INCR c | EXEC");
    /// ```
    pub fn atomic<T>(commands: impl IntoIterator<Item = Command<T>>, decoder: Decoder<R>) -> Self {
        let mut batch = Cmd::begun_transaction();
        commands.into_iter().for_each(|command| batch.push(&command.cmd));
        batch.push_exec();
        Self::new(batch.together(), decoder)
    }

    /// Several independent commands as one value. They are sent in one round trip. Other commands may run between them, and
    /// each is sent again by itself where [the client repeats commands](crate::RetryPolicy). Their replies are decoded
    /// together, in order.
    pub fn batch<T>(commands: impl IntoIterator<Item = Command<T>>, decoder: Decoder<R>) -> Self {
        let mut batch = Cmd::batch();
        commands.into_iter().for_each(|command| batch.push(&command.cmd));
        Self::new(batch, decoder)
    }

    /// Declares that running it twice has the same effect as running it once. Then it is tried again when its reply was
    /// lost with the connection and it is unknown whether it ran.
    ///
    /// No command that writes data has this declaration by default, not even `SET`: between its first and its second
    /// run another client may have written the key, and that confirmed write would be lost. Declare it where no other
    /// client writes the key:
    ///
    /// ```no_run
    /// # use redis_om_client::{Client, prelude::*};
    /// # async fn example(client: Client) -> redis_om_client::Result<()> {
    /// client.run(cmd().set("mine", 1).idempotent()).await?;
    /// # Ok(()) }
    /// ```
    pub fn idempotent(mut self) -> Self {
        self.cmd = self.cmd.idempotent();
        self.cmd.flag_parts(Flags::IDEMPOTENT);
        self
    }

    /// The words, keys and flags.
    pub fn cmd(&self) -> &Cmd {
        &self.cmd
    }

    /// The decoder of the reply.
    #[must_use]
    pub fn decoder(&self) -> Decoder<R> {
        self.decoder
    }

    /// The same command, with its reply decoded by `decoder`.
    pub fn decode_with<T>(self, decoder: Decoder<T>) -> Command<T> {
        Command::new(self.cmd, decoder)
    }
}

/// Clones the words and the decoder; `R` itself need not be `Clone`.
impl<R> Clone for Command<R> {
    fn clone(&self) -> Self {
        Self { cmd: self.cmd.clone(), decoder: self.decoder }
    }
}

impl<R> fmt::Display for Command<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cmd.fmt(f)
    }
}

impl<R> fmt::Debug for Command<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command<{}>({})", std::any::type_name::<R>(), self.cmd.brief())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_of_any_reply_can_be_cloned() {
        struct NotClone;
        let command = Cmd::new("GET").key("k").reply_with(|_| Ok(NotClone));
        assert_eq!(command.clone().to_string(), command.to_string());
    }
}
