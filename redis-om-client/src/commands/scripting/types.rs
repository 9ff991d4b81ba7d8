//! Options and replies of scripts and functions.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    commands::{
        fields::{fields, present},
        kept::Kept,
    },
    error::DecodeError,
    resp::Reply,
    value::{Arg, Args, FromRedis, ToArg, ToArgs, Written},
};

/// Whether the server frees memory at once or in the background.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlushMode {
    /// In the background.
    Async,
    /// At once: the server runs no other command meanwhile.
    Sync,
}

impl ToArg for FlushMode {
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        arg.bytes(match self {
            Self::Async => b"ASYNC",
            Self::Sync => b"SYNC",
        })
    }
}

/// What `FUNCTION RESTORE` does with existing libraries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FunctionRestorePolicy {
    /// Keeps them; a library with the same name is an error.
    Append,
    /// Deletes all of them first.
    Flush,
    /// Keeps them, and replaces a library with the same name.
    Replace,
}

impl ToArg for FunctionRestorePolicy {
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        arg.bytes(match self {
            Self::Append => b"APPEND",
            Self::Flush => b"FLUSH",
            Self::Replace => b"REPLACE",
        })
    }
}

/// Options of FUNCTION LIST.
#[derive(Debug, Clone, Default)]
#[must_use]
#[non_exhaustive]
pub struct FunctionListOptions {
    library: Option<Kept>,
    with_code: bool,
}

impl FunctionListOptions {
    /// No options: all libraries, without their code.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns only libraries whose name matches this glob.
    pub fn library_name(mut self, pattern: impl ToArg) -> Self {
        self.library = Some(Kept::new(pattern));
        self
    }

    /// Returns them with their code.
    pub fn with_code(mut self) -> Self {
        self.with_code = true;
        self
    }
}

impl ToArgs for FunctionListOptions {
    fn to_args(&self, args: &mut Args<'_>) {
        if let Some(pattern) = &self.library {
            args.arg("LIBRARYNAME").arg(pattern);
        }
        if self.with_code {
            args.arg("WITHCODE");
        }
    }
}

/// A library of functions.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FunctionLibrary {
    /// Its name.
    pub name: String,
    /// The engine that runs it: `LUA`.
    pub engine: String,
    /// Its functions.
    pub functions: Vec<LibraryFunction>,
    /// Its code; `None` if the command did not request it.
    pub code: Option<String>,
}

/// A function of a library.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LibraryFunction {
    /// The name by which `FCALL` calls it.
    pub name: String,
    /// Its description; `None` if it has none.
    pub description: Option<String>,
    /// What it declares about itself.
    pub flags: Vec<FunctionFlag>,
}

/// What a function declares about itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FunctionFlag {
    /// It writes nothing, so `FCALL_RO` and a replica may run it.
    NoWrites,
    /// It may run while the server is out of memory.
    AllowOom,
    /// It may run on a replica that has lost its primary.
    AllowStale,
    /// It does not run in a cluster.
    NoCluster,
    /// It may use keys of several slots.
    AllowCrossSlotKeys,
    /// A flag that is newer than this client.
    Other(String),
}

impl FromRedis for FunctionFlag {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        let name = reply.blob("the flag of a function")?;
        Ok(match name.as_str()? {
            "no-writes" => Self::NoWrites,
            "allow-oom" => Self::AllowOom,
            "allow-stale" => Self::AllowStale,
            "no-cluster" => Self::NoCluster,
            "allow-cross-slot-keys" => Self::AllowCrossSlotKeys,
            other => Self::Other(other.to_owned()),
        })
    }
}

impl FromRedis for FunctionLibrary {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        let (mut name, mut engine, mut functions, mut code) = (None, None, None, None);
        fields(reply, "a library of functions", |field, value| {
            match field {
                "library_name" => name = Some(FromRedis::from_redis(value)?),
                "engine" => engine = Some(FromRedis::from_redis(value)?),
                "functions" => functions = Some(FromRedis::from_redis(value)?),
                "library_code" => code = FromRedis::from_redis(value)?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(Self {
            name: present(name, "library_name")?,
            engine: present(engine, "engine")?,
            functions: present(functions, "functions")?,
            code,
        })
    }
}

impl FromRedis for LibraryFunction {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        let (mut name, mut description, mut flags) = (None, None, Vec::new());
        fields(reply, "a function", |field, value| {
            match field {
                "name" => name = Some(FromRedis::from_redis(value)?),
                "description" => description = FromRedis::from_redis(value)?,
                "flags" => flags = FromRedis::from_redis(value)?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(Self { name: present(name, "name")?, description, flags })
    }
}

/// The reply of `FUNCTION STATS`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FunctionStats {
    /// The function or script that is running; `None` if none is.
    pub running: Option<RunningScript>,
    /// The engines by their names, such as `LUA`.
    pub engines: BTreeMap<String, EngineStats>,
}

/// A function or script that is running.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunningScript {
    /// The function's name; empty for a script.
    pub name: String,
    /// The words of the command that called it. They need not be text.
    pub command: Vec<Vec<u8>>,
    /// How long it has been running.
    pub duration: Duration,
}

/// What an engine has loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EngineStats {
    /// The number of its libraries.
    pub libraries: u64,
    /// The number of their functions.
    pub functions: u64,
}

impl FromRedis for FunctionStats {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        let (mut running, mut engines) = (None, None);
        fields(reply, "the state of functions", |field, value| {
            match field {
                "running_script" => running = FromRedis::from_redis(value)?,
                "engines" => engines = Some(FromRedis::from_redis(value)?),
                _ => {}
            }
            Ok(())
        })?;
        Ok(Self { running, engines: present(engines, "engines")? })
    }
}

impl FromRedis for RunningScript {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        let (mut name, mut command, mut millis) = (None, Vec::new(), None);
        fields(reply, "a running script", |field, value| {
            match field {
                "name" => name = FromRedis::from_redis(value)?,
                "command" => command = FromRedis::from_redis(value)?,
                "duration_ms" => millis = Some(FromRedis::from_redis(value)?),
                _ => {}
            }
            Ok(())
        })?;
        Ok(Self {
            name: name.unwrap_or_default(),
            command,
            duration: Duration::from_millis(present(millis, "duration_ms")?),
        })
    }
}

impl FromRedis for EngineStats {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        let (mut libraries, mut functions) = (None, None);
        fields(reply, "what an engine has loaded", |field, value| {
            match field {
                "libraries_count" => libraries = Some(FromRedis::from_redis(value)?),
                "functions_count" => functions = Some(FromRedis::from_redis(value)?),
                _ => {}
            }
            Ok(())
        })?;
        Ok(Self {
            libraries: present(libraries, "libraries_count")?,
            functions: present(functions, "functions_count")?,
        })
    }
}
