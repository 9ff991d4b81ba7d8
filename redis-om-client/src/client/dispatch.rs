//! The one loop through which a command is tried, and tried again.

use std::time::{Duration, Instant};

use crate::{
    command::{Block, Cmd},
    error::{Error, Result, ServerError},
    net::random,
    session::ReplyBuf,
};

use super::{Client, exchange::Exchange, partial::PartialReplies, retry::may_repeat};

/// Sends a command or a batch and gives its reply's bytes; those of the first replies of a batch by way of `partial`.
///
/// A first attempt that succeeds, as nearly all do, stays out of the loop, whose future is made only for the others.
pub(super) async fn send(client: &Client, cmd: &Cmd, partial: Option<&PartialReplies>) -> Result<ReplyBuf> {
    cmd.check()?;
    if cmd.parts() == 0 {
        return Ok(ReplyBuf::Pieces(Vec::new()));
    }
    let time = client.config().command_timeout;
    if cmd.is_blocking() {
        return Box::pin(repeat(client, cmd, time, None, partial)).await;
    }
    let mut first = Exchange::new(client.inner.route.link(), cmd, time).with_partial(partial);
    match settled(client, (&mut first).await, cmd, 0) {
        Ok(reply) => Ok(reply),
        Err(error) => Box::pin(repeat(client, cmd, first.time_left(), Some(error), partial)).await,
    }
}

/// Tries until it succeeds or may not be tried again, within `time` in all; `failed` is what a first attempt ended with.
pub(super) async fn repeat(
    client: &Client,
    cmd: &Cmd,
    time: Option<Duration>,
    mut failed: Option<Error>,
    partial: Option<&PartialReplies>,
) -> Result<ReplyBuf> {
    let config = client.config();
    let start = Instant::now();
    let mut failures = 0;
    loop {
        if let Some(error) = failed.take() {
            failures += 1;
            let pause = config.retry.delay(failures - 1, random());
            match pause {
                Some(pause) if may_repeat(&error, cmd.flags()) => tokio::time::sleep(pause).await,
                _ => return Err(cmd.in_context_of_all(error)),
            }
        }
        let left = time.map(|time| time.saturating_sub(start.elapsed()));
        match settled(client, attempt(client, cmd, left, partial).await, cmd, failures) {
            Ok(reply) => return Ok(reply),
            Err(error) => failed = Some(error),
        }
    }
}

async fn attempt(
    client: &Client,
    cmd: &Cmd,
    timeout: Option<Duration>,
    partial: Option<&PartialReplies>,
) -> Result<ReplyBuf> {
    if cmd.is_blocking() {
        let exclusive = client.inner.pool.get().await?;
        return Exchange::new(exclusive.link(), cmd, deadline(client, cmd)).with_partial(partial).await;
    }
    Exchange::new(client.inner.route.link(), cmd, timeout).with_partial(partial).await
}

/// How long a blocking command may take: the server's own timeout, and a grace.
pub(super) fn deadline(client: &Client, cmd: &Cmd) -> Option<Duration> {
    match cmd.block() {
        Some(Block::For(timeout)) => timeout.checked_add(client.config().blocking_grace),
        Some(Block::Forever) => None,
        // Blocking by the words of a `raw` command: nobody said for how long.
        None if cmd.is_blocking() => None,
        None => client.config().command_timeout,
    }
}

/// What an attempt ended with: the reply to give, or the error after which there may be another attempt.
#[inline]
pub(super) fn settled(
    client: &Client,
    outcome: Result<ReplyBuf>,
    cmd: &Cmd,
    failures: u32,
) -> Result<ReplyBuf> {
    let reply = outcome?;
    match worth_repeating(client, &reply, cmd, failures) {
        None => Ok(reply),
        Some(error) => Err(error),
    }
}

/// The refusal for which another attempt is made; where none is left, the refusal is the reply, and its reader's to tell.
#[inline]
pub(super) fn worth_repeating(client: &Client, reply: &ReplyBuf, cmd: &Cmd, failures: u32) -> Option<Error> {
    transient(reply, cmd).filter(|_| client.config().retry.delay(failures, 0.0).is_some())
}

/// The refusal of a single command for a reason that passes by itself.
#[inline]
fn transient(reply: &ReplyBuf, cmd: &Cmd) -> Option<Error> {
    let bytes = match reply {
        ReplyBuf::Small(length, bytes) => &bytes[..usize::from(*length)],
        ReplyBuf::Whole(bytes) => bytes,
        ReplyBuf::Pieces(_) => return None,
    };
    match bytes {
        [b'-', line @ ..] if cmd.parts() == 1 => refusal(line),
        _ => None,
    }
}

#[cold]
fn refusal(line: &[u8]) -> Option<Error> {
    let error = ServerError::parse(String::from_utf8_lossy(line).trim_end());
    error.code().is_transient().then(|| Error::server(error))
}
