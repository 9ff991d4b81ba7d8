//! The first commands on a connection: protocol, user, database, names. Sans-IO: replies in, bytes out.
//!
//! With RESP3 that is `HELLO 3 AUTH …`, and with RESP2, or where `HELLO` is refused, `AUTH`, `SELECT` and `PING`. Each
//! answer is checked, so that what is no Redis server is found here and not by a user's command. What is optional
//! follows: a refusal of the connection's name or of the library's name is passed over, and where the peer closes the
//! connection on one of them, [`Greeting::closed`] says what the next connection can go without.

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

/// The name under which a connection's library is shown by `CLIENT LIST`.
const LIBRARY: &str = "redis-om-rs";

/// What the greeting says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Identity {
    pub(crate) resp3: bool,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<Secret>,
    pub(crate) database: u32,
    pub(crate) client_name: Option<String>,
    /// Whether the library's name is told.
    pub(crate) library: bool,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Send these bytes, read so many replies, and hand them to [`Greeting::next`].
    Send(Vec<u8>, usize),
    /// The connection is ready; whether it speaks RESP3.
    Ready { resp3: bool },
}

/// What a connection can go without.
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
enum Word {
    Hello,
    Auth,
    Select,
    Ping,
    SetName,
    SetInfo,
}

/// A greeting under way.
#[derive(Debug)]
pub(crate) struct Greeting {
    identity: Identity,
    resp3: bool,
    /// What was sent and is not answered.
    sent: Vec<Word>,
    /// The database is chosen, or its command is on its way.
    selected: bool,
    /// The names have been sent: they come last.
    named: bool,
}

impl Greeting {
    pub(crate) fn new(identity: Identity) -> Self {
        let resp3 = identity.resp3;
        Self { identity, resp3, sent: Vec::new(), selected: false, named: false }
    }

    /// The first bytes.
    pub(crate) fn start(&mut self) -> Step {
        let words = if self.resp3 { vec![Word::Hello] } else { self.resp2() };
        self.send(words)
    }

    /// What to do after these replies, one for each command that was sent.
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

    /// The peer has closed the connection after so many of the replies: an error where one of them says why, else what
    /// can be left out on the next connection. `None`: nothing can.
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
            (Word::Ping, other) => return Err(stranger("PING", "PONG", &other)),
            (_, Reply::Simple(text)) if &*text == b"OK" => return Ok(Answer::Done),
            (word, other) => return Err(stranger(word.name(), "OK", &other)),
        };
        match word {
            // Whatever was sent first: the server takes no client, or not this one without a login.
            _ if turns_away(&error) || error.code() == &ServerErrorCode::NoAuth && !self.has_login() => {}
            Word::Hello if !is_final(&error) => {
                tracing::debug!(%error, "HELLO 3 was refused, speaking RESP2");
                return Ok(Answer::NoHello);
            }
            // An error, too, comes from a server: it loads its data, or the user may not send PING.
            Word::Ping => return Ok(Answer::Done),
            Word::SetName | Word::SetInfo => {
                tracing::debug!(%error, command = word.name(), "refused, going on without");
                return Ok(Answer::Done);
            }
            Word::Hello | Word::Auth | Word::Select => {}
        }
        Err(self.explain(word, error))
    }

    fn has_login(&self) -> bool {
        self.identity.password.is_some()
    }

    /// What RESP2 begins with; its `PING` proves that a server answers.
    fn resp2(&mut self) -> Vec<Word> {
        self.selected = true;
        let select = (self.identity.database != 0).then_some(Word::Select);
        self.has_login().then_some(Word::Auth).into_iter().chain(select).chain([Word::Ping]).collect()
    }

    /// What comes last, and is optional but for the database, which `HELLO` does not choose.
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

    /// The server's refusal, with what was attempted; never the password.
    fn explain(&self, word: Word, error: ServerError) -> Error {
        let identity = &self.identity;
        let user = crate::error::brief(identity.username.as_deref().unwrap_or("default"));
        let what = match word {
            _ if turns_away(&error) => "greeting the server".to_owned(),
            _ if error.code() == &ServerErrorCode::NoAuth => "logging in without a password".to_owned(),
            Word::Hello | Word::Auth => format!("logging in as `{user}`"),
            Word::Select => format!("choosing database {}", identity.database),
            Word::Ping | Word::SetName | Word::SetInfo => "greeting the server".to_owned(),
        };
        Error::server(error).context(what).with_command(word.name(), None)
    }
}

/// What an answer means for the greeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Done,
    /// `HELLO` was refused, and the connection speaks RESP2.
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

/// The protocol that the answer to `HELLO` names: a map, or with RESP2 an array of keys and values.
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

fn stranger(command: &'static str, expected: &str, found: &Reply<'_>) -> Error {
    no_server(command, expected, &found.describe())
}

/// Who answers is no Redis server: an echo service, or one of another protocol.
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

/// Whether it is not `HELLO` itself that was refused, but the login, or anything for now.
fn is_final(error: &ServerError) -> bool {
    match error.code() {
        ServerErrorCode::WrongPass => true,
        ServerErrorCode::Err => error.message().contains("without any password configured"),
        // `HELLO` may be tried again later; to speak RESP2 for good because of it would be wrong.
        code => code.is_transient(),
    }
}

/// Whether the server takes no more clients, or none from this address: it says so to a new connection and closes it.
fn turns_away(error: &ServerError) -> bool {
    match error.code() {
        ServerErrorCode::Denied => true,
        ServerErrorCode::Err => error.message().starts_with("max number of clients"),
        _ => false,
    }
}
