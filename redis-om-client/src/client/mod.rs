//! The async client.
//!
//! Layer 8: stands on `route` and `command`; the features above stand on it. Ordinary commands share a connection (or
//! N) with automatic pipelining; blocking commands and `watch` take an exclusive one from a pool, so that they never
//! hold up others. The promise kept here: no write happens twice and none vanishes silently. What failed is repeated
//! by one loop ([`dispatch`]) that asks one pure function ([`retry`]), and only where it cannot have run, or may run
//! twice.

mod connection;
mod dispatch;
mod exchange;
mod executors;
mod pager;
mod partial;
mod pool;
mod request;
mod retry;
mod watch;

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use crate::{
    command::{Cmd, Command, Executor, Plan},
    config::Config,
    error::Result,
    route::Route,
    session::ReplyBuf,
    value::ToArgs,
};

pub use connection::Connection;
pub(crate) use exchange::outgoing;
pub use pager::{Connected, Paged, Pager};
pub use request::Request;
pub(crate) use watch::{Attempt, Outcome, words as watch_words};

use partial::{PartialReplies, Reader};
use pool::Pool;

/// A client of one Redis or Valkey server.
///
/// Cheap to clone, and shared by `&`: every clone uses the same connections, from any number of tasks. Commands are
/// sent in the order in which their futures are first polled; a future that is dropped before its command was sent
/// withdraws it. The connections live in the tokio runtime in which the client was connected.
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
    route: Route,
    pool: Pool,
}

impl Client {
    /// Connects to the server of this URL, such as `redis://user:password@host:6379/0`; [`Config::from_url`] has all
    /// its forms and options.
    ///
    /// One connection is made, greeted and ready when this returns: a wrong address or password shows here.
    ///
    /// # Errors
    /// Where the URL is malformed, or no connection can be made within the connect timeout.
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
    /// Where the settings make no sense, or no connection can be made within the connect timeout.
    pub async fn with_config(config: Config) -> Result<Self> {
        config.check()?;
        let config = Arc::new(config);
        let route = Route::connect(&config).await?;
        let pool = Pool::new(config.clone())?;
        Ok(Self { inner: Arc::new(Inner { config, route, pool }) })
    }

    /// The settings it was connected with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// Goes on after a first attempt that the caller made himself, in so much time: its reply, or what the dispatch loop
    /// makes of it.
    pub(crate) async fn go_on(
        &self,
        cmd: &Cmd,
        first: Result<ReplyBuf>,
        spent: Duration,
    ) -> Result<ReplyBuf> {
        match dispatch::settled(self, first, cmd, 0) {
            Ok(reply) => Ok(reply),
            Err(error) => {
                let left = self.config().command_timeout.map(|time| time.saturating_sub(spent));
                dispatch::repeat(self, cmd, left, Some(error), None).await
            }
        }
    }

    /// Runs a pipeline, a transaction or a command that was built before: one round trip.
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
    /// Where a command fails (the error says which; without `atomic` the others ran), or the connection does.
    pub async fn run<P: Plan>(&self, mut plan: P) -> Result<P::Reply> {
        plan.seal();
        if !P::GRADUAL {
            let reply = dispatch::send(self, plan.cmd(), None).await?;
            return plan.read(&mut reply.replies());
        }
        let partial = PartialReplies::default();
        let mut reader = Reader::new(&plan, &partial);
        let mut sending = pin!(dispatch::send(self, plan.cmd(), Some(&partial)));
        let last = poll_fn(|cx| {
            let sent = sending.as_mut().poll(cx);
            reader.read();
            sent
        })
        .await?;
        reader.finish(&last)
    }

    /// Reads, decides, and writes only if none of `keys` was changed meanwhile; else starts over.
    ///
    /// `plan` gets an exclusive connection to read with and returns the transaction to run; an error that it returns
    /// ends it all, with nothing written. It runs again for every conflict, up to 64 times with a short random pause
    /// between. The connection is handed back clean however this ends, also when the future is dropped.
    ///
    /// ```no_run
    /// # use redis_om_client::{Client, Error, prelude::*};
    /// # async fn example(client: Client) -> redis_om_client::Result<()> {
    /// let (left,) = client.watch(["stock"], |conn| async move {
    ///     let stock: i64 = conn.get("stock").await?;
    ///     if stock == 0 {
    ///         return Err(Error::aborted("sold out"));
    ///     }
    ///     Ok(atomic().decr("stock"))
    /// }).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// What `plan` returned; what the transaction failed with; [`ErrorKind::Conflict`](crate::ErrorKind::Conflict)
    /// where the keys kept changing.
    pub async fn watch<K, F, Fut, P>(&self, keys: K, mut plan: F) -> Result<P::Reply>
    where
        K: ToArgs,
        F: FnMut(Connection) -> Fut,
        Fut: Future<Output = Result<P>> + Send,
        P: Plan,
    {
        let words = watch::words(keys)?;
        let mut number = 0;
        loop {
            let attempt = Attempt::begin(self, &words, number).await?;
            let outcome = plan(attempt.connection()).await;
            match attempt.finish(outcome).await? {
                Outcome::Done(reply) => return Ok(reply),
                Outcome::Conflict => number += 1,
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
