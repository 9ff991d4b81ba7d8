//! All models of a kind: a walk over the keys with `SCAN`, page by page.
//!
//! What to ask next and what to make of the answer is one machine that knows no client; two thin drivers, a stream and
//! an iterator, carry commands and replies.

use std::{
    collections::{HashSet, VecDeque},
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use redis_om_client::{
    Client, Command, DecodeError, Decoder, Error, Executor, KeyName, Replies, Result, blocking, cmd,
    commands::{KeyCommands, ScanOptions, ScanPage},
};

use super::{Key, RedisModel, Storage};
use crate::field::Atom;

/// Keys that the server looks at for one page. Enough that round trips do not count, little enough that nobody waits.
const PAGE: u64 = 500;

/// The ids or the models of one kind, as they are found: a [`Stream`] over an async client, an [`Iterator`] over a
/// blocking one. Made by [`RedisModel::all_ids`] and [`RedisModel::all`].
///
/// Nothing is asked before the first item is wanted, and no page before the one in hand is used up. After the
/// connection failed it ends; a model that cannot be read is an error of its own, and the walk goes on.
#[must_use = "nothing is asked before an item is wanted"]
pub struct Walk<A: Ask, E: Executor> {
    ask: A,
    executor: E,
    request: Option<E::Output<A::Reply>>,
}

// It is moved freely: what it waits for is pinned nowhere.
impl<A: Ask, E: Executor> Unpin for Walk<A, E> {}

impl<A: Ask, E: Executor> Walk<A, E> {
    pub(super) fn new(ask: A, executor: E) -> Self {
        Self { ask, executor, request: None }
    }

    /// About how many keys the server looks at for one page (500): more is fewer round trips, each of them longer.
    pub fn page_size(mut self, keys: u64) -> Self {
        self.ask.page_size(keys.max(1));
        self
    }
}

impl<A: Ask> Walk<A, &Client> {
    /// The next item; `None` at the end. The same as `StreamExt::next`, for code that has no other use for that.
    ///
    /// # Errors
    /// Each item is a result of its own.
    pub async fn next(&mut self) -> Option<Result<A::Item>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl<A: Ask> Stream for Walk<A, &Client> {
    type Item = Result<A::Item>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(item) = this.ask.pop() {
                return Poll::Ready(Some(item));
            }
            if let Some(request) = &mut this.request {
                let reply = ready!(Pin::new(request).poll(cx));
                this.request = None;
                this.ask.take(reply);
            } else {
                match this.ask.command() {
                    Some(command) => this.request = Some(this.executor.execute(command)),
                    None => return Poll::Ready(None),
                }
            }
        }
    }
}

impl<A: Ask> Iterator for Walk<A, &blocking::Client> {
    type Item = Result<A::Item>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.ask.pop() {
                return Some(item);
            }
            let reply = self.executor.execute(self.ask.command()?);
            self.ask.take(reply);
        }
    }
}

impl<A: Ask, E: Executor> fmt::Debug for Walk<A, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Walk({})", std::any::type_name::<A>())
    }
}

/// What can carry a walk: a client, async or blocking. A batch cannot: what to ask next depends on the answer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot walk over keys",
    label = "not a client",
    note = "a walk asks many times: give it `&Client` or `&blocking::Client`"
)]
pub trait Live: Executor {}

impl Live for &Client {}
impl Live for &blocking::Client {}

/// What a walk asks, and what it makes of the answers: a machine that does nothing by itself.
pub trait Ask {
    /// What it finds.
    type Item;

    /// What it is answered.
    #[doc(hidden)]
    type Reply;

    #[doc(hidden)]
    fn page_size(&mut self, keys: u64);

    /// What was found and not handed out yet.
    #[doc(hidden)]
    fn pop(&mut self) -> Option<Result<Self::Item>>;

    /// What to ask next; `None` at the end.
    #[doc(hidden)]
    fn command(&mut self) -> Option<Command<Self::Reply>>;

    /// Takes the answer.
    #[doc(hidden)]
    fn take(&mut self, reply: Result<Self::Reply>);
}

/// Where the scan over the keys is.
struct Keys {
    /// `None` at the end.
    cursor: Option<u64>,
    count: u64,
}

impl Keys {
    fn command<M: RedisModel>(&self) -> Option<Command<ScanPage<KeyName>>> {
        let options = ScanOptions::new()
            .pattern(pattern(M::KEY_PREFIX))
            .count(self.count)
            .type_(M::Storage::key_type());
        self.cursor.map(|cursor| cmd().scan_with(cursor, options))
    }

    /// The ids of a page, each once. What is no id of this type behind the prefix is somebody else's key.
    fn page<M: RedisModel>(&mut self, page: ScanPage<KeyName>) -> Vec<M::Id> {
        self.cursor = Some(page.cursor).filter(|_| !page.is_last());
        let mut seen = HashSet::with_capacity(page.items.len());
        page.items
            .iter()
            .filter(|key| seen.insert(*key))
            .filter_map(|key| key.strip_prefix(M::KEY_PREFIX.as_bytes())?.strip_prefix(b":"))
            .filter_map(|id| M::Id::parse(id).ok())
            .collect()
    }
}

/// The glob of all keys behind a prefix.
fn pattern(prefix: &str) -> String {
    let mut pattern = String::with_capacity(prefix.len() + 2);
    for char in prefix.chars() {
        if matches!(char, '*' | '?' | '[' | ']' | '\\') {
            pattern.push('\\');
        }
        pattern.push(char);
    }
    pattern + ":*"
}

/// Asks for ids.
pub struct AskIds<M: RedisModel> {
    keys: Keys,
    ready: VecDeque<Result<M::Id>>,
}

impl<M: RedisModel> AskIds<M> {
    pub(super) fn new() -> Self {
        Self { keys: Keys { cursor: Some(0), count: PAGE }, ready: VecDeque::new() }
    }
}

impl<M: RedisModel> Ask for AskIds<M> {
    type Item = M::Id;
    type Reply = ScanPage<KeyName>;

    fn page_size(&mut self, keys: u64) {
        self.keys.count = keys;
    }

    fn pop(&mut self) -> Option<Result<M::Id>> {
        self.ready.pop_front()
    }

    fn command(&mut self) -> Option<Command<Self::Reply>> {
        self.keys.command::<M>()
    }

    fn take(&mut self, reply: Result<Self::Reply>) {
        match reply {
            Ok(page) => self.ready.extend(self.keys.page::<M>(page).into_iter().map(Ok)),
            Err(error) => {
                self.keys.cursor = None;
                self.ready.push_back(Err(error));
            }
        }
    }
}

/// Asks for ids, and for the models of each page of them.
pub struct AskModels<M: RedisModel> {
    keys: Keys,
    /// The keys of the page whose models are not asked for yet, or are under way.
    page: Vec<Key>,
    ready: VecDeque<Result<M>>,
}

/// A page of keys, or the models of one.
pub enum Found<M> {
    #[doc(hidden)]
    Keys(ScanPage<KeyName>),
    #[doc(hidden)]
    Models(Vec<Result<Option<M>, DecodeError>>),
}

impl<M: RedisModel> AskModels<M> {
    pub(super) fn new() -> Self {
        Self { keys: Keys { cursor: Some(0), count: PAGE }, page: Vec::new(), ready: VecDeque::new() }
    }
}

impl<M: RedisModel> Ask for AskModels<M> {
    type Item = M;
    type Reply = Found<M>;

    fn page_size(&mut self, keys: u64) {
        self.keys.count = keys;
    }

    fn pop(&mut self) -> Option<Result<M>> {
        self.ready.pop_front()
    }

    fn command(&mut self) -> Option<Command<Found<M>>> {
        if self.page.is_empty() {
            let decoder = Decoder::new(|replies| Decoder::of().decode(replies).map(Found::Keys));
            return self.keys.command::<M>().map(|command| command.decode_with(decoder));
        }
        Some(Command::together(self.page.iter().map(M::Storage::get), Decoder::new(models)))
    }

    fn take(&mut self, reply: Result<Found<M>>) {
        match reply {
            Ok(Found::Keys(page)) => {
                self.page = self.keys.page::<M>(page).iter().map(M::key_of).collect();
            }
            Ok(Found::Models(models)) => {
                for (key, model) in self.page.drain(..).zip(models) {
                    match model {
                        Ok(Some(model)) => self.ready.push_back(Ok(model)),
                        // Deleted since the scan saw its key.
                        Ok(None) => {}
                        Err(error) => {
                            let error =
                                Error::from(error).with_command(M::Storage::GET, Some(key.to_string()));
                            self.ready.push_back(Err(error));
                        }
                    }
                }
            }
            Err(error) => {
                self.keys.cursor = None;
                self.page.clear();
                self.ready.push_back(Err(error));
            }
        }
    }
}

/// Each model by itself, so that one that cannot be read does not hide the others.
fn models<M: RedisModel>(replies: &mut Replies<'_>) -> Result<Found<M>, DecodeError> {
    let mut models = Vec::new();
    while replies.has_more() {
        models.push(M::Storage::read(replies));
    }
    Ok(Found::Models(models))
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn a_prefix_is_no_glob() {
        assert_eq!(pattern("user"), "user:*");
        assert_eq!(pattern(r"a*[b]?\"), r"a\*\[b\]\?\\:*");
    }
}
