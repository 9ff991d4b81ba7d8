//! The layers themselves. A module may use what stands on a lower layer, not its neighbours, never what is above.

/// The layers of one crate.
pub(super) struct Architecture {
    /// The crate's folder in the repository.
    pub(super) folder: &'static str,
    /// The modules of each layer, lowest first.
    pub(super) layers: &'static [&'static [&'static str]],
    /// Modules that may use these others only, whatever their layer allows.
    pub(super) only: &'static [(&'static str, &'static [&'static str])],
    /// Neighbours of one layer of which the first may use the second.
    pub(super) declared: &'static [(&'static str, &'static str)],
}

pub(super) const CRATES: &[&Architecture] = &[&CLIENT, &OM];

const CLIENT: Architecture = Architecture {
    folder: "redis-om-client",
    layers: &[
        &["error"],
        &["resp", "config"],
        &["value"],
        &["command"],
        &["commands"],
        &["session"],
        &["net"],
        &["route"],
        &["client"],
        &["pubsub", "script", "lock", "scan", "consumer", "monitor", "cache"],
        &["blocking", "testing"],
        &["prelude"],
    ],
    only: &[("testing", &["error"])],
    declared: &[],
};

const OM: Architecture = Architecture {
    folder: "redis-om",
    layers: &[
        &["error"],
        &["field"],
        &["schema"],
        &["model"],
        &["query"],
        &["index", "collections"],
        &["redis"],
        &["blocking"],
        &["__private"],
        &["prelude"],
    ],
    only: &[],
    declared: &[],
};

impl Architecture {
    /// The layer a module stands on.
    pub(super) fn layer(&self, module: &str) -> Option<usize> {
        self.layers.iter().position(|layer| layer.contains(&module))
    }
}
