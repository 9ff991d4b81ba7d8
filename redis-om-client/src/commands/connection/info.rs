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
/// Servers add fields as they grow older: those without a place here are found by [`ClientInfo::get`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientInfo {
    /// Its number, which is never used again.
    pub id: u64,
    /// Where it comes from: `ip:port`, or a path and 0 for a Unix socket.
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
        let fields: Vec<_> = line
            .split_ascii_whitespace()
            .filter_map(|field| field.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
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

fn number<T: std::str::FromStr>(value: Option<String>, name: &str) -> Result<T, DecodeError> {
    let value = present(value, name)?;
    value.parse().map_err(|_| DecodeError::expected("a number", format!("{value:?}")).at(name))
}

impl FromRedis for ClientInfo {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        Self::parse(reply.blob("a line about a connection")?.as_str()?.trim_end())
    }
}

/// CLIENT LIST: a line for each connection.
pub(super) fn list(replies: &mut Replies<'_>) -> Result<Vec<ClientInfo>, DecodeError> {
    let lines = replies.take()?.blob("lines about connections")?;
    lines
        .as_str()?
        .lines()
        .filter(|line| !line.is_empty())
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
