//! Test builds only: records the commands that the tests build, for `cargo xtask oracle`.

use std::{
    fs::File,
    io::Write,
    panic::Location,
    sync::{LazyLock, Mutex, PoisonError},
};

use super::{Cmd, Flags};

/// The variable with the file that takes the records. Without it nothing is recorded.
const VARIABLE: &str = "REDIS_OM_ORACLE";

static TO: LazyLock<Option<Mutex<File>>> = LazyLock::new(|| {
    let path = std::env::var_os(VARIABLE)?;
    Some(Mutex::new(File::options().append(true).create(true).open(path).unwrap()))
});

/// Records a command with its declarations, and the line of the method that gave it to an executor. A command that is
/// refused is left out: it is never sent.
#[track_caller]
pub(super) fn note(cmd: &Cmd) {
    let Some(to) = &*TO else { return };
    if cmd.extra.as_ref().is_some_and(|extra| extra.refused.is_some()) {
        return;
    }
    let from = Location::caller();
    let records: Vec<u8> = (0..cmd.parts() as usize).flat_map(|part| record(cmd, part, from)).collect();
    to.lock().unwrap_or_else(PoisonError::into_inner).write_all(&records).unwrap();
}

/// One command as a RESP array: file, line, words, keys, flags, request policy, response policy.
fn record(cmd: &Cmd, part: usize, from: &Location<'_>) -> Vec<u8> {
    let policy = cmd.part(part).policy;
    let mut record = b"*7\r\n".to_vec();
    text(&mut record, from.file().as_bytes());
    text(&mut record, from.line().to_string().as_bytes());
    list(&mut record, cmd.words(part));
    list(&mut record, cmd.keys_of(part));
    list(&mut record, names(cmd.part(part).flags()).map(str::as_bytes));
    text(&mut record, format!("{:?}", policy.request()).as_bytes());
    text(&mut record, format!("{:?}", policy.response()).as_bytes());
    record
}

/// The names of the flags that servers have, too, and of the flag that no command that writes may have.
fn names(flags: Flags) -> impl Iterator<Item = &'static str> {
    let all =
        [("readonly", Flags::READONLY), ("blocking", Flags::BLOCKING), ("idempotent", Flags::IDEMPOTENT)];
    all.into_iter().filter(move |(_, flag)| flags.has(*flag)).map(|(name, _)| name)
}

fn text(record: &mut Vec<u8>, text: &[u8]) {
    record.extend_from_slice(format!("${}\r\n", text.len()).as_bytes());
    record.extend_from_slice(text);
    record.extend_from_slice(b"\r\n");
}

fn list<'a>(record: &mut Vec<u8>, entries: impl Iterator<Item = &'a [u8]>) {
    let entries: Vec<_> = entries.collect();
    record.extend_from_slice(format!("*{}\r\n", entries.len()).as_bytes());
    entries.into_iter().for_each(|entry| text(record, entry));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::policy::{Request, Response};

    #[test]
    fn a_record_has_the_words_keys_flags_and_policies() {
        let cmd = Cmd::new("MGET").keys(["a", "b"]).readonly();
        let cmd = cmd.request(Request::MultiShard).response(Response::AggSum);
        let from = Location::caller();
        let shown = record(&cmd, 0, from).escape_ascii().to_string().replace(r"\r\n", " ");
        let line = from.line().to_string();
        let expected = format!(
            "*7 ${} {} ${} {line} *3 $4 MGET $1 a $1 b *2 $1 a $1 b *1 $8 readonly $10 MultiShard $6 AggSum ",
            from.file().len(),
            from.file(),
            line.len(),
        );
        assert_eq!(shown, expected);
    }
}
