//! Allocations of one `GET` into a `String` with 64 tasks in the steady state: the difference of a long and a short run, so
//! that spawning does not count, after a warm-up that has grown every buffer.

use std::sync::Arc;

use anyhow::Result;

use super::throughput::{gets, raw_requests, runtime, spread};
use super::{Load, Row};
use crate::contestants::raw::Raw;
use crate::contestants::{Address, Contestant, Id};
use crate::counting;
use crate::data::Data;
use crate::harness::Harness;

const TASKS: usize = 64;
const SHORT: u64 = 200;
const LONG: u64 = 2_200;

/// The child process: prints allocations and bytes of one operation.
pub(crate) fn child<C: Contestant>(address: &Address) -> Result<()> {
    let data = Arc::new(Data::new());
    let runtime = runtime(1)?;
    let client = runtime.block_on(C::connect(address))?;
    print(|each| {
        runtime.block_on(spread(client.clone(), &data, TASKS, move |client, data, task| {
            gets(client, data, task, each)
        }))
    })
}

/// The same for the raw socket.
pub(crate) fn child_raw(port: u16) -> Result<()> {
    let data = Data::new();
    let (requests, _, _) = raw_requests(Load::Sequential, &data);
    let runtime = runtime(1)?;
    let mut socket = runtime.block_on(Raw::connect(port))?;
    print(|each| runtime.block_on(socket.run(&requests, each * TASKS as u64, TASKS, false)))
}

fn print(mut run: impl FnMut(u64) -> Result<()>) -> Result<()> {
    run(LONG)?;
    counting::start();
    let mut spent = |each| -> Result<(f64, f64)> {
        let before = counting::allocated();
        run(each)?;
        let after = counting::allocated();
        Ok(((after.0 - before.0) as f64, (after.1 - before.1) as f64))
    };
    let (short, long) = (spent(SHORT)?, spent(LONG)?);
    let count = (LONG - SHORT) as f64 * TASKS as f64;
    println!("{} {}", (long.0 - short.0) / count, (long.1 - short.1) / count);
    Ok(())
}

/// Allocations and bytes of one operation.
pub(crate) fn measure(harness: &Harness, row: Row, id: Id) -> Result<(f64, f64)> {
    harness.two_numbers(id, row)
}
