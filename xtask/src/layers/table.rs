//! The layers themselves. A module uses lower layers only: not the other modules of its own layer, and no higher one.

/// The layers of one crate.
pub(super) struct Architecture {
    /// The crate's folder in the repository.
    pub(super) folder: &'static str,
    /// The modules of each layer, lowest layer first.
    pub(super) layers: &'static [&'static [&'static str]],
    /// Modules that may use only these others, whatever their layer allows.
    pub(super) only: &'static [(&'static str, &'static [&'static str])],
    /// Lower layers that a module must not use, and the module through which it reaches them.
    pub(super) barred: &'static [(&'static str, &'static str, &'static str)],
    /// Uses that are against the rules and still accepted. An entry that is not needed any more is refused.
    pub(super) accepted: &'static [Accepted],
}

/// One use that is accepted for now. The modules are named by their paths, `net::link`, and stand in one folder.
pub(super) struct Accepted {
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    #[expect(dead_code, reason = "for the reader of the table")]
    pub(super) why: &'static str,
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
        &["script", "pubsub", "monitor", "cache"],
        &["lock", "consumer"],
        &["blocking", "testing"],
        &["prelude"],
    ],
    only: &[("testing", &["error"])],
    barred: &[("client", "net", "route"), ("blocking", "net", "route")],
    accepted: &[
        Accepted {
            from: "client",
            to: "net",
            why: "`route` gives out the handles of its connections as they are: a type around them would only forward",
        },
        Accepted {
            from: "blocking",
            to: "net",
            why: "`route` gives out the handles of its connections as they are: a type around them would only forward",
        },
        Accepted {
            from: "client::connection",
            to: "client::request",
            why: "a request goes over a connection, and a connection makes requests",
        },
        Accepted {
            from: "command::guard",
            to: "command::cmd",
            why: "a command checks its words as it is built",
        },
        Accepted {
            from: "commands::scan",
            to: "commands::key",
            why: "the options of SCAN name a type of key; `KeyType` can move to a file of its own",
        },
        Accepted {
            from: "resp::items",
            to: "resp::reply",
            why: "a reply holds items, and an item is a reply",
        },
        Accepted {
            from: "resp::items",
            to: "resp::cursor",
            why: "a reply holds items, and an item is a reply",
        },
        Accepted {
            from: "testing::builder",
            to: "testing::server",
            why: "a server keeps its builder, so that it can be started again",
        },
        Accepted {
            from: "testing::package",
            to: "testing::fetch",
            why: "a package is fetched where it is missing",
        },
    ],
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
    barred: &[],
    accepted: &[],
};

impl Architecture {
    /// The number of a module's layer.
    pub(super) fn layer(&self, module: &str) -> Option<usize> {
        self.layers.iter().position(|layer| layer.contains(&module))
    }

    /// Whether this use is accepted.
    pub(super) fn accepts(&self, from: &[String], to: &[String]) -> bool {
        self.accepted.iter().any(|accepted| accepted.is(from, to))
    }
}

impl Accepted {
    /// Whether it is about these modules.
    pub(super) fn is(&self, from: &[String], to: &[String]) -> bool {
        self.from == from.join("::") && self.to == to.join("::")
    }
}
