//! Reads a [`Config`] from a URL.
//!
//! A general URL parser refuses the several hosts in the URLs of Sentinel and clusters, so this module has its own. Its
//! errors say what was expected and where. The promise kept here: an error never quotes a part of the URL that may
//! belong to a password. A raw `/`, `?`, `#` or `&` in a password would split the URL in the wrong place. So a raw `@`
//! behind the hosts is refused, ports are never quoted, and nothing after a password in the query is quoted.

use std::{net::Ipv6Addr, str::FromStr};

use super::{
    Config, Endpoint, Sentinel, TlsConfig, endpoint,
    options::{self, SETTINGS},
    spelling,
};
use crate::error::{Error, Result};

const SCHEMES: &[&str] = &[
    "redis",
    "rediss",
    "redis+unix",
    "unix",
    "redis-sentinel",
    "rediss-sentinel",
    "redis-cluster",
    "rediss-cluster",
];
const ENCODE: &str = "a `/`, `?`, `#`, `%`, `&` or `@` in a user name, password or path is written \
                      `%2F`, `%3F`, `%23`, `%25`, `%26` or `%40`";

impl Config {
    /// Reads a URL: see [`Config`] for its forms and options.
    ///
    /// ```
    /// use redis_om_client::{Config, Endpoint};
    ///
    /// let config = Config::from_url("redis://:secret@[::1]/2?pool_size=4")?;
    /// assert_eq!(config.get_endpoint(), &Endpoint::tcp("::1", 6379));
    /// assert_eq!(config.get_pool_size(), 4);
    ///
    /// let error = Config::from_url("redis://localhost?protcol=2").unwrap_err();
    /// assert!(error.to_string().starts_with("URL: unknown option `protcol`: did you mean `protocol`?"));
    /// # Ok::<(), redis_om_client::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if the URL has none of these forms, an option is unknown, a
    /// value is not valid for its option, or the settings contradict each other. The text contains no part of a
    /// password.
    pub fn from_url(url: impl AsRef<str>) -> Result<Self> {
        let config = read(url.as_ref().trim()).map_err(|what| Error::config(format!("URL: {what}")))?;
        config.check().map_err(|error| error.context("URL"))?;
        Ok(config)
    }
}

impl FromStr for Config {
    type Err = Error;

    fn from_str(url: &str) -> Result<Self> {
        Self::from_url(url)
    }
}

impl TryFrom<&str> for Config {
    type Error = Error;

    fn try_from(url: &str) -> Result<Self> {
        Self::from_url(url)
    }
}

impl TryFrom<String> for Config {
    type Error = Error;

    fn try_from(url: String) -> Result<Self> {
        Self::from_url(url)
    }
}

/// What is wrong, without the leading `URL: `.
type Read<T> = std::result::Result<T, String>;

/// The topology that a scheme names.
enum Kind {
    Tcp,
    Unix,
    Sentinel,
    Cluster,
}

fn read(url: &str) -> Read<Config> {
    if url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("a URL has no spaces or control characters: a space is written `%20`".into());
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(format!("no scheme: write redis://host:port, or one of {}", list(SCHEMES)));
    };
    let (kind, tls) = read_scheme(scheme, rest)?;
    if rest.contains('#') {
        return Err(format!("unexpected `#`: {ENCODE}"));
    }
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = place.find('/').map_or((place, ""), |slash| place.split_at(slash));
    if path.contains('@') || query.contains('@') {
        return Err(format!("unexpected `@` after the host: {ENCODE}"));
    }
    let (user, hosts) =
        authority.rsplit_once('@').map_or((None, authority), |(user, hosts)| (Some(user), hosts));

    let (mut config, database) = match kind {
        Kind::Unix => (Config::unix(decode(&format!("{hosts}{path}"), "path")?), ""),
        Kind::Tcp => {
            if hosts.contains(',') {
                return Err(
                    "more than one host: that is redis-cluster://… or redis-sentinel://…/service".into()
                );
            }
            (Config::default().endpoint(read_host(hosts, endpoint::PORT)?), path)
        }
        Kind::Cluster => (Config::cluster(read_hosts(hosts, endpoint::PORT)?), path),
        Kind::Sentinel => {
            let path = path.strip_prefix('/').unwrap_or(path);
            let (service, database) = path.split_once('/').unwrap_or((path, ""));
            let sentinel =
                Sentinel::new(read_hosts(hosts, endpoint::SENTINEL_PORT)?, decode(service, "service")?);
            (Config::sentinel(sentinel), database)
        }
    };
    config.tls = tls.then(TlsConfig::default);
    let mut seen = Vec::new();
    read_user(&mut config, user, &mut seen)?;
    let database = database.strip_prefix('/').unwrap_or(database);
    if !database.is_empty() {
        config.database = database.parse().map_err(|_| {
            format!("expected the number of a database after the host, found `{}`", brief(database))
        })?;
        seen.push("db");
    }
    read_query(&mut config, query, &mut seen)?;
    Ok(config)
}

fn read_scheme(scheme: &str, rest: &str) -> Read<(Kind, bool)> {
    let lower = scheme.to_ascii_lowercase();
    // `valkey` schemes have the same meaning as `redis` schemes.
    let ours = lower.strip_prefix("valkey").map_or_else(|| lower.clone(), |rest| format!("redis{rest}"));
    Ok(match ours.as_str() {
        "redis" => (Kind::Tcp, false),
        "rediss" => (Kind::Tcp, true),
        "redis+unix" | "unix" => (Kind::Unix, false),
        "redis-sentinel" => (Kind::Sentinel, false),
        "rediss-sentinel" => (Kind::Sentinel, true),
        "redis-cluster" => (Kind::Cluster, false),
        "rediss-cluster" => (Kind::Cluster, true),
        _ => {
            let meant = spelling::nearest(&ours, SCHEMES.iter().copied());
            // In a URL without a scheme, the text before `://` may belong to a password.
            let found = if meant.is_some() || !rest.contains('@') {
                format!(" `{}`", brief(scheme))
            } else {
                String::new()
            };
            let meant = meant.map_or_else(String::new, |meant| format!("did you mean `{meant}`? "));
            let all = list(SCHEMES);
            return Err(format!(
                "unknown scheme{found}: {meant}expected one of {all} (or valkey in place of redis)"
            ));
        }
    })
}

fn read_hosts(hosts: &str, port: u16) -> Read<Vec<Endpoint>> {
    hosts.split(',').map(|host| read_host(host, port)).collect()
}

/// Reads `host`, `host:port`, `[address]`, `[address]:port`, or nothing.
fn read_host(text: &str, usual: u16) -> Read<Endpoint> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (address, rest) = rest.split_once(']').ok_or("expected `]` after an IPv6 address")?;
        let host = decode(address, "host")?;
        let digits = host.split('%').next().unwrap_or_default();
        if digits.parse::<Ipv6Addr>().is_err() {
            return Err("expected an IPv6 address in the brackets, such as `[::1]`".into());
        }
        match rest {
            "" => (host, None),
            _ => (host, Some(rest.strip_prefix(':').ok_or("expected `:port` after the brackets")?)),
        }
    } else {
        let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
        if port.is_some_and(|port| port.contains(':')) {
            return Err("an IPv6 address needs brackets: redis://[::1]:6379".into());
        }
        (decode(host, "host")?, port)
    };
    let port =
        match port {
            None => usual,
            Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or_else(|| {
                format!("expected a port from 1 to 65535 after the host's colon ({ENCODE})")
            })?,
        };
    Ok(Endpoint::tcp(if host.is_empty() { "localhost".to_owned() } else { host }, port))
}

/// Reads `user`, `user:password`, `:password`; an empty user is the default one.
fn read_user(config: &mut Config, user: Option<&str>, seen: &mut Vec<&'static str>) -> Read<()> {
    let Some(user) = user else { return Ok(()) };
    let (name, password) =
        user.split_once(':').map_or((user, None), |(name, password)| (name, Some(password)));
    if !name.is_empty() {
        config.username = Some(decode(name, "user name")?);
        seen.push("username");
    }
    // A URL template with empty variables gives `:@`.
    if let Some(password) = password.filter(|password| !password.is_empty() || !name.is_empty()) {
        config.password = Some(decode(password, "password")?.into());
        seen.push("password");
    }
    Ok(())
}

fn read_query(config: &mut Config, query: &str, seen: &mut Vec<&'static str>) -> Read<()> {
    let mut after_secret = false;
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(format!("an option without a value: options are `name=value` ({ENCODE})"));
        };
        // If a password contains a raw `&`, this would be its end.
        let quote = |text: &str| if after_secret { "…".to_owned() } else { format!("`{}`", brief(text)) };
        let Some(setting) = options::find(name) else {
            let meant = options::meant(name).filter(|_| !after_secret);
            let meant = meant.map_or_else(String::new, |meant| format!("did you mean `{meant}`? "));
            let all: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
            let hint = if after_secret { format!(" ({ENCODE})") } else { String::new() };
            return Err(format!(
                "unknown option {}: {meant}expected one of {}{hint}",
                quote(name),
                list(&all)
            ));
        };
        let name = setting.name;
        if seen.contains(&name) {
            return Err(format!("`{name}` is given twice"));
        }
        seen.push(name);
        let Some(slot) = (setting.slot)(config) else {
            let needed = if name.starts_with("tls") { "TLS: rediss://…" } else { "redis-sentinel://…" };
            return Err(format!("option `{name}` is only for {needed}"));
        };
        after_secret |= slot.is_secret();
        let (takes, secret) = (slot.takes(), slot.is_secret());
        let value = decode(value, name)?;
        if slot.read(&value).is_none() {
            let found =
                if secret || after_secret { String::new() } else { format!(", found `{}`", brief(&value)) };
            return Err(format!("option `{name}`: expected {takes}{found}"));
        }
    }
    Ok(())
}

/// Percent-decodes `text`, which is the URL's `part`.
fn decode(text: &str, part: &str) -> Read<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(format!("{part}: expected two hexadecimal digits after `%` ({ENCODE})"));
        };
        bytes.push((high * 16 + low) as u8);
    }
    String::from_utf8(bytes).map_err(|_| format!("{part}: what is percent-encoded is not UTF-8"))
}

/// `a, b, c`
fn list(names: &[&str]) -> String {
    names.join(", ")
}

/// The beginning of a text, for a message.
fn brief(text: &str) -> &str {
    text.char_indices().nth(40).map_or(text, |(end, _)| &text[..end])
}
