//! The rows: what is measured, and the threshold that ours has to reach.

use anyhow::{Result, bail};

use self::bulk::Bulk;

pub(crate) mod allocations;
pub(crate) mod bulk;
pub(crate) mod hello;
pub(crate) mod instructions;
pub(crate) mod memory;
pub(crate) mod throughput;

/// What the tasks of a throughput row do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Load {
    /// One task, one `GET` after another.
    Sequential,
    /// The same without async.
    Blocking,
    /// This number of tasks on one client, `GET` and `SET` in turn.
    Tasks(usize),
    /// One task, pipelines of this number of `GET`s.
    Pipeline(usize),
    /// `LRANGE` of the whole list into strings.
    List,
    /// `HGETALL` into a map.
    Hash,
    /// `GET` of the large value.
    Large,
    /// One task, large commands or large replies.
    Bulk(Bulk),
    /// 64 tasks load a struct of 10 fields.
    Read,
    /// 64 tasks save a struct of 10 fields.
    Write,
}

/// How a row is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Operations a second. With one thread, the client is on core 0 and the server on core 1. With two, the kernel chooses
    /// the cores. With `tls`, the connections are encrypted.
    Throughput { load: Load, threads: usize, tls: bool },
    /// User instructions of one `GET`.
    Instructions,
    /// Allocations of one `GET`.
    Allocations,
    /// Memory of a million queued commands.
    Memory,
    /// A clean release build of hello world.
    Hello,
}

/// The threshold of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Threshold {
    /// The smallest ratio of ours to the best peer.
    Ratio(f64),
    /// The largest figure of ours.
    AtMost(f64),
    /// Not more than rustis.
    NoMoreThanRustis,
}

/// One row of the report.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) kind: Kind,
    pub(crate) threshold: Threshold,
    /// The smallest ratio of ours to the raw socket, where there is a limit.
    pub(crate) of_raw: Option<f64>,
}

impl Row {
    const fn over_tls(self) -> Self {
        match self.kind {
            Kind::Throughput { load, threads, .. } => {
                Self { kind: Kind::Throughput { load, threads, tls: true }, ..self }
            }
            _ => self,
        }
    }

    const fn of_raw(self, least: f64) -> Self {
        Self { of_raw: Some(least), ..self }
    }

    /// Whether the connections are encrypted.
    pub(crate) fn is_over_tls(self) -> bool {
        matches!(self.kind, Kind::Throughput { tls: true, .. })
    }
}

const fn row(name: &'static str, title: &'static str, load: Load, threads: usize, ratio: f64) -> Row {
    let kind = Kind::Throughput { load, threads, tls: false };
    Row { name, title, kind, threshold: Threshold::Ratio(ratio), of_raw: None }
}

/// Every row, in the order of the report.
pub(crate) const ROWS: [Row; 35] = [
    row("seq", "1 task, sequential GET of 64 B", Load::Sequential, 1, 1.0),
    row("seq-blocking", "blocking, sequential GET of 64 B", Load::Blocking, 1, 1.0),
    row("tasks-64", "64 tasks on one client, GET and SET of 64 B", Load::Tasks(64), 1, 1.5),
    row("tasks-256", "256 tasks", Load::Tasks(256), 1, 1.7),
    row("tasks-1024", "1,024 tasks", Load::Tasks(1024), 1, 1.7),
    row("mt-64", "64 tasks, two threads, unpinned", Load::Tasks(64), 2, 1.15),
    row("mt-256", "256 tasks, two threads, unpinned", Load::Tasks(256), 2, 1.2),
    row("mt-1024", "1,024 tasks, two threads, unpinned", Load::Tasks(1024), 2, 1.3),
    row("pipe-100", "pipeline of 100 GET", Load::Pipeline(100), 1, 1.25),
    row("pipe-1000", "pipeline of 1,000 GET", Load::Pipeline(1000), 1, 1.25),
    row("seq-tls", "1 task, sequential GET of 64 B over TLS", Load::Sequential, 1, 1.0).over_tls(),
    row("pipe-100-tls", "pipeline of 100 GET over TLS", Load::Pipeline(100), 1, 1.0).over_tls(),
    row("lrange", "LRANGE of 10,000 x 32 B into Vec<String>", Load::List, 1, 1.3),
    row("hgetall", "HGETALL of 1,000 fields into a map", Load::Hash, 1, 1.2),
    row("get-1mib", "GET of 1 MiB", Load::Large, 1, 1.0),
    row("set-64kib", "SET of 64 KiB", Load::Bulk(Bulk::Set(64 << 10)), 1, 1.0).of_raw(0.95),
    row("set-1mib", "SET of 1 MiB", Load::Bulk(Bulk::Set(1 << 20)), 1, 1.0).of_raw(0.95),
    row("set-4mib", "SET of 4 MiB", Load::Bulk(Bulk::Set(4 << 20)), 1, 1.0).of_raw(0.95),
    row("set-64mib", "SET of 64 MiB", Load::Bulk(Bulk::Set(64 << 20)), 1, 1.0).of_raw(0.95),
    row("set-64kib-slice", "SET of 64 KiB from a slice", Load::Bulk(Bulk::SetSlice(64 << 10)), 1, 1.0),
    row("set-1mib-slice", "SET of 1 MiB from a slice", Load::Bulk(Bulk::SetSlice(1 << 20)), 1, 1.0),
    row("mset-1mib", "MSET of 16 values of 1 MiB", Load::Bulk(Bulk::MsetLarge), 1, 1.0),
    row("hset-1mib", "HSET of 16 values of 1 MiB", Load::Bulk(Bulk::HsetLarge), 1, 1.0),
    row("pipe-set-1mib", "pipeline of 16 SETs of 1 MiB", Load::Bulk(Bulk::PipeSet), 1, 1.0),
    row("mget", "MGET of 1,000 keys", Load::Bulk(Bulk::Mget), 1, 1.0),
    row("mset", "MSET of 1,000 keys", Load::Bulk(Bulk::Mset), 1, 1.0),
    row("hset", "HSET of 1,000 fields", Load::Bulk(Bulk::Hset), 1, 1.0),
    row("smembers", "SMEMBERS of 10,000 x 32 B into HashSet<String>", Load::Bulk(Bulk::Smembers), 1, 1.0),
    row("lrange-i64", "LRANGE of 10,000 integers into Vec<i64>", Load::Bulk(Bulk::Integers), 1, 1.3),
    row("load", "load a struct of 10 fields, 64 tasks", Load::Read, 1, 1.8),
    row("save", "save a struct of 10 fields, 64 tasks", Load::Write, 1, 1.2),
    Row {
        name: "instructions",
        title: "user instructions of one GET, 64 tasks",
        kind: Kind::Instructions,
        threshold: Threshold::AtMost(2_200.0),
        of_raw: None,
    },
    Row {
        name: "allocations",
        title: "allocations of one GET, 64 tasks",
        kind: Kind::Allocations,
        threshold: Threshold::AtMost(1.0),
        of_raw: None,
    },
    Row {
        name: "memory",
        title: "client's memory, 1,000,000 commands queued",
        kind: Kind::Memory,
        threshold: Threshold::AtMost(64.0),
        of_raw: None,
    },
    Row {
        name: "hello",
        title: "clean release build of hello world",
        kind: Kind::Hello,
        threshold: Threshold::NoMoreThanRustis,
        of_raw: None,
    },
];

/// The rows of these names, in the order of the report; all of them where none is named.
pub(crate) fn chosen(names: &[String]) -> Result<Vec<Row>> {
    if let Some(unknown) = names.iter().find(|name| !ROWS.iter().any(|row| row.name == *name)) {
        let known: Vec<_> = ROWS.iter().map(|row| row.name).collect();
        bail!("no row is called `{unknown}`: expected some of {}", known.join(", "));
    }
    Ok(ROWS.into_iter().filter(|row| names.is_empty() || names.iter().any(|name| name == row.name)).collect())
}
