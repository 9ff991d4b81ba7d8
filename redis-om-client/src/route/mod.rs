//! Which connection a command takes.
//!
//! Layer 7: stands on `net`; knows nothing of retries. A standalone server has N connections to choose from; Sentinel
//! and cluster have their place here and answer with an error until their turn comes.

mod standalone;

use std::sync::Arc;

use crate::{
    config::{Config, Topology},
    error::{Error, ErrorKind, Execution, Result},
    net::Link,
};

use standalone::Standalone;

/// The connections that ordinary commands share.
#[derive(Debug)]
pub(crate) enum Route {
    Standalone(Standalone),
}

impl Route {
    /// Connects to what the settings name.
    pub(crate) async fn connect(config: &Arc<Config>) -> Result<Self> {
        let unsupported = |what: &str, remedy: &str| {
            Err(Error::new(
                ErrorKind::Routing,
                Execution::NotSent,
                format!("{what} is not supported yet by this version of redis-om-client: {remedy}"),
            ))
        };
        match &config.topology {
            Topology::Standalone => Standalone::connect(config).await.map(Self::Standalone),
            Topology::Sentinel(_) => unsupported(
                "finding the primary through Sentinel (redis-sentinel://)",
                "connect to the primary itself by redis://host:port",
            ),
            Topology::Cluster { .. } => unsupported(
                "a cluster (redis-cluster://)",
                "connect to one of its nodes by redis://host:port, for the keys of its own slots",
            ),
        }
    }

    /// The connection for the next command.
    #[inline]
    pub(crate) fn link(&self) -> &Link {
        match self {
            Self::Standalone(standalone) => standalone.link(),
        }
    }
}
