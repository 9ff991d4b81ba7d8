//! URLs to settings and back, and the texts of the errors.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::ErrorKind;

fn ok(url: &str) -> Config {
    Config::from_url(url).unwrap_or_else(|error| panic!("{url}: {error}"))
}

fn error(url: &str) -> String {
    let error = Config::from_url(url).expect_err(url);
    assert_eq!(error.kind(), &ErrorKind::Config, "{url}");
    error.to_string()
}

#[test]
fn reads_every_form() {
    let local = Config::default;
    let tls = || TlsConfig::new();
    for (url, config) in [
        ("redis://localhost", local()),
        ("redis://", local()),
        ("redis:///3", local().database(3)),
        ("REDIS://localhost/", local()),
        ("  valkey://localhost\n", local()),
        ("redis://h:1234/7", Config::new("h", 1234).database(7)),
        ("redis://h?db=7", Config::new("h", 6379).database(7)),
        ("redis://h/?database=7", Config::new("h", 6379).database(7)),
        ("rediss://h", Config::new("h", 6379).tls(tls())),
        ("valkeys://h", Config::new("h", 6379).tls(tls())),
        ("redis://[::1]:1234", Config::new("::1", 1234)),
        ("redis://[fe80::1%25eth0]", Config::new("fe80::1%eth0", 6379)),
        ("redis://:secret@h", Config::new("h", 6379).password("secret")),
        ("redis://app:s%40%2f%3A@h", Config::new("h", 6379).username("app").password("s@/:")),
        ("redis://app:a:b@c@h", Config::new("h", 6379).username("app").password("a:b@c")),
        ("redis://app:@h", Config::new("h", 6379).username("app").password("")),
        ("redis://app@h?password=x+y", Config::new("h", 6379).username("app").password("x+y")),
        ("redis://:@h", Config::new("h", 6379)),
        ("redis+unix:///run/r.sock", Config::unix("/run/r.sock")),
        ("unix:///run/r%20s.sock?db=2", Config::unix("/run/r s.sock").database(2)),
        ("valkey+unix://u:p@/r", Config::unix("/r").username("u").password("p")),
        ("unix://r.sock", Config::unix("r.sock")),
        (
            "redis-cluster://a,b:7001,[::1]:7002",
            Config::cluster([Endpoint::tcp("a", 6379), Endpoint::tcp("b", 7001), Endpoint::tcp("::1", 7002)]),
        ),
        ("rediss-cluster://a", Config::cluster([Endpoint::tcp("a", 6379)]).tls(tls())),
        (
            "rediss-sentinel://:p@a,b:1/orders/4?sentinel_username=u&sentinel_password=q",
            Config::sentinel(
                Sentinel::new([Endpoint::tcp("a", 26379), Endpoint::tcp("b", 1)], "orders")
                    .username("u")
                    .password("q"),
            )
            .tls(tls())
            .password("p")
            .database(4),
        ),
    ] {
        assert_eq!(ok(url), config, "{url}");
        assert_eq!(config.check().map_err(|error| error.to_string()), Ok(()), "{url}");
    }
}

#[test]
fn reads_every_option() {
    let config = ok(
        "rediss://h?client_name=c&protocol=2&connect_timeout=1&command_timeout=none&blocking_grace=0\
         &idle_ping=none&ping_timeout=1m&tcp_keepalive=60&connections=2&pool_size=3&pool_timeout=0.5\
         &queue_budget=1MiB&queue_commands=9&when_full=fail&reconnect_initial=1ms&reconnect_factor=1.5\
         &reconnect_max=9s&reconnect_jitter=0&reconnect_attempts=4&retry_attempts=1&retry_refusals=5&retry_initial=2ms\
         &retry_factor=3&retry_max=4s&retry_jitter=1&max_bulk=1kb&max_reply=2kb&max_depth=7&tls_ca=/ca\
         &tls_cert=c&tls_key=k&tls_server_name=s&tls_danger_accept_invalid_certs=true",
    );
    let by_hand = Config::new("h", 6379)
        .client_name("c")
        .protocol(Protocol::Resp2)
        .connect_timeout(Duration::from_secs(1))
        .command_timeout(None)
        .blocking_grace(Duration::ZERO)
        .idle_ping(None)
        .ping_timeout(Duration::from_secs(60))
        .tcp_keepalive(Duration::from_secs(60))
        .connections(2)
        .pool_size(3)
        .pool_timeout(Duration::from_millis(500))
        .queue_budget(1 << 20)
        .queue_commands(9)
        .when_full(WhenFull::Fail)
        .reconnect(
            ReconnectPolicy::default()
                .initial(Duration::from_millis(1))
                .factor(1.5)
                .max(Duration::from_secs(9))
                .jitter(0.0)
                .max_attempts(4),
        )
        .retry(
            RetryPolicy::default()
                .attempts(1)
                .refusals(5)
                .initial(Duration::from_millis(2))
                .factor(3.0)
                .max(Duration::from_secs(4))
                .jitter(1.0),
        )
        .max_bulk(1024)
        .max_reply(2048)
        .max_depth(7)
        .tls(
            TlsConfig::new()
                .ca(Pem::path("/ca"))
                .client_certificate(Pem::path("c"), Pem::path("k"))
                .server_name("s")
                .danger_accept_invalid_certs(true),
        );
    assert_eq!(config, by_hand);
    assert_eq!(ok(&config.to_string()), config);
}

#[test]
fn names_what_is_wrong_and_what_is_possible() {
    for (url, parts) in [
        ("localhost:6379", &["no scheme", "redis://host:port"][..]),
        ("", &["no scheme"]),
        ("http://h", &["unknown scheme `http`", "redis, rediss, redis+unix"]),
        ("redsi://h", &["unknown scheme `redsi`: did you mean `redis`?"]),
        ("redis://h?protcol=2", &["unknown option `protcol`: did you mean `protocol`?", "pool_size"]),
        ("redis://h?socket_timeout=2", &["did you mean `command_timeout`?"]),
        ("redis://h?protocol=4", &["option `protocol`: expected `2` or `3`, found `4`"]),
        ("redis://h?connect_timeout=soon", &["`connect_timeout`", "`500ms`", "found `soon`"]),
        ("redis://h?connect_timeout=none", &["`connect_timeout`", "found `none`"]),
        ("redis://h?connect_timeout=0", &["`connect_timeout`: must be longer than zero"]),
        ("redis://h?pool_size=-1", &["`pool_size`: expected a whole number, found `-1`"]),
        ("redis://h?pool_size=0", &["`pool_size`: must be at least 1"]),
        ("redis://h?reconnect_jitter=NaN", &["`reconnect_jitter`: must be from 0 to 1"]),
        ("redis://h?reconnect_factor=inf", &["`reconnect_factor`"]),
        ("redis://h?client_name=a%20b", &["`client_name`: must be printable ASCII"]),
        ("redis://h?db", &["an option without a value"]),
        ("redis://h/3?db=3", &["`db` is given twice"]),
        ("redis://u:p@h?username=v", &["`username` is given twice"]),
        ("redis://h/zero", &["expected the number of a database after the host, found `zero`"]),
        ("redis://h/99999999999", &["the number of a database"]),
        ("redis://h/1/2", &["the number of a database"]),
        ("redis://h:", &["a port from 1 to 65535"]),
        ("redis://h:0", &["a port from 1 to 65535"]),
        ("redis://h:65536", &["a port from 1 to 65535"]),
        ("redis://::1:6379", &["an IPv6 address needs brackets"]),
        ("redis://[::1", &["expected `]`"]),
        ("redis://[::1]6379", &["expected `:port` after the brackets"]),
        ("redis://[h]", &["expected an IPv6 address in the brackets"]),
        ("redis://a,b", &["more than one host", "redis-cluster://"]),
        ("redis://user@h", &["`username`: a user needs a password"]),
        ("redis://h/%zz", &["the number of a database"]),
        ("redis://%zz:p@h", &["user name: expected two hexadecimal digits after `%`"]),
        ("redis://:%ff@h", &["password: what is percent-encoded is not UTF-8"]),
        ("redis://h?tls_ca=x", &["option `tls_ca` is only for TLS: rediss://"]),
        ("rediss://h?tls_cert=x", &["`tls_key`: a client certificate needs its private key"]),
        ("redis://h?sentinel_password=x", &["only for redis-sentinel://"]),
        ("redis-sentinel://h", &["`service`: must name the service"]),
        ("redis-sentinel://h/s/x", &["the number of a database", "`x`"]),
        ("unix://", &["must not be empty"]),
        ("redis://a b", &["no spaces"]),
    ] {
        let text = error(url);
        assert!(text.starts_with("URL: "), "{url}: {text}");
        for part in parts {
            assert!(text.contains(part), "{url}: expected {part:?} in {text:?}");
        }
    }
}

#[test]
fn what_a_builder_got_wrong_is_found() {
    for (config, part) in [
        (Config::cluster([]), "at least one node"),
        (Config::cluster([Endpoint::unix("/r")]), "not unix sockets"),
        (Config::unix("/r").tls(TlsConfig::new()), "does not support TLS"),
        (Config::new("", 6379), "must not be empty"),
        (Config::new("h", 0), "nor a port 0"),
        (Config::new("h", 1).username("").password("p"), "leave it out"),
    ] {
        let error = config.check().expect_err(part).to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn hides_every_secret() {
    let config = ok("rediss-sentinel://u:hunter2@h/s?sentinel_password=hunter3").tls(
        TlsConfig::new()
            .ca(Pem::bytes("hunter4"))
            .client_certificate(Pem::bytes("hunter5"), Pem::bytes("hunter6")),
    );
    let (url, debug) = (config.to_string(), format!("{config:?}"));
    assert_eq!(
        url,
        "rediss-sentinel://u:***@h:26379/s?tls_ca=***&tls_cert=***&tls_key=***&sentinel_password=***"
    );
    assert!(!debug.contains("hunter"), "{debug}");
}

#[test]
fn no_error_quotes_a_badly_written_password() {
    for (before, after) in [
        ("redis://:", "@h:6379/0"),
        ("redis://user:", "@h"),
        ("redis://user:", "@h:x"),
        ("redis://user:", "@h/x"),
        ("redis://user:", "@h?x=y"),
        ("redis://:", "@h:6379?db=x"),
        ("unix://:", "@/path"),
        ("redis-sentinel://:", "@h/"),
        ("redis://h/x?password=", ""),
        ("redis://h?password=", "&x=y"),
        ("redis://h?password=", "&db=x"),
        ("redis-sentinel://h/s?sentinel_password=", "&x=y"),
        ("user:", "@h:6379"),
        ("", "@h:6379"),
    ] {
        for password in [
            "hunter",
            "hun/ter",
            "12/hunter",
            "hun?ter",
            "12?hunter=x",
            "hun#ter",
            "hun&ter=hunter",
            "hun&db=ter",
            "hun%ter",
            "hun@ter",
            "hun:ter",
            "[hunter",
            "hun ter",
            "hun,ter",
            "h&pool_size=ter",
            "hun://ter",
        ] {
            let url = format!("{before}{password}{after}");
            if let Err(error) = Config::from_url(&url) {
                let text = error.to_string() + &format!("{error:?}");
                // The error texts contain "after" and "characters", but none of these.
                assert!(!text.contains("hun") && !text.contains("`ter"), "{url}: {text}");
            }
        }
    }
}

#[test]
fn every_time_is_rounded_up_and_saturated() {
    let mut times = 0;
    for setting in options::SETTINGS {
        for (text, least) in [("1ns", 1), ("900us", 1), ("1ms", 1), ("1001us", 2), ("584542046h", 1 << 40)] {
            let mut config = Config::default();
            let Some(slot) = (setting.slot)(&mut config) else { continue };
            if !matches!(slot, options::Slot::Time(_) | options::Slot::MaybeTime(_)) {
                continue;
            }
            assert_eq!(slot.read(text), Some(()), "{}", setting.name);
            let time = match (setting.slot)(&mut config) {
                Some(options::Slot::Time(time)) => *time,
                Some(options::Slot::MaybeTime(Some(time))) => *time,
                _ => unreachable!("a time was read"),
            };
            let millis = millis(time);
            assert!(millis >= least && millis <= 1 << 42, "{} of {text}: {millis}", setting.name);
            assert!(std::time::Instant::now().checked_add(Duration::from_millis(millis)).is_some());
            times += 1;
        }
    }
    assert_eq!(times, 5 * 11);
    assert_eq!(millis(Duration::ZERO), 0);
    assert!(millis(Duration::MAX).checked_mul(1 << 20).is_some());
}

#[test]
fn a_time_of_nothing_is_refused_where_something_would_never_happen_or_never_stop() {
    for name in [
        "connect_timeout",
        "command_timeout",
        "idle_ping",
        "ping_timeout",
        "tcp_keepalive",
        "reconnect_initial",
        "reconnect_max",
    ] {
        let error =
            Config::from_url(format!("redis://h?{name}=0")).and_then(|config| config.check()).unwrap_err();
        assert!(error.to_string().contains(&format!("`{name}`: must be longer than zero")), "{error}");
    }
    for name in ["blocking_grace", "pool_timeout", "retry_initial", "retry_max", "retry_refusals"] {
        assert!(ok(&format!("redis://h?{name}=0")).check().is_ok(), "{name}");
    }
}

/// Valid settings of every kind, without a password.
fn configs() -> impl Strategy<Value = Config> {
    let host = "[a-z.é%@/ -]{1,8}|::1|fe80::2%eth0";
    let node = (host, 1_u16..).prop_map(|(host, port)| Endpoint::tcp(host, port)).boxed();
    let start = prop_oneof![
        node.clone().prop_map(|node| Config::default().endpoint(node)),
        "/[ -~é]{1,10}".prop_map(Config::unix),
        prop::collection::vec(node.clone(), 1..4).prop_map(Config::cluster),
        (prop::collection::vec(node, 1..4), "[ -~é]{1,8}")
            .prop_map(|(nodes, service)| Config::sentinel(Sentinel::new(nodes, service))),
    ];
    let time =
        || any::<(u64, u32)>().prop_map(|(secs, nanos)| Duration::new(secs / 4 + 1, nanos % 1_000_000_000));
    let texts = (prop::option::of("[!-~]{1,9}"), prop::option::of("[ -~é]{1,9}"), any::<u32>());
    let times = (time(), prop::option::of(time()), time(), prop::option::of(time()));
    let counts = (1_usize.., 1_usize.., 1_usize.., any::<bool>(), prop::option::of(any::<u32>()), 0.0..=1.0);
    (start, texts, times, counts).prop_map(|(config, texts, times, counts)| {
        let mut config = config
            .database(texts.2)
            .connect_timeout(times.0)
            .command_timeout(times.1)
            .blocking_grace(times.2)
            .idle_ping(times.3)
            .pool_size(counts.0)
            .queue_budget(counts.1)
            .max_reply(counts.2)
            .when_full(if counts.3 { WhenFull::Fail } else { WhenFull::Wait })
            .reconnect(ReconnectPolicy::default().max_attempts(counts.4).jitter(counts.5));
        config.client_name = texts.0;
        // A user needs a password, and this one is the same after it was written and read.
        if let Some(user) = texts.1 {
            config = config.username(user).password(HIDDEN);
        }
        if counts.3 && !matches!(config.endpoint, Endpoint::Unix { .. }) {
            config = config.tls(TlsConfig::new().server_name("s&=?").ca(Pem::path("/a b@c")));
        }
        config
    })
}

proptest! {
    #[test]
    fn never_panics_on_anything(url in ".*") {
        let _ = Config::from_url(url);
    }

    #[test]
    fn never_panics_on_what_looks_like_a_url(
        scheme in "(redis|rediss|unix|redis-sentinel|redis-cluster)",
        rest in "[a-z0-9:@/?&=%,#\\[\\]é.-]{0,30}",
        option in "[a-z_]{0,8}=[a-z0-9%.]{0,6}",
    ) {
        let _ = Config::from_url(format!("{scheme}://{rest}"));
        let _ = Config::from_url(format!("{scheme}://{rest}?{option}"));
    }

    #[test]
    fn reads_back_what_it_shows(config in configs()) {
        let url = config.to_string();
        prop_assert_eq!(Config::from_url(&url).map_err(|error| format!("{url}: {error}")), Ok(config));
    }

    #[test]
    fn never_panics_on_any_value(n in 0..options::SETTINGS.len(), value in "[ -~é]{0,8}") {
        let name = options::SETTINGS[n].name;
        for base in ["redis://h", "rediss-sentinel://h/s"] {
            let _ = Config::from_url(format!("{base}?{name}={value}"));
        }
    }
}
