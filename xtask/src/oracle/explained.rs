//! The differences that are right, each with its reason. This is the only list of them.

use servers::Kind::{self, Redis6, Redis8, Valkey};

use super::compare::Aspect;

/// A difference between declarations and servers. Each of the commands differs on each of the servers.
pub(super) struct Explained {
    pub(super) commands: &'static [&'static str],
    pub(super) servers: &'static [Kind],
    pub(super) aspect: Aspect,
    pub(super) why: &'static str,
}

pub(super) const EXPLAINED: &[Explained] = &[
    Explained {
        commands: &["EXPIRE", "EXPIREAT", "PEXPIRE", "PEXPIREAT", "ZRANK", "ZREVRANK"],
        servers: &[Redis6],
        aspect: Aspect::Arity,
        why: "the options NX, XX, GT, LT and WITHSCORE are newer than Redis 6.2",
    },
    Explained {
        commands: &["EVAL"],
        servers: &[Redis6],
        aspect: Aspect::Keys,
        why: "COMMAND GETKEYS of Redis 6.2 refuses a script without keys; EVAL itself runs it",
    },
    Explained {
        commands: &["JSON.MGET"],
        servers: &[Redis8],
        aspect: Aspect::Keys,
        why: "the module declares the first key only; every argument before the path is a key",
    },
    Explained {
        commands: &["MIGRATE"],
        servers: &[Redis8, Valkey],
        aspect: Aspect::Blocking,
        why: "the server waits for the other server and does not call this blocking; the reply is late all the same",
    },
    Explained {
        commands: &["SORT"],
        servers: &[Redis8, Valkey, Redis6],
        aspect: Aspect::Write,
        why: "the server declares a write because of the option STORE; the methods without it write nothing",
    },
    Explained {
        commands: &["TOUCH"],
        servers: &[Redis8, Valkey, Redis6],
        aspect: Aspect::Readonly,
        why: "a replica would note the access for itself only, and the primary evicts by its own notes",
    },
    Explained {
        commands: &["FUNCTION DUMP", "FUNCTION LIST"],
        servers: &[Redis8, Valkey],
        aspect: Aspect::Readonly,
        why: "functions are replicated like keys, so that a replica may serve them; the server's flag is for keys",
    },
    Explained {
        commands: &["MSETEX"],
        servers: &[Valkey],
        aspect: Aspect::Request,
        why: "a split command would not set all keys or none, and its number of keys would be wrong",
    },
    Explained {
        commands: &["MSETEX"],
        servers: &[Valkey],
        aspect: Aspect::Response,
        why: "it is not split, so that no replies are combined",
    },
];

/// Commands that no server at hand knows.
pub(super) struct Unknown {
    pub(super) commands: &'static [&'static str],
    pub(super) why: &'static str,
}

pub(super) const UNKNOWN: &[Unknown] = &[
    Unknown { commands: &["DELEX", "DIGEST"], why: "since Redis 8.4" },
    Unknown { commands: &["INCREX"], why: "since Redis 8.8" },
    Unknown { commands: &["BLMOVEM", "LMOVEM", "SDIFFCARD", "SUNIONCARD"], why: "since Redis 8.10" },
];
