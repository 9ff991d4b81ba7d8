//! Decodes a collection chunk by chunk while the rest of it arrives.
//!
//! It knows nothing of connections: the session cuts a reply into chunks. The promise kept here: the result is the same
//! as that of decoding the whole reply at once.
//!
//! A bypass of the plain path: it serves the benchmark row `lrange`. Decoding a list of 10,000 strings takes about as
//! long as sending it, so decoding during the transfer ends soon after the last byte.

use bytes::Bytes;

use crate::{
    error::DecodeError,
    resp::{Items, Replies},
};

/// Adds some elements to a collection. `None` is the collection before its first element.
pub type ChunkDecoder<R> = fn(&mut Option<R>, Chunk<'_>) -> Result<(), DecodeError>;

/// Adjacent elements of an aggregate.
#[derive(Debug)]
pub struct Chunk<'a> {
    pub(super) items: Items<'a>,
    /// The index of the first of these elements.
    pub(super) first: usize,
    /// The number of elements of the aggregate, according to its header.
    total: usize,
    /// Whether its pairs are flat, with key and value in turn: it is a map, or its first element is not an aggregate.
    pub(super) flat: bool,
}

/// The most bytes that are reserved for elements that have not arrived. The count in a header can be wrong.
const AHEAD: usize = 1 << 20;

impl<'a> Chunk<'a> {
    /// The chunk with all elements.
    #[inline]
    pub(super) fn whole(items: Items<'a>, map: bool) -> Self {
        let (total, flat) = (items.capacity(), map || is_flat(&items));
        Self { items, first: 0, total, flat }
    }

    /// For how many elements of type `T` to reserve memory.
    #[inline]
    pub(super) fn room<T>(&self) -> usize {
        self.total.min(self.items.capacity().max(AHEAD / size_of::<T>().max(1)))
    }
}

fn is_flat(items: &Items<'_>) -> bool {
    items.peek_kind() != Some(b'*')
}

/// A collection that is being decoded.
#[derive(Debug)]
pub(crate) struct ChunkState<R> {
    chunk_decoder: ChunkDecoder<R>,
    so_far: Option<R>,
    /// The total number of elements, and whether the pairs are flat.
    head: Option<(usize, bool)>,
    taken: usize,
}

impl<R> ChunkState<R> {
    pub(crate) fn new(chunk_decoder: ChunkDecoder<R>) -> Self {
        Self { chunk_decoder, so_far: None, head: None, taken: 0 }
    }

    /// Adds `count` elements. Before the very first one stands the header of the aggregate.
    pub(crate) fn add(&mut self, bytes: &Bytes, count: usize) -> Result<(), DecodeError> {
        let mut replies = Replies::shared(bytes);
        let header = if self.head.is_none() { Some(replies.header()?) } else { None };
        let items = replies.items(count);
        if let Some((total, map)) = header {
            self.head = Some((total, map || is_flat(&items)));
        }
        let (total, flat) = self.head.unwrap_or_default();
        let chunk = Chunk { items, first: self.taken, total, flat };
        self.taken += count;
        (self.chunk_decoder)(&mut self.so_far, chunk)
    }

    /// The collection.
    pub(crate) fn finish(self) -> Result<R, DecodeError> {
        self.so_far.ok_or_else(|| DecodeError::new("expected a list, found no part of one"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

    use proptest::prelude::*;

    use super::*;
    use crate::{
        FromRedis, Value,
        resp::{Limits, Portion, Scanner, regular, regular_elements},
    };

    /// Decodes in chunks that end wherever the input, `steps` bytes at a time, allows. Like in a session, attributes
    /// are removed first.
    fn gathered<R: FromRedis>(bytes: &[u8], steps: &[usize]) -> Result<R, DecodeError> {
        let mut scanner = Scanner::new(Limits::default());
        let mut chunks = ChunkState::new(R::CHUNKS.unwrap());
        let (mut from, mut to) = (0, 0);
        let mut steps = steps.iter().cycle();
        loop {
            to = (to + steps.next().unwrap()).min(bytes.len());
            if let Some(frame) = scanner.frame(&bytes[from..to]).unwrap() {
                assert_eq!(from + frame.end, bytes.len());
                assert_eq!(from == 0, frame.last_elements == 0);
                let last = &bytes[from..];
                if from == 0 {
                    let plain = if frame.irregular { regular(last).unwrap() } else { last.to_vec() };
                    return R::from_redis(Replies::new(&plain).take()?);
                }
                let count = frame.last_elements;
                let plain =
                    if frame.irregular { regular_elements(last, count).unwrap() } else { last.to_vec() };
                chunks.add(&Bytes::from(plain), count)?;
                return chunks.finish();
            }
            if let Some(portion @ Portion { end, elements }) = scanner.portion() {
                chunks.add(&Bytes::copy_from_slice(&bytes[from..from + end]), elements)?;
                scanner.cut(portion);
                from += end;
            }
        }
    }

    fn same<R: FromRedis + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
        let whole = R::from_redis(Replies::new(bytes).take().unwrap()).unwrap();
        for step in 1..bytes.len() {
            assert_eq!(gathered::<R>(bytes, &[step]).unwrap(), whole, "{step} bytes at a time");
        }
    }

    #[test]
    fn the_same_as_at_once() {
        let list = b"*7\r\n$1\r\na\r\n$0\r\n\r\n$3\r\nbcd\r\n:5\r\n$12\r\nabcdefghijkl\r\n+x\r\n$1\r\nz\r\n";
        same::<Vec<String>>(list);
        same::<HashSet<String>>(list);
        same::<BTreeSet<Vec<u8>>>(list);
        same::<Vec<Option<i64>>>(b"*5\r\n:1\r\n_\r\n$-1\r\n:-7\r\n$2\r\n12\r\n");
        same::<Vec<Vec<String>>>(b"*4\r\n*1\r\n$1\r\na\r\n*0\r\n*2\r\n:1\r\n:2\r\n*1\r\n+b\r\n");
        same::<Vec<String>>(b"*0\r\n");
    }

    #[test]
    fn keys_stay_with_their_values() {
        for pairs in [
            &b"%4\r\n$1\r\na\r\n:1\r\n+bc\r\n:2\r\n$2\r\nde\r\n:3\r\n$1\r\nf\r\n:4\r\n"[..],
            b"*8\r\n$1\r\na\r\n$1\r\n1\r\n$2\r\nbc\r\n$1\r\n2\r\n$2\r\nde\r\n$1\r\n3\r\n$1\r\nf\r\n$1\r\n4\r\n",
            b"*4\r\n*2\r\n+a\r\n:1\r\n*2\r\n+bc\r\n:2\r\n*2\r\n+de\r\n:3\r\n*2\r\n+f\r\n:4\r\n",
        ] {
            same::<HashMap<String, i64>>(pairs);
            same::<BTreeMap<String, String>>(pairs);
            same::<Vec<(String, f64)>>(pairs);
        }
        // The first element of all decides whether pairs are flat, not the first element of each chunk.
        let keys_of_several_kinds =
            b"*8\r\n+a\r\n:1\r\n*2\r\n+b\r\n+c\r\n:2\r\n*1\r\n:1\r\n:3\r\n+d\r\n:4\r\n";
        same::<Vec<(Value, Value)>>(keys_of_several_kinds);
    }

    #[test]
    fn a_list_of_lists_has_portions_too() {
        let list = format!("*1000\r\n{}", "*2\r\n$6\r\nmember\r\n,1.5\r\n".repeat(1000));
        for step in [100, 333, 1024] {
            let mut scanner = Scanner::new(Limits::default());
            assert!(scanner.frame(&list.as_bytes()[..step]).unwrap().is_none());
            let portion = scanner.portion().unwrap();
            assert!(portion.end + 60 > step, "{portion:?} of {step} bytes");
        }
    }

    #[test]
    fn errors_count_from_the_start() {
        let error = gathered::<Vec<i64>>(b"*5\r\n:1\r\n:2\r\n:3\r\n+x\r\n:5\r\n", &[5]).unwrap_err();
        assert!(error.to_string().starts_with("at `3`: expected an integer"), "{error}");
        let error = gathered::<HashMap<String, i64>>(b"*3\r\n+a\r\n:2\r\n+b\r\n", &[5]).unwrap_err();
        assert!(error.to_string().contains("a key without one"), "{error}");
        let mut texts = b"*64\r\n".to_vec();
        texts.extend_from_slice(&b"$4\r\ntext\r\n".repeat(63));
        texts.extend_from_slice(b"$4\r\ncaf\xe9\r\n");
        let error = gathered::<Vec<String>>(&texts, &[100]).unwrap_err();
        assert!(
            error.to_string().starts_with("at `63`: expected text, found bytes that are not UTF-8"),
            "{error}"
        );
    }

    /// Any value, including attributes.
    fn value() -> impl Strategy<Value = Vec<u8>> {
        let string = |bytes: &[u8]| [format!("${}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
        let odd =
            [&b"$-1\r\n"[..], b"*-1\r\n", b"_\r\n", b":-5\r\n", b",1.5\r\n", b"#t\r\n", b"=5\r\ntxt:x\r\n"];
        let leaf = prop_oneof![
            "[a-z\u{e9}]{0,12}".prop_map(move |text| string(text.as_bytes())),
            proptest::collection::vec(any::<u8>(), 0..120).prop_map(move |bytes| string(&bytes)),
            proptest::sample::select(odd.map(<[u8]>::to_vec).to_vec()),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            let pairs = proptest::collection::vec((inner.clone(), inner.clone()), 0..3);
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(|items| aggregate(
                    '*',
                    items.len(),
                    &items
                )),
                pairs.prop_map(|pairs| {
                    let items: Vec<_> = pairs.iter().flat_map(|(key, value)| [key, value]).cloned().collect();
                    aggregate('%', pairs.len(), &items)
                }),
                inner.prop_map(|item| [b"|1\r\n+ttl\r\n:3\r\n".to_vec(), item].concat()),
            ]
        })
    }

    fn aggregate(kind: char, count: usize, items: &[Vec<u8>]) -> Vec<u8> {
        [format!("{kind}{count}\r\n").into_bytes(), items.concat()].concat()
    }

    proptest! {
        #[test]
        fn anything_in_any_portions(
            mut items in proptest::collection::vec(value(), 0..12),
            steps in proptest::collection::vec(1usize..40, 1..6),
            map in any::<bool>(),
        ) {
            let attributed = items.concat().windows(4).any(|bytes| bytes == b"|1\r\n");
            // A value with attributes is converted to a tree, in which a map has no order.
            let map = map && !attributed;
            items.truncate(if map { items.len() / 2 * 2 } else { items.len() });
            let (kind, count) = if map { ('%', items.len() / 2) } else { ('*', items.len()) };
            let bytes = aggregate(kind, count, &items);
            let Ok(plain) = (if attributed { regular(&bytes) } else { Ok(bytes.clone()) }) else { return Ok(()) };
            let whole = <Vec<Value>>::from_redis(Replies::new(&plain).take().unwrap()).unwrap();
            let found = gathered::<Vec<Value>>(&bytes, &steps).unwrap();
            prop_assert_eq!(found.len(), whole.len());
            if !attributed {
                prop_assert_eq!(found, whole);
            }
        }
    }
}
