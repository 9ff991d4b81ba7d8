//! Options of the connection commands.

use std::time::Duration;

use crate::{
    commands::{kept::Kept, timeout::seconds_rounded_up},
    value::{Arg, Args, ToArg, ToArgs, Written},
};

/// The commands that `CLIENT PAUSE` delays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PauseMode {
    /// Commands that write, including scripts and `PUBLISH`. Since 6.2.0.
    Write,
    /// All commands.
    All,
}

impl ToArg for PauseMode {
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        arg.bytes(match self {
            Self::Write => b"WRITE",
            Self::All => b"ALL",
        })
    }
}

/// How `CLIENT UNBLOCK` ends a blocking command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unblock {
    /// As if its timeout had passed.
    Timeout,
    /// With an error (`UNBLOCKED`).
    Error,
}

impl ToArg for Unblock {
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        arg.bytes(match self {
            Self::Timeout => b"TIMEOUT",
            Self::Error => b"ERROR",
        })
    }
}

/// The attribute that `CLIENT SETINFO` sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientAttribute {
    /// The name of the library.
    LibName,
    /// Its version.
    LibVer,
}

impl ToArg for ClientAttribute {
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        arg.bytes(match self {
            Self::LibName => b"LIB-NAME",
            Self::LibVer => b"LIB-VER",
        })
    }
}

/// The purpose of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientType {
    /// A connection for commands.
    Normal,
    /// The connection of this server, as a replica, to its primary.
    Primary,
    /// The connection of a replica to this server.
    Replica,
    /// The connection of a subscriber.
    PubSub,
}

impl ToArg for ClientType {
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        arg.bytes(match self {
            Self::Normal => b"normal",
            // Every server knows this word, but not `primary`.
            Self::Primary => b"master",
            Self::Replica => b"replica",
            Self::PubSub => b"pubsub",
        })
    }
}

/// The connections that `CLIENT LIST` lists and `CLIENT KILL` closes: those that match every part.
///
/// For `CLIENT LIST`, Redis accepts only [`id`](ClientFilter::id) and [`type_`](ClientFilter::type_). Valkey accepts
/// all parts; some of them, which are marked, only Valkey knows.
///
/// ```
/// # use redis_om_client::{commands::{ClientFilter, ClientType}, prelude::*};
/// # use std::time::Duration;
/// let old = ClientFilter::new().type_(ClientType::Normal).maxage(Duration::from_secs(3600)).skipme(true);
/// assert_eq!(cmd().client_kill(old).to_string(), "CLIENT KILL TYPE normal MAXAGE 3600 SKIPME yes");
/// ```
#[derive(Debug, Clone, Default)]
#[must_use]
#[non_exhaustive]
pub struct ClientFilter {
    ids: Vec<u64>,
    parts: Vec<(&'static str, Kept)>,
}

impl ClientFilter {
    /// All connections. `CLIENT KILL` refuses this.
    pub fn new() -> Self {
        Self::default()
    }

    /// The connection with this number, see [`client_id`](super::ConnectionCommands::client_id). Several numbers mean
    /// any of them. Redis accepts several for `CLIENT LIST` only; Valkey since 8.1 for `CLIENT KILL`, too.
    pub fn id(mut self, id: u64) -> Self {
        self.ids.push(id);
        self
    }

    /// Connections with this purpose.
    pub fn type_(self, type_: ClientType) -> Self {
        self.part("TYPE", type_)
    }

    /// The connection from this address, `ip:port`.
    pub fn addr(self, address: impl ToArg) -> Self {
        self.part("ADDR", address)
    }

    /// Connections to this address of the server, `ip:port`. Since 6.2.0.
    pub fn laddr(self, address: impl ToArg) -> Self {
        self.part("LADDR", address)
    }

    /// Connections of this user. Since 6.0.0.
    pub fn user(self, user: impl ToArg) -> Self {
        self.part("USER", user)
    }

    /// Sets whether the connection that sends the command is left out. By default `CLIENT KILL` leaves it out.
    pub fn skipme(self, skip: bool) -> Self {
        self.part("SKIPME", if skip { "yes" } else { "no" })
    }

    /// Connections that are at least this old, rounded up to whole seconds. The server refuses zero. Since 7.4.0.
    pub fn maxage(self, age: Duration) -> Self {
        self.part("MAXAGE", seconds_rounded_up(age))
    }

    /// Valkey 9: connections of this name.
    pub fn name(self, name: impl ToArg) -> Self {
        self.part("NAME", name)
    }

    /// Valkey 9: connections that have been idle for at least this time, rounded up to whole seconds. The server refuses
    /// zero.
    pub fn idle(self, idle: Duration) -> Self {
        self.part("IDLE", seconds_rounded_up(idle))
    }

    /// Valkey 9: connections that have all of these flags, see [`ClientInfo::flags`](super::ClientInfo::flags).
    pub fn flags(self, flags: impl ToArg) -> Self {
        self.part("FLAGS", flags)
    }

    /// Valkey 9: connections of a library with this name.
    pub fn lib_name(self, name: impl ToArg) -> Self {
        self.part("LIB-NAME", name)
    }

    /// Valkey 9: connections of a library with this version.
    pub fn lib_ver(self, version: impl ToArg) -> Self {
        self.part("LIB-VER", version)
    }

    /// Valkey 9: connections to this database.
    pub fn db(self, db: u32) -> Self {
        self.part("DB", db)
    }

    /// Valkey 9: connections from this machine.
    pub fn ip(self, ip: impl ToArg) -> Self {
        self.part("IP", ip)
    }

    fn part(mut self, word: &'static str, value: impl ToArg) -> Self {
        // The server accepts each part once.
        self.parts.retain(|(known, _)| *known != word);
        self.parts.push((word, Kept::new(value)));
        self
    }
}

impl ToArgs for ClientFilter {
    fn to_args(&self, args: &mut Args<'_>) {
        for (word, value) in &self.parts {
            args.arg(*word).arg(value);
        }
        // The numbers stand last, because all numbers that follow `ID` belong to it.
        if !self.ids.is_empty() {
            args.arg("ID").args(&self.ids);
        }
    }
}
