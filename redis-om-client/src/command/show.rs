//! Commands as text: for errors, logs and tests.

use std::fmt;

use crate::{
    error::{Error, ErrorKind, Execution},
    resp::encode::{Part, arguments},
};

use super::{Cmd, Flags};

/// Commands of two words.
const CONTAINERS: [&str; 16] = [
    "ACL", "CLIENT", "CLUSTER", "COMMAND", "CONFIG", "FUNCTION", "LATENCY", "MEMORY", "MODULE", "OBJECT",
    "PUBSUB", "SCRIPT", "SLOWLOG", "XGROUP", "XINFO", "DEBUG",
];

impl Cmd {
    /// The name, of two words where it has two; of a batch, its first command's.
    #[cold]
    pub(crate) fn name(&self) -> String {
        self.name_of(0)
    }

    /// The words of its `part`-th command.
    pub(crate) fn words(&self, part: usize) -> impl Iterator<Item = &[u8]> {
        let mut seen = usize::from(self.argument_count() > 0);
        arguments(self.body())
            .filter_map(move |item| match item {
                Part::Header => {
                    seen += 1;
                    None
                }
                Part::Argument(word) => Some((seen, word)),
            })
            .skip_while(move |(seen, _)| *seen != part + 1)
            .take_while(move |(seen, _)| *seen == part + 1)
            .map(|(_, word)| word)
    }

    #[cold]
    fn name_of(&self, part: usize) -> String {
        let mut words = self.words(part).map(|word| String::from_utf8_lossy(word).to_ascii_uppercase());
        let name = words.next().unwrap_or_default();
        match words.next() {
            Some(second) if CONTAINERS.contains(&name.as_str()) => format!("{name} {second}"),
            _ => name,
        }
    }

    /// How many commands its user put into it.
    fn members(&self) -> usize {
        let parts = self.parts() as usize;
        if self.is_transaction() { parts.saturating_sub(2) } else { parts }
    }

    /// The error of all of it: with the name and the key of its first command, and with how many others that was sent.
    #[cold]
    pub(crate) fn in_context_of_all(&self, error: Error) -> Error {
        let first = usize::from(self.is_transaction() && self.members() > 0);
        let what = if first > 0 { "transaction" } else { "batch" };
        match self.members().saturating_sub(1) {
            0 => self.in_context(error, first),
            others => self.in_context(error.context(format!("sent with {others} more in one {what}")), first),
        }
    }

    /// The error of one of a batch's commands: with its name, its key and its number.
    #[cold]
    pub(crate) fn in_context_of_part(&self, error: Error, part: usize) -> Error {
        let number = if self.is_transaction() { part } else { part + 1 };
        let members = self.members();
        // `MULTI` and `EXEC` have no number.
        let counted = self.argument_count() == 0 && (1..=members).contains(&number);
        let error = if counted { error.context(format!("command {number} of {members}")) } else { error };
        self.in_context(error, part)
    }

    /// The error, with the name and the key of the `part`-th command.
    #[cold]
    pub(crate) fn in_context(&self, error: Error, part: usize) -> Error {
        let key = self.key_of(part).map(|key| match std::str::from_utf8(key) {
            Ok(text) => text.to_owned(),
            Err(_) => key.escape_ascii().to_string(),
        });
        let error = self.with_execution_of_script(error, part);
        error.with_command(self.name_of(part), key)
    }

    /// The error reply of a script is no proof that nothing ran, whatever its code, unless it is the server's own refusal.
    fn with_execution_of_script(&self, error: Error, part: usize) -> Error {
        let of_part = self.part(part).flags();
        match error.kind() {
            ErrorKind::Server(server)
                if of_part.has(Flags::SCRIPT)
                    && !of_part.has(Flags::READONLY)
                    && (self.runs_script(part) || server.code().is_transient())
                    && !server.is_own_text()
                    && error.execution() == Execution::Answered =>
            {
                error.with_execution(Execution::MaybeExecuted)
            }
            _ => error,
        }
    }

    /// Whether its `part`-th command runs a script or a function.
    fn runs_script(&self, part: usize) -> bool {
        let name = self.words(part).next().unwrap_or_default().to_ascii_uppercase();
        name.starts_with(b"EVAL") || name.starts_with(b"FCALL")
    }

    /// The first key of its `part`-th command: the one that lies among its words.
    fn key_of(&self, part: usize) -> Option<&[u8]> {
        let mut words = self.words(part);
        let first = words.next()?;
        let last = words.last().unwrap_or(first);
        let of_part = first.as_ptr()..=last.as_ptr();
        self.key_offsets().find_map(|at| match arguments(&self.body()[at..]).next() {
            Some(Part::Argument(key)) if of_part.contains(&key.as_ptr()) => Some(key),
            _ => None,
        })
    }
}

/// The words with spaces between; those that are empty, or have spaces or bytes that are no text, in quotes. Batches
/// with ` | ` between their commands.
impl fmt::Display for Cmd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        let mut started = false;
        for item in arguments(self.body()) {
            match item {
                Part::Header => {
                    if started {
                        f.write_str(" | ")?;
                    }
                    first = true;
                }
                Part::Argument(word) => {
                    if !first {
                        f.write_str(" ")?;
                    }
                    first = false;
                    match std::str::from_utf8(word) {
                        Ok(text)
                            if !text.is_empty()
                                && !text.contains(|c: char| c.is_whitespace() || c.is_control()) =>
                        {
                            f.write_str(text)?;
                        }
                        _ => write!(f, "\"{}\"", word.escape_ascii())?,
                    }
                }
            }
            started = true;
        }
        Ok(())
    }
}

impl fmt::Debug for Cmd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cmd({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_text() {
        let cmd = Cmd::new("SET").key("a b").arg("").arg(b"\xff").arg("{\"x\":1}");
        assert_eq!(cmd.to_string(), r#"SET "a b" "" "\xff" {"x":1}"#);
        let mut batch = Cmd::batch();
        batch.push(&Cmd::new("GET").key("a"));
        batch.push(&Cmd::new("CONFIG").arg("GET").arg("save"));
        assert_eq!(batch.to_string(), "GET a | CONFIG GET save");
        assert_eq!(batch.name_of(1), "CONFIG GET");
    }

    #[test]
    fn errors_name_command_and_key() {
        let cmd = Cmd::new("HGET").key("user:1").arg("name");
        let error = cmd.in_context(Error::argument("no"), 0);
        assert_eq!((error.command(), error.key()), (Some("HGET"), Some("user:1")));
        let mut batch = Cmd::batch();
        batch.push(&Cmd::new("GET").key("a"));
        batch.push(&Cmd::new("INCR").key("b"));
        let error = batch.in_context(Error::argument("no"), 1);
        assert_eq!((error.command(), error.key()), (Some("INCR"), Some("b")));
    }

    #[test]
    fn errors_of_a_batch_say_what_else_was_sent() {
        let mut batch = Cmd::batch().transaction();
        batch.push(&Cmd::new("MULTI"));
        batch.push(&Cmd::new("INCR").key("a"));
        batch.push(&Cmd::new("INCR").key("b"));
        batch.push(&Cmd::new("EXEC"));
        let lost = |batch: &Cmd| batch.in_context_of_all(Error::argument("lost")).to_string();
        assert_eq!(lost(&batch), "INCR `a`: sent with 1 more in one transaction: lost");
        assert_eq!(
            batch.in_context_of_part(Error::argument("no"), 2).to_string(),
            "INCR `b`: command 2 of 2: no"
        );
        assert_eq!(batch.in_context_of_part(Error::argument("no"), 3).to_string(), "EXEC: no");
        let mut batch = Cmd::batch();
        batch.push(&Cmd::new("GET").key("a"));
        assert_eq!(lost(&batch), "GET `a`: lost");
        batch.push(&Cmd::new("GET").key("b"));
        batch.push(&Cmd::new("GET").key("c"));
        assert_eq!(lost(&batch), "GET `a`: sent with 2 more in one batch: lost");
    }
}
