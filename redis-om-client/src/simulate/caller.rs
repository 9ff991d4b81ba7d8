//! The callers: requests of all kinds, whose futures may be dropped at any await, or held and not polled.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep};

use crate::{
    client::Client,
    command::{Cmd, Command, Executor, atomic, pipe},
    error::{ErrorKind, Execution, Result, TimeoutKind},
};

use super::{
    answer::{Outcome, decoder},
    world::{Op, Request, State, World},
};

/// What happens to a future beside being polled.
#[derive(Debug, Default, Clone)]
struct Fate {
    /// It is dropped after so many polls.
    polls: Option<u32>,
    /// It is dropped after this time.
    time: Option<Duration>,
    /// It is not polled for this time, after so many polls.
    hold: Option<(u32, Duration)>,
}

type Work = Pin<Box<dyn Future<Output = Result<Vec<Outcome>>> + Send>>;

/// A future of a caller with its fate.
struct Fated {
    world: World,
    request: usize,
    fate: Fate,
    polls: u32,
    timer: Option<Pin<Box<Sleep>>>,
    holding: Option<Pin<Box<Sleep>>>,
    work: Option<Work>,
    client: Client,
}

impl Future for Fated {
    type Output = Option<Result<Vec<Outcome>>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if let Some(holding) = &mut this.holding {
            if holding.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            this.holding = None;
        }
        if this.polls == 0 {
            let mut state = this.world.lock();
            let place = state.next();
            let request = &mut state.requests[this.request];
            (request.polled, request.started) = (Some(place), Some(Instant::now()));
            drop(state);
            this.timer = this.fate.time.map(|time| Box::pin(tokio::time::sleep(time)));
        }
        let late = this.timer.as_mut().is_some_and(|timer| timer.as_mut().poll(cx).is_ready());
        if late || this.fate.polls == Some(this.polls) {
            this.drop_work();
            return Poll::Ready(None);
        }
        this.polls += 1;
        let Some(work) = &mut this.work else { return Poll::Ready(None) };
        if let Poll::Ready(output) = work.as_mut().poll(cx) {
            this.world.lock().requests[this.request].ended = true;
            return Poll::Ready(Some(output));
        }
        this.client.route().node().check_bounds(&mut |text| this.world.lock().violated(text));
        if this.fate.polls == Some(this.polls) {
            this.drop_work();
            return Poll::Ready(None);
        }
        if let Some((polls, time)) = this.fate.hold
            && polls == this.polls
        {
            let mut holding = Box::pin(tokio::time::sleep(time));
            let _pending = holding.as_mut().poll(cx);
            this.holding = Some(holding);
            let mut state = this.world.lock();
            state.counters.add("held");
            state.requests[this.request].held += time;
        }
        Poll::Pending
    }
}

impl Fated {
    fn drop_work(&mut self) {
        self.world.lock().drop_request(self.request);
        self.work = None;
    }
}

impl State {
    fn drop_request(&mut self, index: usize) {
        self.counters.add("dropped");
        let request = &mut self.requests[index];
        (request.dropped, request.ended) = (true, true);
        let commands = request.commands.clone();
        if commands.iter().all(|number| self.ops[*number as usize].offered.is_none()) {
            self.counters.add("dropped unsent");
        }
        self.note(|| format!("request {index} {commands:?} is dropped"));
        for number in commands {
            self.ops[number as usize].outcome.get_or_insert(Outcome::Dropped);
        }
    }

    fn fate(&mut self) -> Fate {
        let mut fate = Fate::default();
        match self.random().below(20) {
            0..=2 => fate.polls = Some(self.random().between(1, 4) as u32),
            3..=5 => fate.time = Some(self.random().millis(0, 300)),
            6..=7 => {
                let polls = self.random().between(1, 3) as u32;
                fate.hold = Some((polls, self.random().millis(1, 600)));
            }
            _ => {}
        }
        fate
    }

    pub(super) fn new_request(&mut self, client: usize, limit: Option<Duration>, in_order: bool) -> usize {
        self.counters.add("requests");
        self.requests.push(Request { client, limit, in_order, ..Request::default() });
        self.requests.len() - 1
    }

    /// The commands of a batch, of random kinds below `kinds`.
    fn new_commands(
        &mut self,
        request: usize,
        count: usize,
        kinds: usize,
        transaction: bool,
    ) -> Vec<Command<Outcome>> {
        let mut command = |_| {
            let kind = self.random().below(kinds);
            self.new_command(request, kind, transaction)
        };
        (0..count).map(&mut command).collect()
    }

    /// A command with a number of its own.
    pub(super) fn new_command(&mut self, request: usize, kind: usize, transaction: bool) -> Command<Outcome> {
        let number = self.ops.len().max(1) as u64;
        while self.ops.len() <= number as usize {
            self.ops.push(Op {
                what: String::new(),
                key: String::new(),
                writes: false,
                repeatable: false,
                request,
                transaction,
                outcome: None,
                offered: None,
            });
        }
        let tag = format!("~{number}~");
        let (list, text) = (format!("l{}", self.random().below(3)), format!("s{}", self.random().below(3)));
        let queue = format!("q{}", self.random().below(2));
        let padding = "x".repeat(if self.random().percent(20) { self.random().below(600) } else { 0 });
        let seconds = self.random().pick(&["0.05", "0.2", "1"]);
        let wait = Duration::from_secs_f64(seconds.parse().unwrap_or(1.0));
        let (cmd, key) = match kind {
            0 | 1 => (Cmd::new("RPUSH").key(&list).arg(&tag), list),
            2 => (Cmd::new("LRANGE").key(&list).arg(&tag).readonly(), list),
            3 => (Cmd::new("SET").key(&text).arg(tag.clone() + &padding), text),
            4 => (Cmd::new("GET").key(&text).arg(&tag).readonly(), text),
            5 => (Cmd::new("APPEND").key(&text).arg(&tag), text),
            6 => (Cmd::new("DEL").key(&text).arg(&tag), text),
            7 => (Cmd::new("MGET").keys(["s0", &text]).arg(&tag).readonly(), text),
            8 => (Cmd::new("RPUSH").key(&queue).arg(&tag), queue),
            9 => (Cmd::new("EVAL").script().arg("push").keys_counted_or_none([&list]).arg(&tag), list),
            10 => {
                let line = self.random().pick(&[
                    "ERR mine",
                    "LOADING mine",
                    "TRYAGAIN mine",
                    "READONLY You can't write against a read only replica.",
                ]);
                let cmd = Cmd::new("EVAL").script().arg("push and fail").keys_counted_or_none([&list]);
                (cmd.arg(&tag).arg(line), list)
            }
            11 => (Cmd::new("RPUSH").key("w").arg(&tag), "w".to_owned()),
            12 => (Cmd::new("EVALSHA").script().arg("00").keys_counted_or_none([&list]).arg(&tag), list),
            13 => (Cmd::new("BLPOP").key(&queue).arg(&tag).arg(seconds).blocking(wait), queue),
            _ => {
                let to = format!("moved{number}");
                (Cmd::new("BLMOVE").key(&queue).key(to).arg(&tag).arg(seconds).blocking(wait), queue)
            }
        };
        let mut command = Command::new(cmd, decoder());
        let writes = !matches!(kind, 2 | 4 | 7);
        let idempotent = writes && kind < 9 && self.random().percent(20);
        if idempotent {
            command = command.idempotent();
        }
        let what = command.cmd().to_string();
        self.requests[request].commands.push(number);
        self.ops[number as usize] = Op {
            what,
            key,
            writes,
            repeatable: idempotent || !writes,
            request,
            transaction,
            outcome: None,
            offered: None,
        };
        command
    }

    /// Notes how the commands of a request ended.
    pub(super) fn end(&mut self, request: usize, outcome: Result<Vec<Outcome>>) {
        let now = Instant::now();
        let commands = self.requests[request].commands.clone();
        let outcomes = match outcome {
            Ok(outcomes) => outcomes,
            Err(error) => {
                self.note(|| format!("request {request} ended with {error:?}"));
                commands.iter().map(|_| Outcome::of_error(error.clone())).collect()
            }
        };
        let Request { started, limit, held, .. } = self.requests[request];
        if let (Some(started), Some(limit)) = (started, limit) {
            let took = now - started;
            if took > limit + held + Duration::from_millis(10) {
                self.violated(format!("request {request} {commands:?} took {took:?}, and had {limit:?}"));
            }
        }
        if outcomes.len() != commands.len() {
            self.violated(format!("request {request} has {} outcomes", outcomes.len()));
        }
        for (number, outcome) in commands.iter().zip(outcomes) {
            self.count_outcome(&outcome);
            self.note(|| format!("command {number} ended: {outcome:?}"));
            self.ops[*number as usize].outcome = Some(outcome);
        }
    }

    fn count_outcome(&mut self, outcome: &Outcome) {
        let name = match outcome {
            Outcome::Reply(_) => "replies",
            Outcome::Refused(_) => "error replies",
            Outcome::Dropped => return,
            Outcome::Failed(error) => {
                match error.kind() {
                    ErrorKind::Timeout(TimeoutKind::Connect) => self.counters.add("timeouts of connect"),
                    ErrorKind::Timeout(TimeoutKind::Command) => self.counters.add("timeouts of commands"),
                    ErrorKind::Timeout(TimeoutKind::Pool) => self.counters.add("timeouts of the pool"),
                    ErrorKind::QueueFull => self.counters.add("queue full"),
                    _ => {}
                }
                match error.execution() {
                    Execution::NotSent => "not sent",
                    Execution::MaybeExecuted => "maybe run",
                    Execution::Answered => "error replies",
                }
            }
        };
        self.counters.add(name);
    }
}

/// Makes requests, one after another.
pub(super) async fn call(world: World, client: Client, index: usize, count: usize) {
    for _ in 0..count {
        let pause = {
            let mut state = world.lock();
            if state.random().percent(40) { state.random().millis(0, 60) } else { Duration::ZERO }
        };
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        request(&world, &client, index).await;
    }
}

async fn request(world: &World, client: &Client, index: usize) {
    let config = client.config();
    let (limit, shared) = (config.command_timeout, config.connections == 1);
    // A blocking command may wait for a connection of the pool, in each of its attempts.
    let dial = config.pool_timeout + config.connect_timeout + Duration::from_secs(1);
    let long = limit.map(|limit| dial * (config.retry.refusals + 4) + limit + config.blocking_grace);
    let (kind, fate) = {
        let mut state = world.lock();
        (state.random().below(20), state.fate())
    };
    let (request, work): (usize, Work) = match kind {
        0..=10 => {
            let mut state = world.lock();
            state.counters.add("single");
            let request = state.new_request(index, limit, shared);
            let kind = state.random().below(13);
            let command = state.new_command(request, kind, false);
            let client = client.clone();
            (request, Box::pin(async move { (&client).execute(command).await.map(|one| vec![one]) }))
        }
        11..=14 => {
            let mut state = world.lock();
            state.counters.add("batches");
            let request = state.new_request(index, limit, shared);
            let count = state.random().between(2, 8);
            let commands = state.new_commands(request, count, 13, false);
            let client = client.clone();
            (request, Box::pin(async move { client.run(pipe().many(commands)).await.map(|(all,)| all) }))
        }
        15..=16 => {
            let mut state = world.lock();
            state.counters.add("transactions");
            let request = state.new_request(index, limit, shared);
            let count = state.random().between(1, 5);
            let commands = state.new_commands(request, count, 9, true);
            let client = client.clone();
            (request, Box::pin(async move { client.run(atomic().many(commands)).await.map(|(all,)| all) }))
        }
        17 => {
            let mut state = world.lock();
            state.counters.add("watches");
            let request = state.new_request(index, None, false);
            let command = state.new_command(request, 0, true);
            let key = state.ops.last().map(|op| op.key.clone()).unwrap_or_default();
            let (client, world) = (client.clone(), world.clone());
            let work = async move {
                let watched = client.watch([key.clone()], async |conn| -> Result<_> {
                    let read = Cmd::new("LRANGE").key(&key).arg("~0~").readonly();
                    let before = (&conn).execute(Command::new(read, decoder())).await?;
                    world.lock().note(|| format!("the watch of {key} has read {before:?}"));
                    Ok(atomic().add(command.clone()))
                });
                watched.await.map(|(one,)| vec![one])
            };
            (request, Box::pin(work))
        }
        _ => {
            let mut state = world.lock();
            state.counters.add("blocking");
            let request = state.new_request(index, long, false);
            let kind = state.random().between(13, 14);
            let command = state.new_command(request, kind, false);
            let client = client.clone();
            (request, Box::pin(async move { (&client).execute(command).await.map(|one| vec![one]) }))
        }
    };
    world.lock().note_request(request);
    let fated = Fated {
        world: world.clone(),
        request,
        fate,
        polls: 0,
        timer: None,
        holding: None,
        work: Some(work),
        client: client.clone(),
    };
    if let Some(outcome) = fated.await {
        world.lock().end(request, outcome);
    }
}

impl State {
    fn note_request(&mut self, index: usize) {
        let commands = self.requests[index].commands.clone();
        for number in commands {
            let op = &self.ops[number as usize];
            let text = format!("request {index}: command {number}: {}", op.what);
            let more = if op.transaction { " (transaction)" } else { "" };
            let idempotent = if op.writes && op.repeatable { " (idempotent)" } else { "" };
            self.note(|| text + more + idempotent);
        }
    }
}
