//! Recovery of a batch after a failure: sends again only what did not run. Uses no sockets and no clock.
//!
//! **The order rule.** Units that share a key form a group, and keep the order of the batch:
//!
//! 1. A group sends nothing while one of its units is in flight. Then it sends its first pending units, in order.
//! 2. A unit is sent again only if no later unit of its group ran or may have run. For a unit that only reads, only
//!    later writes count. Otherwise the unit fails.
//!
//! A failed unit has an error of its own. The error says whether that unit may have run in any of its attempts, not
//! only in the last one.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    time::Duration,
};

use bytes::Bytes;

use crate::{
    command::Cmd,
    config::{RetryPolicy, millis},
    error::{Error, ErrorKind, Execution, TimeoutKind},
    resp::FAILED,
    route::{Tally, Verdict, judge_loss, judge_replies},
    session::Tick,
};

use super::units::{Unit, order_groups, units};

#[derive(Debug)]
enum State {
    /// Waits to be sent; not before this tick.
    Pending(Tick),
    Sent,
    /// Its replies. `ran` is false if the reply is a refusal and no further attempt is made.
    Done {
        replies: Vec<Bytes>,
        ran: bool,
    },
    Failed(Error),
}

#[derive(Debug)]
struct Entry {
    unit: Unit,
    group: u32,
    state: State,
    tally: Tally,
    /// The error of the last attempt.
    last: Option<Error>,
    /// It ran, and its reply could not be read.
    unread: Option<Error>,
}

/// A unit that was sent, and the position of its bytes in the data that was sent.
#[derive(Debug)]
pub(super) struct SentUnit {
    pub(super) index: usize,
    pub(super) bytes: Range<usize>,
}

/// Why replies did not arrive.
#[derive(Debug)]
pub(super) struct Loss {
    pub(super) error: Error,
    /// How many bytes of the joint write may have been sent.
    pub(super) written: usize,
}

/// What a decision about a further attempt depends on.
#[derive(Debug)]
pub(super) struct Rules<'a> {
    pub(super) policy: &'a RetryPolicy,
    pub(super) now: Tick,
    /// A random number from 0 to 1.
    pub(super) random: f64,
}

impl Rules<'_> {
    fn after(&self, pause: Duration) -> Tick {
        self.now.saturating_add(millis(pause))
    }
}

/// The next step.
#[derive(Debug)]
pub(super) enum Step {
    /// Send the units with these indexes together, in this order.
    Send(Vec<usize>),
    /// Wait until this tick.
    Wait(Tick),
    Done,
}

/// The units of a batch in progress.
#[derive(Debug)]
pub(super) struct Healing {
    entries: Vec<Entry>,
    /// A new connection is needed before the next attempt.
    redial: bool,
}

impl Healing {
    /// The state of a batch that was sent as a whole.
    pub(super) fn new(cmd: &Cmd) -> Self {
        let units = units(cmd);
        let groups = order_groups(cmd, &units);
        let entries = units
            .into_iter()
            .zip(groups)
            .map(|(unit, group)| Entry {
                unit,
                group,
                state: State::Sent,
                tally: Tally::default(),
                last: None,
                unread: None,
            })
            .collect();
        Self { entries, redial: false }
    }

    /// The units that are in flight.
    pub(super) fn in_flight(&self) -> Vec<usize> {
        let sent = |(_, entry): &(usize, &Entry)| matches!(entry.state, State::Sent);
        self.entries.iter().enumerate().filter(sent).map(|(index, _)| index).collect()
    }

    /// The position of a unit's bytes in the body of the batch, and among the bytes that go over the wire for the batch.
    pub(super) fn bytes(&self, cmd: &Cmd, index: usize) -> (Range<usize>, Range<usize>) {
        cmd.ranges(self.entries[index].unit.range())
    }

    /// How many replies a unit gets.
    pub(super) fn parts(&self, index: usize) -> u32 {
        self.entries[index].unit.parts
    }

    /// Records the result of units that were sent together: the replies that arrived, and why the others did not
    /// arrive.
    pub(super) fn settle(
        &mut self,
        sent: &[SentUnit],
        mut frames: Vec<Bytes>,
        lost: Option<&Loss>,
        with: &Rules<'_>,
    ) {
        let mut frames = frames.drain(..);
        for SentUnit { index, bytes } in sent {
            let entry = &mut self.entries[*index];
            let wanted = entry.unit.range().len();
            let replies: Vec<Bytes> = frames.by_ref().take(wanted).collect();
            if let Some(error) = entry.unread.as_ref().filter(|_| replies.len() == wanted) {
                // The whole unit fails, because its replies are decoded together.
                entry.state = State::Failed(entry.tally.told(error.clone()));
                continue;
            }
            if replies.len() == wanted {
                entry.replied(replies, with, &mut self.redial);
                continue;
            }
            let error = match lost {
                Some(loss) => {
                    loss.error.clone().with_execution(entry.execution(bytes, loss.written, &replies))
                }
                None => Error::new(
                    ErrorKind::Protocol,
                    Execution::MaybeExecuted,
                    "the batch ended with fewer replies than it has commands: please report this",
                ),
            };
            entry.lost(error, with, &mut self.redial);
        }
    }

    /// Records the errors of replies that could not be read, from units that were sent together. The number is the index of
    /// the reply among those that arrive. Called before the units are [settled](Self::settle).
    pub(super) fn fail_unread(&mut self, sent: &[SentUnit], failures: &[(usize, Error)]) {
        // Both lists are in the order of the replies.
        let mut failures = failures.iter().peekable();
        let mut end = 0;
        for SentUnit { index, .. } in sent {
            let entry = &mut self.entries[*index];
            end += entry.unit.range().len();
            while let Some((_, error)) = failures.next_if(|(reply, _)| *reply < end) {
                entry.unread = Some(error.clone());
            }
        }
    }

    /// Whether a new connection is needed before the next attempt. The call resets this.
    pub(super) fn take_redial(&mut self) -> bool {
        std::mem::take(&mut self.redial)
    }

    /// Decides the next step.
    pub(super) fn next(&mut self, now: Tick) -> Step {
        self.fail_what_came_too_late();
        let mut ready = Vec::new();
        let mut wake = None;
        let mut open = false;
        // Groups with an earlier unit that is in flight or has to wait.
        let mut blocked = HashSet::new();
        for entry in &self.entries {
            if matches!(entry.state, State::Sent) {
                blocked.insert(entry.group);
                open = true;
            }
        }
        for (index, entry) in self.entries.iter().enumerate() {
            let State::Pending(at) = entry.state else { continue };
            open = true;
            if blocked.contains(&entry.group) {
                continue;
            }
            if at > now {
                blocked.insert(entry.group);
                wake = Some(wake.map_or(at, |wake: Tick| wake.min(at)));
            } else {
                ready.push(index);
            }
        }
        if !ready.is_empty() {
            ready.iter().for_each(|index| self.entries[*index].state = State::Sent);
            return Step::Send(ready);
        }
        match wake {
            Some(at) => Step::Wait(at),
            None if open => Step::Wait(Tick::MAX),
            None => Step::Done,
        }
    }

    fn fail_what_came_too_late(&mut self) {
        // For each group: whether a later unit ran or may have run, and whether such a unit writes.
        let mut behind = HashMap::<u32, (bool, bool)>::new();
        for entry in self.entries.iter_mut().rev() {
            let later = behind.entry(entry.group).or_default();
            let too_late = if entry.unit.writes { later.0 } else { later.1 };
            match entry.state {
                State::Pending(_) if too_late => {
                    let error = entry.last.take().unwrap_or_else(|| lost("it was not sent"));
                    let error =
                        error.context("not tried again, since a later command on the same key has run");
                    entry.state = State::Failed(entry.tally.told(error));
                }
                State::Done { ran: true, .. } => *later = (true, later.1 | entry.unit.writes),
                _ => {}
            }
            if entry.tally.may_have_run || entry.unread.is_some() {
                *later = (true, later.1 | entry.unit.writes);
            }
        }
    }

    /// Fails every unit that has not ended: the deadline of the batch has passed.
    pub(super) fn expire(&mut self) {
        for entry in &mut self.entries {
            if let State::Pending(_) | State::Sent = entry.state {
                let error = match entry.last.take() {
                    Some(error) => error.context("timed out; the last attempt ended with"),
                    None => Error::new(
                        ErrorKind::Timeout(TimeoutKind::Command),
                        Execution::NotSent,
                        "timed out before it could be sent again",
                    ),
                };
                entry.state = State::Failed(entry.tally.told(error));
            }
        }
    }

    /// The replies in the order of the batch, and the errors of the failed parts. An
    /// error line stands in the place of each failed part, so that the number of replies stays right.
    pub(super) fn finish(self) -> (Vec<Bytes>, Vec<(usize, Error)>) {
        let mut all = Vec::new();
        let mut failures = Vec::new();
        for entry in self.entries {
            match entry.state {
                State::Done { replies, .. } => all.extend(replies),
                State::Failed(error) => {
                    for part in entry.unit.range() {
                        all.push(Bytes::from_static(FAILED));
                        failures.push((part, error.clone()));
                    }
                }
                State::Pending(_) | State::Sent => {}
            }
        }
        (all, failures)
    }
}

impl Entry {
    /// Records the replies of the unit.
    fn replied(&mut self, replies: Vec<Bytes>, with: &Rules<'_>, redial: &mut bool) {
        let (verdict, error) =
            judge_replies(&replies, self.unit.facts(), &mut self.tally, with.policy, with.random);
        self.state = match (verdict, error) {
            (Verdict::Again { pause, redial: new }, Some(error)) => {
                *redial |= new;
                self.last = Some(error);
                State::Pending(with.after(pause))
            }
            (Verdict::Fail, Some(error)) => State::Failed(error),
            (verdict, _) => State::Done { replies, ran: verdict == Verdict::Done },
        };
    }

    /// Records that the replies of the unit did not arrive.
    fn lost(&mut self, error: Error, with: &Rules<'_>, redial: &mut bool) {
        let verdict = judge_loss(&error, self.unit.facts(), &mut self.tally, with.policy, with.random);
        self.state = match verdict {
            Verdict::Again { pause, redial: new } => {
                *redial |= new;
                self.last = Some(error);
                State::Pending(with.after(pause))
            }
            Verdict::Done | Verdict::Fail => State::Failed(self.tally.told(error)),
        };
    }

    /// Whether the unit may have run, if at most `written` bytes of the joint write were sent. A single command or a
    /// transaction runs only if all of its bytes arrived. A transaction does not run if one of its commands was refused
    /// when it was queued.
    fn execution(&self, bytes: &Range<usize>, written: usize, replies: &[Bytes]) -> Execution {
        let needed = if self.unit.parts == 1 || self.unit.transaction { bytes.end } else { bytes.start + 1 };
        let refused =
            self.unit.transaction && replies.iter().skip(1).any(|reply| reply.first() == Some(&b'-'));
        if written >= needed && !refused { Execution::MaybeExecuted } else { Execution::NotSent }
    }
}

fn lost(why: &str) -> Error {
    Error::new(ErrorKind::Disconnected, Execution::NotSent, why)
}
