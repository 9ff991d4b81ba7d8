//! Where the examples find their server: [`Place`].

use std::env;

use redis_om::testing::{Kind, LaunchError, Module, Server};

/// A server to try things on: the one in `REDIS_URL`, else a private one that is gone when this is dropped.
#[derive(Debug)]
pub struct Place {
    url: String,
    own: Option<Server>,
}

impl Place {
    /// Takes the server in `REDIS_URL`; where that is not set, starts the one on PATH, or else a fetched one.
    ///
    /// # Errors
    /// Where no server is found and none can be fetched: the text names all ways to one.
    pub fn find() -> Result<Self, LaunchError> {
        Self::given_or(Server::for_first_steps)
    }

    /// As [`Place::find`], but what it starts has the JSON commands.
    ///
    /// # Errors
    /// Where the server or its module cannot be fetched.
    pub fn find_with_json() -> Result<Self, LaunchError> {
        Self::given_or(|| Server::builder().kind(Kind::Redis8).module(Module::Json).start())
    }

    fn given_or(start: impl FnOnce() -> Result<Server, LaunchError>) -> Result<Self, LaunchError> {
        if let Some(url) = env::var("REDIS_URL").ok().filter(|url| !url.is_empty()) {
            return Ok(Self { url, own: None });
        }
        let server = start()?;
        Ok(Self { url: server.url(), own: Some(server) })
    }

    /// The URL to connect to.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether the server was started here, for nobody else.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.own.is_some()
    }
}
