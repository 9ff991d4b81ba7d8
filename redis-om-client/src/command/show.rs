//! Commands as text: for errors, logs and tests.

use std::{borrow::Cow, fmt};

use crate::{
    error::{Author, Error, ErrorKind, Execution, ServerError},
    resp::encode::Part as Item,
};

use super::{Cmd, Flags, secrets::is_secret};

/// The most characters of a text in an error, and of each argument in `Debug`.
const SHOWN: usize = 100;

/// The text that replaces a secret.
const HIDDEN: &str = "***";

/// Commands of two words.
const CONTAINERS: [&str; 16] = [
    "ACL", "CLIENT", "CLUSTER", "COMMAND", "CONFIG", "FUNCTION", "LATENCY", "MEMORY", "MODULE", "OBJECT",
    "PUBSUB", "SCRIPT", "SLOWLOG", "XGROUP", "XINFO", "DEBUG",
];

impl Cmd {
    /// The name, of one word or two; for a batch, the name of its first command.
    #[cold]
    pub(crate) fn name(&self) -> String {
        self.name_of(0)
    }

    /// The words of its `part`-th command.
    pub(crate) fn words(&self, part: usize) -> impl Iterator<Item = &[u8]> {
        let word = |item| match item {
            Item::Argument(word) => Some(word),
            Item::Header => None,
        };
        self.larges().arguments(&self.body, self.part_range(part)).filter_map(word)
    }

    #[cold]
    fn name_of(&self, part: usize) -> String {
        let mut words = self.words(part).map(|word| text(&word.to_ascii_uppercase(), SHOWN).into_owned());
        let name = words.next().unwrap_or_default();
        let is_container = CONTAINERS.contains(&name.as_str());
        let second = if is_container { words.next() } else { None };
        second.map_or(name.clone(), |second| format!("{name} {second}"))
    }

    /// How many of its first `parts` commands the user put into it: `MULTI` and `EXEC` are not counted.
    pub(super) fn members(&self, parts: usize) -> usize {
        (0..parts).filter(|part| !self.is_frame(*part)).count()
    }

    /// The error of the whole command or batch. It names the first command and its key, and gives the number of
    /// commands that were sent with it.
    #[cold]
    pub(crate) fn in_context_of_all(&self, error: Error) -> Error {
        let members = self.members(self.parts() as usize);
        let first = usize::from(self.is_frame(0) && members > 0);
        let what = if self.is_transaction() { "transaction" } else { "batch" };
        let error = match members.saturating_sub(1) {
            0 => error,
            others => error.context(format!("sent with {others} more in one {what}")),
        };
        let error = if self.flags().has(Flags::READONLY) { error.of_a_read() } else { error };
        self.in_context_of_name(error, first)
    }

    /// The error of one command of a batch, with its name, its key and its number.
    #[cold]
    pub(crate) fn in_context_of_part(&self, error: Error, part: usize) -> Error {
        let counted = self.argument_count() == 0 && part < self.parts() as usize && !self.is_frame(part);
        let error = self.without_secrets(error, part);
        let error = if counted {
            let (number, members) = (self.members(part + 1), self.members(self.parts() as usize));
            error.context(format!("command {number} of {members}"))
        } else {
            error
        };
        self.in_context(error, part)
    }

    /// The error, with the name and the key of the `part`-th command.
    #[cold]
    pub(crate) fn in_context(&self, error: Error, part: usize) -> Error {
        let reads = self.part(part).flags().has(Flags::READONLY);
        self.in_context_of_name(if reads { error.of_a_read() } else { error }, part)
    }

    fn in_context_of_name(&self, error: Error, part: usize) -> Error {
        let error = self.without_secrets(self.with_execution_of_script(error, part), part);
        let key = self.keys_of(part).next().map(|key| text(key, SHOWN).into_owned());
        match self.name_of(part) {
            // A part that did not fit into its batch has no words.
            name if name.is_empty() => error,
            name => error.with_brief_command(name, key),
        }
    }

    /// The error of the server, without the secrets that it may repeat.
    fn without_secrets(&self, error: Error, part: usize) -> Error {
        let ErrorKind::Server(server) = error.kind() else { return error };
        let words: Vec<&[u8]> = self.words(part).collect();
        let (code, mut message) = (server.code().as_str(), server.message().to_owned());
        for index in (0..words.len()).filter(|index| is_secret(&words, *index)) {
            let secret = String::from_utf8_lossy(words[index]);
            // The server may repeat a rule such as `>password` without its first character.
            let bare = secret.trim_start_matches(['>', '<', '#', '!']);
            for found in [&*secret, bare].into_iter().filter(|found| !found.is_empty()) {
                message = message.replace(found, HIDDEN);
            }
        }
        if message == server.message() {
            return error;
        }
        let execution = error.execution();
        Error::server(ServerError::parse(&format!("{code} {message}"))).with_execution(execution)
    }

    /// The error reply of a script does not prove that nothing ran, whatever its code, unless it is a refusal by the
    /// server itself.
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

    /// Who may have written an error reply of its `part`-th command.
    #[cold]
    pub(crate) fn author(&self, part: usize) -> Author {
        match self.part(part).flags().has(Flags::SCRIPT) {
            false => Author::Server,
            true if self.runs_script(part) => Author::Script,
            true => Author::Unknown,
        }
    }

    /// Whether its `part`-th command runs a script or a function.
    fn runs_script(&self, part: usize) -> bool {
        let name = self.words(part).next().unwrap_or_default().to_ascii_uppercase();
        name.starts_with(b"EVAL") || name.starts_with(b"FCALL")
    }

    /// The command with long arguments cut.
    pub(super) fn brief(&self) -> Brief<'_> {
        Brief(self)
    }

    /// Writes its words, at most `most` characters of each.
    fn show(&self, f: &mut fmt::Formatter<'_>, most: usize) -> fmt::Result {
        for part in 0..self.parts() as usize {
            if part > 0 {
                f.write_str(" | ")?;
            }
            let words: Vec<&[u8]> = self.words(part).collect();
            for (index, word) in words.iter().enumerate() {
                if index > 0 {
                    f.write_str(" ")?;
                }
                if is_secret(&words, index) {
                    f.write_str(HIDDEN)?;
                } else {
                    show_word(f, word, most)?;
                }
            }
        }
        Ok(())
    }
}

/// A command with long arguments cut.
pub(super) struct Brief<'a>(&'a Cmd);

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.show(f, SHOWN)
    }
}

fn show_word(f: &mut fmt::Formatter<'_>, word: &[u8], most: usize) -> fmt::Result {
    let unclear = |c: char| c.is_whitespace() || c.is_control();
    match std::str::from_utf8(word) {
        Ok(plain) if !plain.is_empty() && !plain.contains(unclear) => f.write_str(&text(word, most)),
        _ if word.len() <= most => write!(f, "\"{}\"", word.escape_ascii()),
        _ => write!(f, "\"{}\"… ({} bytes)", word[..most].escape_ascii(), word.len()),
    }
}

/// Bytes as text, with invalid UTF-8 escaped. A text of more than `most` characters is cut, and its length in bytes
/// follows.
fn text(bytes: &[u8], most: usize) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => match text.char_indices().nth(most) {
            None => Cow::Borrowed(text),
            Some((end, _)) => Cow::Owned(format!("{}… ({} bytes)", &text[..end], bytes.len())),
        },
        Err(_) if bytes.len() <= most => Cow::Owned(bytes.escape_ascii().to_string()),
        Err(_) => Cow::Owned(format!("{}… ({} bytes)", bytes[..most].escape_ascii(), bytes.len())),
    }
}

/// Shows the words with spaces between. Words that are empty, contain spaces, or are not UTF-8 are quoted. The commands
/// of a batch are separated by ` | `. Secrets (passwords and their hashes) appear as `***`.
impl fmt::Display for Cmd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.show(f, usize::MAX)
    }
}

/// Like `Display`, but with at most 100 characters of each argument.
impl fmt::Debug for Cmd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cmd({})", self.brief())
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
        let mut batch = Cmd::begun_transaction();
        batch.push(&Cmd::new("INCR").key("a"));
        batch.push(&Cmd::new("INCR").key("b"));
        batch.push_exec();
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

    #[test]
    fn errors_and_debug_cut_what_is_long() {
        let million = "k\u{e4}".repeat(1 << 19);
        let cmd = Cmd::new("GET").key(&million);
        let error = cmd.in_context(Error::argument("no"), 0);
        let cut = format!("{}… ({} bytes)", "k\u{e4}".repeat(50), million.len());
        assert_eq!(error.key(), Some(&*cut));
        assert_eq!(error.to_string(), format!("GET `{cut}`: no"));
        assert_eq!(format!("{cmd:?}"), format!("Cmd(GET {cut})"));
        assert_eq!(cmd.to_string().len(), 4 + million.len(), "all of it is shown where it is asked for");
        let bytes = Cmd::new("GET").key(vec![0xff_u8; 1000]);
        let shown = format!("{}… (1000 bytes)", r"\xff".repeat(100));
        assert_eq!(bytes.in_context(Error::argument("no"), 0).key(), Some(&*shown));
        assert!(format!("{bytes:?}").ends_with("\"… (1000 bytes))"), "{bytes:?}");
        let name = Cmd::new(&"N".repeat(500)).in_context(Error::argument("no"), 0);
        assert_eq!(name.command().map(str::len), Some(100 + "… (500 bytes)".len()));
    }
}
