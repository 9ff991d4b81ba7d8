//! Chooses the connection of a command, and judges how an attempt ended.
//!
//! Layer 7: uses `net`; knows nothing of what a reply means to its caller. The promise kept here: one server is one
//! [`Node`], and a topology that is not supported (Sentinel, cluster) is refused with an error.

mod judge;
mod node;
mod pool;

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use crate::{
    config::{Config, Topology},
    error::{Error, ErrorKind, Execution, Result},
    net::Runtime,
};

pub(crate) use crate::net::{Link, SyncConnection, random};
pub(crate) use judge::{Facts, Tally, Verdict, ends_watch, judge_loss, judge_replies, refusal};
pub(crate) use node::Node;
pub(crate) use pool::Exclusive;

/// The nodes of a client, and the runtime in which their connections live.
#[derive(Debug)]
pub(crate) struct Route {
    node: Node,
    runtime: Runtime,
}

impl Route {
    /// Connects to the servers that the settings name.
    pub(crate) async fn connect(config: &Arc<Config>) -> Result<Self> {
        let unsupported = |what: &str, remedy: &str| {
            Err(Error::new(
                ErrorKind::Routing,
                Execution::NotSent,
                format!("{what} is not supported yet by this version of redis-om-client: {remedy}"),
            ))
        };
        match &config.topology {
            Topology::Standalone => {
                let runtime = Runtime::current()?;
                let node = Node::connect(config, &runtime).await?;
                Ok(Self { node, runtime })
            }
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

    /// The connection for the next ordinary command.
    #[inline]
    pub(crate) fn link(&self) -> &Link {
        self.node.link()
    }

    /// The node that serves a command.
    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// Wraps a future so that it is polled inside the runtime of the connections, in whichever task it is awaited.
    pub(crate) fn within<F: Future>(&self, future: F) -> Within<'_, F> {
        Within { route: self, future: Box::pin(future) }
    }

    /// Polls a future inside the runtime of the connections.
    pub(crate) fn poll<F: Future + ?Sized>(
        &self,
        future: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<F::Output> {
        self.runtime.poll(future, cx)
    }

    /// Waits for this time, or until the runtime of the connections ends.
    ///
    /// # Errors
    ///
    /// The connections are closed for good.
    pub(crate) async fn pause(&self, time: Duration) -> Result<()> {
        let had_moved = self.runtime.has_moved();
        let paused = self.while_nothing_is_sent(async {
            tokio::time::sleep(time).await;
            Ok(())
        });
        match paused.await {
            Err(_) if self.runtime.has_moved() != had_moved => Ok(()),
            paused => paused,
        }
    }

    /// Awaits work that needs timers or sockets of the runtime. After the end of the runtime these would panic; instead
    /// the result is an error which says so, and says that nothing was sent. The next attempt uses the next runtime.
    pub(crate) async fn while_nothing_is_sent<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        let mut work = pin!(work);
        let had_moved = self.runtime.has_moved();
        poll_fn(|cx| {
            if self.runtime.has_moved() != had_moved {
                return Poll::Ready(Err(Error::new(
                    ErrorKind::Disconnected,
                    Execution::NotSent,
                    "the runtime in which the connection was being made has ended",
                )));
            }
            match self.node.link().closed() {
                None => work.as_mut().poll(cx),
                Some(error) => Poll::Ready(Err(error.with_execution(Execution::NotSent))),
            }
        })
        .await
    }
}

/// A future that is polled inside the runtime of a route.
#[must_use = "futures do nothing unless awaited"]
pub(crate) struct Within<'a, F> {
    route: &'a Route,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Within<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        this.route.poll(this.future.as_mut(), cx)
    }
}
