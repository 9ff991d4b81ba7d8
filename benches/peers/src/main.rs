//! `peers`: compares the client of redis-om with redis-rs, fred and rustis, and with a raw socket as the limit.
//!
//! The contestants alternate round by round in one run, each in a process of its own, with one private server. On a busy
//! machine only ratios within a run are meaningful.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;

mod compare;
mod contestants;
mod counting;
mod data;
mod harness;
mod report;
mod rows;
mod stats;
mod tls;

use contestants::{Address, Contestant, Fred, Id, Peer, RedisRs1, RedisRs2, Rustis};
use harness::{Harness, Wakeful};
use rows::{Kind, Row, allocations, instructions, memory, throughput};

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

/// Compares redis-om's client with its peers.
#[derive(Parser)]
#[command(version, about)]
struct Options {
    /// Rows to measure, by name (all of them by default).
    #[arg(long, value_delimiter = ',')]
    rows: Vec<String>,
    /// Rounds of each throughput row.
    #[arg(long, default_value_t = 31, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Seconds of work in a round, about.
    #[arg(long, default_value_t = 0.1)]
    seconds: f64,
    /// Peers to compare with.
    #[arg(long, value_delimiter = ',', default_value = "redis-rs,fred,rustis")]
    against: Vec<Peer>,
    /// Print one JSON object for each row instead of the table.
    #[arg(long)]
    json: bool,
    /// End with exit code 1 where a threshold is missed.
    #[arg(long)]
    check: bool,
    /// Let idle cores sleep, so that the time to wake them is part of the figures of the pinned rows.
    #[arg(long)]
    let_cores_sleep: bool,
    /// The server program (redis-server 8.2 for comparable figures). The default is one on PATH.
    #[arg(long, env = "REDIS_OM_BENCH_SERVER")]
    server: Option<PathBuf>,

    /// The arguments of a child process.
    #[arg(long, hide = true)]
    child: Option<Id>,
    #[arg(long, hide = true, default_value_t = 0)]
    port: u16,
    #[arg(long, hide = true, default_value_t = 0)]
    ops: u64,
    #[arg(long, hide = true)]
    spin: bool,
    /// The file with the certificate authority of the server.
    #[arg(long, hide = true)]
    authority: Option<PathBuf>,
    /// Terminates TLS in front of the server at `--port`.
    #[arg(long, hide = true, requires = "authority")]
    front: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if options.spin {
        Wakeful::spin();
    }
    let done = match options.child {
        None if options.front => front(&options).map(|()| ExitCode::SUCCESS),
        Some(id) => child(id, &options).with_context(|| id.name()).map(|()| ExitCode::SUCCESS),
        None => compare(options),
    };
    done.unwrap_or_else(|error| {
        eprintln!("peers: {error:#}");
        ExitCode::from(2)
    })
}

/// The exit code is 0, or 1 where a threshold is missed with `--check`, or 2 where a row failed.
fn compare(options: Options) -> Result<ExitCode> {
    let rows = rows::chosen(&options.rows)?;
    if !(0.001..=60.0).contains(&options.seconds) {
        bail!("--seconds is {}: expected something from 0.001 to 60", options.seconds);
    }
    let line_up = Id::line_up(&options.against);
    let server = harness::find_server(options.server)?;
    let tls = rows.iter().any(|row| row.is_over_tls());
    let harness = Harness::start(&server, options.seconds, options.let_cores_sleep, tls)?;
    let (mut outcomes, mut broken) = (Vec::new(), false);
    for row in rows {
        match compare::run(&harness, row, &line_up, options.rounds.into()) {
            Ok(outcome) => {
                if options.json {
                    println!("{}", outcome.json());
                }
                outcomes.push(outcome);
            }
            // The other rows are still measured. The exit code reports the failure.
            Err(error) => {
                eprintln!("peers: {error:#}");
                broken = true;
            }
        }
    }
    if !options.json {
        println!("{}", report::table(&outcomes));
    }
    let missed = outcomes.iter().any(|outcome| outcome.holds() == Some(false));
    Ok(match (broken, missed && options.check) {
        (true, _) => ExitCode::from(2),
        (_, true) => ExitCode::from(1),
        _ => ExitCode::SUCCESS,
    })
}

/// Terminates TLS until the process is ended.
fn front(options: &Options) -> Result<()> {
    let authority = options.authority.as_deref().context("a place for the certificate is needed")?;
    throughput::runtime(1)?.block_on(tls::serve(options.port, authority))
}

fn address(options: &Options) -> Result<Address> {
    let authority = options.authority.as_deref().map(tls::Authority::read).transpose()?;
    Ok(Address { port: options.port, authority })
}

fn child(id: Id, options: &Options) -> Result<()> {
    let rows = rows::chosen(&options.rows)?;
    let [row] = rows.as_slice() else { bail!("a child runs one row, not {}", rows.len()) };
    match id {
        Id::Raw => raw(*row, options),
        Id::RedisRs1 => client::<RedisRs1>(*row, options),
        Id::RedisRs2 => client::<RedisRs2>(*row, options),
        Id::Fred => client::<Fred>(*row, options),
        Id::Rustis => client::<Rustis>(*row, options),
        #[cfg(feature = "ours")]
        Id::Ours => client::<contestants::Ours>(*row, options),
    }
}

fn client<C: Contestant>(row: Row, options: &Options) -> Result<()> {
    let address = address(options)?;
    match row.kind {
        Kind::Throughput { load, threads, .. } => {
            throughput::serve::<C>(load, threads, &address, Duration::from_secs_f64(options.seconds))
        }
        Kind::Instructions => instructions::child::<C>(&address, options.ops),
        Kind::Allocations => allocations::child::<C>(&address),
        Kind::Memory => memory::child::<C>(&address),
        Kind::Hello => bail!("hello world is built, not run"),
    }
}

fn raw(row: Row, options: &Options) -> Result<()> {
    let port = options.port;
    match row.kind {
        Kind::Throughput { load, threads, .. } => {
            throughput::serve_raw(load, threads, &address(options)?, Duration::from_secs_f64(options.seconds))
        }
        Kind::Instructions => instructions::child_raw(port, options.ops),
        Kind::Allocations => allocations::child_raw(port),
        Kind::Memory | Kind::Hello => bail!("{} means nothing for a raw socket", row.name),
    }
}
