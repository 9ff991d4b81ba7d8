//! The greeting: the first commands on a connection. They set the protocol, the user, the database and the names.
//! Sans-IO: replies are passed in, and bytes are returned.
//!
//! With RESP3 the first command is `HELLO 3 AUTH …`. With RESP2, or if the server refuses `HELLO`, the first commands
//! are `AUTH`, `SELECT` and `PING`. Each answer is checked, so that a peer which is not a Redis server is found here
//! and not by a command of a user.
//!
//! The optional commands follow. If the server refuses the name of the connection or of the library, the greeting
//! continues. If the peer closes the connection on one of them, [`Greeting::closed`] says what the next connection can
//! leave out.

use crate::{
    config::Secret,
    error::{Error, ErrorKind, Execution, Result, ServerError, ServerErrorCode},
    resp::{
        Replies, Reply,
        encode::{Body, bulk, header},
    },
};

#[cfg(test)]
mod tests;

/// The name of this library, which `CLIENT LIST` shows for each connection.
const LIBRARY: &str = "redis-om-rs";

/// The values that the greeting sends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Identity {
    pub(crate) resp3: bool,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) database: u32,
    pub(crate) client_name: Option<String>,
    /// Whether the name of the library is sent.
    pub(crate) library: bool,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Send these bytes, read this many replies, and pass them to [`Greeting::next`].
    Send(Vec<u8>, usize),
    /// The connection is ready. `resp3` says whether it uses RESP3.
    Ready { resp3: bool },
}

/// A command of the greeting that the next connection can leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Optional {
    /// `CLIENT SETINFO`.
    Library,
    /// `CLIENT SETNAME`.
    ClientName,
    /// `HELLO 3`.
    Resp3,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
/// A command of the greeting.
enum Word {
    Hello,
    Auth,
    Select,
    Ping,
    SetName,
    SetInfo,
}

/// A greeting in progress.
#[derive(Debug)]
pub(crate) struct Greeting {
    identity: Identity,
    resp3: bool,
    /// The commands that were sent and not answered.
    sent: Vec<Word>,
    /// Whether the database is selected, or the command for it was sent.
    selected: bool,
    /// Whether the names were sent. They are sent last.
    named: bool,
}

impl Greeting {
    pub(crate) fn new(identity: Identity) -> Self {
        let resp3 = identity.resp3;
        Self { identity, resp3, sent: Vec::new(), selected: false, named: false }
    }

    /// Returns the first bytes to send.
    pub(crate) fn start(&mut self) -> Step {
        let words = if self.resp3 { vec![Word::Hello] } else { self.resp2() };
        self.send(words)
    }

    /// Checks these replies, one for each command that was sent, and returns the next step.
    pub(crate) fn next(&mut self, replies: &mut Replies<'_>) -> Result<Step> {
        for word in std::mem::take(&mut self.sent) {
            let outcome = self.answer(word, replies.take()?)?;
            if outcome == Answer::NoHello {
                self.resp3 = false;
                let words = self.resp2();
                return Ok(self.send(words));
            }
        }
        if self.named {
            return Ok(Step::Ready { resp3: self.resp3 });
        }
        let words = self.names();
        Ok(if words.is_empty() { Step::Ready { resp3: self.resp3 } } else { self.send(words) })
    }

    /// Handles a connection that the peer closed after `answered` replies. If one of the replies says why, it is
    /// returned as an error. Otherwise this returns what the next connection can leave out; `None` if it can leave out
    /// nothing.
    pub(crate) fn closed(&mut self, replies: &mut Replies<'_>, answered: usize) -> Result<Option<Optional>> {
        let mut sent = std::mem::take(&mut self.sent).into_iter();
        for word in sent.by_ref().take(answered) {
            self.answer(word, replies.take()?)?;
        }
        let unanswered: Vec<_> = sent.collect();
        let optional = [
            (Word::SetInfo, Optional::Library),
            (Word::SetName, Optional::ClientName),
            (Word::Hello, Optional::Resp3),
        ];
        Ok(optional.into_iter().find(|(word, _)| unanswered.contains(word)).map(|(_, optional)| optional))
    }

    /// Checks the answer to one command.
    fn answer(&mut self, word: Word, reply: Reply<'_>) -> Result<Answer> {
        let error = match (word, reply) {
            (_, Reply::Error(line)) => ServerError::parse(&String::from_utf8_lossy(&line)),
            (Word::Hello, reply) => {
                self.resp3 = protocol(reply)? == 3;
                return Ok(Answer::Done);
            }
            (Word::Ping, Reply::Simple(text)) if &*text == b"PONG" => return Ok(Answer::Done),
            (Word::Ping, other) => return Err(unexpected_answer("PING", "PONG", &other)),
            (_, Reply::Simple(text)) if &*text == b"OK" => return Ok(Answer::Done),
            (word, other) => return Err(unexpected_answer(word.name(), "OK", &other)),
        };
        match word {
            // Any command may get these errors: the server accepts no more clients or none from this address, or it
            // requires a login and the settings have none.
            _ if refuses_clients(&error) || error.code() == &ServerErrorCode::NoAuth && !self.has_login() => {
            }
            Word::Hello if !is_final(&error) => {
                tracing::debug!(%error, "HELLO 3 was refused, using RESP2");
                return Ok(Answer::NoHello);
            }
            // An error reply also proves that a Redis server answers. It may be loading its data, or the user may not
            // run `PING`.
            Word::Ping => return Ok(Answer::Done),
            Word::SetName | Word::SetInfo => {
                tracing::debug!(%error, command = word.name(), "refused, continuing without it");
                return Ok(Answer::Done);
            }
            Word::Hello | Word::Auth | Word::Select => {}
        }
        Err(self.explain(word, error))
    }

    fn has_login(&self) -> bool {
        self.identity.password.is_some()
    }

    /// Returns the first commands over RESP2. The `PING` proves that a Redis server answers.
    fn resp2(&mut self) -> Vec<Word> {
        self.selected = true;
        let select = (self.identity.database != 0).then_some(Word::Select);
        self.has_login().then_some(Word::Auth).into_iter().chain(select).chain([Word::Ping]).collect()
    }

    /// Returns the last commands. They are optional, except for `SELECT`, because `HELLO` does not select the database.
    fn names(&mut self) -> Vec<Word> {
        self.named = true;
        let identity = &self.identity;
        [
            (!self.selected && identity.database != 0).then_some(Word::Select),
            identity.client_name.is_some().then_some(Word::SetName),
            identity.library.then_some(Word::SetInfo),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn send(&mut self, words: Vec<Word>) -> Step {
        let mut out = Vec::new();
        let mut say = |args: &[&str]| {
            let mut body = Body::new();
            args.iter().for_each(|arg| bulk(&mut body, arg.as_bytes()));
            header(&mut out, args.len() as u32);
            out.extend_from_slice(&body);
        };
        let identity = &self.identity;
        let login: Option<(&str, &str)> = identity
            .password
            .as_deref()
            .map(|password| (identity.username.as_deref().unwrap_or("default"), password));
        for word in &words {
            match word {
                Word::Hello => match login {
                    Some((user, password)) => say(&["HELLO", "3", "AUTH", user, password]),
                    None => say(&["HELLO", "3"]),
                },
                Word::Auth => match (&identity.username, login) {
                    (Some(user), Some((_, password))) => say(&["AUTH", user, password]),
                    (None, Some((_, password))) => say(&["AUTH", password]),
                    (_, None) => {}
                },
                Word::Select => say(&["SELECT", &identity.database.to_string()]),
                Word::Ping => say(&["PING"]),
                Word::SetName => {
                    say(&["CLIENT", "SETNAME", identity.client_name.as_deref().unwrap_or_default()])
                }
                Word::SetInfo => say(&["CLIENT", "SETINFO", "LIB-NAME", LIBRARY]),
            }
        }
        let count = words.len();
        self.sent = words;
        Step::Send(out, count)
    }

    /// Returns the error reply of the server, with what was attempted. It never contains the password.
    fn explain(&self, word: Word, error: ServerError) -> Error {
        let identity = &self.identity;
        let user = crate::error::brief(identity.username.as_deref().unwrap_or("default"));
        let what = match word {
            _ if refuses_clients(&error) => "greeting the server".to_owned(),
            _ if error.code() == &ServerErrorCode::NoAuth => "logging in without a password".to_owned(),
            Word::Hello | Word::Auth => format!("logging in as `{user}`"),
            Word::Select => format!("choosing database {}", identity.database),
            Word::Ping | Word::SetName | Word::SetInfo => "greeting the server".to_owned(),
        };
        Error::server(error).context(what).with_command(word.name(), None)
    }
}

/// The meaning of an answer for the greeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Done,
    /// `HELLO` was refused. The connection uses RESP2.
    NoHello,
}

impl Word {
    fn name(self) -> &'static str {
        match self {
            Self::Hello => "HELLO",
            Self::Auth => "AUTH",
            Self::Select => "SELECT",
            Self::Ping => "PING",
            Self::SetName => "CLIENT SETNAME",
            Self::SetInfo => "CLIENT SETINFO",
        }
    }
}

/// Reads the protocol version from the answer to `HELLO`: a map, or over RESP2 an array of keys and values.
fn protocol(reply: Reply<'_>) -> Result<u8> {
    let found = reply.describe();
    if let Reply::Map(mut items) | Reply::Array(mut items) = reply {
        while items.len() >= 2 {
            let is_proto =
                matches!(items.take()?, Reply::Bulk(key) | Reply::Simple(key) if &*key == b"proto");
            match (is_proto, items.take()?) {
                (true, Reply::Int(3)) => return Ok(3),
                (true, Reply::Int(2)) => return Ok(2),
                _ => {}
            }
        }
    }
    Err(no_server("HELLO", "a map with `proto`", &found))
}

fn unexpected_answer(command: &'static str, expected: &str, found: &Reply<'_>) -> Error {
    no_server(command, expected, &found.describe())
}

/// The error for a peer that is not a Redis server, such as an echo service or a server of another protocol.
fn no_server(command: &'static str, expected: &str, found: &str) -> Error {
    Error::new(
        ErrorKind::Protocol,
        Execution::NotSent,
        format!(
            "expected {expected} in answer to the greeting, found {}: is a Redis server behind this address?",
            crate::error::brief(found)
        ),
    )
    .with_command(command, None)
}

/// Whether the error refuses the login, or every command for now, and not `HELLO` itself. RESP2 would not help then.
fn is_final(error: &ServerError) -> bool {
    match error.code() {
        ServerErrorCode::WrongPass => true,
        ServerErrorCode::Err => error.message().contains("without any password configured"),
        // A later `HELLO` may succeed, so this connection must not change to RESP2 because of it.
        code => code.is_transient(),
    }
}

/// Whether the server accepts no more clients, or none from this address. It sends this error on a new connection and
/// closes the connection.
fn refuses_clients(error: &ServerError) -> bool {
    match error.code() {
        ServerErrorCode::Denied => true,
        ServerErrorCode::Err => error.message().starts_with("max number of clients"),
        _ => false,
    }
}
