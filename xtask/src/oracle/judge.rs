//! Decides which differences fail: those without a reason, and reasons without a difference.

use std::collections::{BTreeMap, BTreeSet};

use servers::Kind;

use super::{
    compare::Aspect,
    explained::{Explained, Unknown},
};

/// What the servers say of the examples.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Every command that an example has, and whether a server knows it.
    pub(super) commands: BTreeMap<String, bool>,
    pub(super) differences: Vec<Found>,
    /// The servers that were asked.
    pub(super) servers: Vec<Kind>,
    /// Whether every kind of server was asked.
    pub(super) complete: bool,
}

/// A difference on one server.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) command: String,
    pub(super) server: Kind,
    pub(super) aspect: Aspect,
    /// Both sides.
    pub(super) text: String,
    /// The method, and the words of the example.
    pub(super) place: String,
}

impl Explained {
    fn explains(&self, found: &Found) -> bool {
        self.aspect == found.aspect
            && self.commands.contains(&found.command.as_str())
            && self.servers.contains(&found.server)
    }
}

/// Every complaint, each with the command that it is about.
pub(super) fn complaints(
    findings: &Findings,
    explained: &[Explained],
    unknown: &[Unknown],
) -> BTreeSet<(String, String)> {
    let mut complaints = BTreeSet::new();
    let mut add = |command: &str, text: String| complaints.insert((command.to_owned(), text));
    // One complaint for all servers that say the same; the first example stands for the others.
    let mut unexplained: BTreeMap<(&str, Aspect, &str), (BTreeSet<&str>, &str)> = BTreeMap::new();
    for found in &findings.differences {
        if !explained.iter().any(|entry| entry.explains(found)) {
            let key = (found.command.as_str(), found.aspect, found.text.as_str());
            let (servers, _) = unexplained.entry(key).or_insert_with(|| (BTreeSet::new(), &found.place));
            servers.insert(name(found.server));
        }
    }
    for ((command, aspect, text), (servers, place)) in unexplained {
        let servers = servers.into_iter().collect::<Vec<_>>().join(", ");
        add(command, format!("{aspect:?} on {servers}: {text}; {place}"));
    }
    for entry in explained {
        for command in entry.commands {
            for server in entry.servers.iter().filter(|server| findings.servers.contains(server)) {
                let is_it = |found: &&Found| {
                    found.command == *command && found.server == *server && entry.explains(found)
                };
                if !findings.differences.iter().any(|found| is_it(&found)) {
                    let (aspect, server) = (entry.aspect, name(*server));
                    add(
                        command,
                        format!("{aspect:?} does not differ on {server}: remove it from explained.rs"),
                    );
                }
            }
        }
    }
    let listed: BTreeSet<&str> = unknown.iter().flat_map(|entry| entry.commands).copied().collect();
    for (command, known) in &findings.commands {
        match (known, listed.contains(command.as_str())) {
            (true, true) => add(command, "a server knows it: remove it from explained.rs".into()),
            (false, false) if findings.complete => {
                add(command, "no server knows it: add it to explained.rs, with its reason".into())
            }
            _ => false,
        };
    }
    for command in listed.into_iter().filter(|command| !findings.commands.contains_key(*command)) {
        add(command, "no example has it: remove it from explained.rs".into());
    }
    complaints
}

pub(super) fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Redis8 => "Redis 8",
        Kind::Redis6 => "Redis 6",
        _ => "Valkey",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SORT: &[Explained] =
        &[Explained { commands: &["SORT"], servers: &[Kind::Valkey], aspect: Aspect::Write, why: "" }];
    const NEW: &[Unknown] = &[Unknown { commands: &["NEW"], why: "" }];

    fn found(command: &str, server: Kind, aspect: Aspect) -> Found {
        Found { command: command.into(), server, aspect, text: "text".into(), place: "place".into() }
    }

    fn findings(commands: &[(&str, bool)], differences: &[Found]) -> Findings {
        Findings {
            commands: commands.iter().map(|(command, known)| ((*command).to_owned(), *known)).collect(),
            differences: differences.to_vec(),
            servers: vec![Kind::Redis8, Kind::Valkey],
            complete: true,
        }
    }

    fn texts(findings: &Findings, explained: &[Explained], unknown: &[Unknown]) -> Vec<String> {
        complaints(findings, explained, unknown).into_iter().map(|(c, text)| format!("{c}: {text}")).collect()
    }

    #[test]
    fn a_difference_needs_an_entry_for_its_command_server_and_aspect() {
        let right = found("SORT", Kind::Valkey, Aspect::Write);
        assert_eq!(texts(&findings(&[("SORT", true)], std::slice::from_ref(&right)), SORT, &[]), [""; 0]);
        for other in [
            found("SORT", Kind::Redis8, Aspect::Write),
            found("SORT", Kind::Valkey, Aspect::Keys),
            found("GET", Kind::Valkey, Aspect::Write),
        ] {
            let all = texts(&findings(&[], &[right.clone(), other]), SORT, &[]);
            assert_eq!(all.len(), 1, "{all:?}");
            assert!(all[0].ends_with("text; place"), "{all:?}");
        }
    }

    #[test]
    fn servers_that_say_the_same_are_one_complaint() {
        let both = [found("GET", Kind::Valkey, Aspect::Keys), found("GET", Kind::Redis8, Aspect::Keys)];
        assert_eq!(texts(&findings(&[], &both), &[], &[]), ["GET: Keys on Redis 8, Valkey: text; place"]);
    }

    #[test]
    fn an_entry_that_explains_nothing_is_refused() {
        let expected = ["SORT: Write does not differ on Valkey: remove it from explained.rs"];
        assert_eq!(texts(&findings(&[], &[]), SORT, &[]), expected);
        let absent = Findings { servers: vec![Kind::Redis8], ..findings(&[], &[]) };
        assert_eq!(texts(&absent, SORT, &[]), [""; 0], "a server that is not at hand says nothing");
    }

    #[test]
    fn a_command_without_a_server_is_listed() {
        assert_eq!(texts(&findings(&[("NEW", false)], &[]), &[], NEW), [""; 0]);
        let unlisted = findings(&[("NEW", false)], &[]);
        assert!(texts(&unlisted, &[], &[])[0].starts_with("NEW: no server knows it"));
        assert!(texts(&Findings { complete: false, ..unlisted }, &[], &[]).is_empty());
        assert!(texts(&findings(&[("NEW", true)], &[]), &[], NEW)[0].starts_with("NEW: a server knows it"));
        assert!(texts(&findings(&[], &[]), &[], NEW)[0].starts_with("NEW: no example has it"));
    }
}
