//! All models of one type: a scan over the keys behind their prefix, page by page.

use std::{collections::HashSet, fmt, marker::PhantomData};

use redis_om_client::{
    Command, DecodeError, Decoder, Error, KeyName, Pager, Replies, Result, cmd,
    commands::{KeyCommands, ScanOptions, ScanPage},
};

use super::{Key, RedisModel, Storage};
use crate::field::Atom;

/// The position of a `SCAN` over the keys of one model.
struct KeyScan {
    /// `None` at the end.
    cursor: Option<u64>,
}

impl KeyScan {
    fn new() -> Self {
        Self { cursor: Some(0) }
    }

    fn command<M: RedisModel>(&self, page_size: u64) -> Option<Command<ScanPage<KeyName>>> {
        let options =
            ScanOptions::new().pattern(pattern(M::KEY_PREFIX)).count(page_size).type_(M::Storage::key_type());
        self.cursor.map(|cursor| cmd().scan_with(cursor, options))
    }

    /// The ids of a page, each once. A key that has the prefix, but no id of this type behind it, is not this model's.
    fn take<M: RedisModel>(&mut self, page: ScanPage<KeyName>) -> Vec<M::Id> {
        self.cursor = (!page.is_last()).then_some(page.cursor);
        let mut seen = HashSet::with_capacity(page.items.len());
        page.items
            .iter()
            .filter(|key| seen.insert(*key))
            .filter_map(|key| key.strip_prefix(M::KEY_PREFIX.as_bytes())?.strip_prefix(b":"))
            .filter_map(|id| M::Id::parse(id).ok())
            .collect()
    }
}

/// The glob of all keys with a prefix.
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

/// Finds the ids of all models of one type: what [`RedisModel::all_ids`] drives.
pub struct IdPager<M: RedisModel> {
    scan: KeyScan,
    model: PhantomData<fn() -> M>,
}

impl<M: RedisModel> IdPager<M> {
    pub(super) fn new() -> Self {
        Self { scan: KeyScan::new(), model: PhantomData }
    }
}

impl<M: RedisModel> Pager for IdPager<M> {
    type Item = M::Id;
    type Reply = ScanPage<KeyName>;

    fn command(&mut self, page_size: u64) -> Option<Command<Self::Reply>> {
        self.scan.command::<M>(page_size)
    }

    fn take(&mut self, page: Self::Reply) -> impl IntoIterator<Item = Result<M::Id>> {
        self.scan.take::<M>(page).into_iter().map(Ok)
    }
}

impl<M: RedisModel> fmt::Debug for IdPager<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdPager({}, cursor: {:?})", M::MODEL_NAME, self.scan.cursor)
    }
}

/// Finds all models of one type: what [`RedisModel::all`] drives. It asks for a page of keys, then for their models.
pub struct ModelPager<M: RedisModel> {
    scan: KeyScan,
    /// The keys of which the models are asked for next.
    keys: Vec<Key>,
    model: PhantomData<fn() -> M>,
}

/// The reply to one command of a [`ModelPager`]: a page of keys, or the models of one.
#[doc(hidden)]
pub enum Found<M> {
    Keys(ScanPage<KeyName>),
    Models(Vec<Result<Option<M>, DecodeError>>),
}

impl<M: RedisModel> ModelPager<M> {
    pub(super) fn new() -> Self {
        Self { scan: KeyScan::new(), keys: Vec::new(), model: PhantomData }
    }

    /// The models of the keys that were asked for.
    fn models(&mut self, found: Vec<Result<Option<M>, DecodeError>>) -> Vec<Result<M>> {
        let pairs = self.keys.drain(..).zip(found);
        pairs
            .filter_map(|(key, model)| {
                // `None`: deleted after the scan found its key.
                let model = model.transpose()?;
                Some(
                    model.map_err(|error| {
                        Error::from(error).with_command(M::Storage::GET, Some(key.to_string()))
                    }),
                )
            })
            .collect()
    }
}

impl<M: RedisModel> Pager for ModelPager<M> {
    type Item = M;
    type Reply = Found<M>;

    fn command(&mut self, page_size: u64) -> Option<Command<Found<M>>> {
        if self.keys.is_empty() {
            let decoder = Decoder::new(|replies| Decoder::of().decode(replies).map(Found::Keys));
            return self.scan.command::<M>(page_size).map(|command| command.decode_with(decoder));
        }
        Some(Command::batch(self.keys.iter().map(M::Storage::get), Decoder::new(models)))
    }

    fn take(&mut self, found: Found<M>) -> impl IntoIterator<Item = Result<M>> {
        match found {
            Found::Keys(page) => {
                self.keys = self.scan.take::<M>(page).iter().map(M::key_of).collect();
                Vec::new()
            }
            Found::Models(found) => self.models(found),
        }
    }
}

impl<M: RedisModel> fmt::Debug for ModelPager<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ModelPager({}, cursor: {:?})", M::MODEL_NAME, self.scan.cursor)
    }
}

/// Decodes each model by itself, so that one that cannot be read does not hide the others.
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
