//! The same client for code without async: [`Client`].
//!
//! Each call waits for its reply. The rules for retries and errors are those of the async client.

// Layer 11: uses `client` and `route`; knows nothing of sockets. The connections live in a current-thread runtime. The
// thread that waits for a reply drives it, so no work moves between threads. The first attempt of an ordinary command
// needs no runtime: it uses a socket that the calling thread reads itself (`sync_path`). The promise kept here: the
// dispatch of the async client judges every attempt. While no call is in progress, a background thread drives the
// runtime where that is needed.

mod background;
mod connection;
mod executors;
mod runtime;
mod sync_path;

use std::{
    fmt,
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use crate::{
    client::{self, Decision},
    command::{Cmd, Command, Executor, Plan},
    config::Config,
    error::{Error, Result},
    route::SyncConnection,
    session::ReplyBuf,
    value::ToArgs,
};

pub use background::KeepDriving;
pub use connection::Connection;

use background::{Background, Driveable};
use runtime::{Driven, outside_async};
use sync_path::SyncPath;

/// A client whose commands wait for their replies: `let name: Option<String> = client.get("name")?;`.
///
/// A clone is cheap and uses the same connections. Threads can share a client by reference or by clones. Do not call it
/// from async code: it would block a thread of the runtime, so it returns an error there.
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
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    client: client::Client,
    sync_path: SyncPath,
    background: Background,
    runtime: Driven,
}

impl Client {
    /// Connects to the server of this URL. [`Config::from_url`] lists all forms and options.
    ///
    /// # Errors
    /// The URL is malformed, or no connection can be made within the connect timeout.
    pub fn connect(url: &str) -> Result<Self> {
        Self::with_config(Config::from_url(url)?)
    }

    /// Connects with these settings.
    ///
    /// # Errors
    /// The settings are invalid, or no connection can be made within the connect timeout.
    pub fn with_config(config: Config) -> Result<Self> {
        outside_async()?;
        let runtime = Driven::new()?;
        let (client, connection) = runtime.block_on(async {
            let client = client::Client::with_config(config).await?;
            let connection = client.route().node().sync_connection().await?;
            Ok((client, connection))
        })?;
        let (sync_path, background) = (SyncPath::new(connection), Background::new());
        let inner = Arc::new(Inner { client, sync_path, background, runtime });
        let client = Self { inner };
        if let idle @ Some(_) = client.config().idle_ping {
            client.inner.background.start(&client.inner, idle)?;
        }
        Ok(client)
    }

    /// The settings of this client.
    #[must_use]
    pub fn config(&self) -> &Config {
        self.inner.client.config()
    }

    /// The async client that this client uses, for operations that only the async client has. Run them with
    /// [`Client::block_on`].
    #[must_use]
    pub fn as_async(&self) -> &client::Client {
        &self.inner.client
    }

    /// Waits for a future that uses [`Client::as_async`].
    ///
    /// Tasks that the future spawned run only while a thread waits here or for a reply, unless
    /// [`keep_driving`](Self::keep_driving) is used.
    ///
    /// # Errors
    /// The error of the future, or the call was made from async code.
    pub fn block_on<T>(&self, future: impl Future<Output = Result<T>>) -> Result<T> {
        outside_async()?;
        self.inner.runtime.block_on(future)
    }

    /// Starts driving the connections and the spawned tasks of this client on a thread, until the returned value is
    /// dropped.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn keep_driving(&self) -> Result<KeepDriving> {
        self.inner.background.start(&self.inner, self.config().idle_ping)?;
        Ok(self.inner.background.hold())
    }

    /// Queues a command, discards its reply, and returns at once. It can be called in a [`Drop`]. See
    /// [`Client::forget`](crate::Client::forget).
    ///
    /// # Errors
    /// The command is refused before it is sent, the queue is full, the client is closed, or the thread that sends it
    /// cannot be started.
    pub fn forget<R>(&self, command: Command<R>) -> Result<()> {
        self.inner.background.start(&self.inner, self.config().idle_ping)?;
        self.inner.client.forget(command)?;
        self.inner.background.call();
        Ok(())
    }

    /// Runs a pipeline, a transaction or a command value in one round trip.
    ///
    /// # Errors
    /// A command fails, or the connection fails. The error names the failed command. In a pipeline, an error of one
    /// command does not stop the others. After a lost connection, some of them may not have run.
    pub fn run<P: Plan>(&self, plan: P) -> Result<P::Reply> {
        self.block_on(self.inner.client.run(plan))
    }

    /// Runs a transaction only if none of `keys` was changed meanwhile; otherwise starts again. The closure decides as
    /// that of the async [`Client::watch`](crate::Client::watch) does.
    ///
    /// ```no_run
    /// # use redis_om_client::{blocking::Client, Result, prelude::*};
    /// # fn example(client: Client, article: u32) -> Result<()> {
    /// let key = format!("stock:{article}");
    /// let taken = client.watch([&key], |conn| -> Result<_> {
    ///     let stock: i64 = conn.get(&key)?;
    ///     Ok((stock > 0).then(|| atomic().decr(&key)))
    /// })?;
    /// if let Some((left,)) = taken {
    ///     println!("{left} are left");
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The error that `decide` returned; the error of the transaction;
    /// [`ErrorKind::Conflict`](crate::ErrorKind::Conflict) if the keys changed during each attempt.
    pub fn watch<K, F, D, E>(&self, keys: K, decide: F) -> Result<D::Output, E>
    where
        K: ToArgs,
        F: FnOnce(Connection) -> Result<D, E> + Clone,
        D: Decision,
        E: From<Error>,
    {
        let mut watching = client::Watching::new(keys)?;
        loop {
            let watch = self.block_on(watching.begin(&self.inner.client))?;
            let decision = decide.clone()(Connection::new(self.clone(), watch.connection()));
            // The error of the caller stays inside, as it is.
            if let Some(output) = self.block_on(async { Ok(watching.end(watch, decision).await) })?? {
                return Ok(output);
            }
        }
    }
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
        let reply = match self.inner.sync_path.exchange(&client::outgoing(cmd, None), start, connect) {
            None => return self.execute_async(command),
            Some(Ok(reply)) if !reply.is_error() => reply,
            Some(first) => self.go_on(cmd, first, start)?,
        };
        command.read(&mut reply.replies())
    }
}

/// Rarely used paths, kept out of the common one: each of these futures is large, and inlined it would enlarge the
/// stack frame of every command.
impl Client {
    #[inline(never)]
    fn execute_async<R>(&self, command: Command<R>) -> Result<R> {
        self.block_on((&self.inner.client).execute(command))
    }

    #[cold]
    fn connect_directly(&self) -> Result<Option<SyncConnection>> {
        self.block_on(self.inner.client.route().node().sync_connection())
    }

    /// Continues after a first attempt that ended in an error.
    #[cold]
    fn go_on(&self, cmd: &Cmd, first: Result<ReplyBuf>, start: Instant) -> Result<ReplyBuf> {
        if first.is_err() {
            self.inner.runtime.suspect();
        }
        if first.as_ref().is_ok_and(|reply| client::needs_new_connection(cmd, reply)) {
            self.inner.sync_path.forget_connection();
        }
        self.block_on(self.inner.client.go_on(cmd, first, start.elapsed()))
    }
}

impl Driveable for Inner {
    fn look_after(self: &Arc<Self>) {
        self.send_what_waits();
        if let Some(pause) = self.client.config().idle_ping {
            let ping = Cmd::new("PING").readonly();
            let timeout = self.client.config().ping_timeout;
            self.sync_path.ping_if_idle(pause, timeout, &client::outgoing(&ping, None));
        }
    }

    fn drive_until(&self, released: &Notify) {
        let _released = self.runtime.block_on(async {
            released.notified().await;
            Ok(())
        });
    }
}

impl Inner {
    /// Drives the runtime until nothing is in flight, as long as a command may take. It ends early when the thread has the
    /// last handle to the client.
    fn send_what_waits(self: &Arc<Self>) {
        /// The time between two checks.
        const LOOK: Duration = Duration::from_millis(5);
        /// Without a time limit of commands, it continues at the next call.
        const LONGEST: Duration = Duration::from_secs(60);
        let config = self.client.config();
        let most = config.command_timeout.map_or(LONGEST, |time| time.max(config.ping_timeout));
        let start = Instant::now();
        let quiet = self.runtime.block_on(async {
            loop {
                tokio::time::sleep(LOOK).await;
                if self.client.route().node().is_quiet() || Arc::strong_count(self) == 1 {
                    return Ok(true);
                }
                if start.elapsed() >= most {
                    return Ok(false);
                }
            }
        });
        if let Ok(false) = quiet
            && config.command_timeout.is_none()
        {
            self.background.call();
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "blocking::{:?}", self.inner.client)
    }
}
