//! Commands of which all run or none: `MULTI` … `EXEC`.

use std::fmt;

use super::{
    Checked, Cmd, Command, Executor, Many, One,
    pipeline::{push, push_all},
};

/// Commands between `MULTI` and `EXEC`, sent together. No command of another client runs between them, and no client
/// sees only some of their effects. Build it with [`atomic`], run it with `run`, or return it from `watch`.
///
/// Redis has no rollback: a command that fails when it runs (`WRONGTYPE`) does not undo the others. If a command is
/// refused when it is queued (unknown, wrong number of arguments), the whole transaction fails and none of its commands
/// runs. A server that refuses `MULTI` itself (a user without the right to it) runs the commands one by one: the error
/// says so, and [`may_have_run`](crate::Error::may_have_run) is true.
/// Each command changes the type of the transaction. So a variable cannot be assigned in a loop: `p = p.incr(key)` is a type error
/// (`mismatched types`, E0308). Pass commands whose number is known only at run time to [`many`](Self::many):
///
/// ```
/// use redis_om_client::prelude::*;
///
/// let keys = ["a", "b", "c"];
/// let batch = atomic().many(keys.iter().map(|key| cmd().incr(key)));
/// assert_eq!(batch.len(), 3);
/// ```
#[must_use = "a transaction does nothing until it is run"]
pub struct Transaction<L> {
    pub(super) batch: Cmd,
    pub(super) slots: L,
    pub(super) ignored: Vec<u32>,
}

/// An empty transaction.
///
/// ```
/// # use redis_om_client::prelude::*;
/// # async fn example(client: Client) -> redis_om_client::Result<()> {
/// let (a, b) = client.run(atomic().decr_by("acct:a", 30).incr_by("acct:b", 30)).await?;
/// # Ok(()) }
/// assert_eq!(atomic().incr("a").to_string(), "MULTI | INCR a | EXEC");
/// ```
pub fn atomic() -> Transaction<()> {
    Transaction { batch: Cmd::begun_transaction(), slots: (), ignored: Vec::new() }
}

impl<L> Transaction<L> {
    /// Adds a command value: one of a model, of a collection, or one built by [`cmd`](super::cmd()).
    ///
    /// ```
    /// use redis_om_client::prelude::*;
    ///
    /// let batch = atomic().add(cmd().get::<Option<String>>("name")).incr("visits");
    /// assert_eq!(batch.to_string(), "MULTI | GET name | INCR visits | EXEC");
    /// ```
    #[expect(clippy::should_implement_trait, reason = "a batch is not a number, and its output type changes")]
    pub fn add<R>(self, command: Command<R>) -> Transaction<(L, One<R>)> {
        self.execute(command)
    }

    /// Adds all commands of an iterator. Their replies are one `Vec` in the tuple.
    pub fn many<R>(mut self, commands: impl IntoIterator<Item = Command<R>>) -> Transaction<(L, Many<R>)> {
        let many = push_all(&mut self.batch, commands);
        Transaction { batch: self.batch, slots: (self.slots, many), ignored: self.ignored }
    }

    /// How many commands it has, `MULTI` and `EXEC` not counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batch.parts() as usize - 1
    }

    /// Whether it has no command.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<L, R> Transaction<(L, One<R>)> {
    /// Leaves the last command's reply out of the tuple. An error in it is still the error of the transaction.
    pub fn ignore(mut self) -> Transaction<L> {
        let end = self.batch.parts() - 1;
        self.ignored.extend(end - self.slots.1.parts..end);
        Transaction { batch: self.batch, slots: self.slots.0, ignored: self.ignored }
    }

    /// Puts the last command's outcome into the tuple as a `Result`.
    pub fn checked(self) -> Transaction<(L, Checked<One<R>>)> {
        let (list, last) = self.slots;
        Transaction { batch: self.batch, slots: (list, Checked(last)), ignored: self.ignored }
    }
}

impl<L> Executor for Transaction<L> {
    type Output<R> = Transaction<(L, One<R>)>;

    #[cfg_attr(test, track_caller)]
    fn execute<R>(mut self, command: Command<R>) -> Self::Output<R> {
        #[cfg(test)]
        super::record::note(&command.cmd);
        let slot = push(&mut self.batch, &command);
        Transaction { batch: self.batch, slots: (self.slots, slot), ignored: self.ignored }
    }
}

impl<L> fmt::Display for Transaction<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} | EXEC", self.batch)
    }
}

impl<L> fmt::Debug for Transaction<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transaction({} | EXEC)", self.batch.brief())
    }
}
