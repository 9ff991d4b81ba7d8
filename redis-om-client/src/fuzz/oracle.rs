//! The scanner and the decoder, compared with the decoder of the crate `redis-protocol`.
//!
//! What both read is equal. What only they read has a reason in [`THEIRS`], and what only we read has one in [`reasons`].
//! Push messages inside a reply are not compared: they count them as elements.

use std::collections::HashSet;

use redis_protocol::resp3::decode::complete;

use crate::{
    FromRedis, Replies, Value,
    resp::{
        regular,
        vectors::{ours, theirs},
    },
};

use super::{
    Seen,
    scan::{Found, Whole},
};

/// The deepest nesting that is compared: `redis-protocol` decodes by recursion.
const DEEPEST: usize = 30;

/// Bytes that only `redis-protocol` reads: a part of our error, and why we refuse them.
const THEIRS: &[(&str, &str)] = &[
    ("the line end after a string", "it skips the two bytes after a string unread"),
    ("expected a line end", "it reads a line with a carriage return inside"),
    ("a length or a count", "it takes counts with a plus sign"),
    ("expected null", "it reads null with content"),
    ("a big number", "it reads big numbers without a check"),
    ("a verbatim string", "it skips the byte after the format unread"),
    ("a value inside a push message", "it reads push messages inside push messages"),
    ("the type byte of a RESP value", "it reads HELLO, chunks and ends of streams as values"),
    ("a double", "it takes all that Rust parses, such as `infinity`"),
];

/// Compares all that the scan found.
pub(super) fn compare(input: &[u8], all: &[Found], seen: &mut Seen) -> Result<(), String> {
    if input.iter().filter(|byte| b"*%~>|".contains(byte)).count() > DEEPEST {
        return Ok(());
    }
    let mut start = 0;
    for found in all {
        let other = complete::decode(&input[start..]);
        match found {
            Found::Frame(frame) => {
                let bytes = &input[frame.start..frame.end];
                read(frame, bytes, other.map_err(|error| error.to_string()), seen)
                    .map_err(|why| format!("{}: {why}", bytes.escape_ascii()))?;
                start = frame.end;
            }
            Found::Error { text: error, .. } => match other {
                Ok(Some(_)) if has_push_inside(&input[start..]) => seen.push(PUSHES),
                Ok(Some((frame, _))) => {
                    let reason = THEIRS.iter().find(|(ours, _)| error.contains(ours));
                    let (_, reason) = reason.ok_or_else(|| {
                        format!("we refuse ({error}) what redis-protocol reads as {}", theirs(&frame))
                    })?;
                    seen.push(reason);
                }
                Ok(None) | Err(_) => seen.push("refused by both"),
            },
            Found::Open { .. } => match other {
                Ok(Some(_)) if has_push_inside(&input[start..]) => seen.push(PUSHES),
                Ok(Some((frame, _))) => {
                    return Err(format!("we wait where redis-protocol reads {}", theirs(&frame)));
                }
                Ok(None) | Err(_) => {}
            },
        }
    }
    Ok(())
}

/// Whether a push message may stand behind the first line.
fn has_push_inside(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"\n>").is_some()
}

type Other = Result<Option<(redis_protocol::resp3::types::OwnedFrame, usize)>, String>;

/// A frame that we read.
fn read(frame: &Whole, bytes: &[u8], other: Other, seen: &mut Seen) -> Result<(), String> {
    if frame.over {
        return Ok(());
    }
    if !frame.pushes.is_empty() {
        seen.push(PUSHES);
        return Ok(());
    }
    if frame.irregular {
        // They are read with `redis-protocol`. Here it matters only that the outcome is a plain reply.
        if let Ok(plain) = regular(bytes) {
            seen.push("made regular");
            decoded(&plain)?;
        }
        return Ok(());
    }
    let known = match other {
        Ok(Some((_, used))) if used != bytes.len() => {
            return Err(format!("redis-protocol reads {used} bytes of {}", bytes.len()));
        }
        Ok(Some((other, _))) => {
            let (ours, theirs) = (ours(bytes), theirs(&other));
            if ours == theirs {
                seen.push("read by both");
                return Ok(());
            }
            (format!("we read {ours}, redis-protocol reads {theirs}"), true)
        }
        other => (format!("redis-protocol does not read it: {other:?}"), false),
    };
    let (difference, is_read) = known;
    let reasons = reasons(&decoded(bytes)?, bytes);
    let reason = reasons.iter().find(|reason| !is_read || **reason == DUPLICATES);
    seen.push(reason.ok_or(difference)?);
    Ok(())
}

/// Decodes a reply as a tree.
fn decoded(bytes: &[u8]) -> Result<Value, String> {
    let mut replies = Replies::new(bytes);
    let value = replies
        .take()
        .and_then(Value::from_element)
        .map_err(|error| format!("it is not decoded: {error}"))?;
    if replies.has_more() { Err("bytes are left behind its value".into()) } else { Ok(value) }
}

const PUSHES: &str = "it counts a push message inside an aggregate as an element";
const DUPLICATES: &str = "it drops an element or a key that comes twice";

/// Why `redis-protocol` does not read a value that we read, or reads less of it.
fn reasons(value: &Value, bytes: &[u8]) -> Vec<&'static str> {
    let mut all = Vec::new();
    for null in [b"$-1\r\n", b"*-1\r\n"] {
        if memchr::memmem::find(bytes, null).is_some() {
            all.push("it does not know the nulls of RESP2");
        }
    }
    walk(value, &mut all);
    if memchr::memchr2_iter(b'-', b'!', bytes).next().is_some() && std::str::from_utf8(bytes).is_err() {
        all.push("it refuses an error line that is not UTF-8");
    }
    all
}

fn walk(value: &Value, all: &mut Vec<&'static str>) {
    let unique = |all: &mut Vec<&'static str>, keys: Vec<&Value>| {
        if keys
            .iter()
            .any(|key| matches!(key, Value::Array(_) | Value::Map(_) | Value::Set(_) | Value::Push(_)))
        {
            all.push("it refuses aggregates as keys and in sets");
        }
        let shown: HashSet<_> = keys.iter().map(|key| format!("{key:?}")).collect();
        if shown.len() < keys.len() {
            all.push(DUPLICATES);
        }
    };
    match value {
        Value::Verbatim(format, _) if format != "txt" && format != "mkd" => {
            all.push("it knows the formats txt and mkd only");
        }
        Value::Array(items) | Value::Push(items) => items.iter().for_each(|item| walk(item, all)),
        Value::Set(items) => {
            unique(all, items.iter().collect());
            items.iter().for_each(|item| walk(item, all));
        }
        Value::Map(pairs) => {
            unique(all, pairs.iter().map(|(key, _)| key).collect());
            pairs.iter().for_each(|(key, value)| (walk(key, all), walk(value, all)).0);
        }
        _ => {}
    }
}
