//! The floors themselves. A module may use what stands on a lower floor, not its neighbours, never what is above.

/// The floors of one crate.
pub(super) struct House {
    /// The crate's folder in the repository.
    pub(super) folder: &'static str,
    /// The modules of each floor, lowest first.
    pub(super) floors: &'static [&'static [&'static str]],
    /// Modules that may use these others only, whatever their floor allows.
    pub(super) only: &'static [(&'static str, &'static [&'static str])],
    /// Neighbours of one floor of which the first may use the second.
    pub(super) declared: &'static [(&'static str, &'static str)],
}

pub(super) const HOUSES: &[&House] = &[&CLIENT, &OM];

const CLIENT: House = House {
    folder: "redis-om-client",
    floors: &[
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

const OM: House = House {
    folder: "redis-om",
    floors: &[
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

impl House {
    /// The floor a module stands on.
    pub(super) fn floor(&self, module: &str) -> Option<usize> {
        self.floors.iter().position(|floor| floor.contains(&module))
    }
}
