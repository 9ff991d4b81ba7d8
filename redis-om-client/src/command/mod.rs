//! A command is a value; an executor decides what becomes of it.
//!
//! Layer 3: stands on `value` and `resp`; knows no client and no connection. [`Cmd`] is the words, the keys and the
//! flags; [`Command<R>`] adds the decoder of the reply. An [`Executor`] (a client, a pipeline, a transaction) takes a
//! `Command<R>` and gives what it makes of an `R`. The promise kept here: building never fails and never sends; what is
//! wrong with an argument is kept in the command, and is its error when it runs, before anything is sent.

mod batch;
mod cmd;
mod decoder;
mod executor;
mod flags;
mod guard;
mod keys;
mod part;
mod pipeline;
mod plan;
pub mod policy;
mod reply_slots;
mod secrets;
mod show;
mod slot;
mod transaction;

pub use cmd::{Cmd, raw};
pub use decoder::Decoder;
pub use executor::{Build, Executor, cmd};
pub(crate) use flags::Flags;
pub(crate) use part::Block;
pub use pipeline::{Pipeline, pipe};
pub use plan::Plan;
pub use reply_slots::{Checked, Many, One, ReplySlot, ReplySlots, Steps};
pub use slot::{SLOTS, slot};
pub use transaction::{Transaction, atomic};

use std::fmt;

use crate::value::{ChunkDecoder, FromRedis};

/// A command whose reply is an `R`: nothing is sent until an [`Executor`] or `run` takes it.
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
    /// In front: see [`Body`](crate::resp::encode::Body).
    cmd: Cmd,
    decoder: Decoder<R>,
    /// How a long reply is read a portion at a time, if it can be.
    chunk_decoder: Option<ChunkDecoder<R>>,
}

impl<R> Command<R> {
    /// A command of these words, its reply read by `decoder`.
    #[inline]
    pub fn new(cmd: Cmd, decoder: Decoder<R>) -> Self {
        Self { cmd, decoder, chunk_decoder: None }
    }

    /// A command whose reply is of a type that says itself how it is read.
    #[inline]
    pub(crate) fn of(cmd: Cmd) -> Self
    where
        R: FromRedis,
    {
        Self { cmd, decoder: Decoder::of(), chunk_decoder: R::CHUNKS }
    }

    /// Several commands as one value: sent together, answered together, in order; one connection, no other command
    /// between. Which is all that it promises: for all or nothing put it into [`atomic`].
    pub fn together<T>(commands: impl IntoIterator<Item = Command<T>>, decoder: Decoder<R>) -> Self {
        let mut batch = Cmd::batch();
        commands.into_iter().for_each(|command| batch.push(&command.cmd));
        Self::new(batch.together(), decoder)
    }

    /// Declares that doing it twice is the same as doing it once: then it is tried again when its reply was lost with the
    /// connection, when nobody knows whether it ran.
    ///
    /// No command that writes data is declared so by itself, not even `SET`: between its first run and its second others
    /// may have written what they saw confirmed, and would lose it. Where nobody else writes the key, say so:
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

    /// The words.
    pub fn cmd(&self) -> &Cmd {
        &self.cmd
    }

    /// The decoder of the reply.
    #[must_use]
    pub fn decoder(&self) -> Decoder<R> {
        self.decoder
    }

    /// The same command, its reply read in another way.
    pub fn decode_with<T>(self, decoder: Decoder<T>) -> Command<T> {
        Command::new(self.cmd, decoder)
    }

    /// How a long reply is read a portion at a time, if it can be.
    #[inline]
    pub(crate) fn chunk_decoder(&self) -> Option<ChunkDecoder<R>> {
        self.chunk_decoder
    }
}

/// A copy of the words; a reply that cannot be cloned does not matter.
impl<R> Clone for Command<R> {
    fn clone(&self) -> Self {
        Self { cmd: self.cmd.clone(), decoder: self.decoder, chunk_decoder: self.chunk_decoder }
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
