//! The dispatch: it tries a command and repeats it where that is allowed. Every command takes this path.
//!
//! A single command, and a batch without failures, is one [`Attempt`]. One pure function judges how an attempt ended
//! ([`judge_replies`], [`judge_loss`]). After a failure in a batch, [`heal`] decides unit by unit what is sent again.

mod batch;
mod heal;
#[cfg(test)]
mod tests;
mod units;

use crate::{
    command::{Cmd, Flags},
    error::Result,
    route::{Facts, Tally, Verdict, judge_loss, judge_replies, random},
    session::ReplyBuf,
};

use super::{
    Client,
    answer::Answer,
    attempt::{Attempt, Deadline, Lane, outgoing, time_of},
};

/// What a single command declares about itself.
pub(super) fn facts(cmd: &Cmd) -> Facts {
    let flags = cmd.flags();
    Facts {
        writes: !flags.has(Flags::READONLY),
        repeatable: flags.repeatable(),
        author: cmd.author(0),
        transaction: false,
    }
}

/// Sends a command or a batch.
pub(super) async fn send(client: &Client, cmd: &Cmd) -> Result<Answer> {
    cmd.check()?;
    match cmd.parts() {
        0 => Ok(ReplyBuf::Pieces(Vec::new()).into()),
        1 => single(client, cmd).await.map(Answer::from),
        _ => batch::send(client, cmd).await,
    }
}

/// Sends a single command. The first attempt is made outside of the loop: nearly all first attempts succeed, and then
/// the loop's future is never created.
async fn single(client: &Client, cmd: &Cmd) -> Result<ReplyBuf> {
    let deadline = Deadline::after(time_of(client.config(), cmd));
    if cmd.is_blocking() || cmd.needs_own_connection() {
        return client.route().within(repeat(client, cmd, None, deadline)).await;
    }
    let mut first = Attempt::new(client.route().link(), outgoing(cmd, None), deadline.left());
    let ended = (&mut first).await;
    if ended.as_ref().is_ok_and(|reply| !reply.is_error()) {
        return ended;
    }
    drop(first);
    client.route().within(repeat(client, cmd, Some(ended), deadline)).await
}

/// Tries a single command until it succeeds, may not be repeated, or its deadline passes. `ended` is the outcome of a
/// first attempt.
pub(super) async fn repeat(
    client: &Client,
    cmd: &Cmd,
    mut ended: Option<Result<ReplyBuf>>,
    deadline: Deadline,
) -> Result<ReplyBuf> {
    let policy = &client.config().retry;
    let mut tally = Tally::default();
    let mut lane = None;
    // The time of a blocking command starts when it has its first connection.
    let mut deadline = if cmd.is_blocking() { None } else { Some(deadline) };
    loop {
        let outcome = match ended.take() {
            Some(outcome) => outcome,
            None => attempt(client, cmd, &mut lane, &mut deadline).await,
        };
        let (verdict, error) = match &outcome {
            Ok(reply) if !reply.is_error() => (Verdict::Done, None),
            Ok(reply) => judge_replies(&[reply.to_bytes()], facts(cmd), &mut tally, policy, random()),
            Err(error) => {
                let verdict = judge_loss(error, facts(cmd), &mut tally, policy, random());
                (verdict, Some(tally.told(error.clone())))
            }
        };
        match (verdict, error) {
            (Verdict::Again { pause, redial }, error)
                if deadline.and_then(Deadline::left).is_none_or(|left| pause < left) =>
            {
                if redial {
                    client.route().node().redial();
                }
                if (redial || outcome.is_err())
                    && let Some(Lane::Pooled(exclusive)) = lane.take_if(|lane| !lane.is_shared())
                {
                    exclusive.discard();
                }
                client
                    .route()
                    .pause(pause)
                    .await
                    .map_err(|ended| cmd.in_context_of_all(tally.told(error.unwrap_or(ended))))?;
            }
            (Verdict::Done, _) => return outcome,
            (_, Some(error)) if outcome.is_err() || tally.may_have_run => {
                return Err(cmd.in_context_of_all(tally.told(error)));
            }
            // No attempt is left after a refusal. The refusal is the reply, and decoding reports it.
            (..) => return outcome,
        }
    }
}

async fn attempt<'a>(
    client: &'a Client,
    cmd: &Cmd,
    lane: &mut Option<Lane<'a>>,
    deadline: &mut Option<Deadline>,
) -> Result<ReplyBuf> {
    let lane = match lane {
        Some(lane) => lane,
        None => {
            let until = deadline.unwrap_or_else(|| Deadline::after(None));
            lane.insert(until.limit(Lane::of(client.route(), cmd)).await?)
        }
    };
    let deadline = *deadline.get_or_insert_with(|| Deadline::after(time_of(client.config(), cmd)));
    deadline.check()?;
    Attempt::new(lane.link(), outgoing(cmd, None), deadline.left()).await
}
