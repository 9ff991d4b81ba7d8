//! `WATCH`: the steps of one attempt, for the async loop and the blocking one.

use std::time::Duration;

use crate::{
    command::{Cmd, Plan},
    error::{Error, ErrorKind, Execution, Result},
    net::random,
    value::ToArgs,
};

use super::{Client, Connection, exchange::Exchange};

/// How often a transaction is tried whose keys keep changing.
const ATTEMPTS: u32 = 64;

/// The words that watch the keys.
pub(crate) fn words(keys: impl ToArgs) -> Result<Cmd> {
    let words = Cmd::new("WATCH").keys(keys).readonly();
    words.check()?;
    Ok(words)
}

/// One attempt; dropped half way, its connection is closed and not handed to anybody else.
#[derive(Debug)]
pub(crate) struct Attempt {
    connection: Option<Connection>,
}

/// How an attempt ended, where it did not fail.
#[derive(Debug)]
pub(crate) enum Outcome<T> {
    Done(T),
    /// A watched key changed.
    Conflict,
}

impl Attempt {
    /// Watches the keys on a connection of its own, after a pause if this is not the first attempt.
    pub(crate) async fn begin(client: &Client, words: &Cmd, number: u32) -> Result<Self> {
        if number >= ATTEMPTS {
            let text =
                format!("the watched keys changed during each of {ATTEMPTS} attempts: nothing was written");
            return Err(words.in_context(Error::new(ErrorKind::Conflict, Execution::Answered, text), 0));
        }
        if number > 0 {
            let most = f64::from(1_u32 << number.min(6));
            tokio::time::sleep(Duration::from_secs_f64(most * random() / 1000.0)).await;
        }
        let mut failures = 0;
        loop {
            let connection = Connection::new(client.clone(), client.inner.pool.get().await?);
            connection.set_watching(true);
            let timeout = client.config().command_timeout;
            let outcome = Exchange::new(connection.link()?, words, timeout).await;
            let attempt = Self { connection: Some(connection) };
            match outcome {
                Ok(reply) => {
                    if let Err(error) = crate::command::Decoder::<()>::of().decode(&mut reply.replies()) {
                        return Err(words.in_context(error.into(), 0));
                    }
                    return Ok(attempt);
                }
                // A pooled connection that had died without a word: the next one is new.
                Err(error) if super::retry::may_repeat(&error, words.flags()) && failures < 3 => {
                    failures += 1
                }
                Err(error) => return Err(words.in_context(error, 0)),
            }
        }
    }

    /// The connection, for the caller's reads.
    pub(crate) fn connection(&self) -> Connection {
        match &self.connection {
            Some(connection) => connection.clone(),
            None => unreachable!("the connection is only taken at the end"),
        }
    }

    /// Runs what the caller decided on; what he refused is handed back, with nothing written.
    pub(crate) async fn finish<P: Plan>(self, decision: Result<P>) -> Result<Outcome<P::Reply>> {
        let connection = self.connection();
        let mut plan = match decision {
            Ok(plan) => plan,
            Err(error) => {
                let unwatched = unwatch(&connection).await;
                connection.set_watching(unwatched.is_err());
                drop(connection);
                drop(self);
                return Err(error);
            }
        };
        let client = connection.client();
        plan.seal();
        let cmd = plan.cmd();
        cmd.check()?;
        let transaction = cmd.is_transaction();
        if cmd.parts() > 0 {
            let timeout = super::dispatch::deadline(client, cmd);
            let reply = Exchange::new(connection.link()?, cmd, timeout)
                .await
                .map_err(|error| cmd.in_context_of_all(error))?;
            if transaction {
                connection.set_watching(false);
            }
            let outcome = plan.read(&mut reply.replies());
            if !transaction && unwatch(&connection).await.is_ok() {
                connection.set_watching(false);
            }
            return match outcome {
                Ok(reply) => Ok(Outcome::Done(reply)),
                Err(error)
                    if error.kind() == &ErrorKind::Conflict && error.execution() == Execution::Answered =>
                {
                    Ok(Outcome::Conflict)
                }
                Err(error) => Err(error),
            };
        }
        if unwatch(&connection).await.is_ok() {
            connection.set_watching(false);
        }
        plan.read(&mut crate::resp::Replies::new(&[])).map(Outcome::Done)
    }
}

async fn unwatch(connection: &Connection) -> Result<()> {
    let words = Cmd::new("UNWATCH").readonly();
    let timeout = connection.client().config().command_timeout;
    Exchange::new(connection.link()?, &words, timeout).await.map(drop)
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.end();
        }
    }
}
