//! One history: its settings, its clients, their requests, and the quiet at the end.

use std::time::Duration;

use tokio::{runtime::Builder, time::Instant};

use crate::{
    client::Client,
    command::{Cmd, Command, Executor},
    config::{Config, Protocol, ReconnectPolicy, RetryPolicy, WhenFull},
    error::ErrorKind,
    net,
};

use super::{
    answer::{Answer, Outcome, decoder},
    caller, chaos,
    counters::Counters,
    random::Random,
    wire::Dialler,
    world::{Plan, State, World},
};

/// How a history ended.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) counters: Counters,
    pub(super) trace: String,
    pub(super) violations: Vec<String>,
}

pub(super) fn run(seed: u64, trace: bool, prints: bool) -> History {
    net::seed(seed);
    let world = World::default();
    {
        let mut state = world.lock();
        state.random = Some(Random::new(seed));
        state.trace = trace.then(|| format!("seed {seed}\n"));
        state.prints = prints;
        state.counters.add("histories");
        state.plan = plan(state.random());
        let faults = state.plan.faults;
        if !faults {
            state.counters.add("without faults");
        }
    }
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build();
    match runtime {
        Ok(runtime) => runtime.block_on(all(world.clone())),
        Err(error) => world.lock().violated(format!("no runtime: {error}")),
    }
    let mut state = world.lock();
    state.check();
    History {
        counters: std::mem::take(&mut state.counters),
        trace: state.trace.take().unwrap_or_default(),
        violations: std::mem::take(&mut state.violations),
    }
}

fn plan(random: &mut Random) -> Plan {
    Plan {
        faults: !random.percent(15),
        gap: random.pick(&[10, 40, 150, 500]),
        pieces: random.percent(70),
        slow: (random.pick(&[0, 5, 30]), random.pick(&[2, 20, 200])),
        cuts: random.pick(&[0, 20, 60]),
        room: random.pick(&[64, 300, 4096, 1 << 20]),
        old: random.percent(15),
        password: random.percent(30),
        database: random.pick(&[0, 3]),
        pushes: random.pick(&[0, 10, 40]),
    }
}

fn config(state: &mut State, world: &World) -> Config {
    let plan = state.plan.clone();
    let random = state.random();
    let mut config = Config::new("virtual", 1)
        .connector(Dialler(world.clone()))
        .database(plan.database as u32)
        .protocol(random.pick(&[Protocol::Resp2, Protocol::Resp3, Protocol::Resp3]))
        .connections(random.between(1, 3))
        .pool_size(random.between(1, 3))
        .pool_timeout(random.millis(20, 500))
        .queue_budget(random.pick(&[60, 200, 1000, 1 << 20]))
        .queue_commands(random.pick(&[1, 2, 5, 1000]))
        .when_full(random.pick(&[WhenFull::Wait, WhenFull::Wait, WhenFull::Fail]))
        .connect_timeout(random.millis(50, 500))
        .command_timeout(random.millis(30, 3000))
        .blocking_grace(random.millis(20, 300))
        .idle_ping(random.millis(50, 1000))
        .ping_timeout(random.millis(20, 300))
        .reconnect(ReconnectPolicy::default().initial(random.millis(1, 50)).max(random.millis(50, 300)))
        .retry(match random.below(4) {
            0 => RetryPolicy::never(),
            _ => RetryPolicy::default().attempts(random.between(1, 4) as u32).max(Duration::from_millis(200)),
        });
    if random.percent(50) {
        config = config.client_name("simulated");
    }
    if plan.password {
        config = config.password("secret");
    }
    if !plan.faults {
        config = config.command_timeout(Duration::from_secs(60)).idle_ping(Duration::from_secs(120));
    }
    config
}

async fn all(world: World) {
    world.lock().epoch = Some(Instant::now());
    let mut clients = Vec::new();
    let (count, mut left) = {
        let mut state = world.lock();
        (state.random().between(1, 3), state.random().between(1, 40))
    };
    for _ in 0..count {
        let config = config(&mut world.lock(), &world);
        // The first connection is made before anything fails, or it takes some attempts.
        for attempt in 0..50 {
            if attempt == 10 {
                // The server is too slow for the connect timeout.
                world.lock().plan.slow = (0, 0);
            }
            match Client::with_config(config.clone()).await {
                Ok(client) => {
                    clients.push(client);
                    break;
                }
                Err(error) => world.lock().note(|| format!("no client: {error}")),
            }
        }
    }
    if clients.len() < count {
        world.lock().violated("a client could not be made".into());
        return;
    }
    let mut tasks = Vec::new();
    if world.lock().plan.faults {
        let time = world.lock().random().millis(50, 3000);
        tasks.push(tokio::spawn(chaos::faults(world.clone(), time)));
    }
    while left > 0 {
        let (index, share) = {
            let mut state = world.lock();
            (state.random().below(clients.len()), state.random().between(1, left.min(8)))
        };
        left -= share;
        tasks.push(tokio::spawn(caller::call(world.clone(), clients[index].clone(), index, share)));
    }
    for task in tasks {
        match tokio::time::timeout(Duration::from_secs(3600), task).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => world.lock().violated(format!("a task ended: {error}")),
            Err(_) => world.lock().violated("a caller waited for an hour".into()),
        }
    }
    quiet(&world, clients).await;
}

/// Nothing happens any more: every client serves again, and nothing is left over.
async fn quiet(world: &World, clients: Vec<Client>) {
    world.lock().heal();
    tokio::time::sleep(Duration::from_secs(5)).await;
    for client in &clients {
        let patient = client
            .sharing(|config| config.command_timeout(Duration::from_secs(10)).retry(RetryPolicy::default()));
        let Ok(patient) = patient else { continue };
        let mut attempts = 1000;
        for _ in 0..client.config().connections {
            let last = Cmd::new("GET").key("s0").arg("~0~").readonly();
            let mut outcome = (&patient).execute(Command::new(last.clone(), decoder())).await;
            // A `PING` of the session's own may have the only place.
            while matches!(&outcome, Err(error) if *error.kind() == ErrorKind::QueueFull) && attempts > 0 {
                attempts -= 1;
                tokio::time::sleep(Duration::from_millis(37)).await;
                outcome = (&patient).execute(Command::new(last.clone(), decoder())).await;
            }
            let is_served =
                matches!(&outcome, Ok(Outcome::Reply(Answer::Bulk(text))) if text.starts_with("~0~"));
            if !is_served {
                world.lock().violated(format!("after all faults: {outcome:?}"));
            }
        }
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    for client in &clients {
        client.route().node().check_idle(&mut |text| world.lock().violated(text));
    }
    drop(clients);
    tokio::time::sleep(Duration::from_secs(5)).await;
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let mut state = world.lock();
    if tasks != 0 {
        state.violated(format!("{tasks} tasks are left"));
    }
    if let Some(open) = state.conns.iter().position(|conn| !conn.closed || !conn.served) {
        state.violated(format!("conn {open} is left open"));
    }
}
