//! Collections to arguments, and replies to collections.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    hash::{BuildHasher, Hash},
    rc::Rc,
    sync::Arc,
};

use crate::{
    error::DecodeError,
    resp::{Items, Reply},
};

use super::{Args, FromRedis, ToArgs};

impl<T: ToArgs> ToArgs for [T] {
    fn to_args(&self, args: &mut Args<'_>) {
        self.iter().for_each(|item| item.to_args(args));
    }
}

impl<T: ToArgs, const N: usize> ToArgs for [T; N] {
    fn to_args(&self, args: &mut Args<'_>) {
        self.as_slice().to_args(args);
    }
}

/// `None` is no argument at all.
impl<T: ToArgs> ToArgs for Option<T> {
    fn to_args(&self, args: &mut Args<'_>) {
        if let Some(value) = self {
            value.to_args(args);
        }
    }
}

impl ToArgs for () {
    fn to_args(&self, _: &mut Args<'_>) {}
}

macro_rules! several {
    ($([$($generics:tt)*] $type:ty),* $(,)?) => { $(
        impl<$($generics)*> ToArgs for $type {
            fn to_args(&self, args: &mut Args<'_>) {
                self.iter().for_each(|item| item.to_args(args));
            }
        }
    )* };
}

several!([T: ToArgs] Vec<T>, [T: ToArgs] VecDeque<T>, [T: ToArgs] BTreeSet<T>, [T: ToArgs, S: BuildHasher] HashSet<T, S>);

macro_rules! pairs {
    ($([$($generics:tt)*] $type:ty),* $(,)?) => { $(
        impl<$($generics)*> ToArgs for $type {
            fn to_args(&self, args: &mut Args<'_>) {
                for (key, value) in self {
                    key.to_args(args);
                    value.to_args(args);
                }
            }
        }
    )* };
}

pairs!([K: ToArgs, V: ToArgs, S: BuildHasher] HashMap<K, V, S>, [K: ToArgs, V: ToArgs] BTreeMap<K, V>);

impl<T: FromRedis> FromRedis for Option<T> {
    const TEXT: bool = T::TEXT;

    #[inline]
    fn from_text(text: &str) -> Result<Self, DecodeError> {
        T::from_text(text).map(Some)
    }

    /// Nil is `None`.
    #[inline]
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        match reply {
            Reply::Nil => Ok(None),
            other => T::from_redis(other).map(Some),
        }
    }

    #[inline]
    fn from_element(reply: Reply<'_>) -> Result<Self, DecodeError> {
        match reply {
            Reply::Nil => Ok(None),
            other => T::from_element(other).map(Some),
        }
    }
}

/// The next element. Most elements are strings, which take the path that keeps them in registers.
#[inline(always)]
fn element<T: FromRedis>(items: &mut Items<'_>) -> Result<T, DecodeError> {
    if T::TEXT
        && let Some(text) = items.take_text()?
    {
        return T::from_text(text);
    }
    match items.take_bulk()? {
        Some(blob) => T::from_redis(Reply::Bulk(blob)),
        None => other(items),
    }
}

#[inline(never)]
fn other<T: FromRedis>(items: &mut Items<'_>) -> Result<T, DecodeError> {
    T::from_element(items.take()?)
}

/// Calls `take` with each element, in order.
fn each<T: FromRedis>(mut items: Items<'_>, mut take: impl FnMut(T)) -> Result<(), DecodeError> {
    if T::TEXT {
        items.read_as_text();
    }
    let mut index = 0;
    while !items.is_empty() {
        take(element(&mut items).map_err(|error| error.at(index))?);
        index += 1;
    }
    Ok(())
}

/// Calls `take` with each key and value: of a map, of a flat array (RESP2), or of an array of pairs (such as members
/// with scores in RESP3).
fn each_pair<K: FromRedis, V: FromRedis>(
    mut items: Items<'_>,
    mut take: impl FnMut(K, V),
) -> Result<(), DecodeError> {
    let count = items.len();
    if K::TEXT || V::TEXT {
        items.read_as_text();
    }
    while !items.is_empty() {
        let index = count - items.len();
        let at = |error: DecodeError| error.at(index);
        if matches!(items.peek_kind(), Some(b'$')) {
            let key = element(&mut items).map_err(at)?;
            take(key, value_of(&mut items).map_err(at)?);
            continue;
        }
        let (key, value) = pair(&mut items).map_err(at)?;
        take(key, value);
    }
    Ok(())
}

/// The next key that is not a byte string, and its value; or an array of both.
fn pair<K: FromRedis, V: FromRedis>(items: &mut Items<'_>) -> Result<(K, V), DecodeError> {
    match items.take()? {
        Reply::Array(mut pair) if pair.len() == 2 => {
            Ok((K::from_element(pair.take()?)?, V::from_element(pair.take()?)?))
        }
        key => {
            let key = K::from_element(key)?;
            Ok((key, value_of(items)?))
        }
    }
}

/// The value behind a key.
#[inline(always)]
fn value_of<V: FromRedis>(items: &mut Items<'_>) -> Result<V, DecodeError> {
    if items.is_empty() {
        return Err(DecodeError::new("expected a value for each key, found a key without one"));
    }
    element(items)
}

/// Decodes a list.
fn list<T: FromRedis>(items: Items<'_>) -> Result<Vec<T>, DecodeError> {
    let mut list = Vec::with_capacity(items.capacity());
    each(items, |item| list.push(item))?;
    Ok(list)
}

/// Decodes a list of pairs whose keys and values stand in turn.
fn flat_pairs<T: FromRedis>(mut items: Items<'_>) -> Result<Vec<T>, DecodeError> {
    let mut list = Vec::with_capacity(items.capacity() / 2);
    let count = items.len();
    while !items.is_empty() {
        let index = count - items.len();
        list.push(T::from_pair(&mut items).map_err(|error| error.at(index))?);
    }
    Ok(list)
}

/// A list of pairs can also be decoded from a map (such as `HGETALL`) and from keys and values in turn (RESP2).
impl<T: FromRedis> FromRedis for Vec<T> {
    #[inline]
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        let is_map = matches!(reply, Reply::Map(_));
        let items = reply.items("an array")?;
        if T::PAIR && (is_map || items.peek_kind() != Some(b'*')) { flat_pairs(items) } else { list(items) }
    }
}

impl<T: FromRedis> FromRedis for VecDeque<T> {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        Vec::from_redis(reply).map(Self::from)
    }
}

impl<T: FromRedis> FromRedis for Box<[T]> {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        Vec::from_redis(reply).map(Self::from)
    }
}

impl<T: FromRedis> FromRedis for Box<T> {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        T::from_redis(reply).map(Self::new)
    }

    fn from_element(reply: Reply<'_>) -> Result<Self, DecodeError> {
        T::from_element(reply).map(Self::new)
    }
}

impl<T: FromRedis> FromRedis for Arc<T> {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        T::from_redis(reply).map(Self::new)
    }

    fn from_element(reply: Reply<'_>) -> Result<Self, DecodeError> {
        T::from_element(reply).map(Self::new)
    }
}

impl<T: FromRedis> FromRedis for Rc<T> {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        T::from_redis(reply).map(Self::new)
    }

    fn from_element(reply: Reply<'_>) -> Result<Self, DecodeError> {
        T::from_element(reply).map(Self::new)
    }
}

impl<T: FromRedis + Eq + Hash, S: BuildHasher + Default> FromRedis for HashSet<T, S> {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        let items = reply.items("a set")?;
        let mut set = Self::with_capacity_and_hasher(items.capacity(), S::default());
        each(items, |item| {
            set.insert(item);
        })?;
        Ok(set)
    }
}

impl<T: FromRedis + Ord> FromRedis for BTreeSet<T> {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        let mut set = Self::new();
        each(reply.items("a set")?, |item| {
            set.insert(item);
        })?;
        Ok(set)
    }
}

impl<K: FromRedis + Eq + Hash, V: FromRedis, S: BuildHasher + Default> FromRedis for HashMap<K, V, S> {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        let items = reply.items("a map")?;
        let mut map = Self::with_capacity_and_hasher(items.capacity() / 2, S::default());
        each_pair(items, |key, value| {
            map.insert(key, value);
        })?;
        Ok(map)
    }
}

impl<K: FromRedis + Ord, V: FromRedis> FromRedis for BTreeMap<K, V> {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        let mut map = Self::new();
        each_pair(reply.items("a map")?, |key, value| {
            map.insert(key, value);
        })?;
        Ok(map)
    }
}

impl<T: FromRedis, const N: usize> FromRedis for [T; N] {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        let items: Vec<T> = Vec::from_redis(reply)?;
        let found = items.len();
        items
            .try_into()
            .map_err(|_| DecodeError::expected(format!("an array of {N}"), format!("one of {found}")))
    }
}

macro_rules! tuples {
    ($(($($name:ident $index:tt),+)),* $(,)?) => { $(
        impl<$($name: ToArgs),+> ToArgs for ($($name,)+) {
            fn to_args(&self, args: &mut Args<'_>) {
                $(self.$index.to_args(args);)+
            }
        }

        impl<$($name: FromRedis),+> FromRedis for ($($name,)+) {
            const PAIR: bool = [$($index),+].len() == 2;

            fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
                const LEN: usize = [$($index),+].len();
                let mut items = reply.items("an array")?;
                if items.len() != LEN {
                    return Err(DecodeError::expected(format!("an array of {LEN}"), format!("one of {}", items.len())));
                }
                Ok(($({
                    $name::from_element(items.take()?).map_err(|error| error.at($index))?
                },)+))
            }

            fn from_pair(items: &mut Items<'_>) -> Result<Self, DecodeError> {
                Ok(($($name::from_element(items.take()?).map_err(|error| error.at($index))?,)+))
            }
        }
    )* };
}

tuples!(
    (A 0), (A 0, B 1), (A 0, B 1, C 2), (A 0, B 1, C 2, D 3), (A 0, B 1, C 2, D 3, E 4),
    (A 0, B 1, C 2, D 3, E 4, F 5), (A 0, B 1, C 2, D 3, E 4, F 5, G 6), (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7),
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Value, resp::Replies};

    fn decode<T: FromRedis>(bytes: &[u8]) -> Result<T, DecodeError> {
        T::from_redis(Replies::new(bytes).take()?)
    }

    #[test]
    fn maps_from_resp3_resp2_and_pairs() {
        let expected = HashMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)]);
        for bytes in [
            &b"%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n"[..],
            b"*4\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n",
            b"*2\r\n*2\r\n+a\r\n:1\r\n*2\r\n+b\r\n:2\r\n",
        ] {
            assert_eq!(decode::<HashMap<String, i64>>(bytes).unwrap(), expected);
            let mut pairs = decode::<Vec<(String, i64)>>(bytes).unwrap();
            pairs.sort();
            assert_eq!(pairs, [("a".to_owned(), 1), ("b".to_owned(), 2)]);
        }
        assert!(decode::<HashMap<String, i64>>(b"*1\r\n+a\r\n").is_err());
        assert!(decode::<Vec<(String, i64)>>(b"*1\r\n+a\r\n").is_err());
    }

    #[test]
    fn sequences() {
        assert_eq!(decode::<Vec<Option<i64>>>(b"*2\r\n:1\r\n_\r\n").unwrap(), [Some(1), None]);
        assert_eq!(decode::<Option<Vec<i64>>>(b"*-1\r\n").unwrap(), None);
        assert_eq!(decode::<[i64; 2]>(b"*2\r\n:1\r\n:2\r\n").unwrap(), [1, 2]);
        assert_eq!(decode::<(String, f64)>(b"*2\r\n+a\r\n,1.5\r\n").unwrap(), ("a".into(), 1.5));
        assert_eq!(decode::<HashSet<i64>>(b"~2\r\n:1\r\n:2\r\n").unwrap(), HashSet::from([1, 2]));
    }

    #[test]
    fn a_lying_count_makes_no_room() {
        assert!(decode::<Vec<String>>(b"*4294967295\r\n+a\r\n").is_err());
    }

    #[test]
    fn errors_say_which_element() {
        let error = decode::<Vec<i64>>(b"*2\r\n:1\r\n+x\r\n").unwrap_err();
        assert!(error.to_string().starts_with("at `1`: expected an integer"), "{error}");
        let error = decode::<HashMap<String, i64>>(b"%2\r\n+a\r\n:1\r\n+b\r\n+x\r\n").unwrap_err();
        assert!(error.to_string().starts_with("at `2`: expected an integer"), "{error}");
        // Long enough to be checked for UTF-8 in one pass.
        let texts = [&b"*64\r\n"[..], &b"$4\r\ntext\r\n".repeat(63), b"$4\r\ncaf\xe9\r\n"].concat();
        let error = decode::<Vec<String>>(&texts).unwrap_err();
        assert!(
            error.to_string().starts_with("at `63`: expected text, found bytes that are not UTF-8"),
            "{error}"
        );
    }

    /// The first key decides whether keys and values stand in turn.
    #[test]
    fn keys_of_several_kinds() {
        let bytes = b"*6\r\n+a\r\n:1\r\n*2\r\n+b\r\n+c\r\n:2\r\n+d\r\n:4\r\n";
        let pairs = decode::<Vec<(Value, Value)>>(bytes).unwrap();
        assert_eq!(pairs.len(), 3);
        assert_eq!(pairs[1], (decode(b"*2\r\n+b\r\n+c\r\n").unwrap(), Value::Int(2)));
    }
}
