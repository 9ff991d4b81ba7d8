//! Replies as values: the virtual server encodes them, and the clients decode them. Both sides compare them.

use crate::{
    command::Decoder,
    error::{Error, ServerError},
    resp::Reply,
    value::{FromRedis, Value},
};

use super::random::Random;

/// A reply of the virtual server.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    Simple(&'static str),
    Int(i64),
    Bulk(String),
    Nil,
    List(Vec<Answer>),
    Error(String),
}

/// A push message with a number of its own. It must never be taken for a reply, nor for a part of one.
pub(super) fn push(number: usize) -> String {
    let text = format!("push {number}");
    format!(">2\r\n$10\r\ninvalidate\r\n*1\r\n${}\r\n{text}\r\n", text.len())
}

impl Answer {
    /// Appends the reply as bytes. With `pushes` (RESP3) it may have push messages between its elements; their number is
    /// returned.
    pub(super) fn encode(&self, resp3: bool, mut pushes: Option<&mut Random>, out: &mut Vec<u8>) -> usize {
        let mut count = 0;
        match self {
            Self::Simple(text) => out.extend(format!("+{text}\r\n").bytes()),
            Self::Int(number) => out.extend(format!(":{number}\r\n").bytes()),
            Self::Bulk(text) => out.extend(format!("${}\r\n{text}\r\n", text.len()).bytes()),
            Self::Nil if resp3 => out.extend(b"_\r\n"),
            Self::Nil => out.extend(b"$-1\r\n"),
            Self::Error(line) => out.extend(format!("-{line}\r\n").bytes()),
            Self::List(items) => {
                out.extend(format!("*{}\r\n", items.len()).bytes());
                for item in items {
                    if let Some(random) = &mut pushes
                        && random.percent(10)
                    {
                        out.extend(push(random.below(1000)).bytes());
                        count += 1;
                    }
                    count += item.encode(resp3, pushes.as_deref_mut(), out);
                }
            }
        }
        count
    }

    fn of(value: Value) -> Self {
        match value {
            Value::Nil => Self::Nil,
            Value::Int(number) => Self::Int(number),
            Value::Simple(text) if text == "OK" => Self::Simple("OK"),
            Value::Bulk(bytes) => Self::Bulk(String::from_utf8_lossy(&bytes).into_owned()),
            Value::Array(items) => Self::List(items.into_iter().map(Self::of).collect()),
            Value::Error(error) => Self::Error(line(&error)),
            other => Self::Bulk(format!("unexpected: {other:?}")),
        }
    }
}

fn line(error: &ServerError) -> String {
    format!("{} {}", error.code().as_str(), error.message())
}

/// How one command of a request ended.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    Reply(Answer),
    /// An error reply.
    Refused(String),
    /// No reply.
    Failed(Error),
    /// Its future was dropped.
    Dropped,
}

impl Outcome {
    pub(super) fn of_error(error: Error) -> Self {
        match error.kind() {
            crate::ErrorKind::Server(server) if !error.may_have_run() => Self::Refused(line(server)),
            _ => Self::Failed(error),
        }
    }
}

/// Decodes the outcome of one command; the error of a command in a batch is its own.
pub(super) fn decoder() -> Decoder<Outcome> {
    Decoder::new(|replies| {
        let part = replies.taken();
        let failures = replies.failures();
        match replies.take()? {
            Reply::Error(text) => Ok(match failures.iter().find(|(failed, _)| *failed == part) {
                Some((_, error)) => Outcome::of_error(error.clone()),
                None => Outcome::Refused(line(&ServerError::parse(&String::from_utf8_lossy(&text)))),
            }),
            reply => Ok(Outcome::Reply(Answer::of(Value::from_redis(reply)?))),
        }
    })
}
