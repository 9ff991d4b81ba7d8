//! Operations of several round trips in which each reply decides the next command: a [`Pager`], driven page by page.
//!
//! A pager knows nothing of clients. [`Paged`] sends its commands: as a stream over an async client, or as an iterator
//! over a blocking one, which needs no runtime for it.

use std::{
    collections::VecDeque,
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_core::Stream;

use super::{Client, Connection};
use crate::{
    command::{Command, Executor},
    error::Result,
};

/// The default page size, in elements. The server treats it as a hint.
const PAGE_SIZE: u64 = 500;

/// The state of a scan, without a client: it gives the next command and reads the items of a reply.
///
/// Implement it for any command with a cursor or an offset. [`Paged`] drives it.
///
/// ```
/// use redis_om_client::{
///     Command, Paged, Pager, Result,
///     commands::{ScanOptions, ScanPage},
///     prelude::*,
/// };
///
/// /// The members of a set.
/// struct Members {
///     key: String,
///     cursor: Option<u64>,
/// }
///
/// impl Pager for Members {
///     type Item = String;
///     type Reply = ScanPage<String>;
///
///     fn command(&mut self, page_size: u64) -> Option<Command<Self::Reply>> {
///         let options = ScanOptions::new().count(page_size);
///         self.cursor.map(|cursor| cmd().sscan_with(&self.key, cursor, options))
///     }
///
///     fn take(&mut self, page: Self::Reply) -> impl IntoIterator<Item = Result<String>> {
///         self.cursor = (!page.is_last()).then_some(page.cursor);
///         page.items.into_iter().map(Ok)
///     }
/// }
///
/// # async fn example(client: Client) -> Result<()> {
/// let mut members = Paged::new(Members { key: "tags".into(), cursor: Some(0) }, &client);
/// while let Some(member) = members.next().await {
///     println!("{}", member?);
/// }
/// # Ok(()) }
/// ```
pub trait Pager {
    /// The type of one item.
    type Item;

    /// The reply to one command.
    type Reply;

    /// The next command; `None` at the end.
    ///
    /// `page_size` is the wanted number of elements in the reply, such as the `COUNT` of a `SCAN`.
    fn command(&mut self, page_size: u64) -> Option<Command<Self::Reply>>;

    /// Takes the reply to the last command and returns its items. An item that cannot be decoded is an error of its
    /// own; the items after it still follow.
    fn take(&mut self, reply: Self::Reply) -> impl IntoIterator<Item = Result<Self::Item>>;
}

/// An executor that sends a command at once and gives its reply: an async client, a blocking client, or the connection
/// that `watch` lends. A pipeline is not one, because its replies arrive together at the end.
///
/// Implement it for an executor of your own if it also sends each command at once.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot send the commands of a pager one at a time",
    label = "not a client",
    note = "each reply decides the next command: pass `&Client` or `&blocking::Client`"
)]
pub trait Connected: Executor + Clone {}

impl Connected for &Client {}
impl Connected for &&Client {}
impl Connected for &Arc<Client> {}
impl Connected for &Connection {}

/// The items of a [`Pager`]: a [`Stream`] over an async client, an [`Iterator`] over a blocking one.
///
/// The first command is sent when the first item is requested. The next page is requested when all items of the last
/// one were returned. If a command fails, its error is the last item.
#[must_use = "nothing is sent before an item is asked for"]
pub struct Paged<P: Pager, E: Executor> {
    pager: P,
    executor: E,
    page_size: u64,
    /// A command failed: no further command is sent.
    failed: bool,
    items: VecDeque<Result<P::Item>>,
    request: Option<E::Output<P::Reply>>,
}

// No field is pinned structurally: `request` is polled only where it is `Unpin` itself.
impl<P: Pager, E: Executor> Unpin for Paged<P, E> {}

impl<P: Pager, E: Connected> Paged<P, E> {
    /// Drives `pager` over `executor`.
    pub fn new(pager: P, executor: E) -> Self {
        Self { pager, executor, page_size: PAGE_SIZE, failed: false, items: VecDeque::new(), request: None }
    }

    /// Sets the wanted number of elements in one page (default 500; 0 counts as 1). A larger page needs fewer round
    /// trips, but each of them occupies the server for longer.
    pub fn page_size(mut self, elements: u64) -> Self {
        self.page_size = elements.max(1);
        self
    }

    /// Sends the next command; `None` at the end.
    fn ask(&mut self) -> Option<E::Output<P::Reply>> {
        if self.failed {
            return None;
        }
        let command = self.pager.command(self.page_size)?;
        Some(self.executor.clone().execute(command))
    }

    fn take(&mut self, reply: Result<P::Reply>) {
        match reply {
            Ok(reply) => self.items.extend(self.pager.take(reply)),
            Err(error) => {
                self.failed = true;
                self.items.push_back(Err(error));
            }
        }
    }
}

impl<P: Pager, E: Connected> Paged<P, E>
where
    Self: Stream<Item = Result<P::Item>>,
{
    /// The next item; `None` at the end. It works like `StreamExt::next`, without that trait.
    ///
    /// # Errors
    /// The item cannot be decoded, or the command for its page failed. After a failed command nothing follows.
    pub async fn next(&mut self) -> Option<Result<P::Item>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl<P: Pager, E: Connected> Stream for Paged<P, E>
where
    E::Output<P::Reply>: Future<Output = Result<P::Reply>> + Unpin,
{
    type Item = Result<P::Item>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(item) = this.items.pop_front() {
                return Poll::Ready(Some(item));
            }
            if this.request.is_none() {
                this.request = this.ask();
            }
            let Some(request) = &mut this.request else { return Poll::Ready(None) };
            let reply = ready!(Pin::new(request).poll(cx));
            this.request = None;
            this.take(reply);
        }
    }
}

impl<P: Pager, E: Connected> Iterator for Paged<P, E>
where
    E::Output<P::Reply>: Into<Result<P::Reply>>,
{
    type Item = Result<P::Item>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.items.pop_front() {
                return Some(item);
            }
            let reply = self.ask()?.into();
            self.take(reply);
        }
    }
}

impl<P: Pager + fmt::Debug, E: Executor> fmt::Debug for Paged<P, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paged")
            .field("pager", &self.pager)
            .field("page_size", &self.page_size)
            .finish_non_exhaustive()
    }
}
