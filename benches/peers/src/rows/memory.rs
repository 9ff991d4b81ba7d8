//! Memory of 1,000,000 commands queued at once on one client: a task each, all made before any is polled. What the
//! client itself needs is the peak of the live heap over what lived then; the tasks with their futures are shown apart.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use anyhow::{Result, ensure};
use tokio::sync::Notify;

use super::throughput::{gets, runtime};
use crate::contestants::{Contestant, Id};
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

/// The child: prints the client's own bytes and those with the futures.
pub(crate) fn child<C: Contestant>(port: u16) -> Result<()> {
    counting::start();
    let data = Arc::new(Data::new());
    let finish = Arc::new(Finish::default());
    runtime(1)?.block_on(async {
        let client = C::connect(port).await?;
        // Something has been asked and answered: buffers that every connection has are not the queue's.
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
        // On one thread nothing ran so far.
        let made = counting::mark();
        finish.all.notified().await;
        let failed = finish.failed.load(Relaxed);
        ensure!(failed == 0, "{failed} of {COMMANDS} queued commands failed");
        println!("{} {}", counting::peak() - made, counting::peak() - bare);
        Ok(())
    })
}

/// The client's own bytes and those with the futures, in MB of 10^6 bytes.
pub(crate) fn measure(harness: &Harness, id: Id) -> Result<(f64, f64)> {
    let (own, total) = harness.two_numbers(id, "memory")?;
    Ok((own / 1e6, total / 1e6))
}
