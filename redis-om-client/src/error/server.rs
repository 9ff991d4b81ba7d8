//! Error replies of the server: the typed code, and the text as the server sent it.

use std::fmt;

use super::brief::line as cut;

/// An error reply, split into its code and its text: `WRONGTYPE Operation against a key …`.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerError {
    code: ServerErrorCode,
    message: String,
}

/// The first word of an error reply.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServerErrorCode {
    /// `ERR`: an error without a code of its own.
    Err,
    /// `WRONGTYPE`: the key holds another type than the command works on.
    WrongType,
    /// `NOSCRIPT`: no script with this SHA-1 is loaded.
    NoScript,
    /// `NOAUTH`: the connection is not authenticated.
    NoAuth,
    /// `WRONGPASS`: the user name or the password is wrong.
    WrongPass,
    /// `NOPERM`: the ACL of the user does not allow this.
    NoPerm,
    /// `NOPROTO`: the server does not support the requested protocol version.
    NoProto,
    /// `READONLY`: a write reached a replica.
    ReadOnly,
    /// `LOADING`: the server is reading its data set into memory.
    Loading,
    /// `BUSY`: a script exceeds its time limit.
    Busy,
    /// `MASTERDOWN`: a replica cannot reach its primary.
    MasterDown,
    /// `OOM`: the server's memory limit is reached.
    OutOfMemory,
    /// `EXECABORT`: a command of the transaction was refused, so none ran.
    ExecAbort,
    /// `BUSYGROUP`: the consumer group exists already.
    BusyGroup,
    /// `NOGROUP`: the consumer group does not exist.
    NoGroup,
    /// `MOVED`: the slot belongs to another node.
    Moved,
    /// `ASK`: the slot is being moved to another node.
    Ask,
    /// `CROSSSLOT`: the keys of one command are in different slots.
    CrossSlot,
    /// `CLUSTERDOWN`: the cluster does not serve this slot.
    ClusterDown,
    /// `TRYAGAIN`: a command with several keys was refused, because their slot was being moved.
    TryAgain,
    /// `DENIED`: protected mode; the server accepts connections from its own host only.
    Denied,
    /// `UNBLOCKED`: a blocking command was ended, by `CLIENT UNBLOCK` or because the server became a replica.
    Unblocked,
    /// `UNKILLABLE`: a script that has written cannot be killed.
    Unkillable,
    /// Any other code.
    Other(String),
}

impl ServerError {
    /// Splits the error line of the server (without the leading `-`).
    ///
    /// Redis 6.2 wraps the error of a command inside a script in `ERR Error running script (call to f_…):
    /// @user_script:6: NOGROUP …`. The code is then the inner one, and the text is everything after the first word of
    /// the line.
    ///
    /// ```
    /// use redis_om_client::{ServerError, ServerErrorCode};
    ///
    /// let error = ServerError::parse("WRONGTYPE Operation against a key holding the wrong kind of value");
    /// assert_eq!(error.code(), &ServerErrorCode::WrongType);
    /// assert_eq!(error.message(), "Operation against a key holding the wrong kind of value");
    /// ```
    #[must_use]
    pub fn parse(line: &str) -> Self {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        if !is_code(word) {
            return Self { code: ServerErrorCode::Err, message: line.to_owned() };
        }
        let code = match inner_code(word, rest) {
            Some(inner) => ServerErrorCode::parse(inner),
            None => ServerErrorCode::parse(word),
        };
        Self { code, message: rest.trim_end().to_owned() }
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> &ServerErrorCode {
        &self.code
    }

    /// What helps where the server does not know a command: for a command of a module, which servers have it.
    fn remedy_of_unknown(&self) -> Option<&'static str> {
        if self.code != ServerErrorCode::Err {
            return None;
        }
        let name = self.message.strip_prefix("unknown command ")?.trim_start_matches(['`', '\'']);
        let begins =
            |prefix: &str| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
        let module = MODULES.iter().find(|(prefixes, _)| prefixes.iter().any(|prefix| begins(prefix)));
        Some(module.map_or(
            "the server is too old for it, lacks the module that has it, or has it disabled: INFO server shows the version, \
             MODULE LIST the modules",
            |(_, remedy)| remedy,
        ))
    }

    /// The whole text after the code. `Display` and errors cut it after 1,200 characters.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// The first letters of the commands of modules, and the servers that have the module.
const MODULES: &[(&[&str], &str)] = &[
    (
        &["JSON."],
        "this server has no JSON module: use Redis 8 or Redis Stack, load rejson.so, or load valkey-json on Valkey",
    ),
    (
        &["FT."],
        "this server has no search module: use Redis 8 or Redis Stack, load redisearch.so, or load valkey-search on Valkey",
    ),
    (
        &["BF."],
        "this server has no module for Bloom filters: use Redis 8 or Redis Stack, load redisbloom.so, or load valkey-bloom \
         on Valkey",
    ),
    (
        &["CF.", "CMS.", "TOPK.", "TDIGEST."],
        "this server has no module for probabilistic types: use Redis 8 or Redis Stack, or load redisbloom.so",
    ),
    (
        &["TS."],
        "this server has no module for time series: use Redis 8 or Redis Stack, or load redistimeseries.so",
    ),
    (&["GRAPH."], "this server has no graph module: load falkordb.so"),
];

/// Whether a word can be the code of an error.
fn is_code(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_' || b == b'-')
}

/// The code inside an error of a script that Redis 6.2 has wrapped: the word behind the last position in the script. An
/// error of the server's Lua library has no code there, or one with a `-`.
fn inner_code<'a>(word: &str, rest: &'a str) -> Option<&'a str> {
    if word != "ERR" || !rest.starts_with("Error running script (call to f_") {
        return None;
    }
    let (_, place) = rest.rsplit_once("@user_script:")?;
    let (line, error) = place.trim_start().split_once(": ")?;
    let is_place = !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit());
    let code = error.split(' ').next()?;
    let code = code.strip_prefix('-').unwrap_or(code);
    (is_place && is_code(code)).then_some(code)
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", cut(self.code.as_str()), cut(&self.message))?;
        if let Some(remedy) = self.code.remedy().or_else(|| self.remedy_of_unknown()) {
            write!(f, " ({remedy})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerError({} {})", cut(self.code.as_str()), cut(&self.message))
    }
}

impl ServerErrorCode {
    fn parse(word: &str) -> Self {
        match word {
            "ERR" => Self::Err,
            "WRONGTYPE" => Self::WrongType,
            "NOSCRIPT" => Self::NoScript,
            "NOAUTH" => Self::NoAuth,
            "WRONGPASS" => Self::WrongPass,
            "NOPERM" => Self::NoPerm,
            "NOPROTO" => Self::NoProto,
            "READONLY" => Self::ReadOnly,
            "LOADING" => Self::Loading,
            "BUSY" => Self::Busy,
            "MASTERDOWN" => Self::MasterDown,
            "OOM" => Self::OutOfMemory,
            "EXECABORT" => Self::ExecAbort,
            "BUSYGROUP" => Self::BusyGroup,
            "NOGROUP" => Self::NoGroup,
            "MOVED" => Self::Moved,
            "ASK" => Self::Ask,
            "CROSSSLOT" => Self::CrossSlot,
            "CLUSTERDOWN" => Self::ClusterDown,
            "TRYAGAIN" => Self::TryAgain,
            "DENIED" => Self::Denied,
            "UNBLOCKED" => Self::Unblocked,
            "UNKILLABLE" => Self::Unkillable,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The code as the server writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Err => "ERR",
            Self::WrongType => "WRONGTYPE",
            Self::NoScript => "NOSCRIPT",
            Self::NoAuth => "NOAUTH",
            Self::WrongPass => "WRONGPASS",
            Self::NoPerm => "NOPERM",
            Self::NoProto => "NOPROTO",
            Self::ReadOnly => "READONLY",
            Self::Loading => "LOADING",
            Self::Busy => "BUSY",
            Self::MasterDown => "MASTERDOWN",
            Self::OutOfMemory => "OOM",
            Self::ExecAbort => "EXECABORT",
            Self::BusyGroup => "BUSYGROUP",
            Self::NoGroup => "NOGROUP",
            Self::Moved => "MOVED",
            Self::Ask => "ASK",
            Self::CrossSlot => "CROSSSLOT",
            Self::ClusterDown => "CLUSTERDOWN",
            Self::TryAgain => "TRYAGAIN",
            Self::Denied => "DENIED",
            Self::Unblocked => "UNBLOCKED",
            Self::Unkillable => "UNKILLABLE",
            Self::Other(word) => word,
        }
    }

    /// Whether the reason is temporary. This does not prove that nothing ran, because a script can answer with any
    /// code. [`Error::is_retryable`](crate::Error::is_retryable) says whether a call may be repeated.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Loading | Self::Busy | Self::MasterDown | Self::ClusterDown | Self::TryAgain)
    }

    fn remedy(&self) -> Option<&'static str> {
        match self {
            Self::WrongType => Some("TYPE shows what the key holds"),
            Self::NoAuth => Some("put user and password into the URL: redis://user:password@host"),
            Self::WrongPass => Some("check the user and the password in the URL"),
            Self::NoPerm => Some("ACL DRYRUN shows what the user may run"),
            Self::Denied => Some("set a password, or protected-mode no, on the server"),
            Self::OutOfMemory => Some("raise maxmemory, or set an eviction policy"),
            Self::ReadOnly => Some("this node is a replica: writes go to its primary"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_code_and_text() {
        let error = ServerError::parse("NOSCRIPT No matching script.");
        assert_eq!((error.code(), error.message()), (&ServerErrorCode::NoScript, "No matching script."));
        let error = ServerError::parse("MYMODULE did not like it");
        assert_eq!(error.code(), &ServerErrorCode::Other("MYMODULE".into()));
    }

    #[test]
    fn a_wrapped_error_of_a_script_has_its_inner_code() {
        let sha = "6989f1b6413990660a110da93dcb5bc4a47d682a";
        for (inner, code) in [
            ("@user_script:6: NOGROUP No such key 's' or consumer group 'g'", ServerErrorCode::NoGroup),
            ("@user_script:1: WRONGTYPE Operation against a key", ServerErrorCode::WrongType),
            (
                "@user_script:1: @user_script: 1: -READONLY You can't write against a read only replica.",
                ServerErrorCode::ReadOnly,
            ),
            (
                "@user_script:1: @user_script: 1: Unknown Redis command called from Lua script",
                ServerErrorCode::Err,
            ),
            ("@user_script:1: user_script:1: MYCODE my text", ServerErrorCode::Err),
            (
                "@err_handler_def:8: err_handler_def:8: attempt to concatenate local 'err'",
                ServerErrorCode::Err,
            ),
        ] {
            let error = ServerError::parse(&format!("ERR Error running script (call to f_{sha}): {inner}"));
            assert_eq!(error.code(), &code, "{inner}");
            assert!(error.message().ends_with(inner) && !error.is_refusal(), "{error}");
        }
        let own = ServerError::parse("ERR mine @user_script:1: NOGROUP no");
        assert_eq!(own.code(), &ServerErrorCode::Err);
    }

    #[test]
    fn an_unknown_command_says_which_server_has_it() {
        for (line, remedy) in [
            ("ERR unknown command 'JSON.SET', with args beginning with: 'k' '$' '1' ", "load rejson.so"),
            ("ERR unknown command `json.set`, with args beginning with: `k`, ", "load rejson.so"),
            ("ERR unknown command 'FT.SEARCH', with args beginning with: 'i' ", "search module"),
            ("ERR unknown command 'cms.query', with args beginning with: ", "probabilistic types"),
            ("ERR unknown command 'HSETEX', with args beginning with: 'k' ", "too old for it"),
            ("ERR unknown command 'é', with args beginning with: ", "too old for it"),
        ] {
            let text = ServerError::parse(line).to_string();
            assert!(text.starts_with(line.trim_end()) && text.contains(remedy), "{text}");
        }
        for line in ["ERR unknown subcommand 'X'. Try FUNCTION HELP.", "MYCODE unknown command 'JSON.SET'"] {
            assert_eq!(ServerError::parse(line).to_string(), line);
        }
    }

    #[test]
    fn keeps_text_without_a_code() {
        let error = ServerError::parse("something broke");
        assert_eq!((error.code(), error.message()), (&ServerErrorCode::Err, "something broke"));
        assert_eq!(ServerError::parse("").code(), &ServerErrorCode::Err);
    }
}
