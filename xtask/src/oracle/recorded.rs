//! The examples: the commands that the client's tests build, with their declarations.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{BufRead, BufReader},
    path::Path,
};

use anyhow::{Context, Result, bail};

use super::{
    declared::Method,
    resp::{self, Value},
};
use crate::cargo::{cargo, line};

/// The variable with the file that takes the records: see `redis-om-client/src/command/record.rs`.
const VARIABLE: &str = "REDIS_OM_ORACLE";

/// A command that a test builds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Example {
    /// The method that declares it: its place in the list of declarations.
    pub(super) method: usize,
    pub(super) words: Vec<Vec<u8>>,
    pub(super) keys: Vec<Vec<u8>>,
    /// `readonly`, `blocking`, `idempotent`.
    pub(super) flags: Vec<String>,
    /// The policies, under the names that they have in Rust.
    pub(super) request: String,
    pub(super) response: String,
}

impl Example {
    pub(super) fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|own| own == flag)
    }

    /// The words, as a person reads them.
    pub(super) fn text(&self) -> String {
        self.words.iter().map(|word| word.escape_ascii().to_string()).collect::<Vec<_>>().join(" ")
    }
}

/// Runs the tests of the commands and returns the examples that they recorded, each once.
pub(super) fn run_tests(records: &Path, methods: &[Method]) -> Result<BTreeSet<Example>> {
    if let Some(folder) = records.parent() {
        fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    }
    match fs::remove_file(records) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            return Err(e).with_context(|| format!("remove {}", records.display()));
        }
        _ => {}
    }
    // The whole workspace, as in `cargo xtask test`: then nothing is built again with other features. The tests of
    // extreme values are skipped, because their values are random.
    let mut tests = cargo(["test", "--quiet", "--workspace", "--lib", "--all-features", "commands::"]);
    tests.args(["--", "--skip", "commands::extremes"]).env(VARIABLE, records);
    let output = tests.output().with_context(|| format!("run {}", line(&tests)))?;
    if !output.status.success() {
        let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
        bail!("{} ended with {}:\n{out}{err}", line(&tests), output.status);
    }
    let file = File::open(records).with_context(|| format!("open {}", records.display()))?;
    read(&mut BufReader::new(file), methods).with_context(|| format!("read {}", records.display()))
}

/// Reads the records. What no method has built, such as the words of a test of another trait, is left out.
fn read(from: &mut impl BufRead, methods: &[Method]) -> Result<BTreeSet<Example>> {
    let mut examples = BTreeSet::new();
    while let Some(record) = resp::read(from)? {
        let [file, line, words, keys, flags, request, response] = record.list()? else {
            bail!("expected a record of 7 parts, found {record:?}");
        };
        let (file, line) = (file.text()?, line.text()?.parse::<usize>()?);
        let Some(method) = methods.iter().position(|method| method.has(&file, line)) else { continue };
        let all = |list: &Value| list.list()?.iter().map(|v| Ok(v.bytes()?.to_vec())).collect::<Result<_>>();
        examples.insert(Example {
            method,
            words: all(words)?,
            keys: all(keys)?,
            flags: flags.texts()?,
            request: request.text()?,
            response: response.text()?,
        });
    }
    Ok(examples)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(line: &str, key: &str) -> Vec<u8> {
        let mut bytes = b"*7\r\n".to_vec();
        let lists: [&[&str]; 7] =
            [&["a.rs"], &[line], &["GET", key], &[key], &["readonly"], &["One"], &["Default"]];
        for (index, list) in lists.into_iter().enumerate() {
            let encoded = resp::command(list);
            bytes.extend_from_slice(if (2..5).contains(&index) { &encoded } else { &encoded[4..] });
        }
        bytes
    }

    #[test]
    fn records_are_examples_of_the_method_that_holds_their_line() {
        let method = Method { name: "S::get".into(), file: "a.rs".into(), lines: (5, 7) };
        let bytes = [record("6", "k"), record("9", "k"), record("7", "k"), record("5", "\x01")].concat();
        let found: Vec<_> = read(&mut &bytes[..], &[method]).unwrap().into_iter().collect();
        assert_eq!(found.iter().map(Example::text).collect::<Vec<_>>(), [r"GET \x01", "GET k"]);
        assert!(found[1].has("readonly") && !found[1].has("blocking"));
        assert_eq!((found[1].method, &found[1].keys[..]), (0, &[b"k".to_vec()][..]));
    }

    #[test]
    fn another_record_is_an_error() {
        assert!(read(&mut &b"*1\r\n$1\r\na\r\n"[..], &[]).is_err());
    }
}
