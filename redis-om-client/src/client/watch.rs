//! The steps of `WATCH`, for the async loop and the blocking loop.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use crate::{
    command::{Cmd, Decoder, Flags, Plan},
    error::{Author, Error, ErrorKind, Execution, Result},
    route::{Facts, Tally, Verdict, ends_watch, judge_loss, judge_replies, random},
    session::ReplyBuf,
    value::ToArgs,
};

use super::{
    Client, Connection,
    answer::split_replies,
    attempt::{Attempt, Deadline, outgoing, time_of},
    decision::Decision,
    dispatch::facts,
};

/// The most attempts of a transaction whose keys keep changing.
const ATTEMPTS: u32 = 64;

/// All attempts of one call of `watch`.
#[derive(Debug)]
pub(crate) struct Watching {
    /// The command that watches the keys.
    words: Arc<Cmd>,
    /// The number of attempts that ended with a conflict.
    conflicts: u32,
    /// The caller wrote over the lent connection.
    wrote: bool,
}

/// One attempt. If it is dropped before its end, its connection is closed and no other caller gets it.
#[derive(Debug)]
pub(crate) struct Watch {
    connection: Connection,
}

/// How an attempt ended without an error.
enum Outcome<T> {
    Done(T),
    /// A watched key changed.
    Conflict,
}

impl Watching {
    pub(crate) fn new(keys: impl ToArgs) -> Result<Self> {
        let words = Cmd::new("WATCH").keys(keys).readonly();
        words.check()?;
        Ok(Self { words: Arc::new(words), conflicts: 0, wrote: false })
    }

    /// Watches the keys on an exclusive connection. Before each attempt but the first it pauses.
    pub(crate) async fn begin(&self, client: &Client) -> Result<Watch> {
        if self.conflicts >= ATTEMPTS {
            return Err(self.words.in_context(self.given_up(), 0));
        }
        if self.conflicts > 0 {
            let most = f64::from(1_u32 << self.conflicts.min(6));
            client.route().pause(Duration::from_secs_f64(most * random() / 1000.0)).await?;
        }
        Watch::begin(client, &self.words).await
    }

    fn given_up(&self) -> Error {
        let writes = if self.wrote {
            "; what the closure itself wrote over the lent connection was written in each attempt"
        } else {
            ""
        };
        let text = format!(
            "the watched keys changed during each of {ATTEMPTS} attempts, so the transaction did not run{writes}: if the \
             closure itself changes one of them through a client, return that command in the transaction instead; otherwise \
             watch fewer keys, or try again later"
        );
        Error::new(ErrorKind::Conflict, Execution::NotSent, text)
    }

    /// Carries out what the caller decided. `None` after a conflict: then another attempt follows. An error of the
    /// caller is returned as it is, and nothing is written.
    pub(crate) async fn end<D: Decision, E: From<Error>>(
        &mut self,
        watch: Watch,
        decision: Result<D, E>,
    ) -> Result<Option<D::Output>, E> {
        self.wrote |= watch.connection.has_written();
        let decision = match decision {
            Ok(decision) => decision,
            Err(error) => {
                watch.unwatch().await;
                return Err(error);
            }
        };
        let (plan, value) = decision.split();
        match watch.finish(plan).await? {
            Outcome::Done(reply) => Ok(Some(D::join(reply, value))),
            Outcome::Conflict => {
                self.conflicts += 1;
                Ok(None)
            }
        }
    }
}

impl Watch {
    async fn begin(client: &Client, words: &Arc<Cmd>) -> Result<Self> {
        let mut tally = Tally::default();
        let deadline = Deadline::after(client.config().command_timeout);
        loop {
            let policy = &client.config().retry;
            let (verdict, error) = match deadline.limit(Self::try_begin(client, words)).await {
                Ok((watch, reply)) => {
                    match judge_replies(&[reply.to_bytes()], facts(words), &mut tally, policy, random()) {
                        (again @ Verdict::Again { .. }, Some(error)) => (again, error),
                        _ => match Decoder::<()>::of().decode(&mut reply.replies()) {
                            Ok(()) => return Ok(watch),
                            Err(error) => (Verdict::Fail, error.into()),
                        },
                    }
                }
                Err(error) => (judge_loss(&error, facts(words), &mut tally, policy, random()), error),
            };
            match verdict {
                // No command of the caller has run, and the next connection is a new one.
                Verdict::Again { pause, redial } if deadline.left().is_none_or(|left| pause < left) => {
                    if redial {
                        client.route().node().redial();
                    }
                    client.route().pause(pause).await?;
                }
                Verdict::Again { .. } | Verdict::Done | Verdict::Fail => {
                    return Err(words.in_context(error, 0));
                }
            }
        }
    }

    async fn try_begin(client: &Client, words: &Arc<Cmd>) -> Result<(Self, ReplyBuf)> {
        let route = client.route();
        let exclusive = route.while_nothing_is_sent(route.node().exclusive()).await?;
        let watch = Self { connection: Connection::new(client.clone(), exclusive, words.clone()) };
        watch.connection.set_watching(true);
        let link = watch.connection.link()?;
        let reply = Attempt::new(&link, outgoing(words, None), client.config().command_timeout).await?;
        Ok((watch, reply))
    }

    /// The connection for the caller's reads.
    pub(crate) fn connection(&self) -> Connection {
        self.connection.clone()
    }

    /// Runs the transaction that the caller returned.
    async fn finish<P: Plan>(self, mut plan: P) -> Result<Outcome<P::Reply>> {
        let connection = &self.connection;
        let client = connection.client();
        plan.seal();
        let cmd = plan.cmd();
        cmd.check()?;
        if !cmd.is_transaction() && !cmd.flags().has(Flags::READONLY) {
            self.unwatch().await;
            let why = "`watch` protects only a transaction: return `atomic()` with the commands that write";
            return Err(cmd.in_context_of_all(Error::argument(why)));
        }
        if cmd.parts() == 0 {
            self.unwatch().await;
            return plan.read(&mut crate::resp::Replies::new(&[])).map(Outcome::Done);
        }
        let link = connection.link()?;
        let time = time_of(client.config(), cmd);
        let reply = Attempt::new(&link, outgoing(cmd, None), time)
            .await
            .map_err(|error| cmd.in_context_of_all(error))?;
        if cmd.is_transaction() {
            let pieces = if let ReplyBuf::Pieces(pieces) = &reply { &pieces[..] } else { &[] };
            let replies = split_replies(client.config(), pieces)?;
            if self.is_refused(&replies) {
                return Ok(Outcome::Conflict);
            }
            // A connection that still watches keys is not used again.
            connection.set_watching(!ends_watch(&replies));
        } else {
            self.unwatch().await;
        }
        match plan.read(&mut reply.replies()) {
            Ok(reply) => Ok(Outcome::Done(reply)),
            Err(error)
                if error.kind() == &ErrorKind::Conflict && error.execution() == Execution::Answered =>
            {
                Ok(Outcome::Conflict)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the server refused the transaction for a reason that passes, so that nothing of it ran. The connection is not
    /// used again then: after a failover it leads to a server that no longer serves.
    fn is_refused(&self, replies: &[Bytes]) -> bool {
        let client = self.connection.client();
        let facts = Facts { writes: true, repeatable: false, author: Author::Server, transaction: true };
        match judge_replies(replies, facts, &mut Tally::default(), &client.config().retry, random()) {
            (Verdict::Again { redial, .. }, _) => {
                if redial {
                    client.route().node().redial();
                }
                true
            }
            _ => false,
        }
    }

    /// Ends the watch. If this fails, the connection is not used again.
    async fn unwatch(&self) {
        let words = Cmd::new("UNWATCH").readonly();
        let Ok(link) = self.connection.link() else { return };
        let time = self.connection.client().config().command_timeout;
        if Attempt::new(&link, outgoing(&words, None), time).await.is_ok() {
            self.connection.set_watching(false);
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.connection.end();
    }
}
