//! Replies as bytes, and the words of commands.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test binary uses some of it")]
#![allow(clippy::unwrap_used, reason = "only tests call these")]

use redis_om::{Command, DecodeError, Plan, Replies};

pub fn decode<R>(command: Command<R>, bytes: &[u8]) -> Result<R, DecodeError> {
    command.decoder().decode(&mut Replies::new(bytes))
}

pub fn decode_err<R>(command: Command<R>, bytes: &[u8]) -> String {
    decode(command, bytes).map(drop).unwrap_err().to_string()
}

pub fn read<P: Plan>(plan: P, bytes: &[u8]) -> P::Reply {
    plan.read(&mut Replies::new(bytes)).unwrap()
}

fn bulk(text: &[u8]) -> Vec<u8> {
    [format!("${}\r\n", text.len()).as_bytes(), text, b"\r\n"].concat()
}

/// A hash as RESP2 sends it.
pub fn map2(pairs: &[(&str, &str)]) -> Vec<u8> {
    let items: Vec<u8> = pairs
        .iter()
        .flat_map(|(key, value)| [bulk(key.as_bytes()), bulk(value.as_bytes())].concat())
        .collect();
    [format!("*{}\r\n", 2 * pairs.len()).into_bytes(), items].concat()
}

/// A hash as RESP3 sends it.
pub fn map3(pairs: &[(&str, &str)]) -> Vec<u8> {
    let items: Vec<u8> = pairs
        .iter()
        .flat_map(|(key, value)| [bulk(key.as_bytes()), bulk(value.as_bytes())].concat())
        .collect();
    [format!("%{}\r\n", pairs.len()).into_bytes(), items].concat()
}

/// A hash of these names and values in turn.
pub fn map_of(words: &[Vec<u8>]) -> Vec<u8> {
    let items: Vec<u8> = words.iter().flat_map(|word| bulk(word)).collect();
    [format!("%{}\r\n", words.len() / 2).into_bytes(), items].concat()
}

/// A document as a reply.
pub fn text(text: &str) -> Vec<u8> {
    bulk(text.as_bytes())
}

/// The words of a command, from its text: those in quotes are escaped.
pub fn words<R>(command: &Command<R>) -> Vec<Vec<u8>> {
    let text = command.to_string().into_bytes();
    let mut words = Vec::new();
    let mut rest = &text[..];
    while !rest.is_empty() {
        let mut word = Vec::new();
        if rest[0] == b'"' {
            let mut at = 1;
            while rest[at] != b'"' {
                let (byte, length) = match (rest[at], rest.get(at + 1)) {
                    (b'\\', Some(b'x')) => {
                        let digits = std::str::from_utf8(&rest[at + 2..at + 4]).unwrap();
                        (u8::from_str_radix(digits, 16).unwrap(), 4)
                    }
                    (b'\\', Some(b'r')) => (b'\r', 2),
                    (b'\\', Some(b'n')) => (b'\n', 2),
                    (b'\\', Some(b't')) => (b'\t', 2),
                    (b'\\', Some(byte)) => (*byte, 2),
                    (byte, _) => (byte, 1),
                };
                word.push(byte);
                at += length;
            }
            rest = &rest[at + 1..];
        } else {
            let end = rest.iter().position(|byte| *byte == b' ').unwrap_or(rest.len());
            word.extend(&rest[..end]);
            rest = &rest[end..];
        }
        rest = rest.strip_prefix(b" ").unwrap_or(rest);
        words.push(word);
    }
    words
}
