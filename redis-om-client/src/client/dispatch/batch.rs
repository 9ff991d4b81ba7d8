//! A batch: it is sent as a whole; after a failure, the commands that did not run are sent again.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::{
    command::Cmd,
    config::RetryPolicy,
    error::Result,
    resp::{large::Larges, may_have_error},
    route::{random, refusal},
    session::{Outgoing, Pieces, ReplyBuf, Runs, Tick},
};

use super::{
    super::{
        Client,
        answer::{Answer, split_replies},
        attempt::{Attempt, Deadline, Lane, outgoing, time_of},
    },
    heal::{Healing, Loss, Rules, SentUnit, Step},
};

/// Sends a batch.
pub(super) async fn send(client: &Client, cmd: &Cmd) -> Result<Answer> {
    if cmd.is_blocking() || cmd.needs_own_connection() {
        let work = async {
            let lane = Lane::of(client.route(), cmd).await.map_err(|error| cmd.in_context_of_all(error))?;
            Batch::new(client, cmd, lane).send().await
        };
        return client.route().within(work).await;
    }
    Batch::new(client, cmd, Lane::Shared(client.route().link())).send().await
}

/// A batch in progress.
pub(in super::super) struct Batch<'a> {
    client: &'a Client,
    cmd: &'a Cmd,
    lane: Lane<'a>,
    deadline: Deadline,
    /// Ticks count from here.
    epoch: Instant,
}

impl<'a> Batch<'a> {
    pub(in super::super) fn new(client: &'a Client, cmd: &'a Cmd, lane: Lane<'a>) -> Self {
        let deadline = Deadline::after(time_of(client.config(), cmd));
        Self { client, cmd, lane, deadline, epoch: Instant::now() }
    }

    /// Sends the whole batch once. If something failed, further attempts follow.
    async fn send(self) -> Result<Answer> {
        let (all, loss) = self.attempt(outgoing(self.cmd, None)).await;
        if loss.is_none() && !all.pieces.iter().any(|piece| may_have_error(piece)) {
            return Ok(all.into());
        }
        self.client.route().within(self.heal(all, loss)).await
    }

    /// One attempt: the replies that came, and the loss if some of them did not come.
    async fn attempt(&self, out: Outgoing<'_>) -> (Pieces, Option<Loss>) {
        let mut attempt = Attempt::new(self.lane.link(), out, self.deadline.left());
        match (&mut attempt).await {
            Ok(reply) => (reply.into_pieces(), None),
            Err(error) => {
                let written = attempt.written();
                (attempt.take_came(), Some(Loss { error, written }))
            }
        }
    }

    /// Continues after an attempt in which something failed or may have failed.
    async fn heal(mut self, all: Pieces, loss: Option<Loss>) -> Result<Answer> {
        let frames = split_replies(self.client.config(), &all.pieces)?;
        let refused = |(index, frame): (usize, &Bytes)| refusal(frame, self.cmd.author(index)).is_some();
        // Ordinary errors (`WRONGTYPE`, an unknown command) are reported when the replies are decoded.
        if loss.is_none() && !frames.iter().enumerate().any(refused) {
            return Ok(all.into());
        }
        let mut healing = Healing::new(self.cmd);
        let units = healing.in_flight();
        let sent: Vec<_> = units
            .into_iter()
            .map(|index| SentUnit { index, bytes: healing.bytes(self.cmd, index).1 })
            .collect();
        healing.fail_unread(&sent, &all.failures);
        healing.settle(&sent, frames, loss.as_ref(), &self.rules());
        self.go_on(&mut healing).await?;
        let (pieces, failures) = healing.finish();
        // One error covers the whole batch.
        if let Some((_, first)) = failures.first()
            && failures.len() == self.cmd.parts() as usize
        {
            let maybe = failures.iter().map(|(_, error)| error).find(|error| error.may_have_run());
            return Err(self.cmd.in_context_of_all(maybe.unwrap_or(first).clone()));
        }
        Ok(Answer { reply: ReplyBuf::Pieces(pieces), failures })
    }

    /// Sends again what may be sent again, until nothing is left or the deadline has passed.
    async fn go_on(&mut self, healing: &mut Healing) -> Result<()> {
        loop {
            let step = healing.next(self.now());
            let left = self.deadline.left();
            let is_late = left.is_some_and(|left| left.is_zero());
            match step {
                Step::Done => return Ok(()),
                Step::Send(units) if !is_late => self.send_again(healing, units).await?,
                Step::Wait(at) if !is_late => {
                    let pause = Duration::from_millis(at.saturating_sub(self.now()));
                    let paused = self.client.route().pause(left.map_or(pause, |left| pause.min(left))).await;
                    if paused.is_err() {
                        healing.expire();
                        return Ok(());
                    }
                }
                Step::Send(_) | Step::Wait(_) => {
                    healing.expire();
                    return Ok(());
                }
            }
        }
    }

    /// Sends these units together.
    async fn send_again(&mut self, healing: &mut Healing, units: Vec<usize>) -> Result<()> {
        let (mut body, mut larges) = (Vec::new(), Larges::new());
        let mut sent = Vec::with_capacity(units.len());
        let mut parts = 0;
        for index in units {
            let start = body.len() + larges.size();
            let (of_body, _) = healing.bytes(self.cmd, index);
            if let Some(of_batch) = self.cmd.large() {
                larges.append(&of_batch.within(&of_body), body.len());
            }
            body.extend_from_slice(&self.cmd.body()[of_body]);
            parts += healing.parts(index);
            sent.push(SentUnit { index, bytes: start..body.len() + larges.size() });
        }
        let redial = healing.take_redial();
        if redial {
            self.client.route().node().redial();
        }
        let renewed = self.renew_lane(redial).await;
        if let Err(error) = renewed.and_then(|()| self.deadline.check()) {
            healing.settle(&sent, Vec::new(), Some(&Loss { error, written: 0 }), &self.rules());
            return Ok(());
        }
        let whole = self.cmd.is_transaction() || parts == 1;
        let out = Outgoing {
            body: &body,
            args: 0,
            parts,
            runs: if whole { Runs::Whole } else { Runs::Partly },
            large: if larges.is_empty() { None } else { Some(&larges) },
            ..outgoing(self.cmd, None)
        };
        let (all, loss) = self.attempt(out).await;
        let frames = split_replies(self.client.config(), &all.pieces)?;
        healing.fail_unread(&sent, &all.failures);
        healing.settle(&sent, frames, loss.as_ref(), &self.rules());
        Ok(())
    }

    /// Replaces a connection of the pool by another one if it was lost, or leads to a server that no longer serves: it does not
    /// reconnect.
    async fn renew_lane(&mut self, redial: bool) -> Result<()> {
        if !self.lane.is_shared() && (redial || !self.lane.link().is_clean()) {
            let old = std::mem::replace(&mut self.lane, Lane::of(self.client.route(), self.cmd).await?);
            if let Lane::Pooled(exclusive) = old {
                exclusive.discard();
            }
        }
        Ok(())
    }

    fn now(&self) -> Tick {
        self.epoch.elapsed().as_millis() as Tick
    }

    fn rules(&self) -> Rules<'a> {
        let policy: &RetryPolicy = &self.client.config().retry;
        Rules { policy, now: self.now(), random: random() }
    }
}
