//! The first words on a connection: protocol, user, database, name.
//!
//! `HELLO 3 AUTH …` where the server knows it, else the commands of RESP2 one by one. Sans-IO: replies in, bytes out.

use crate::{
    error::{Error, ErrorKind, Execution, Result, ServerError, ServerErrorCode},
    resp::{
        Replies, Reply,
        encode::{Body, bulk, header},
    },
};

/// What the greeting says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Identity {
    pub(crate) resp3: bool,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) database: u32,
    pub(crate) client_name: Option<String>,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Send these bytes, read so many replies, and hand them to [`Greeting::next`].
    Send(Vec<u8>, usize),
    /// The connection is ready; whether it speaks RESP3.
    Ready { resp3: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Hello,
    Auth,
    Select,
    SetName,
    SetInfo,
}

/// A greeting under way.
#[derive(Debug)]
pub(crate) struct Greeting {
    identity: Identity,
    resp3: bool,
    sent: Vec<Word>,
}

impl Greeting {
    pub(crate) fn new(identity: Identity) -> Self {
        let resp3 = identity.resp3;
        Self { identity, resp3, sent: Vec::new() }
    }

    /// The first bytes.
    pub(crate) fn start(&mut self) -> Step {
        let words = if self.resp3 { vec![Word::Hello] } else { self.rest(self.identity.password.is_some()) };
        self.send(words)
    }

    /// What to do after these replies.
    pub(crate) fn next(&mut self, replies: &mut Replies<'_>) -> Result<Step> {
        for word in std::mem::take(&mut self.sent) {
            let error = match replies.take()? {
                Reply::Error(line) => ServerError::parse(&String::from_utf8_lossy(&line)),
                _ if word == Word::Hello => {
                    let words = self.rest(false);
                    return Ok(self.send(words));
                }
                _ => continue,
            };
            match word {
                // Servers before 7.2 do not know it; nothing depends on it. But it may be the first word to be told that
                // a login is missing.
                Word::SetInfo if error.code() != &ServerErrorCode::NoAuth && !is_full(&error) => {}
                Word::Hello if !is_final(&error, self.identity.password.is_some()) => {
                    tracing::debug!(%error, "HELLO 3 was refused, speaking RESP2");
                    self.resp3 = false;
                    let words = self.rest(self.identity.password.is_some());
                    return Ok(self.send(words));
                }
                _ => return Err(self.explain(word, error)),
            }
        }
        Ok(Step::Ready { resp3: self.resp3 })
    }

    fn rest(&self, auth: bool) -> Vec<Word> {
        let mut words = Vec::new();
        if auth {
            words.push(Word::Auth);
        }
        if self.identity.database != 0 {
            words.push(Word::Select);
        }
        if self.identity.client_name.is_some() {
            words.push(Word::SetName);
        }
        words.push(Word::SetInfo);
        words
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
                Word::SetName => {
                    say(&["CLIENT", "SETNAME", identity.client_name.as_deref().unwrap_or_default()])
                }
                Word::SetInfo => say(&["CLIENT", "SETINFO", "LIB-NAME", "redis-om-rs"]),
            }
        }
        let count = words.len();
        self.sent = words;
        Step::Send(out, count)
    }

    /// The server's refusal, with what was attempted and the remedy; never the password.
    fn explain(&self, word: Word, error: ServerError) -> Error {
        let identity = &self.identity;
        let user = identity.username.as_deref().unwrap_or("default");
        let (command, what) = match word {
            _ if error.code() == &ServerErrorCode::NoAuth => {
                ("HELLO", "logging in without a password".to_owned())
            }
            _ if is_full(&error) => ("HELLO", "greeting the server".to_owned()),
            Word::Hello => ("HELLO", format!("logging in as `{user}`")),
            Word::Auth => ("AUTH", format!("logging in as `{user}`")),
            Word::Select => ("SELECT", format!("choosing database {}", identity.database)),
            Word::SetName => (
                "CLIENT SETNAME",
                format!("naming the connection `{}`", identity.client_name.as_deref().unwrap_or("")),
            ),
            Word::SetInfo => ("CLIENT SETINFO", "naming the library".to_owned()),
        };
        let text = format!("{what}: {error}");
        Error::new(ErrorKind::Server(error), Execution::Answered, text).with_command(command, None)
    }
}

/// Whether it is not `HELLO` itself that was refused, but the login, or any client.
fn is_final(error: &ServerError, with_password: bool) -> bool {
    match error.code() {
        ServerErrorCode::WrongPass => true,
        // A `HELLO` that brings a login is never told that one is missing: Valkey says so of commands that it does not
        // know (`rename-command HELLO ""`).
        ServerErrorCode::NoAuth => !with_password,
        ServerErrorCode::Err => error.message().contains("without any password configured") || is_full(error),
        _ => false,
    }
}

/// Whether the server takes no more clients: it says so to the first word, whatever that is, and hangs up.
fn is_full(error: &ServerError) -> bool {
    error.message().contains("max number of clients")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(step: Step) -> String {
        match step {
            Step::Send(bytes, count) => {
                let words: Vec<_> = bytes
                    .split(|byte| *byte == b'\n')
                    .map(|line| String::from_utf8_lossy(line).trim().to_owned())
                    .collect();
                let words: Vec<_> = words
                    .into_iter()
                    .filter(|word| !word.is_empty() && !word.starts_with('$') && !word.starts_with('*'))
                    .collect();
                format!("{count}: {}", words.join(" "))
            }
            Step::Ready { resp3 } => format!("ready {resp3}"),
        }
    }

    fn identity() -> Identity {
        Identity {
            resp3: true,
            username: Some("ann".into()),
            password: Some("secret".into()),
            database: 3,
            client_name: Some("shop".into()),
        }
    }

    #[test]
    fn resp3_with_everything() {
        let mut greeting = Greeting::new(identity());
        assert_eq!(text(greeting.start()), "1: HELLO 3 AUTH ann secret");
        let step = greeting.next(&mut Replies::new(b"%1\r\n+proto\r\n:3\r\n")).unwrap();
        assert_eq!(text(step), "3: SELECT 3 CLIENT SETNAME shop CLIENT SETINFO LIB-NAME redis-om-rs");
        let step = greeting.next(&mut Replies::new(b"+OK\r\n+OK\r\n-ERR unknown subcommand\r\n")).unwrap();
        assert_eq!(step, Step::Ready { resp3: true });
    }

    #[test]
    fn falls_back_where_hello_is_refused() {
        for refusal in [
            &b"-ERR unknown command 'HELLO'\r\n"[..],
            b"-NOPROTO unsupported\r\n",
            b"-NOPERM no\r\n",
            b"-NOAUTH no\r\n",
        ] {
            let mut greeting = Greeting::new(identity());
            greeting.start();
            let step = greeting.next(&mut Replies::new(refusal)).unwrap();
            assert!(text(step).starts_with("4: AUTH ann secret SELECT 3"));
            let step = greeting.next(&mut Replies::new(b"+OK\r\n+OK\r\n+OK\r\n+OK\r\n")).unwrap();
            assert_eq!(step, Step::Ready { resp3: false });
        }
    }

    #[test]
    fn a_wrong_password_is_no_reason_to_fall_back() {
        let mut greeting = Greeting::new(identity());
        greeting.start();
        let error = greeting
            .next(&mut Replies::new(b"-WRONGPASS invalid username-password pair or user is disabled.\r\n"))
            .unwrap_err();
        assert_eq!(error.code(), Some(&ServerErrorCode::WrongPass));
        let text = error.to_string();
        assert!(
            text.starts_with("HELLO: logging in as `ann`: WRONGPASS") && !text.contains("secret"),
            "{text}"
        );
    }

    #[test]
    fn a_missing_login_is_told_by_either_protocol() {
        for resp3 in [false, true] {
            let mut greeting = Greeting::new(Identity { resp3, ..Identity::default() });
            greeting.start();
            let error =
                greeting.next(&mut Replies::new(b"-NOAUTH Authentication required.\r\n")).unwrap_err();
            assert_eq!(error.code(), Some(&ServerErrorCode::NoAuth));
            assert!(error.to_string().contains("logging in without a password"), "{error}");
        }
    }

    #[test]
    fn a_server_that_takes_no_more_clients_is_not_one_that_does_not_know_hello() {
        for resp3 in [false, true] {
            let mut greeting = Greeting::new(Identity { resp3, ..Identity::default() });
            greeting.start();
            let error =
                greeting.next(&mut Replies::new(b"-ERR max number of clients reached\r\n")).unwrap_err();
            assert_eq!(error.to_string(), "HELLO: greeting the server: ERR max number of clients reached");
        }
    }

    #[test]
    fn a_wrong_database_is_named() {
        let mut greeting = Greeting::new(Identity { resp3: false, database: 99, ..Identity::default() });
        assert_eq!(text(greeting.start()), "2: SELECT 99 CLIENT SETINFO LIB-NAME redis-om-rs");
        let error =
            greeting.next(&mut Replies::new(b"-ERR DB index is out of range\r\n+OK\r\n")).unwrap_err();
        assert!(error.to_string().starts_with("SELECT: choosing database 99: ERR DB index"), "{error}");
    }
}
