//! `cargo xtask oracle`: compares every declaration of a command with what running servers say.
//!
//! An example is a command that the client's own tests build: those of `commands/`, and the examples of its
//! documentation, which a test build has as functions (`xtask/doc-examples`). Every method has an example in its
//! documentation, so that nothing has to be written for the oracle, and no list of examples can become stale. In test
//! builds the executor that takes a command records it with its declarations and with the line of the method that gave
//! it (`redis-om-client/src/command/record.rs`). The line tells which method an example comes from; a method without
//! one fails.
//!
//! The servers say what they know in `COMMAND` and `COMMAND GETKEYSANDFLAGS`. A difference fails, unless `explained.rs`
//! has it with its reason.

mod compare;
mod declared;
mod explained;
mod judge;
mod recorded;
mod resp;
mod server;

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use clap::Args;

use self::{
    declared::Method,
    explained::{EXPLAINED, UNKNOWN},
    judge::{Findings, Found},
    recorded::Example,
    server::Oracle,
};
use crate::cargo::{Tally, root};

/// The folder of the declarations.
const COMMANDS: &str = "redis-om-client/src/commands";

/// The file of the records.
const RECORDS: &str = "target/oracle.resp";

#[derive(Args)]
pub(crate) struct Options {
    /// Print the differences that are explained, with their reasons
    #[arg(long)]
    explained: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    check(&mut Tally::default())?;
    if options.explained {
        print!("{}", reasons());
    }
    Ok(())
}

/// Checks all declarations. Each command counts as one check, and each method without an example as a failed one.
pub(crate) fn check(tally: &mut Tally) -> Result<()> {
    let root = root();
    let methods = declared::methods(&root, &root.join(COMMANDS))?;
    let examples = recorded::run_tests(&root.join(RECORDS), &methods)?;
    let findings = ask(&methods, &examples)?;
    let complaints = judge::complaints(&findings, EXPLAINED, UNKNOWN);
    let mut texts = without_example(&methods, &examples);
    let bad: BTreeSet<&String> = complaints.iter().map(|(command, _)| command).collect();
    tally.passed += findings.commands.keys().filter(|command| !bad.contains(command)).count() as u64;
    tally.failed += (bad.len() + texts.len()) as u64;
    texts.extend(complaints.iter().map(|(command, text)| format!("{command}: {text}")));
    if !texts.is_empty() {
        println!("{}", texts.join("\n"));
    }
    if !findings.complete {
        println!("not every server has a build for this system: {} were asked", findings.servers.len());
    }
    let explained: usize = EXPLAINED.iter().map(|entry| entry.commands.len()).sum();
    println!(
        "oracle: {} commands, {} examples, {explained} differences explained",
        findings.commands.len(),
        examples.len()
    );
    match texts.len() {
        0 => Ok(()),
        n => bail!("{n} declarations are not those of the servers: see CONTRIBUTING.md, Adding a command"),
    }
}

/// Asks every server about every example.
fn ask(methods: &[Method], examples: &BTreeSet<Example>) -> Result<Findings> {
    let mut servers = server::start()?;
    let mut findings = Findings {
        servers: servers.iter().map(|server| server.kind).collect(),
        complete: server::all_have_builds(),
        ..Findings::default()
    };
    for example in examples {
        let command = name(&servers, &example.words);
        let mut known = false;
        for server in &mut servers {
            let Some(entry) = server.commands.entry(&example.words).cloned() else { continue };
            known = true;
            let keys = server.keys(&example.words)?;
            let place = || format!("{}, example `{}`", methods[example.method].place(), example.text());
            findings.differences.extend(compare::differences(example, &entry, &keys).into_iter().map(
                |(aspect, text)| Found {
                    command: command.clone(),
                    server: server.kind,
                    aspect,
                    text,
                    place: place(),
                },
            ));
        }
        *findings.commands.entry(command).or_default() |= known;
    }
    Ok(findings)
}

/// The name of a command, with that of its subcommand.
fn name(servers: &[Oracle], words: &[Vec<u8>]) -> String {
    let parts = if servers.iter().any(|server| server.commands.is_container(words)) { 2 } else { 1 };
    let names = words.iter().take(parts).map(|word| String::from_utf8_lossy(word).to_ascii_uppercase());
    names.collect::<Vec<_>>().join(" ")
}

fn without_example(methods: &[Method], examples: &BTreeSet<Example>) -> Vec<String> {
    let reached: BTreeSet<usize> = examples.iter().map(|example| example.method).collect();
    let missing = methods.iter().enumerate().filter(|(index, _)| !reached.contains(index));
    missing
        .map(|(_, method)| format!("{}: no test builds it: document it with an example", method.place()))
        .collect()
}

/// The explained differences, as a person reads them.
fn reasons() -> String {
    let mut text = String::new();
    for entry in EXPLAINED {
        let servers: Vec<_> = entry.servers.iter().map(|kind| judge::name(*kind)).collect();
        let (commands, servers) = (entry.commands.join(", "), servers.join(", "));
        text += &format!("{commands}: {:?} on {servers}: {}\n", entry.aspect, entry.why);
    }
    for entry in UNKNOWN {
        text += &format!("{}: no server knows it: {}\n", entry.commands.join(", "), entry.why);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_no_example_reaches_is_named() {
        let method =
            |name: &str, line| Method { name: name.into(), file: "a.rs".into(), lines: (line, line) };
        let methods = [method("S::get", 1), method("S::set", 2)];
        let example = Example {
            method: 0,
            words: vec![b"GET".to_vec(), b"k".to_vec()],
            keys: vec![],
            flags: vec![],
            request: String::new(),
            response: String::new(),
        };
        let missing = without_example(&methods, &[example].into());
        assert_eq!(missing, ["S::set (a.rs:2): no test builds it: document it with an example"]);
    }

    #[test]
    fn every_reason_is_printed() {
        let text = reasons();
        assert!(EXPLAINED.iter().all(|entry| text.contains(entry.why)));
        assert!(UNKNOWN.iter().flat_map(|entry| entry.commands).all(|command| text.contains(command)));
    }
}
