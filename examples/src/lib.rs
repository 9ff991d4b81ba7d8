//! The server of an example: [`Place`].

use std::env;

use redis_om::testing::{Kind, LaunchError, Module, Server};

/// The server on which an example runs: the one in `REDIS_URL`, else a private one. A private server is stopped when
/// this is dropped.
#[derive(Debug)]
pub struct Place {
    url: String,
    own: Option<Server>,
}

impl Place {
    /// Uses the server in `REDIS_URL`. Where that is not set, starts a private one: the program on PATH, else a fetched
    /// one.
    ///
    /// # Errors
    /// Where no server is found and none can be fetched. The text names all three ways to have one.
    pub fn find() -> Result<Self, LaunchError> {
        Self::given_or(Server::for_first_steps)
    }

    /// As [`Place::find`], but a private server has the JSON commands.
    ///
    /// # Errors
    /// Where the server or its module cannot be fetched.
    pub fn find_with_json() -> Result<Self, LaunchError> {
        Self::given_or(|| Server::builder().kind(Kind::Redis8).module(Module::Json).start())
    }

    /// Starts a private server, whether or not `REDIS_URL` is set: for an example that needs several.
    ///
    /// # Errors
    /// As for [`Place::find`].
    pub fn private() -> Result<Self, LaunchError> {
        Server::for_first_steps().map(Self::own)
    }

    fn given_or(start: impl FnOnce() -> Result<Server, LaunchError>) -> Result<Self, LaunchError> {
        if let Some(url) = env::var("REDIS_URL").ok().filter(|url| !url.is_empty()) {
            return Ok(Self { url, own: None });
        }
        start().map(Self::own)
    }

    fn own(server: Server) -> Self {
        Self { url: server.url(), own: Some(server) }
    }

    /// The URL to connect to.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether the server was started by this program, for itself only.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.own.is_some()
    }
}
