//! The errors of this crate: [`Error`] and its [`ErrorKind`].
//!
//! Layer 0: every module may use it; it knows nothing of the others. The promise kept here: an error says what was
//! attempted (the command and its key), what was expected and found, and whether the command may have taken effect
//! ([`Error::may_have_run`]).

mod brief;
mod decode;
mod refusal;
mod server;

use std::{fmt, io, sync::Arc};

pub(crate) use brief::brief;
pub use decode::DecodeError;
pub(crate) use refusal::{Author, Refusal};
pub use server::{ServerError, ServerErrorCode};

/// The result type of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What failed, and the command that was attempted.
///
/// It has the size of one pointer, so that a `Result` stays small. Cloning it is cheap.
///
/// ```
/// use redis_om_client::{Error, ErrorKind};
///
/// let error = Error::aborted("sold out");
/// assert_eq!(error.kind(), &ErrorKind::Aborted);
/// assert_eq!(error.to_string(), "sold out");
/// assert!(!error.may_have_run());
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    command: Option<String>,
    key: Option<String>,
    execution: Execution,
    /// The failed command only reads, so that it can be repeated whether or not it has run.
    reads: bool,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

/// The kinds of failure, for a `match`. The text of the [`Error`] has the details.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The server answered with an error.
    Server(ServerError),
    /// The reply or a stored value does not fit the caller's type.
    Decode,
    /// An argument was refused before anything was sent.
    Argument,
    /// A socket failed or could not be opened.
    Io,
    /// The TLS handshake failed, or a certificate could not be verified.
    Tls,
    /// Something exceeded its time limit.
    Timeout(TimeoutKind),
    /// The connection was lost while the command was in progress, or there is no connection and the command does not
    /// wait for one.
    Disconnected,
    /// The server sent data that is not RESP or exceeds a limit.
    Protocol,
    /// No node serves this key, or the topology of the URL is not supported yet.
    Routing,
    /// The caller's code cancelled a `watch`.
    Aborted,
    /// Watched keys kept changing, or the transaction was refused because they changed.
    Conflict,
    /// The settings (URL, TLS, policies) are invalid.
    Config,
    /// The queue is full (its byte budget, or its number of commands), and the settings say to fail instead of waiting.
    QueueFull,
    /// No exclusive connection became free.
    Pool,
}

/// What exceeded its time limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimeoutKind {
    /// Opening a connection, including TLS and greeting.
    Connect,
    /// A command, from its call to its reply.
    Command,
    /// Waiting for an exclusive connection.
    Pool,
}

/// Whether the failed command may have taken effect on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Execution {
    /// No complete command left this process: the server cannot have run it.
    NotSent,
    /// The command was sent. It is unknown whether it ran, or how much of it: no reply came, a script failed with an
    /// error of its own, or the server refused `MULTI` and ran the commands one by one.
    MaybeExecuted,
    /// The server answered, and its answer says what happened.
    Answered,
}

impl Error {
    /// A new error. `execution` says whether the command may have run. It has no default, because a wrong `NotSent`
    /// would let a write be repeated. `message` names what was expected, what was found, and the remedy.
    #[cold]
    pub fn new(kind: ErrorKind, execution: Execution, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            command: None,
            key: None,
            execution,
            reads: false,
            source: None,
        }))
    }

    /// An argument that cannot be sent. `message` says which one, and what is valid.
    #[cold]
    pub fn argument(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Argument, Execution::NotSent, message)
    }

    /// An invalid setting. `message` says which one, and what is valid.
    #[cold]
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, Execution::NotSent, message)
    }

    /// An error of the caller's code that cancels a `watch`: nothing is written, and `watch` returns it.
    #[cold]
    pub fn aborted(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Aborted, Execution::NotSent, message)
    }

    /// A failure of a socket during `what`.
    #[cold]
    pub fn io(what: impl fmt::Display, source: io::Error) -> Self {
        Self::new(ErrorKind::Io, Execution::NotSent, format!("{what}: {source}")).with_source(source)
    }

    /// An error reply of the server.
    #[cold]
    pub fn server(error: ServerError) -> Self {
        let message = error.to_string();
        Self::new(ErrorKind::Server(error), Execution::Answered, message)
    }

    /// The same error, with the command's name and key if it has none yet. Each is cut after 100 characters, and its
    /// length follows: `abc… (1048576 bytes)`.
    #[must_use]
    pub fn with_command(self, command: impl Into<String>, key: Option<String>) -> Self {
        let key = key.map(|key| brief(&key).to_string());
        self.with_brief_command(brief(&command.into()).to_string(), key)
    }

    /// The same, for a name and a key that are already cut.
    pub(crate) fn with_brief_command(mut self, command: String, key: Option<String>) -> Self {
        if self.0.command.is_none() {
            self.0.command = Some(command);
            self.0.key = key;
        }
        self
    }

    /// The same error, of a command that only reads.
    #[must_use]
    pub(crate) fn of_a_read(mut self) -> Self {
        self.0.reads = true;
        self
    }

    /// The same error, with this statement about whether the command may have run.
    #[must_use]
    pub fn with_execution(mut self, execution: Execution) -> Self {
        self.0.execution = execution;
        self
    }

    /// The same error, with its cause: see [`cause`](Self::cause).
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    /// The same error, with `what` and a colon before its text.
    #[must_use]
    pub fn context(mut self, what: impl fmt::Display) -> Self {
        self.0.message = format!("{what}: {}", self.0.message);
        self
    }

    /// The direct cause, such as the [`io::Error`] of a socket; `None` if there is none. Its text is usually a part of this
    /// error's text. Then it is not the [`source`](std::error::Error::source), so that a report of all sources has each
    /// text once.
    ///
    /// ```
    /// use std::{error::Error as _, io};
    /// use redis_om_client::Error;
    ///
    /// let error = Error::io("no TCP connection", io::ErrorKind::ConnectionRefused.into());
    /// assert_eq!(error.to_string(), "no TCP connection: connection refused");
    /// assert!(error.source().is_none());
    /// let cause = error.cause().and_then(|cause| cause.downcast_ref::<io::Error>());
    /// assert_eq!(cause.map(io::Error::kind), Some(io::ErrorKind::ConnectionRefused));
    /// ```
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.0.source.as_deref()
    }

    /// The kind of failure.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// The name of the failed command, such as `"HGETALL"`; `None` if no command was involved.
    #[must_use]
    pub fn command(&self) -> Option<&str> {
        self.0.command.as_deref()
    }

    /// The first key of the failed command, cut after 100 characters, with invalid UTF-8 escaped; `None` if the command
    /// has no key.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.0.key.as_deref()
    }

    /// The code of the server's error reply; `None` for any other error.
    #[must_use]
    pub fn code(&self) -> Option<&ServerErrorCode> {
        match &self.0.kind {
            ErrorKind::Server(error) => Some(error.code()),
            _ => None,
        }
    }

    /// Whether the command was sent, and whether it was answered.
    #[must_use]
    pub fn execution(&self) -> Execution {
        self.0.execution
    }

    /// Whether the command may have taken effect although it failed: no answer arrived, or a script or a transaction
    /// failed after it had begun. Find out what happened before you repeat a write.
    #[must_use]
    pub fn may_have_run(&self) -> bool {
        self.0.execution == Execution::MaybeExecuted
    }

    /// Whether the same call can be repeated: it may succeed later, and nothing has run so far. It is never true if
    /// [`may_have_run`](Self::may_have_run) is true. Of the error replies, it is true for the servers' own refusals,
    /// which [`RetryPolicy`](crate::RetryPolicy) lists.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        if self.may_have_run() {
            return false;
        }
        match &self.0.kind {
            ErrorKind::Io
            | ErrorKind::Disconnected
            | ErrorKind::Timeout(_)
            | ErrorKind::QueueFull
            | ErrorKind::Pool => self.0.execution == Execution::NotSent,
            ErrorKind::Server(error) => error.is_refusal(),
            ErrorKind::Conflict => true,
            ErrorKind::Decode
            | ErrorKind::Argument
            | ErrorKind::Tls
            | ErrorKind::Protocol
            | ErrorKind::Routing
            | ErrorKind::Aborted
            | ErrorKind::Config => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some(command) = &inner.command {
            write!(f, "{command}")?;
            if let Some(key) = &inner.key {
                write!(f, " `{key}`")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&inner.message)?;
        if inner.execution == Execution::MaybeExecuted && !inner.reads {
            f.write_str(match &inner.kind {
                ErrorKind::Server(_) => " (its effects before the failure remain)",
                _ => " (the command was sent and may have run: check before repeating it)",
            })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.to_string())
            .field("execution", &self.0.execution)
            .finish()
    }
}

impl std::error::Error for Error {
    /// The first cause whose text is not a part of this error's text already. [`Error::cause`] is the direct cause.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let mut cause: &(dyn std::error::Error + 'static) = self.0.source.as_deref()?;
        while self.0.message.contains(&cause.to_string()) {
            cause = cause.source()?;
        }
        Some(cause)
    }
}

impl From<ServerError> for Error {
    fn from(error: ServerError) -> Self {
        Self::server(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_one_pointer_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
        assert_eq!(size_of::<Result<()>>(), size_of::<usize>());
    }

    #[test]
    fn says_command_key_and_whether_it_may_have_run() {
        let error =
            Error::new(ErrorKind::Disconnected, Execution::NotSent, "connection lost before the reply came")
                .with_command("INCR", Some("visits".into()))
                .with_execution(Execution::MaybeExecuted);
        assert_eq!(
            error.to_string(),
            "INCR `visits`: connection lost before the reply came \
             (the command was sent and may have run: check before repeating it)"
        );
        assert!(error.may_have_run());
        assert!(!error.is_retryable());
    }

    #[test]
    fn a_cause_is_reported_once() {
        use std::error::Error as _;
        let report = |error: &Error| {
            let mut text = error.to_string();
            let mut cause = error.source();
            while let Some(next) = cause {
                text += &format!(": {next}");
                cause = next.source();
            }
            text
        };
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let error = Error::io("no TCP connection", refused()).context("connecting to h:1");
        assert_eq!(report(&error), "connecting to h:1: no TCP connection: connection refused");
        // A cause that the text does not have is reported, and so is the cause below one that the text has.
        let error = Error::new(ErrorKind::Io, Execution::NotSent, "lost").with_source(refused());
        assert_eq!(report(&error), "lost: connection refused");
        let inner = Error::new(ErrorKind::Io, Execution::NotSent, "the proxy failed").with_source(refused());
        let error = Error::io("no stream", io::Error::other(inner));
        assert_eq!(report(&error), "no stream: the proxy failed: connection refused");
        assert!(error.cause().is_some());
    }

    #[test]
    fn the_error_of_a_script_that_began_says_that_its_effects_stay() {
        let error = Error::server(ServerError::parse("LOADING Redis is loading the dataset in memory"));
        assert!(error.is_retryable());
        let error = error.with_command("EVAL", None).with_execution(Execution::MaybeExecuted);
        assert_eq!(
            error.to_string(),
            "EVAL: LOADING Redis is loading the dataset in memory (its effects before the failure remain)"
        );
        assert!(error.may_have_run() && !error.is_retryable());
        assert!(!Error::server(ServerError::parse("LOADING mine")).is_retryable());
    }

    #[test]
    fn nothing_that_may_have_run_is_retryable() {
        for kind in [ErrorKind::Conflict, ErrorKind::Io, ErrorKind::Disconnected, ErrorKind::Pool] {
            assert!(Error::new(kind.clone(), Execution::NotSent, "x").is_retryable(), "{kind:?}");
            assert!(!Error::new(kind.clone(), Execution::MaybeExecuted, "x").is_retryable(), "{kind:?}");
        }
    }

    #[test]
    fn long_keys_and_lines_are_cut() {
        let line = format!("MYCODE {}", "x".repeat(70_000));
        let server = ServerError::parse(&line);
        assert_eq!(server.message().len(), 70_000);
        let error = Error::server(server).with_command("GET", Some("k".repeat(1 << 20)));
        assert_eq!(error.key(), Some(&*format!("{}… (1048576 bytes)", "k".repeat(100))));
        assert!(error.to_string().len() < 1_500 && format!("{error:?}").len() < 3_000, "{error}");
    }

    #[test]
    fn unsent_commands_are_retryable() {
        assert!(Error::new(ErrorKind::Disconnected, Execution::NotSent, "down").is_retryable());
        assert!(!Error::argument("no keys").is_retryable());
    }
}
