//! User instructions of one `GET` with 64 tasks: two runs of different length under callgrind. Their difference is divided
//! by the difference of operations, so that start-up, connecting and spawning do not count.

use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result, bail};

use super::throughput::{gets, raw_requests, runtime, spread};
use super::{Load, Row};
use crate::contestants::raw::Raw;
use crate::contestants::{Address, Contestant, Id};
use crate::data::Data;
use crate::harness::Harness;

const TASKS: usize = 64;
const SHORT: u64 = 100 * TASKS as u64;
const LONG: u64 = 500 * TASKS as u64;

/// The child process: sends this number of `GET`s and ends.
pub(crate) fn child<C: Contestant>(address: &Address, count: u64) -> Result<()> {
    let data = Arc::new(Data::new());
    runtime(1)?.block_on(async {
        let client = C::connect(address).await?;
        let each = count.div_ceil(TASKS as u64);
        spread(client, &data, TASKS, move |client, data, task| gets(client, data, task, each)).await
    })
}

/// The same for the raw socket.
pub(crate) fn child_raw(port: u16, count: u64) -> Result<()> {
    let data = Data::new();
    let (requests, _, _) = raw_requests(Load::Sequential, &data);
    runtime(1)?.block_on(async { Raw::connect(port).await?.run(&requests, count, TASKS, false).await })
}

/// Whether valgrind is installed.
pub(crate) fn valgrind() -> bool {
    let version =
        Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// Instructions of one `GET`.
pub(crate) fn measure(harness: &Harness, row: Row, id: Id) -> Result<f64> {
    let short = collected(harness, row, id, SHORT)?;
    let long = collected(harness, row, id, LONG)?;
    Ok((long as f64 - short as f64) / (LONG - SHORT) as f64)
}

fn collected(harness: &Harness, row: Row, id: Id, count: u64) -> Result<u64> {
    let mut command = harness.pinned("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(std::env::current_exe()?);
    harness.describe_child(&mut command, id, row);
    let output = command.arg("--ops").arg(count.to_string()).output().context("start valgrind")?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("{id} under valgrind ended with {}: {text}", output.status);
    }
    let line =
        text.lines().find_map(|line| line.split_once("Collected :")).context("callgrind printed no count")?;
    line.1.trim().parse().context("the count of callgrind is not a number")
}
