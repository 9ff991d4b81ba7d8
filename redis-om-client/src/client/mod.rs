//! The async client.
//!
//! Layer 8: uses `route` and `command`; knows nothing of sockets. Ordinary commands share one connection (or several)
//! with automatic pipelining. Blocking commands and `watch` take an exclusive connection from a pool, so that they
//! never delay others. The promise kept here: no write happens twice, and none is lost without an error. Every command
//! is sent by an [`attempt`]. One pure function of `route` judges how the attempt ended, and [`dispatch`] carries out
//! its verdict.

mod answer;
mod attempt;
mod connection;
mod decision;
mod dispatch;
mod executors;
mod pager;
mod request;
mod watch;

use std::{fmt, future::Future, sync::Arc, time::Duration};

use crate::{
    command::{Cmd, Command, Executor, Plan},
    config::{Config, millis},
    error::{Error, Result},
    route::Route,
    session::ReplyBuf,
    value::ToArgs,
};

pub(crate) use attempt::{needs_new_connection, outgoing};
pub use connection::Connection;
pub use decision::Decision;
pub use pager::{Connected, Paged, Pager};
pub use request::Request;
pub(crate) use watch::Watching;

use attempt::Deadline;

/// A client of one Redis or Valkey server.
///
/// A clone is cheap and uses the same connections. Any number of tasks can share a client by reference or by clones.
/// Commands are sent in the order in which their futures are first polled. Four kinds can change this order: commands
/// that block, commands that wait for room in a full queue, commands that are sent again, and commands of a client with
/// several connections ([`Config::connections`]).
///
/// A future that is dropped before its command was sent withdraws the command.
///
/// Tasks drive the connections. They run in the tokio runtime of the call that connected the client. When that runtime
/// ends before the client, they move to a runtime of this crate, on a thread of its own that lasts as long as the process.
/// An open TCP or unix connection moves with them, so that the commands in flight get their replies; connections with TLS
/// and custom streams, and those of blocking commands, are made again. So a client can be kept in a `static`, also for
/// several `#[tokio::test]`s, each of which has a runtime of its own.
///
/// ```no_run
/// use redis_om_client::{Client, prelude::*};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> redis_om_client::Result<()> {
/// let client = Client::connect("redis://localhost").await?;
/// client.set("name", "Ann").await?;
/// let name: Option<String> = client.get("name").await?;
/// assert_eq!(name.as_deref(), Some("Ann"));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    config: Arc<Config>,
    /// The time limit of an ordinary command in milliseconds, from the settings.
    timeout: Option<u64>,
    route: Arc<Route>,
}

impl Client {
    /// Connects to the server of this URL, such as `redis://user:password@host:6379/0`. [`Config::from_url`] lists all
    /// forms and options.
    ///
    /// One connection is ready when this returns, so a wrong address or password is reported here.
    ///
    /// # Errors
    /// The URL is malformed, no connection can be made within the connect timeout, the server refuses the user or the
    /// password, or the call is made outside of a tokio runtime.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::with_config(Config::from_url(url)?).await
    }

    /// Connects with these settings.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use redis_om_client::{Client, Config};
    ///
    /// # async fn example() -> redis_om_client::Result<()> {
    /// let config = Config::new("localhost", 6379).command_timeout(Duration::from_secs(2)).client_name("shop");
    /// let client = Client::with_config(config).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The settings are invalid, no connection can be made within the connect timeout (for each of
    /// [`Config::connections`], one after another), the server refuses the user or the password, or the call is made
    /// outside of a tokio runtime.
    pub async fn with_config(config: Config) -> Result<Self> {
        config.check()?;
        let config = Arc::new(config);
        let route = Route::connect(&config).await?;
        Ok(Self::of(config, Arc::new(route)))
    }

    fn of(config: Arc<Config>, route: Arc<Route>) -> Self {
        let timeout = config.command_timeout.map(millis);
        Self { inner: Arc::new(Inner { config, timeout, route }) }
    }

    /// Returns another client that uses the same connections and the same pool, with its own time limits and its own
    /// retry policy: [`command_timeout`](Config::command_timeout), [`blocking_grace`](Config::blocking_grace),
    /// [`retry`](Config::retry). No connection is made.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use redis_om_client::{Client, RetryPolicy, prelude::*};
    /// # async fn example(client: Client) -> redis_om_client::Result<()> {
    /// let impatient = client.sharing(|config| {
    ///     config.command_timeout(Duration::from_millis(50)).retry(RetryPolicy::never())
    /// })?;
    /// let cached: Option<String> = impatient.get("page").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// `change` changed a setting that belongs to the connections, or the settings are invalid.
    pub fn sharing(&self, change: impl FnOnce(Config) -> Config) -> Result<Self> {
        let config = change(self.config().clone());
        config.check()?;
        let own = Config {
            command_timeout: config.command_timeout,
            blocking_grace: config.blocking_grace,
            retry: config.retry.clone(),
            ..self.config().clone()
        };
        if config != own {
            return Err(Error::config(
                "clients that share connections can differ in command_timeout, blocking_grace and retry only: connect \
                 another client for other settings",
            ));
        }
        Ok(Self::of(Arc::new(config), self.inner.route.clone()))
    }

    /// The settings of this client.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    #[inline]
    pub(crate) fn route(&self) -> &Route {
        &self.inner.route
    }

    /// The time limit of an ordinary command, in milliseconds.
    #[inline]
    pub(crate) fn timeout(&self) -> Option<u64> {
        self.inner.timeout
    }

    /// Continues after a first attempt that was made elsewhere. `spent` is the duration of that attempt.
    pub(crate) async fn go_on(
        &self,
        cmd: &Cmd,
        first: Result<ReplyBuf>,
        spent: Duration,
    ) -> Result<ReplyBuf> {
        let left = self.config().command_timeout.map(|time| time.saturating_sub(spent));
        dispatch::repeat(self, cmd, Some(first), Deadline::after(left)).await
    }

    /// Queues a command, discards its reply, and returns at once. It can be called from any thread, inside or outside
    /// of a runtime, also in a [`Drop`]. The command is sent when the connection is ready, unless its time limit
    /// (`command_timeout`) passes first. It is never repeated, and an error reply is discarded. It may overtake commands
    /// that were called earlier and wait for room in a full queue.
    ///
    /// ```no_run
    /// # use redis_om_client::{Client, prelude::*};
    /// struct Guard(Client);
    ///
    /// impl Drop for Guard {
    ///     fn drop(&mut self) {
    ///         let _full_or_closed = self.0.forget(cmd().del("working"));
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// The command is refused before it is sent (a bad argument, or a command that blocks or needs a connection of its
    /// own), the queue is full, or the client is closed.
    pub fn forget<R>(&self, command: Command<R>) -> Result<()> {
        let cmd = command.cmd();
        cmd.check()?;
        if cmd.is_blocking() || cmd.needs_own_connection() {
            let text =
                "it takes a connection of its own, so it cannot be sent without waiting: await it in a task";
            return Err(cmd.in_context(Error::argument(text), 0));
        }
        if cmd.parts() == 0 {
            return Ok(());
        }
        self.route()
            .link()
            .forget(outgoing(cmd, self.timeout()))
            .map_err(|error| cmd.in_context_of_all(error))
    }

    /// Runs a pipeline, a transaction or a command value in one round trip.
    ///
    /// ```no_run
    /// # use redis_om_client::{Client, prelude::*};
    /// # async fn example(client: Client) -> redis_om_client::Result<()> {
    /// let (name, visits): (Option<String>, i64) = client.run(pipe().get("name").incr("visits")).await?;
    /// let (a, b) = client.run(atomic().decr_by("acct:a", 30).incr_by("acct:b", 30)).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// A command fails, or the connection fails. The error names the failed command. In a pipeline, an error of one
    /// command does not stop the others. After a lost connection, some of them may not have run.
    pub async fn run<P: Plan>(&self, mut plan: P) -> Result<P::Reply> {
        plan.seal();
        let answer = dispatch::send(self, plan.cmd()).await?;
        plan.read(&mut answer.replies())
    }

    /// Runs a transaction only if none of `keys` was changed meanwhile; otherwise starts again.
    ///
    /// `decide` gets an exclusive connection to read with. It returns what to do, a [`Decision`]: a transaction; an
    /// `Option` of one, where `None` writes nothing; or a pair of one of these and a value, which comes back beside the
    /// reply. If it returns an error, nothing is written, and `watch` returns that error as it is. The error can have any
    /// type that is made from an [`Error`]. Name it at the head of the closure: `async |conn| -> Result<_> { … }`.
    ///
    /// After a conflict there is another attempt: at most 64, with a short random pause between. Each attempt runs a clone
    /// of `decide`, so a captured `String` can be borrowed or moved, and what an attempt changes in the captured values is
    /// not seen by the next. The connection returns to the pool without watched keys. If the future is dropped, the
    /// connection is closed.
    ///
    /// ```no_run
    /// # use redis_om_client::{Client, Error, prelude::*};
    /// #[derive(Debug)]
    /// enum SaleError {
    ///     SoldOut,
    ///     Redis(Error),
    /// }
    ///
    /// impl From<Error> for SaleError {
    ///     fn from(error: Error) -> Self {
    ///         Self::Redis(error)
    ///     }
    /// }
    ///
    /// # async fn example(client: Client, article: u32) -> Result<(), SaleError> {
    /// let key = format!("stock:{article}");
    /// let ((left,), before) = client.watch([&key], async |conn| -> Result<_, SaleError> {
    ///     let stock: i64 = conn.get(&key).await?;
    ///     if stock == 0 {
    ///         return Err(SaleError::SoldOut);
    ///     }
    ///     Ok((atomic().decr(&key), stock))
    /// }).await?;
    /// assert_eq!(left, before - 1);
    /// # Ok(()) }
    /// ```
    ///
    /// Nothing is written this time where the decision is `None`:
    ///
    /// ```no_run
    /// # use redis_om_client::{Client, Result, prelude::*};
    /// # async fn example(client: Client) -> Result<()> {
    /// let taken = client.watch(["stock"], async |conn| -> Result<_> {
    ///     let stock: i64 = conn.get("stock").await?;
    ///     Ok((stock > 0).then(|| atomic().decr("stock")))
    /// }).await?;
    /// if let Some((left,)) = taken {
    ///     println!("{left} are left");
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The error that `decide` returned; the error of the transaction;
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) if the keys changed during each attempt.
    pub async fn watch<K, F, Fut, D, E>(&self, keys: K, decide: F) -> Result<D::Output, E>
    where
        K: ToArgs,
        // Not `AsyncFnMut`: its future borrows from the closure, and then no task can be spawned with it.
        F: FnOnce(Connection) -> Fut + Clone,
        Fut: Future<Output = Result<D, E>>,
        D: Decision,
        E: From<Error>,
    {
        let mut watching = Watching::new(keys)?;
        loop {
            let watch = self.route().within(watching.begin(self)).await?;
            let decision = decide.clone()(watch.connection()).await;
            if let Some(output) = watching.end(watch, decision).await? {
                return Ok(output);
            }
        }
    }
}

impl<'a> Executor for &'a Client {
    type Output<R> = Request<'a, R>;

    #[inline]
    fn execute<R>(self, command: Command<R>) -> Request<'a, R> {
        Request::new(request::Target::Client(self), command)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.inner.config.endpoint)
    }
}
