//! The state of one history: its random numbers, the servers, the connections, the requests and the trace.
//!
//! A history runs in one thread, so the mutex is never contended. It only makes the streams `Send`.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{answer::Outcome, counters::Counters, data::Data, random::Random, wire::Conn};

/// What may happen in a history.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    /// Faults happen. Without them every request that is not dropped must succeed, in its order.
    pub(super) faults: bool,
    /// Average time between two faults, in milliseconds.
    pub(super) gap: usize,
    /// Writes are taken, and replies arrive, in pieces of random length.
    pub(super) pieces: bool,
    /// Percent of commands that the server answers late, and the longest delay.
    pub(super) slow: (usize, usize),
    /// Percent of connections that are lost at a random byte.
    pub(super) cuts: usize,
    /// Bytes that a socket takes before its reader reads.
    pub(super) room: usize,
    /// The server does not know `HELLO`.
    pub(super) old: bool,
    pub(super) password: bool,
    /// The database of the data.
    pub(super) database: usize,
    /// Percent of replies with a push message before them.
    pub(super) pushes: usize,
}

/// One virtual server. Both have the same data; one of them is the primary.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) loading: Option<Instant>,
    pub(super) busy: Option<Instant>,
    pub(super) master_down: Option<Instant>,
    pub(super) silent: Option<Instant>,
    pub(super) refuses: Option<Instant>,
    pub(super) rude: Option<Instant>,
}

/// A command of a caller.
#[derive(Debug)]
pub(super) struct Op {
    pub(super) what: String,
    pub(super) key: String,
    pub(super) writes: bool,
    /// It may run more than once.
    pub(super) repeatable: bool,
    /// The request that it belongs to, and its place in it.
    pub(super) request: usize,
    pub(super) transaction: bool,
    pub(super) outcome: Option<Outcome>,
    /// The number of the first write that contained it.
    pub(super) offered: Option<u64>,
}

/// A request: one future of a caller.
#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) client: usize,
    /// The numbers of its commands.
    pub(super) commands: Vec<u64>,
    /// The place of its first poll among all first polls.
    pub(super) polled: Option<u64>,
    pub(super) started: Option<Instant>,
    /// The longest time that it may take.
    pub(super) limit: Option<Duration>,
    /// How long it was not polled although it was woken.
    pub(super) held: Duration,
    pub(super) dropped: bool,
    pub(super) ended: bool,
    /// It goes over the shared connection of a client that has only one.
    pub(super) in_order: bool,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) random: Option<Random>,
    pub(super) epoch: Option<Instant>,
    pub(super) plan: Plan,
    pub(super) data: Data,
    pub(super) nodes: [Node; 2],
    pub(super) primary: usize,
    /// The server to which the next dial leads.
    pub(super) address: usize,
    pub(super) conns: Vec<Conn>,
    /// Indexed by number; 0 is unused.
    pub(super) ops: Vec<Op>,
    pub(super) requests: Vec<Request>,
    pub(super) sequence: u64,
    pub(super) counters: Counters,
    pub(super) trace: Option<String>,
    /// The trace is printed as it grows.
    pub(super) prints: bool,
    pub(super) violations: Vec<String>,
    /// Faults are over.
    pub(super) healed: bool,
}

impl State {
    pub(super) fn random(&mut self) -> &mut Random {
        self.random.get_or_insert_with(|| Random::new(0))
    }

    /// Milliseconds since the start of the history.
    pub(super) fn now(&self) -> u64 {
        match self.epoch {
            Some(epoch) => epoch.elapsed().as_millis() as u64,
            None => 0,
        }
    }

    pub(super) fn note(&mut self, text: impl FnOnce() -> String) {
        if self.trace.is_none() {
            return;
        }
        let now = self.now();
        if let Some(trace) = &mut self.trace {
            let line = format!("{now:>7} ms  {}\n", text());
            if self.prints {
                print!("{line}");
            }
            *trace += &line;
        }
    }

    pub(super) fn violated(&mut self, text: String) {
        self.note(|| format!("VIOLATED: {text}"));
        self.violations.push(text);
    }

    pub(super) fn next(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }
}

/// The history, shared by its callers and its servers.
#[derive(Debug, Clone, Default)]
pub(super) struct World(Arc<Mutex<State>>);

impl World {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
