//! The same client for code without async.
//!
//! Layer 10: stands on `client`. The connections run on a current-thread runtime that is driven by whichever thread
//! waits for a reply: no thread of its own, no hand-over. An ordinary command's first attempt does not even need that:
//! it goes over a socket which the calling thread reads itself (module `first`); retries, and all else, are the async
//! client's.

mod connection;
mod executors;
mod first;

use std::{
    fmt,
    future::Future,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    task::{Context, Poll, Waker},
    time::Instant,
};

use tokio::{
    runtime::{Builder, Handle, Runtime},
    task::coop::poll_proceed,
};

use crate::{
    client,
    command::{Cmd, Command, Executor, Plan},
    config::Config,
    error::{Error, Result},
    net::Direct,
    session::ReplyBuf,
    value::ToArgs,
};

pub use connection::Connection;
use first::First;

/// A client whose commands wait for their replies: `let name: Option<String> = client.get("name")?;`.
///
/// Shared by `&` between threads. It must not be called from async code, where it would stop the runtime's thread; it
/// answers with an error there.
///
/// ```no_run
/// use redis_om_client::{blocking::Client, prelude::*};
///
/// # fn main() -> redis_om_client::Result<()> {
/// let client = Client::connect("redis://localhost")?;
/// client.set("name", "Ann")?;
/// let (name, visits): (Option<String>, i64) = client.run(pipe().get("name").incr("visits"))?;
/// # Ok(()) }
/// ```
pub struct Client {
    client: client::Client,
    first: First,
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    epoch: Instant,
    /// When the runtime was last driven, in milliseconds since the epoch.
    driven: AtomicU64,
    /// A connection was found lost: the runtime's may be, too, and it does not know yet.
    suspect: AtomicBool,
}

/// After so many milliseconds in which nobody drove the runtime, it first looks at what came in: a connection that the
/// server has closed is found before a command is written into it.
const STALE: u64 = 500;

impl Client {
    /// Connects to the server of this URL: see [`Config::from_url`] for all its forms.
    ///
    /// # Errors
    /// Where the URL is malformed, or no connection can be made within the connect timeout.
    pub fn connect(url: &str) -> Result<Self> {
        Self::with_config(Config::from_url(url)?)
    }

    /// Connects with these settings.
    ///
    /// # Errors
    /// Where no connection can be made within the connect timeout.
    pub fn with_config(config: Config) -> Result<Self> {
        outside_async()?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Error::io("making the blocking client's runtime", error))?;
        let (client, direct) = runtime.block_on(async {
            let client = client::Client::with_config(config).await?;
            let direct = Direct::connect(client.config()).await?;
            Ok::<_, Error>((client, direct))
        })?;
        let first = First::new(direct);
        Ok(Self {
            client,
            first,
            runtime: Some(runtime),
            epoch: Instant::now(),
            driven: AtomicU64::new(0),
            suspect: AtomicBool::new(false),
        })
    }

    /// The settings it was connected with.
    #[must_use]
    pub fn config(&self) -> &Config {
        self.client.config()
    }

    /// The async client that does the work, for flows that exist only there: run them with [`Client::block_on`].
    #[must_use]
    pub fn as_async(&self) -> &client::Client {
        &self.client
    }

    /// Waits for a future that uses [`Client::as_async`].
    ///
    /// # Errors
    /// The future's own; and where this is called from async code.
    pub fn block_on<T>(&self, future: impl Future<Output = Result<T>>) -> Result<T> {
        outside_async()?;
        let Some(runtime) = &self.runtime else { return Err(Error::config("the client is being dropped")) };
        let now = self.epoch.elapsed().as_millis() as u64;
        let idle = now.saturating_sub(self.driven.swap(now, Ordering::Relaxed));
        if idle < STALE && !self.suspect.swap(false, Ordering::Relaxed) {
            return runtime.block_on(future);
        }
        runtime.block_on(async {
            // Once for the events, once for the drivers that they wake, and once for good measure.
            for _ in 0..3 {
                tokio::task::yield_now().await;
            }
            future.await
        })
    }

    /// Runs a pipeline, a transaction or a command that was built before: one round trip.
    ///
    /// # Errors
    /// Where a command fails (the error says which; without `atomic` the others ran), or the connection does.
    pub fn run<P: Plan>(&self, plan: P) -> Result<P::Reply> {
        self.block_on(self.client.run(plan))
    }

    /// Reads, decides, and writes only if none of `keys` was changed meanwhile; else starts over. See
    /// [`Client::watch`](crate::Client::watch).
    ///
    /// ```no_run
    /// # use redis_om_client::{blocking::Client, Error, prelude::*};
    /// # fn example(client: Client) -> redis_om_client::Result<()> {
    /// let (left,) = client.watch(["stock"], |conn| {
    ///     let stock: i64 = conn.get("stock")?;
    ///     if stock == 0 {
    ///         return Err(Error::aborted("sold out"));
    ///     }
    ///     Ok(atomic().decr("stock"))
    /// })?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// What `plan` returned; what the transaction failed with; a conflict where the keys kept changing.
    pub fn watch<K, F, P>(&self, keys: K, mut plan: F) -> Result<P::Reply>
    where
        K: ToArgs,
        F: FnMut(&Connection<'_>) -> Result<P>,
        P: Plan,
    {
        let words = client::watch_words(keys)?;
        let mut number = 0;
        loop {
            let attempt = self.block_on(client::Attempt::begin(&self.client, &words, number))?;
            let decision = plan(&Connection::new(self, attempt.connection()));
            match self.block_on(attempt.finish(decision))? {
                client::Outcome::Done(reply) => return Ok(reply),
                client::Outcome::Conflict => number += 1,
            }
        }
    }
}

fn outside_async() -> Result<()> {
    if Handle::try_current().is_err() || !polled_by_tokio() {
        return Ok(());
    }
    Err(Error::config(
        "the blocking client was called from async code, where it would stop the runtime's thread: use \
         redis_om_client::Client there, or tokio::task::spawn_blocking",
    ))
}

/// Whether a future is being polled on this thread. Inside `spawn_blocking` there is a runtime, too, but tokio gives a
/// budget only to what it polls: elsewhere it never ends.
#[cold]
fn polled_by_tokio() -> bool {
    /// More than the budget of one poll (128).
    const STEPS: usize = 256;
    let mut context = Context::from_waker(Waker::noop());
    (0..STEPS).any(|_| match poll_proceed(&mut context) {
        Poll::Ready(step) => {
            step.made_progress();
            false
        }
        Poll::Pending => true,
    })
}

impl Executor for &Client {
    type Output<R> = Result<R>;

    fn execute<R>(self, command: Command<R>) -> Result<R> {
        let cmd = command.cmd();
        if !cmd.is_plain() {
            return self.execute_async(command);
        }
        outside_async()?;
        let start = Instant::now();
        let connect = || self.connect_directly();
        let reply = match self.first.exchange(&client::outgoing(cmd, None), start, connect) {
            None => return self.execute_async(command),
            Some(Ok(reply)) if !reply.is_error() => reply,
            Some(first) => self.go_on(cmd, first, start)?,
        };
        command.read(&mut reply.replies())
    }
}

/// What few commands need, out of the way of those that do not: the state of a future is large, and would be part of
/// what every command touches.
impl Client {
    #[inline(never)]
    fn execute_async<R>(&self, command: Command<R>) -> Result<R> {
        self.block_on((&self.client).execute(command))
    }

    #[cold]
    fn connect_directly(&self) -> Result<Option<Direct>> {
        self.block_on(Direct::connect(self.client.config()))
    }

    /// After a first attempt that ended in an error.
    #[cold]
    fn go_on(&self, cmd: &Cmd, first: Result<ReplyBuf>, start: Instant) -> Result<ReplyBuf> {
        self.suspect.store(first.is_err(), Ordering::Relaxed);
        self.block_on(self.client.go_on(cmd, first, start.elapsed()))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // A runtime that is dropped in async code panics; one that is shut down in the background does not.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "blocking::{:?}", self.client)
    }
}
