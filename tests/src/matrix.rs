//! One test body over every kind of client: async and blocking, alone, in a pipeline and in a transaction, over both
//! versions of the protocol.

use std::{
    fmt,
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use redis_om_client::{
    Client, Command, Executor, Plan, Request, Result, atomic, blocking, pipe, testing::Kind,
};

use crate::{Keys, in_time, server};

/// A client of one kind. A test body runs its commands on it: `on.get::<String>("k").await?`.
#[derive(Debug)]
pub enum On {
    /// The async client.
    Async(Client),
    /// The blocking client: its futures are ready at once.
    Blocking(blocking::Client),
    /// The blocking client, each command in a pipeline.
    Piped(blocking::Client),
    /// The blocking client, each command in a transaction.
    Atomic(blocking::Client),
}

/// The column of the matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// [`On::Async`].
    Async,
    /// [`On::Blocking`].
    Blocking,
    /// [`On::Piped`].
    Piped,
    /// [`On::Atomic`].
    Atomic,
}

impl On {
    /// Runs a pipeline, a transaction or a command value.
    ///
    /// # Errors
    /// The errors of the client's `run`.
    pub async fn run<P: Plan>(&self, plan: P) -> Result<P::Reply> {
        match self {
            Self::Async(client) => client.run(plan).await,
            Self::Blocking(client) | Self::Piped(client) | Self::Atomic(client) => client.run(plan),
        }
    }

    /// Whether commands run in a transaction, where blocking commands do not wait.
    #[must_use]
    pub fn is_atomic(&self) -> bool {
        matches!(self, Self::Atomic(_))
    }
}

/// The outcome of a command on [`On`].
pub enum Outcome<'a, R> {
    /// In progress.
    Async(Request<'a, R>),
    /// Known; `None` after it was taken.
    Ready(Option<Result<R>>),
}

// Nothing in it is pinned: the request is `Unpin`, and the reply is moved out.
impl<R> Unpin for Outcome<'_, R> {}

impl<R> Future for Outcome<'_, R> {
    type Output = Result<R>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<R>> {
        match self.get_mut() {
            Self::Async(request) => Pin::new(request).poll(cx),
            Self::Ready(reply) => Poll::Ready(reply.take().unwrap()),
        }
    }
}

impl<R> fmt::Debug for Outcome<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outcome")
    }
}

impl<'a> Executor for &'a On {
    type Output<R> = Outcome<'a, R>;

    fn execute<R>(self, command: Command<R>) -> Outcome<'a, R> {
        let reply = match self {
            On::Async(client) => return Outcome::Async(client.execute(command)),
            On::Blocking(client) => client.execute(command),
            On::Piped(client) => client.run(pipe().execute(command)).map(|(reply,)| reply),
            On::Atomic(client) => client.run(atomic().execute(command)).map(|(reply,)| reply),
        };
        Outcome::Ready(Some(reply))
    }
}

/// Runs one test body in one cell of the matrix, on a shared server, with keys of its own.
pub fn cell(kind: Kind, column: Column, protocol: u8, body: impl AsyncFnOnce(&On, &Keys) -> Result<()>) {
    let server = server(kind);
    run(&server.url(), column, protocol, body).unwrap();
}

/// Runs one test body in every cell of the matrix, one after the other, on a server that no other test uses.
pub fn every_cell(url: &str, body: impl AsyncFnOnce(&On, &Keys) -> Result<()> + Copy) {
    for column in [Column::Async, Column::Blocking, Column::Piped, Column::Atomic] {
        for protocol in [2, 3] {
            if let Err(error) = run(url, column, protocol, body) {
                panic!("{column:?}, RESP{protocol}: {error}");
            }
        }
    }
}

fn run(
    url: &str,
    column: Column,
    protocol: u8,
    body: impl AsyncFnOnce(&On, &Keys) -> Result<()>,
) -> Result<()> {
    let url = format!("{url}?protocol={protocol}");
    let keys = Keys::new();
    match column {
        Column::Async => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(in_time("the test", async {
                let on = On::Async(Client::connect(&url).await?);
                body(&on, &keys).await
            }))
        }
        Column::Blocking => blocking(&url, &keys, On::Blocking, body),
        Column::Piped => blocking(&url, &keys, On::Piped, body),
        Column::Atomic => blocking(&url, &keys, On::Atomic, body),
    }
}

fn blocking(
    url: &str,
    keys: &Keys,
    on: fn(blocking::Client) -> On,
    body: impl AsyncFnOnce(&On, &Keys) -> Result<()>,
) -> Result<()> {
    let on = on(blocking::Client::connect(url)?);
    match pin!(body(&on, keys)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("the body awaited something else than commands"),
    }
}

/// Makes one test for every cell of the matrix from each body (`async fn name(on: &On, keys: &Keys) -> Result<()>`).
/// The tests are in a module with the name of the server: `matrix!(valkey on Valkey: values, counters);`.
#[macro_export]
macro_rules! matrix {
    ($group:ident on $kind:ident: $($name:ident),+ $(,)?) => {
        mod $group { $(
            mod $name {
                use super::super::$name as body;
                use $crate::{Column, Kind, cell};

                #[test]
                fn on_async_resp3() { cell(Kind::$kind, Column::Async, 3, body); }
                #[test]
                fn on_async_resp2() { cell(Kind::$kind, Column::Async, 2, body); }
                #[test]
                fn on_blocking_resp3() { cell(Kind::$kind, Column::Blocking, 3, body); }
                #[test]
                fn on_blocking_resp2() { cell(Kind::$kind, Column::Blocking, 2, body); }
                #[test]
                fn in_a_pipeline() { cell(Kind::$kind, Column::Piped, 3, body); }
                #[test]
                fn in_a_transaction_resp3() { cell(Kind::$kind, Column::Atomic, 3, body); }
                #[test]
                fn in_a_transaction_resp2() { cell(Kind::$kind, Column::Atomic, 2, body); }
            }
        )+ }
    };
}
