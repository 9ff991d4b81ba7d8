//! Compares an example with what a server says of its command.

use super::{recorded::Example, server::Entry};

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Aspect {
    /// The number of words.
    Arity,
    /// It reads, so that it may be repeated and a replica may serve it.
    Readonly,
    /// It writes, so that it may not be repeated.
    Write,
    /// The server may delay its reply.
    Blocking,
    /// Which nodes of a cluster get it.
    Request,
    /// How the replies of several nodes are combined.
    Response,
    /// Which of its words are keys.
    Keys,
}

/// How an example differs: what, and both sides as text.
pub(super) type Difference = (Aspect, String);

/// Every difference. `keys` are those that the server finds, or its error.
pub(super) fn differences(
    example: &Example,
    entry: &Entry,
    keys: &Result<Vec<Vec<u8>>, String>,
) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut compare = |aspect, declared: String, server: String| {
        if declared != server {
            found.push((aspect, format!("declared {declared}, the server says {server}")));
        }
    };
    let words = i64::try_from(example.words.len()).unwrap_or(i64::MAX);
    let fits = if entry.arity < 0 { words >= -entry.arity } else { words == entry.arity };
    if !fits {
        compare(Aspect::Arity, format!("{words} words"), format!("arity {}", entry.arity));
    }
    let or_not = |holds, flag: &str| if holds { flag.to_owned() } else { format!("not {flag}") };
    let flag = |flag| (or_not(example.has(flag), flag), or_not(entry.has(flag), flag));
    let (declared, server) = flag("readonly");
    compare(Aspect::Readonly, declared, server);
    if entry.has("write") && example.has("idempotent") {
        compare(Aspect::Write, "idempotent".into(), "write".into());
    }
    if entry.tips.is_some() {
        let (declared, server) = flag("blocking");
        compare(Aspect::Blocking, declared, server);
        let or_none = |tip: &str| if tip.is_empty() { "none".to_owned() } else { tip.to_owned() };
        let request = |tip| (or_none(tip_of(&example.request)), or_none(entry.tip(tip)));
        let (declared, server) = request("request_policy");
        compare(Aspect::Request, declared, server);
        compare(Aspect::Response, or_none(tip_of(&example.response)), or_none(entry.tip("response_policy")));
    }
    if fits {
        let mut declared = example.keys.clone();
        declared.sort();
        let server = keys.as_ref().map(|keys| {
            let mut keys = keys.clone();
            keys.sort();
            shown(&keys)
        });
        compare(Aspect::Keys, shown(&declared), server.unwrap_or_else(Clone::clone));
    }
    found
}

fn shown(keys: &[Vec<u8>]) -> String {
    if keys.is_empty() {
        return "no keys".into();
    }
    format!(
        "the keys {}",
        keys.iter().map(|key| key.escape_ascii().to_string()).collect::<Vec<_>>().join(" ")
    )
}

/// The tip of a policy of the client, given as its name in Rust; empty for a default.
fn tip_of(policy: &str) -> &str {
    match policy {
        "One" | "Default" => "",
        "MultiShard" => "multi_shard",
        "AllShards" => "all_shards",
        "AllNodes" => "all_nodes",
        "Special" => "special",
        "AggSum" => "agg_sum",
        "AggMin" => "agg_min",
        "AggMax" => "agg_max",
        "LogicalAnd" => "agg_logical_and",
        "AllSucceeded" => "all_succeeded",
        "OneSucceeded" => "one_succeeded",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Vec<u8>> {
        text.split_whitespace().map(|word| word.as_bytes().to_vec()).collect()
    }

    fn list(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    /// The aspects in which `MGET a b`, a read of many shards, differs from such an entry.
    fn aspects(arity: i64, flags: &str, tips: Option<&str>, keys: Result<&str, &str>) -> Vec<Aspect> {
        let example = Example {
            method: 0,
            words: words("MGET a b"),
            keys: words("a b"),
            flags: list("readonly idempotent"),
            request: "MultiShard".into(),
            response: "Default".into(),
        };
        let entry = Entry::of(arity, list(flags), tips.map(list));
        let keys = keys.map(words).map_err(str::to_owned);
        differences(&example, &entry, &keys).into_iter().map(|(aspect, _)| aspect).collect()
    }

    #[test]
    fn each_aspect_differs_alone() {
        let tips = Some("request_policy:multi_shard");
        let same = [(-2, "readonly fast", tips, Ok("b a")), (3, "readonly", None, Ok("a b"))];
        for (arity, flags, tips, keys) in same {
            assert_eq!(aspects(arity, flags, tips, keys), [], "{arity} {flags}");
        }
        assert_eq!(aspects(-4, "readonly", tips, Err("wrong number")), [Aspect::Arity]);
        assert_eq!(aspects(2, "readonly", tips, Ok("a b")), [Aspect::Arity]);
        assert_eq!(aspects(3, "", tips, Ok("a b")), [Aspect::Readonly]);
        assert_eq!(aspects(3, "write", tips, Ok("a b")), [Aspect::Readonly, Aspect::Write]);
        assert_eq!(aspects(3, "readonly blocking", tips, Ok("a b")), [Aspect::Blocking]);
        assert_eq!(aspects(3, "readonly", Some(""), Ok("a b")), [Aspect::Request]);
        let response = Some("request_policy:multi_shard response_policy:agg_sum");
        assert_eq!(aspects(3, "readonly", response, Ok("a b")), [Aspect::Response]);
        assert_eq!(aspects(3, "readonly", tips, Ok("a")), [Aspect::Keys]);
        assert_eq!(aspects(3, "readonly", tips, Err("invalid arguments")), [Aspect::Keys]);
    }
}
