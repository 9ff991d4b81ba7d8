//! What the server knows of a connection.

use std::time::Duration;

use crate::{
    commands::fields::{fields, present},
    error::DecodeError,
    resp::{Replies, Reply},
    value::{FromRedis, KeyName},
};

/// What the server knows of a connection: a line of CLIENT LIST.
///
/// Newer servers print more fields. [`ClientInfo::get`] gives those that have no place here.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientInfo {
    /// Its number, which is never used again.
    pub id: u64,
    /// Where it comes from: `ip:port`, or for a Unix socket its path and 0 (Valkey: `[/path:0]:0`). The path is as the
    /// server has it, whatever it holds; bytes that are not UTF-8 become `\u{fffd}`.
    pub addr: String,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// How old it is.
    pub age: Duration,
    /// How long it has sent nothing.
    pub idle: Duration,
    /// A letter for each thing that it is: `N` for nothing special, `S` a replica, `M` the primary, `P` a subscriber,
    /// `x` in a transaction, `b` blocked, and others.
    pub flags: String,
    /// Its database.
    pub db: u32,
    /// Its user. Since 6.0.0.
    pub user: Option<String>,
    /// Its protocol, 2 or 3. Since 7.0.0.
    pub resp: Option<u8>,
    /// The last command, such as `get` or `client|list`.
    pub cmd: Option<String>,
    /// The library that uses it, if it said so. Since 7.2.0.
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
/// The two addresses may be the path of a Unix socket, which may hold anything, also what looks like fields. No other
/// value holds a space. So the last ` fd=` is the field of this name, and what is between `addr=` and it are the
/// addresses.
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
    // What follows ` fd=` starts with its value.
    let (fd, back) = back.split_once(' ').unwrap_or((back, ""));
    words(front)
        .chain([owned("addr", addr)])
        .chain(laddr.map(|laddr| owned("laddr", laddr)))
        .chain([owned("fd", fd)])
        .chain(words(back))
        .collect()
}

const LADDR: &str = " laddr=";

/// The two addresses of a connection over a Unix socket: both are the path, so they are equal, and what is between them
/// stands in the middle.
fn halves(addresses: &str) -> Option<(&str, &str)> {
    let length = addresses.len().checked_sub(LADDR.len())? / 2;
    let addr = addresses.get(..length)?;
    let laddr = addresses.get(length..)?.strip_prefix(LADDR)?;
    (addr == laddr).then_some((addr, laddr))
}

/// Fields whose values hold no space.
fn words(text: &str) -> impl Iterator<Item = (String, String)> {
    text.split_ascii_whitespace()
        .filter_map(|field| field.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
}

/// The lines of CLIENT LIST. Each begins with a number; one that does not goes on with a path that holds a line end.
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
        Self::parse(&String::from_utf8_lossy(&reply.blob("a line about a connection")?))
    }
}

/// CLIENT LIST: a line for each connection.
pub(super) fn list(replies: &mut Replies<'_>) -> Result<Vec<ClientInfo>, DecodeError> {
    let text = replies.take()?.blob("lines about connections")?;
    lines(&String::from_utf8_lossy(&text))
        .iter()
        .enumerate()
        .map(|(index, line)| ClientInfo::parse(line).map_err(|error| error.at(index)))
        .collect()
}

/// Where the messages go that say that a key, which was read, has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrackingRedirect {
    /// Nowhere: keys are not tracked.
    Off,
    /// To the connection that has read the key.
    Own,
    /// To the connection with this number.
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
    /// What is switched on: `on` or `off`, `bcast`, `optin`, `optout`, `noloop`, and others.
    pub flags: Vec<String>,
    /// Where the messages go.
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
