//! Commands that are sent together, with their replies typed in one flat tuple.

use std::fmt;

use super::{Checked, Cmd, Command, Executor, Many, One};

/// Commands that are sent together and answered together: one round trip. Build it with [`pipe`], run it with `run`.
///
/// It is not atomic: commands of other clients may run between. For all or nothing see [`atomic`](super::atomic). If
/// the server answers one command with an error, the others still run, and the error names the failed command.
/// Each command changes the type of the pipeline. So a variable cannot be assigned in a loop: `p = p.incr(key)` is a type error
/// (`mismatched types`, E0308). Pass commands whose number is known only at run time to [`many`](Self::many):
///
/// ```
/// use redis_om_client::prelude::*;
///
/// let keys = ["a", "b", "c"];
/// let batch = pipe().many(keys.iter().map(|key| cmd().incr(key)));
/// assert_eq!(batch.len(), 3);
/// ```
#[must_use = "a pipeline does nothing until it is run"]
pub struct Pipeline<L> {
    pub(super) batch: Cmd,
    pub(super) slots: L,
    pub(super) ignored: Vec<u32>,
}

/// An empty pipeline.
///
/// ```
/// # use redis_om_client::prelude::*;
/// # async fn example(client: Client) -> redis_om_client::Result<()> {
/// let (name, visits): (Option<String>, i64) = client.run(pipe().get("name").incr("visits")).await?;
/// # Ok(()) }
/// assert_eq!(pipe().get::<String>("name").incr("visits").to_string(), "GET name | INCR visits");
/// ```
pub fn pipe() -> Pipeline<()> {
    Pipeline { batch: Cmd::batch(), slots: (), ignored: Vec::new() }
}

impl<L> Pipeline<L> {
    /// Adds a command value: one of a model, of a collection, or one built by [`cmd`](super::cmd()).
    ///
    /// ```
    /// use redis_om_client::prelude::*;
    ///
    /// let batch = pipe().add(cmd().get::<Option<String>>("name")).incr("visits");
    /// assert_eq!(batch.to_string(), "GET name | INCR visits");
    /// ```
    #[expect(clippy::should_implement_trait, reason = "a batch is not a number, and its output type changes")]
    pub fn add<R>(self, command: Command<R>) -> Pipeline<(L, One<R>)> {
        self.execute(command)
    }

    /// Adds all commands of an iterator. Their replies are one `Vec` in the tuple.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// # async fn example(client: Client) -> redis_om_client::Result<()> {
    /// let keys = ["a", "b", "c"];
    /// let (values,): (Vec<Option<String>>,) = client.run(pipe().many(keys.map(|key| cmd().get(key)))).await?;
    /// # Ok(()) }
    /// ```
    pub fn many<R>(mut self, commands: impl IntoIterator<Item = Command<R>>) -> Pipeline<(L, Many<R>)> {
        let many = push_all(&mut self.batch, commands);
        Pipeline { batch: self.batch, slots: (self.slots, many), ignored: self.ignored }
    }

    /// How many commands it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batch.parts() as usize
    }

    /// Whether it has no command. Running it then sends nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Adds a command to a batch and returns the slot of its reply. It takes a reference, because moving a command at each
/// step is expensive.
#[inline]
pub(super) fn push<R>(batch: &mut Cmd, command: &Command<R>) -> One<R> {
    batch.push(&command.cmd);
    let (parts, framed) = match command.cmd.has_frames() {
        false => (command.cmd.parts(), false),
        true if batch.is_transaction() => (command.cmd.replies(), false),
        true => (command.cmd.parts(), true),
    };
    One { decoder: command.decoder, parts, framed }
}

pub(super) fn push_all<R>(batch: &mut Cmd, commands: impl IntoIterator<Item = Command<R>>) -> Many<R> {
    let mut many = Many::new();
    let mut commands = commands.into_iter();
    if let Some(first) = commands.next() {
        batch.make_room(&first.cmd, commands.size_hint().0.saturating_add(1));
        many.push(push(batch, &first));
        // A reference here, too: moving a value right after it was written stalls until the stores have left the store
        // buffer.
        while let Some(command) = &commands.next() {
            many.push(push(batch, command));
        }
    }
    many
}

impl<L, R> Pipeline<(L, One<R>)> {
    /// Leaves the last command's reply out of the tuple. An error in it is still the error of the pipeline.
    pub fn ignore(mut self) -> Pipeline<L> {
        let end = self.batch.parts();
        self.ignored.extend(end - self.slots.1.parts..end);
        Pipeline { batch: self.batch, slots: self.slots.0, ignored: self.ignored }
    }

    /// Puts the last command's outcome into the tuple as a `Result`. Its error is then not the error of the pipeline.
    ///
    /// If no command of the pipeline got a reply (a lost connection), `run` returns one error for all of them.
    pub fn checked(self) -> Pipeline<(L, Checked<One<R>>)> {
        let (list, last) = self.slots;
        Pipeline { batch: self.batch, slots: (list, Checked(last)), ignored: self.ignored }
    }
}

impl<L> Executor for Pipeline<L> {
    type Output<R> = Pipeline<(L, One<R>)>;

    #[cfg_attr(test, track_caller)]
    fn execute<R>(mut self, command: Command<R>) -> Self::Output<R> {
        #[cfg(test)]
        super::record::note(&command.cmd);
        let slot = push(&mut self.batch, &command);
        Pipeline { batch: self.batch, slots: (self.slots, slot), ignored: self.ignored }
    }
}

impl<L> fmt::Display for Pipeline<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.batch.fmt(f)
    }
}

impl<L> fmt::Debug for Pipeline<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pipeline({})", self.batch.brief())
    }
}
