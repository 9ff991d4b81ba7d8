//! The error replies with which a server refuses a command for a temporary reason, before it runs any of it.
//!
//! One table, as data. It holds the complete texts of Redis 6.2 to 8.2 and of Valkey 7 to 9, without the leading `-`.
//! Since Redis 7 some of them begin with the name of the server. A script can answer with any code and any text. So for
//! a script only a complete line is proof, and only because the server refuses before the script begins. Other servers
//! use other texts with the same codes.

use super::{ServerError, ServerErrorCode};

/// Who may have written an error reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Author {
    /// The server: the command is declared, and runs no script.
    Server,
    /// A command that is not declared: it may belong to a module.
    Unknown,
    /// A script. It can reply with any text, also with the text that a command inside the script got.
    Script,
}

/// What follows a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    /// The same command is sent over the same connection, after a pause. The retry policy's `refusals` limits this.
    Later,
    /// The same command is sent over a new connection, for which the server's name is resolved again.
    Elsewhere,
    /// The same command cannot be sent again: the script must be sent as text.
    AsText,
}

/// One refusal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    code: ServerErrorCode,
    /// Whether the code is sufficient, with any text, if the reply is not a script's.
    any_text: bool,
    /// The texts of the servers behind the code.
    texts: &'static [&'static str],
    /// Of these the texts that a command inside a script gets, too.
    inner: &'static [&'static str],
    again: Again,
}

/// All refusals.
const REFUSALS: &[Refusal] = &[
    // The data set is being read into memory: at the start, and in a replica after a full synchronisation.
    Refusal {
        code: ServerErrorCode::Loading,
        any_text: true,
        texts: &["Redis is loading the dataset in memory", "Valkey is loading the dataset in memory"],
        inner: &[],
        again: Again::Later,
    },
    // A script, a function or a command of a module runs longer than `busy-reply-threshold`.
    Refusal {
        code: ServerErrorCode::Busy,
        any_text: true,
        texts: &[
            "Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
            "Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.",
            "Redis is busy running a module command.",
            "Valkey is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
            "Valkey is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.",
            "Valkey is busy running a module command.",
        ],
        inner: &[],
        again: Again::Later,
    },
    // A replica has lost its primary and may not serve old data.
    Refusal {
        code: ServerErrorCode::MasterDown,
        any_text: true,
        texts: &[
            "Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
            "Link with MASTER is down, replica-serve-stale-data is set to 'no' and 'allow-stale' flag is not set on the \
             script.",
        ],
        inner: &[],
        again: Again::Later,
    },
    // No node serves the slot, or too few nodes can reach each other.
    Refusal {
        code: ServerErrorCode::ClusterDown,
        any_text: true,
        texts: &[
            "The cluster is down",
            "The cluster is down and only accepts read commands",
            "Hash slot not served",
        ],
        inner: &[],
        again: Again::Later,
    },
    // The keys of one command are on two nodes while their slot is moved.
    Refusal {
        code: ServerErrorCode::TryAgain,
        any_text: true,
        texts: &["Multiple keys request during rehashing of slot"],
        inner: &[],
        again: Again::Later,
    },
    // The server is a replica: it was one before, or a failover made it one.
    Refusal {
        code: ServerErrorCode::ReadOnly,
        any_text: true,
        texts: &[
            "You can't write against a read only replica.",
            "Can not run script with write flag on readonly replica",
        ],
        inner: &["You can't write against a read only replica."],
        again: Again::Elsewhere,
    },
    // The server became a replica while a blocking command waited; no element was taken. `CLIENT UNBLOCK` answers with
    // the same code and another text, which is an ordinary reply.
    Refusal {
        code: ServerErrorCode::Unblocked,
        any_text: false,
        texts: &["force unblock from blocking operation, instance state changed (master -> replica?)"],
        inner: &[],
        again: Again::Elsewhere,
    },
    // The server does not have the script of this digest.
    Refusal {
        code: ServerErrorCode::NoScript,
        any_text: false,
        texts: &["No matching script.", "No matching script. Please use EVAL."],
        inner: &[],
        again: Again::AsText,
    },
];

/// The beginning of the error if `EXEC` itself was refused. The refusal follows.
const DISCARDED: &str = "EXECABORT Transaction discarded because of: ";

impl Refusal {
    /// The refusal in this error line (without its `-`), if the same command may be sent again because none of it ran.
    /// If the author is not the server, the line is compared as a whole.
    pub(crate) fn of(line: &str, author: Author) -> Option<&'static Self> {
        Self::find(line, author).filter(|refusal| refusal.again != Again::AsText)
    }

    /// Whether the server does not have a script, so that the script must be sent as text.
    #[cfg_attr(not(test), expect(dead_code, reason = "for scripts, which are sent by their digest first"))]
    pub(crate) fn is_missing_script(line: &str) -> bool {
        Self::find(line, Author::Script).is_some_and(|refusal| refusal.again == Again::AsText)
    }

    fn find(line: &str, author: Author) -> Option<&'static Self> {
        let line = line.strip_prefix(DISCARDED).unwrap_or(line);
        let (code, text) = line.split_once(' ').unwrap_or((line, ""));
        REFUSALS.iter().find(|refusal| {
            refusal.code.as_str() == code
                && ((refusal.any_text && author == Author::Server)
                    || (refusal.texts.contains(&text.trim_end())
                        && (author != Author::Script || !refusal.inner.contains(&text.trim_end()))))
        })
    }

    /// Whether this server will not serve the command on the present connection again.
    pub(crate) fn needs_new_connection(&self) -> bool {
        self.again == Again::Elsewhere
    }
}

impl ServerError {
    /// Whether it is exactly one of the servers' own refusals, so that none of the command ran.
    pub(crate) fn is_refusal(&self) -> bool {
        Refusal::of(&format!("{} {}", self.code().as_str(), self.message()), Author::Unknown).is_some()
    }

    /// Whether the text is the server's own and proves that the command did not run: a temporary refusal, an unknown
    /// script or function, a script that does not compile.
    pub(crate) fn is_own_text(&self) -> bool {
        let line = format!("{} {}", self.code().as_str(), self.message());
        let starts = |texts: &[&str]| texts.iter().any(|text| line.starts_with(text));
        Refusal::of(&line, Author::Script).is_some()
            || starts(&[
                "NOSCRIPT No matching script.",
                "ERR Error compiling script",
                "ERR Function not found",
            ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ServerError;

    #[test]
    fn every_text_of_the_table_is_found_whole_and_only_whole() {
        for refusal in REFUSALS {
            let code = refusal.code.as_str();
            assert_eq!(ServerError::parse(code).code(), &refusal.code, "{code} is a code of its own");
            for text in refusal.texts {
                let line = format!("{code} {text}");
                assert_eq!(Refusal::find(&line, Author::Unknown), Some(refusal), "{line}");
                assert_eq!(Refusal::find(&format!("{line}\r\n"), Author::Unknown), Some(refusal), "{line}");
                for other in [
                    format!("{line} script: on @user_script:1."),
                    format!("{code} mine"),
                    format!("ERR {line}"),
                    code.to_owned(),
                ] {
                    assert_eq!(Refusal::find(&other, Author::Unknown), None, "{other}");
                }
                assert_eq!(
                    Refusal::find(&format!("{code} mine"), Author::Server).is_some(),
                    refusal.any_text,
                    "{code}"
                );
            }
        }
    }

    #[test]
    fn a_script_may_return_what_a_command_inside_it_got() {
        let inner = "READONLY You can't write against a read only replica.";
        assert!(Refusal::of(inner, Author::Unknown).is_some());
        assert!(Refusal::of(inner, Author::Script).is_none(), "what the script did before is done");
        let before = "READONLY Can not run script with write flag on readonly replica";
        assert!(Refusal::of(before, Author::Script).is_some(), "the script was not begun");
    }

    #[test]
    fn what_is_sent_again_and_where() {
        let again = |line| Refusal::of(line, Author::Server).map(Refusal::needs_new_connection);
        assert_eq!(again("LOADING Valkey is loading the dataset in memory"), Some(false));
        assert_eq!(again("LOADING Another is loading the dataset in memory"), Some(false));
        assert_eq!(again("READONLY You can't write against a read only replica."), Some(true));
        assert_eq!(
            again(
                "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)"
            ),
            Some(true)
        );
        assert_eq!(again("UNBLOCKED client unblocked via CLIENT UNBLOCK"), None);
        assert_eq!(again("NOSCRIPT No matching script."), None);
        assert_eq!(again("WRONGTYPE Operation against a key holding the wrong kind of value"), None);
    }

    #[test]
    fn a_refused_exec_says_why() {
        let line =
            "EXECABORT Transaction discarded because of: LOADING Redis is loading the dataset in memory";
        assert!(Refusal::of(line, Author::Script).is_some());
        assert!(
            Refusal::of("EXECABORT Transaction discarded because of previous errors.", Author::Server)
                .is_none()
        );
    }

    #[test]
    fn a_missing_script_is_told_by_the_servers_two_texts_only() {
        assert!(Refusal::is_missing_script("NOSCRIPT No matching script."));
        assert!(Refusal::is_missing_script("NOSCRIPT No matching script. Please use EVAL."));
        assert!(!Refusal::is_missing_script("NOSCRIPT mine"));
    }
}
