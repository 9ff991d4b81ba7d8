//! Memory of 1,000,000 commands that are queued at once on one client: one task for each, all made before any is polled.
//! The memory of the client is the peak of the live heap minus the live heap at that time. The memory with the tasks and
//! their futures is shown beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use anyhow::{Result, ensure};
use tokio::sync::Notify;

use super::Row;
use super::throughput::{gets, runtime};
use crate::contestants::{Address, Contestant, Id};
use crate::counting;
use crate::data::Data;
use crate::harness::Harness;

const COMMANDS: u64 = 1_000_000;

#[derive(Default)]
struct Finish {
    ended: AtomicU64,
    failed: AtomicU64,
    all: Notify,
}

/// The child process: prints the bytes of the client, and the bytes with the futures.
pub(crate) fn child<C: Contestant>(address: &Address) -> Result<()> {
    counting::start();
    let data = Arc::new(Data::new());
    let finish = Arc::new(Finish::default());
    runtime(1)?.block_on(async {
        let client = C::connect(address).await?;
        // One command has been answered, so that the buffers of the connection exist and do not count for the queue.
        gets(client.clone(), Arc::clone(&data), 0, 10).await?;
        let bare = counting::mark();
        for n in 0..COMMANDS as usize {
            let (client, data, finish) = (client.clone(), Arc::clone(&data), Arc::clone(&finish));
            tokio::spawn(async move {
                if gets(client, data, n, 1).await.is_err() {
                    finish.failed.fetch_add(1, Relaxed);
                }
                if finish.ended.fetch_add(1, Relaxed) + 1 == COMMANDS {
                    finish.all.notify_one();
                }
            });
        }
        // There is one thread, so that no task has run so far.
        let made = counting::mark();
        finish.all.notified().await;
        let failed = finish.failed.load(Relaxed);
        ensure!(failed == 0, "{failed} of {COMMANDS} queued commands failed");
        println!("{} {}", counting::peak() - made, counting::peak() - bare);
        Ok(())
    })
}

/// The bytes of the client and the bytes with the futures, in MB of 10^6 bytes.
pub(crate) fn measure(harness: &Harness, row: Row, id: Id) -> Result<(f64, f64)> {
    let (own, total) = harness.two_numbers(id, row)?;
    Ok((own / 1e6, total / 1e6))
}
