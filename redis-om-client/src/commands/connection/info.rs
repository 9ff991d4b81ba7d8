//! The server's information about a connection.

use std::time::Duration;

use crate::{
    commands::fields::{fields, present},
    error::DecodeError,
    resp::{Replies, Reply},
    value::{FromRedis, KeyName},
};

/// The server's information about a connection: one line of `CLIENT LIST`.
///
/// Newer servers send more fields. [`ClientInfo::get`] returns the fields that are not members here.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientInfo {
    /// Its number, which is never used again.
    pub id: u64,
    /// Its remote address: `ip:port`, or for a Unix socket its path and 0 (Valkey: `[/path:0]:0`). The path is
    /// unchanged, except that bytes that are not UTF-8 become `\u{fffd}`.
    pub addr: String,
    /// Its name; `None` if it has none.
    pub name: Option<String>,
    /// How long it has existed.
    pub age: Duration,
    /// How long ago it sent its last command.
    pub idle: Duration,
    /// One letter for each property: `N` for none, `S` a replica, `M` the primary, `P` a subscriber, `x` in a
    /// transaction, `b` blocked, and others.
    pub flags: String,
    /// Its database.
    pub db: u32,
    /// Its user. Since 6.0.0.
    pub user: Option<String>,
    /// Its protocol, 2 or 3. Since 7.0.0.
    pub resp: Option<u8>,
    /// The last command, such as `get` or `client|list`.
    pub cmd: Option<String>,
    /// The library that uses it; `None` if the library has not set its name. Since 7.2.0.
    pub lib_name: Option<String>,
    /// The version of that library. Since 7.2.0.
    pub lib_ver: Option<String>,
    fields: Vec<(String, String)>,
}

impl ClientInfo {
    /// A field by the server's name for it, such as `qbuf` or `tot-mem`.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&str> {
        self.fields.iter().find(|(name, _)| name == field).map(|(_, value)| value.as_str())
    }

    fn parse(line: &str) -> Result<Self, DecodeError> {
        let fields = split(line);
        let text =
            |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let filled = |name| text(name).filter(|value| !value.is_empty());
        Ok(Self {
            id: number(text("id"), "id")?,
            addr: text("addr").unwrap_or_default(),
            name: filled("name"),
            age: Duration::from_secs(number(text("age"), "age")?),
            idle: Duration::from_secs(number(text("idle"), "idle")?),
            flags: text("flags").unwrap_or_default(),
            db: number(text("db"), "db")?,
            user: filled("user"),
            resp: text("resp").map(|value| number(Some(value), "resp")).transpose()?,
            cmd: filled("cmd").filter(|cmd| cmd != "NULL"),
            lib_name: filled("lib-name"),
            lib_ver: filled("lib-ver"),
            fields,
        })
    }
}

/// The fields of a line, in its order: `id=3 addr=… laddr=… fd=7 name=…`.
///
/// The two addresses may be the path of a Unix socket. Such a path may contain any text, also text that looks like
/// fields. No other value contains a space. So the last ` fd=` is the field of this name, and the addresses stand
/// between `addr=` and it.
fn split(line: &str) -> Vec<(String, String)> {
    let parts = line.split_once(" addr=").and_then(|(front, rest)| {
        let (addresses, back) = rest.rsplit_once(" fd=")?;
        (!front.contains(' ')).then_some((front, addresses, back))
    });
    let Some((front, addresses, back)) = parts else {
        return words(line).collect();
    };
    let (addr, laddr) = match halves(addresses).or_else(|| addresses.split_once(LADDR)) {
        Some((addr, laddr)) => (addr, Some(laddr)),
        None => (addresses, None),
    };
    let owned = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    // The text after ` fd=` starts with its value.
    let (fd, back) = back.split_once(' ').unwrap_or((back, ""));
    words(front)
        .chain([owned("addr", addr)])
        .chain(laddr.map(|laddr| owned("laddr", laddr)))
        .chain([owned("fd", fd)])
        .chain(words(back))
        .collect()
}

const LADDR: &str = " laddr=";

/// Splits the two addresses of a connection over a Unix socket. Both are the same path, so the separator is in the
/// middle.
fn halves(addresses: &str) -> Option<(&str, &str)> {
    let length = addresses.len().checked_sub(LADDR.len())? / 2;
    let addr = addresses.get(..length)?;
    let laddr = addresses.get(length..)?.strip_prefix(LADDR)?;
    (addr == laddr).then_some((addr, laddr))
}

/// Fields whose values contain no space.
fn words(text: &str) -> impl Iterator<Item = (String, String)> {
    text.split_ascii_whitespace()
        .filter_map(|field| field.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
}

/// The lines of `CLIENT LIST`. Each begins with a number. A line without a number continues a path that contains a line
/// end.
fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.split('\n') {
        match lines.last_mut() {
            Some(before) if !line.starts_with("id=") => {
                before.push('\n');
                before.push_str(line);
            }
            _ => lines.push(line.to_owned()),
        }
    }
    lines.retain(|line| !line.trim_ascii().is_empty());
    lines
}

fn number<T: std::str::FromStr>(value: Option<String>, name: &str) -> Result<T, DecodeError> {
    let value = present(value, name)?;
    value.parse().map_err(|_| DecodeError::expected("a number", format!("{value:?}")).at(name))
}

impl FromRedis for ClientInfo {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        Self::parse(&String::from_utf8_lossy(&reply.blob("the line of a connection")?))
    }
}

/// Decodes `CLIENT LIST`: one line for each connection.
pub(super) fn list(replies: &mut Replies<'_>) -> Result<Vec<ClientInfo>, DecodeError> {
    let text = replies.take()?.blob("the lines of connections")?;
    lines(&String::from_utf8_lossy(&text))
        .iter()
        .enumerate()
        .map(|(index, line)| ClientInfo::parse(line).map_err(|error| error.at(index)))
        .collect()
}

/// The receiver of the invalidation messages for the keys that a connection has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrackingRedirect {
    /// No receiver: keys are not tracked.
    Off,
    /// The connection that has read the key.
    Own,
    /// The connection with this number.
    To(u64),
}

impl FromRedis for TrackingRedirect {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        match i64::from_redis(reply)? {
            -1 => Ok(Self::Off),
            0 => Ok(Self::Own),
            id => u64::try_from(id)
                .map(Self::To)
                .map_err(|_| DecodeError::expected("the number of a connection, 0 or -1", id)),
        }
    }
}

/// How a connection tracks the keys that it reads.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrackingInfo {
    /// The active settings: `on` or `off`, `bcast`, `optin`, `optout`, `noloop`, and others.
    pub flags: Vec<String>,
    /// The receiver of the messages.
    pub redirect: TrackingRedirect,
    /// In broadcasting mode, the prefixes of the keys.
    pub prefixes: Vec<KeyName>,
}

impl FromRedis for TrackingInfo {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        let (mut flags, mut redirect, mut prefixes) = (None, None, Vec::new());
        fields(reply, "how keys are tracked", |field, value| {
            match field {
                "flags" => flags = Some(FromRedis::from_redis(value)?),
                "redirect" => redirect = Some(FromRedis::from_redis(value)?),
                "prefixes" => prefixes = FromRedis::from_redis(value)?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(Self { flags: present(flags, "flags")?, redirect: present(redirect, "redirect")?, prefixes })
    }
}
