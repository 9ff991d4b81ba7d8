//! The options of a URL. One table gives the name of each option and its place in [`Config`]. Reading and writing both
//! use the table, so they know the same options.

use std::{path::PathBuf, time::Duration};

use super::{Config, HIDDEN, Pem, Protocol, Secret, Sentinel, Topology, WhenFull, units};

/// One option.
pub(super) struct Setting {
    /// Its name in a URL.
    pub(super) name: &'static str,
    /// Its place; `None` if this configuration has no such place.
    pub(super) slot: fn(&mut Config) -> Option<Slot<'_>>,
}

/// A place in the configuration, by the type of its value.
pub(super) enum Slot<'a> {
    Time(&'a mut Duration),
    MaybeTime(&'a mut Option<Duration>),
    Size(&'a mut usize),
    Count(&'a mut usize),
    Number(&'a mut u32),
    MaybeNumber(&'a mut Option<u32>),
    Fraction(&'a mut f64),
    Text(&'a mut Option<String>),
    Hidden(&'a mut Option<Secret>),
    File(&'a mut Option<Pem>),
    Flag(&'a mut bool),
    Version(&'a mut Protocol),
    Full(&'a mut WhenFull),
}

/// Every option, in the order in which they are written.
pub(super) const SETTINGS: &[Setting] = {
    use Slot::{
        Count, File, Flag, Fraction, Full, Hidden, MaybeNumber, MaybeTime, Number, Size, Text, Time, Version,
    };
    &[
        Setting { name: "username", slot: |c| Some(Text(&mut c.username)) },
        Setting { name: "password", slot: |c| Some(Hidden(&mut c.password)) },
        Setting { name: "db", slot: |c| Some(Number(&mut c.database)) },
        Setting { name: "client_name", slot: |c| Some(Text(&mut c.client_name)) },
        Setting { name: "protocol", slot: |c| Some(Version(&mut c.protocol)) },
        Setting { name: "connect_timeout", slot: |c| Some(Time(&mut c.connect_timeout)) },
        Setting { name: "command_timeout", slot: |c| Some(MaybeTime(&mut c.command_timeout)) },
        Setting { name: "blocking_grace", slot: |c| Some(Time(&mut c.blocking_grace)) },
        Setting { name: "idle_ping", slot: |c| Some(MaybeTime(&mut c.idle_ping)) },
        Setting { name: "ping_timeout", slot: |c| Some(Time(&mut c.ping_timeout)) },
        Setting { name: "tcp_keepalive", slot: |c| Some(MaybeTime(&mut c.tcp_keepalive)) },
        Setting { name: "connections", slot: |c| Some(Count(&mut c.connections)) },
        Setting { name: "pool_size", slot: |c| Some(Count(&mut c.pool_size)) },
        Setting { name: "pool_timeout", slot: |c| Some(Time(&mut c.pool_timeout)) },
        Setting { name: "queue_budget", slot: |c| Some(Size(&mut c.queue_budget)) },
        Setting { name: "queue_commands", slot: |c| Some(Count(&mut c.queue_commands)) },
        Setting { name: "when_full", slot: |c| Some(Full(&mut c.when_full)) },
        Setting { name: "reconnect_initial", slot: |c| Some(Time(&mut c.reconnect.initial)) },
        Setting { name: "reconnect_factor", slot: |c| Some(Fraction(&mut c.reconnect.factor)) },
        Setting { name: "reconnect_max", slot: |c| Some(Time(&mut c.reconnect.max)) },
        Setting { name: "reconnect_jitter", slot: |c| Some(Fraction(&mut c.reconnect.jitter)) },
        Setting { name: "reconnect_attempts", slot: |c| Some(MaybeNumber(&mut c.reconnect.max_attempts)) },
        Setting { name: "retry_attempts", slot: |c| Some(Number(&mut c.retry.attempts)) },
        Setting { name: "retry_refusals", slot: |c| Some(Number(&mut c.retry.refusals)) },
        Setting { name: "retry_initial", slot: |c| Some(Time(&mut c.retry.initial)) },
        Setting { name: "retry_factor", slot: |c| Some(Fraction(&mut c.retry.factor)) },
        Setting { name: "retry_max", slot: |c| Some(Time(&mut c.retry.max)) },
        Setting { name: "retry_jitter", slot: |c| Some(Fraction(&mut c.retry.jitter)) },
        Setting { name: "max_bulk", slot: |c| Some(Size(&mut c.max_bulk)) },
        Setting { name: "max_reply", slot: |c| Some(Size(&mut c.max_reply)) },
        Setting { name: "max_depth", slot: |c| Some(Count(&mut c.max_depth)) },
        Setting { name: "tls_ca", slot: |c| c.tls.as_mut().map(|tls| File(&mut tls.ca)) },
        Setting { name: "tls_cert", slot: |c| c.tls.as_mut().map(|tls| File(&mut tls.cert)) },
        Setting { name: "tls_key", slot: |c| c.tls.as_mut().map(|tls| File(&mut tls.key)) },
        Setting { name: "tls_server_name", slot: |c| c.tls.as_mut().map(|tls| Text(&mut tls.server_name)) },
        Setting {
            name: "tls_danger_accept_invalid_certs",
            slot: |c| c.tls.as_mut().map(|tls| Flag(&mut tls.danger_accept_invalid_certs)),
        },
        Setting { name: "sentinel_username", slot: |c| sentinel(c).map(|s| Text(&mut s.username)) },
        Setting { name: "sentinel_password", slot: |c| sentinel(c).map(|s| Hidden(&mut s.password)) },
    ]
};

/// Other names for an option, used by suggestions in errors: our own long names, and the names of other clients.
const FOREIGN: &[(&str, &str)] = &[
    ("socket_connect_timeout", "connect_timeout"),
    ("connection_timeout", "connect_timeout"),
    ("socket_timeout", "command_timeout"),
    ("response_timeout", "command_timeout"),
    ("timeout", "command_timeout"),
    ("max_connections", "pool_size"),
    ("health_check_interval", "idle_ping"),
    ("socket_keepalive", "tcp_keepalive"),
    ("ssl_ca_certs", "tls_ca"),
    ("ssl_certfile", "tls_cert"),
    ("ssl_keyfile", "tls_key"),
];

/// The option with this name.
pub(super) fn find(name: &str) -> Option<&'static Setting> {
    let name = if name == "database" { "db" } else { name };
    SETTINGS.iter().find(|setting| setting.name == name)
}

/// The option that an unknown name probably means.
pub(super) fn meant(name: &str) -> Option<&'static str> {
    let foreign = FOREIGN.iter().find(|(foreign, _)| *foreign == name).map(|(_, ours)| *ours);
    let name = name.replace('-', "_");
    foreign.or_else(|| super::spelling::nearest(&name, SETTINGS.iter().map(|setting| setting.name)))
}

fn sentinel(config: &mut Config) -> Option<&mut Sentinel> {
    match &mut config.topology {
        Topology::Sentinel(sentinel) => Some(sentinel),
        Topology::Standalone | Topology::Cluster { .. } => None,
    }
}

impl Slot<'_> {
    /// Whether the value must not be shown.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self, Self::Hidden(_))
    }

    /// Stores the value of `text` here; `None` if `text` is not valid.
    pub(super) fn read(self, text: &str) -> Option<()> {
        match self {
            Self::Time(slot) => *slot = units::read_duration(text)?,
            Self::MaybeTime(slot) => *slot = maybe(text, units::read_duration)?,
            Self::Size(slot) => *slot = units::read_size(text)?,
            Self::Count(slot) => *slot = text.parse().ok()?,
            Self::Number(slot) => *slot = text.parse().ok()?,
            Self::MaybeNumber(slot) => *slot = maybe(text, |text| text.parse().ok())?,
            Self::Fraction(slot) => *slot = text.parse().ok()?,
            Self::Text(_) | Self::File(_) if text.is_empty() => return None,
            Self::Text(slot) => *slot = Some(text.to_owned()),
            Self::Hidden(slot) => *slot = Some(text.to_owned().into()),
            Self::File(slot) => *slot = Some(Pem::Path(PathBuf::from(text))),
            Self::Flag(slot) => *slot = text.parse().ok()?,
            Self::Version(slot) => {
                *slot = match text {
                    "2" => Protocol::Resp2,
                    "3" => Protocol::Resp3,
                    _ => return None,
                };
            }
            Self::Full(slot) => {
                *slot = match text {
                    "wait" => WhenFull::Wait,
                    "fail" => WhenFull::Fail,
                    _ => return None,
                };
            }
        }
        Some(())
    }

    /// A description of the valid values.
    pub(super) fn takes(&self) -> &'static str {
        match self {
            Self::Time(_) => "a duration such as `500ms`, `2s` or `1m`",
            Self::MaybeTime(_) => "a duration such as `500ms`, `2s` or `1m`, or `none`",
            Self::Size(_) => "a size such as `4MiB`, `512KiB` or plain bytes",
            Self::Count(_) | Self::Number(_) => "a whole number",
            Self::MaybeNumber(_) => "a whole number, or `none`",
            Self::Fraction(_) => "a number such as `0.5`",
            Self::Text(_) => "a text",
            Self::Hidden(_) => "a password",
            Self::File(_) => "the path of a PEM file",
            Self::Flag(_) => "`true` or `false`",
            Self::Version(_) => "`2` or `3`",
            Self::Full(_) => "`wait` or `fail`",
        }
    }

    /// The value in the form that `read` accepts; a secret is `***`. `None` if there is nothing to write.
    pub(super) fn show(&self) -> Option<String> {
        let none = || "none".to_owned();
        Some(match self {
            Self::Time(time) => units::show_duration(**time),
            Self::MaybeTime(time) => time.map_or_else(none, units::show_duration),
            Self::Size(size) => units::show_size(**size),
            Self::Count(count) => count.to_string(),
            Self::Number(number) => number.to_string(),
            Self::MaybeNumber(number) => number.map_or_else(none, |number| number.to_string()),
            Self::Fraction(number) => number.to_string(),
            Self::Text(text) => text.as_ref()?.clone(),
            Self::Hidden(secret) => secret.as_ref().map(|_| HIDDEN.to_owned())?,
            Self::File(file) => match file.as_ref()? {
                Pem::Bytes(_) => HIDDEN.to_owned(),
                Pem::Path(path) => path.to_string_lossy().into_owned(),
            },
            Self::Flag(flag) => flag.to_string(),
            Self::Version(Protocol::Resp2) => "2".to_owned(),
            Self::Version(Protocol::Resp3) => "3".to_owned(),
            Self::Full(WhenFull::Wait) => "wait".to_owned(),
            Self::Full(WhenFull::Fail) => "fail".to_owned(),
        })
    }
}

/// `none`, or a value.
fn maybe<T>(text: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    if text == "none" { Some(None) } else { read(text).map(Some) }
}
