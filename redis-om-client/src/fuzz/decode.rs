//! The types of replies: every frame that the scanner accepts gives a value, or an error that says what was found. The
//! reply behind it is read from the right byte, also where a decoder stops early.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    rc::Rc,
    sync::Arc,
};

use bytes::{Bytes, BytesMut};

use crate::{
    DecodeError, Error, FromRedis, Replies, ServerError, Value,
    command::Decoder,
    resp::{Limits, Scanner, regular},
};

use super::{Seen, scan};

pub(super) const MUST_SEE: &[&str] =
    &["values", "errors of the server", "elements", "no frame", "decoded", "refused"];

/// A type, by its name, and its decoder.
type Type = (&'static str, fn(&Bytes) -> Result<bool, String>);

/// The reply that stands behind the decoded one.
const NEXT: &[u8] = b"+the next reply\r\n";

/// The longest error text, in bytes. It has the beginning of a long value only, at each level of the path.
const LONGEST: usize = 4096;

macro_rules! types {
    ($($type:ty),* $(,)?) => { &[$((stringify!($type), decode::<$type>)),*] };
}

#[rustfmt::skip]
const TYPES: &[Type] = types![
    (), bool, char, String, Box<str>, Arc<str>, Rc<str>, Vec<u8>, Bytes, BytesMut, f32, f64,
    i8, i16, i32, i64, i128, isize, u16, u32, u64, u128, usize,
    Value, Option<Value>, Vec<Value>, [Value; 2], Result<Value, Error>, Result<i64, ServerError>,
    Option<String>, Vec<String>, Vec<Option<String>>, VecDeque<i64>, Box<[f64]>, Box<i64>, Arc<i64>, Rc<i64>,
    HashSet<String>, BTreeSet<Vec<u8>>, HashMap<String, String>, BTreeMap<String, i64>, HashMap<Bytes, Value>,
    Vec<(String, f64)>, Vec<(Value, Value)>, Vec<Vec<(String, String)>>, HashMap<String, HashMap<String, String>>,
    (String, Vec<(String, Vec<(String, String)>)>), Vec<Result<String, ServerError>>,
    (Value,), (Value, Value), (i64, Value, String), (Value, Value, Value, Value), (i64, i64, i64, i64, i64),
    (i64, i64, i64, i64, i64, i64), (i64, i64, i64, i64, i64, i64, i64), (i64, i64, i64, i64, i64, i64, i64, i64),
];

#[cfg(feature = "json")]
const JSON: &[Type] =
    types![crate::Json<serde_json::Value>, crate::Json<Vec<i64>>, Vec<crate::Json<HashMap<String, i64>>>];
#[cfg(not(feature = "json"))]
const JSON: &[Type] = &[];

#[cfg(feature = "uuid")]
const UUID: &[Type] = types![uuid::Uuid, Vec<uuid::Uuid>];
#[cfg(not(feature = "uuid"))]
const UUID: &[Type] = &[];

#[cfg(feature = "ulid")]
const ULID: &[Type] = types![ulid::Ulid];
#[cfg(not(feature = "ulid"))]
const ULID: &[Type] = &[];

#[cfg(feature = "chrono")]
const TIMES: &[Type] = types![
    chrono::DateTime<chrono::Utc>,
    chrono::DateTime<chrono::FixedOffset>,
    chrono::NaiveDate,
    chrono::NaiveTime,
    chrono::NaiveDateTime,
];
#[cfg(not(feature = "chrono"))]
const TIMES: &[Type] = &[];

const ALL: [&[Type]; 5] = [TYPES, JSON, UUID, ULID, TIMES];

/// So many types decode one input. Which ones they are follows from its bytes.
const AT_ONCE: usize = 4;

fn types(input: &[u8]) -> impl Iterator<Item = &'static Type> {
    let count: usize = ALL.iter().map(|types| types.len()).sum();
    let first = scan::hash(input) as usize % count;
    ALL.iter().copied().flatten().cycle().skip(first).step_by(7).take(AT_ONCE)
}

pub(super) fn check(input: &[u8]) -> Result<Seen, String> {
    let mut seen = Vec::new();
    let mut scanner = Scanner::new(Limits::default());
    let mut start = 0;
    while start < input.len()
        && let Ok(Some(frame)) = scanner.frame(&input[start..])
    {
        let bytes = &input[start..start + frame.end];
        start += frame.end;
        if frame.aside {
            scanner.take_aside();
            continue;
        }
        let plain = if frame.irregular {
            let Ok(plain) = regular(bytes) else { continue };
            plain
        } else {
            bytes.to_vec()
        };
        one(&plain.into(), &mut seen).map_err(|why| format!("{}: {why}", bytes.escape_ascii()))?;
    }
    if start == 0 {
        seen.push("no frame");
        // Bytes that were not scanned may give an error, and no panic.
        for (_, decode) in types(input) {
            let _either = decode(&Bytes::copy_from_slice(input));
        }
    }
    Ok(seen)
}

/// Decodes one frame.
fn one(frame: &Bytes, seen: &mut Seen) -> Result<(), String> {
    let reply = || Replies::new(frame);
    let shown =
        reply().take().map_err(|error| format!("it was scanned, and is not read: {error}"))?.describe();
    if shown.is_empty() {
        return Err("it has no description".into());
    }
    match reply().take().and_then(Value::from_element) {
        Ok(Value::Error(_)) => seen.push("errors of the server"),
        Ok(Value::Array(_) | Value::Map(_) | Value::Set(_) | Value::Push(_)) => seen.push("elements"),
        Ok(_) => seen.push("values"),
        Err(error) => return Err(format!("it was scanned, and is not read as a tree: {error}")),
    }
    let two = Bytes::from([frame, NEXT].concat());
    for (name, decode) in types(frame) {
        seen.push(if decode(&two).map_err(|why| format!("as {name}: {why}"))? {
            "decoded"
        } else {
            "refused"
        });
    }
    Ok(())
}

/// Decodes the first of two replies, then the second. Returns whether the first fitted the type.
fn decode<T: FromRedis>(bytes: &Bytes) -> Result<bool, String> {
    let mut replies = Replies::shared(bytes);
    let outcome = Decoder::<T>::of().decode(&mut replies);
    if let Err(error) = &outcome {
        says_what_was_found(error)?;
    }
    let next = replies.take().map_err(|error| format!("the next reply: {error}"))?;
    if String::from_redis(next).ok().as_deref() != Some("the next reply") {
        return Err("the next reply is not read from its first byte".into());
    }
    Ok(outcome.is_ok())
}

fn says_what_was_found(error: &DecodeError) -> Result<(), String> {
    let text = error.to_string();
    if error.server_error().is_none() && !text.contains("found") {
        return Err(format!("the error does not say what was found: {text}"));
    }
    // The text of a server is shown as it is.
    let lines = error.server_error().is_none() && text.contains(['\r', '\n']);
    if text.len() > LONGEST || lines {
        return Err(format!("the error has {} bytes, or several lines: {}", text.len(), text.escape_debug()));
    }
    Ok(())
}
