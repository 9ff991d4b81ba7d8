//! A collection that is read a portion at a time, while the rest of it is on its way.
//!
//! A list of 10,000 strings is as much work to make as it is to send: who starts with the first ones as they arrive is
//! done soon after the last.

use bytes::Bytes;

use crate::{
    error::DecodeError,
    resp::{Items, Replies},
};

/// How a collection takes some elements in. `None` is the collection before its first.
pub type Gather<R> = fn(&mut Option<R>, Stretch<'_>) -> Result<(), DecodeError>;

/// Some elements of an aggregate, next to each other.
#[derive(Debug)]
pub struct Stretch<'a> {
    pub(super) items: Items<'a>,
    /// The number of the first of them.
    pub(super) first: usize,
    /// How many the aggregate has, by what it says itself.
    total: usize,
    /// Whether they are the keys and values of a map.
    pub(super) map: bool,
}

/// No more room than so many bytes is made for elements that have not come: a count is only a claim.
const AHEAD: usize = 1 << 20;

impl<'a> Stretch<'a> {
    /// All of them.
    #[inline]
    pub(super) fn whole(items: Items<'a>, map: bool) -> Self {
        let total = items.capacity();
        Self { items, first: 0, total, map }
    }

    /// How many elements to make room for, each of `T`'s size.
    #[inline]
    pub(super) fn room<T>(&self) -> usize {
        self.total.min(self.items.capacity().max(AHEAD / size_of::<T>().max(1)))
    }
}

/// A collection that is being gathered.
#[derive(Debug)]
pub(crate) struct Gathering<R> {
    gather: Gather<R>,
    so_far: Option<R>,
    head: Option<(usize, bool)>,
    taken: usize,
}

impl<R> Gathering<R> {
    pub(crate) fn new(gather: Gather<R>) -> Self {
        Self { gather, so_far: None, head: None, taken: 0 }
    }

    /// Takes in `count` elements; before the first of all stands the aggregate's header.
    pub(crate) fn add(&mut self, bytes: &Bytes, count: usize) -> Result<(), DecodeError> {
        let mut replies = Replies::shared(bytes);
        let (total, map) = match self.head {
            Some(head) => head,
            None => *self.head.insert(replies.header()?),
        };
        let stretch = Stretch { items: replies.items(count), first: self.taken, total, map };
        self.taken += count;
        (self.gather)(&mut self.so_far, stretch)
    }

    /// The collection.
    pub(crate) fn finish(self) -> Result<R, DecodeError> {
        self.so_far.ok_or_else(|| DecodeError::new("expected a list, found no part of one"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

    use super::*;
    use crate::resp::{Limits, Scanner};
    use crate::{FromRedis, resp::Portion};

    /// Reads it in portions that end wherever the input of so many bytes at a time allows.
    fn gathered<R: FromRedis>(bytes: &[u8], step: usize) -> Result<R, DecodeError> {
        let mut scanner = Scanner::new(Limits::default());
        let mut gathering = Gathering::new(R::GATHER.unwrap());
        let (mut from, mut to) = (0, 0);
        loop {
            to = (to + step).min(bytes.len());
            if let Some(frame) = scanner.frame(&bytes[from..to]).unwrap() {
                assert_eq!(from + frame.end, bytes.len());
                if from == 0 {
                    return R::from_redis(Replies::new(bytes).take()?);
                }
                gathering.add(&Bytes::copy_from_slice(&bytes[from..]), frame.rest)?;
                return gathering.finish();
            }
            if let Some(portion @ Portion { end, elements }) = scanner.portion() {
                gathering.add(&Bytes::copy_from_slice(&bytes[from..from + end]), elements)?;
                scanner.cut(portion);
                from += end;
            }
        }
    }

    fn same<R: FromRedis + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
        let whole = R::from_redis(Replies::new(bytes).take().unwrap()).unwrap();
        for step in 1..bytes.len() {
            assert_eq!(gathered::<R>(bytes, step).unwrap(), whole, "{step} bytes at a time");
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
    }

    #[test]
    fn errors_count_from_the_start() {
        let error = gathered::<Vec<i64>>(b"*5\r\n:1\r\n:2\r\n:3\r\n+x\r\n:5\r\n", 5).unwrap_err();
        assert!(error.to_string().starts_with("at `3`: expected an integer"), "{error}");
        let error = gathered::<HashMap<String, i64>>(b"*3\r\n+a\r\n:2\r\n+b\r\n", 5).unwrap_err();
        assert!(error.to_string().contains("a key without one"), "{error}");
    }
}
