//! What must be true at the end of a history, whatever happened.

use std::collections::BTreeMap;

use crate::error::{ErrorKind, Execution};

use super::{answer::Outcome, world::State};

impl State {
    pub(super) fn check(&mut self) {
        let mut runs: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (place, run) in self.data.runs.iter().enumerate() {
            runs.entry(run.number).or_default().push(place);
        }
        let mut found = Vec::new();
        for number in 1..self.ops.len() as u64 {
            let places = runs.get(&number).cloned().unwrap_or_default();
            let op = &self.ops[number as usize];
            if places.len() > 1 {
                self.counters.add(if op.writes { "repeated writes" } else { "repeated reads" });
            }
            if let Some(text) = self.check_command(number, &places) {
                found.push(format!("command {number} ({}): {text}", self.ops[number as usize].what));
            }
        }
        for index in 0..self.requests.len() {
            found.extend(self.check_request(index, &runs));
        }
        found.extend(self.check_order_of_sends());
        for text in found {
            self.violated(text);
        }
    }

    /// One command: how often it ran, and whether its outcome is true.
    fn check_command(&self, number: u64, places: &[usize]) -> Option<String> {
        let op = &self.ops[number as usize];
        let ran = places.len();
        if ran > 1 && !op.repeatable {
            return Some(format!("it ran {ran} times"));
        }
        let runs = || places.iter().map(|place| &self.data.runs[*place]);
        if op.transaction && runs().any(|run| run.group.is_none()) {
            return Some("it ran outside of its transaction".into());
        }
        match op.outcome.as_ref() {
            None => Some("it never ended".into()),
            Some(Outcome::Dropped) => None,
            Some(Outcome::Reply(answer)) => {
                let is_nil = *answer == super::answer::Answer::Nil && op.what.starts_with("BL");
                let its_own = runs().any(|run| run.answer == *answer);
                (!its_own && !is_nil).then(|| format!("its reply is {answer:?}, and it ran {ran} times"))
            }
            Some(Outcome::Refused(line)) => {
                let its_own = runs().any(|run| run.answer == super::answer::Answer::Error(line.clone()));
                (op.writes && ran > 0 && !its_own).then(|| format!("it ran and was answered {line:?}"))
            }
            Some(Outcome::Failed(error)) => {
                let never = match error.execution() {
                    Execution::NotSent => true,
                    Execution::Answered => *error.kind() == ErrorKind::Conflict,
                    Execution::MaybeExecuted => false,
                };
                (never && op.writes && ran > 0).then(|| format!("it ran although: {error:?}"))
            }
        }
    }

    /// One request: the order of its commands on each key, and that a transaction is whole.
    fn check_request(&self, index: usize, runs: &BTreeMap<u64, Vec<usize>>) -> Option<String> {
        let commands = &self.requests[index].commands;
        let is_transaction = commands.iter().any(|number| self.ops[*number as usize].transaction);
        let places = |number: &u64| runs.get(number).cloned().unwrap_or_default();
        if is_transaction && commands.len() > 1 {
            let groups = |number: &u64| -> Vec<_> {
                places(number).iter().map(|place| self.data.runs[*place].group).collect()
            };
            // `RPUSH w` never runs, but no transaction has it.
            let first = groups(&commands[0]);
            if commands.iter().any(|number| groups(number) != first) {
                return Some(format!("transaction {commands:?} did not run as a whole"));
            }
        }
        for (at, earlier) in commands.iter().enumerate() {
            for later in &commands[at + 1..] {
                let (a, b) = (&self.ops[*earlier as usize], &self.ops[*later as usize]);
                // Bytes of a lost connection may run after a repeat, also after a later command was sent again. Then the
                // earlier command has failed, and its error says so.
                let is_lost = matches!(a.outcome, Some(Outcome::Failed(_)));
                let idempotent = |number: &u64| {
                    let op = &self.ops[*number as usize];
                    op.writes && op.repeatable
                };
                if a.key != b.key
                    || is_lost
                    || idempotent(earlier)
                    || idempotent(later)
                    || !(a.writes || b.writes)
                {
                    continue;
                }
                let (first, second) = (self.run_of(*earlier, runs), self.run_of(*later, runs));
                if let (Some(first), Some(second)) = (first, second)
                    && first > second
                {
                    return Some(format!("{earlier} ran after {later}, which follows it in its batch"));
                }
            }
        }
        None
    }

    /// The place of the run that counts: of a read, the one whose reply its caller got.
    fn run_of(&self, number: u64, runs: &BTreeMap<u64, Vec<usize>>) -> Option<usize> {
        let op = &self.ops[number as usize];
        let places = runs.get(&number)?;
        if op.writes {
            return places.first().copied();
        }
        match &op.outcome {
            // A read that got the same reply several times got its first one as well as its last.
            Some(Outcome::Reply(answer)) if places.len() == 1 => {
                places.iter().copied().find(|place| self.data.runs[*place].answer == *answer)
            }
            _ => None,
        }
    }

    /// Without faults, no command of a prompt caller is overtaken by many that came later. A few may overtake it: those
    /// that came between its call and its next poll.
    fn check_order_of_sends(&self) -> Option<String> {
        const FEW: usize = 5;
        if self.plan.faults {
            return None;
        }
        let sent: Vec<_> = self
            .requests
            .iter()
            .filter(|request| request.in_order && request.held.is_zero() && !request.dropped)
            .filter_map(|request| {
                let number = *request.commands.first()?;
                let offered = self.ops[number as usize].offered?;
                Some((request.client, request.polled?, offered, number))
            })
            .collect();
        sent.iter().find_map(|(client, polled, offered, number)| {
            let overtook = |other: &&(usize, u64, u64, u64)| {
                other.0 == *client && other.1 > *polled && other.2 < *offered
            };
            let count = sent.iter().filter(overtook).count();
            (count > FEW).then(|| format!("{number} was overtaken by {count} that came later"))
        })
    }
}
