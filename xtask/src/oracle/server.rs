//! The running servers, and what they say of a command.

use std::{
    collections::BTreeMap,
    io::{BufReader, Write},
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

use anyhow::{Context, Result};
use servers::{Kind, Module, Package, Server};

use super::resp::{self, Value};

/// The time limit of one answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a server says of a command in `COMMAND INFO`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The number of words, the name included; negative: at least that number.
    pub(super) arity: i64,
    pub(super) flags: Vec<String>,
    /// Hints for clients. `None`: the server is older than 7.0, and says nothing of policies and of blocking.
    pub(super) tips: Option<Vec<String>>,
    is_container: bool,
}

impl Entry {
    #[cfg(test)]
    pub(super) fn of(arity: i64, flags: Vec<String>, tips: Option<Vec<String>>) -> Self {
        Self { arity, flags, tips, is_container: false }
    }

    pub(super) fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|own| own == flag)
    }

    /// The value of a tip such as `request_policy:all_shards`; empty if the server gives no such tip.
    pub(super) fn tip(&self, name: &str) -> &str {
        let value = |tip: &'_ str| tip.strip_prefix(name).is_some_and(|rest| rest.starts_with(':'));
        let tip = self.tips.iter().flatten().find(|tip| value(tip));
        tip.map_or("", |tip| &tip[name.len() + 1..])
    }
}

/// The entries of all commands of a server. A subcommand has the name `config|get`.
#[derive(Debug, Default)]
pub(super) struct Commands(BTreeMap<String, Entry>);

impl Commands {
    /// Reads the reply of `COMMAND`.
    fn of(reply: &Value) -> Result<Self> {
        let mut commands = Self::default();
        for entry in reply.list()? {
            commands.add(entry).with_context(|| format!("read the entry {entry:?}"))?;
        }
        Ok(commands)
    }

    fn add(&mut self, entry: &Value) -> Result<()> {
        let parts = entry.list()?;
        let part = |index: usize| parts.get(index).context("the entry ends too early");
        // Name, arity, flags, first key, last key, step, categories, tips, keys, subcommands.
        let tips = parts.get(7).map(Value::texts).transpose()?;
        let subcommands = parts.get(9).map_or(Ok(&[][..]), Value::list)?;
        let is_container = !subcommands.is_empty();
        let entry = Entry { arity: part(1)?.integer()?, flags: part(2)?.texts()?, tips, is_container };
        self.0.insert(part(0)?.text()?.to_ascii_lowercase(), entry);
        subcommands.iter().try_for_each(|subcommand| self.add(subcommand))
    }

    /// The entry of a command, or of its subcommand. `None` if the server does not know it. A server older than 7.0 has
    /// no entries of subcommands: there the container stands for each.
    pub(super) fn entry(&self, words: &[Vec<u8>]) -> Option<&Entry> {
        let entry = self.0.get(&lower(words, 0))?;
        if !entry.is_container {
            return Some(entry);
        }
        self.0.get(&format!("{}|{}", lower(words, 0), lower(words, 1)))
    }

    /// Whether the first word has subcommands, so that the second word belongs to the name.
    pub(super) fn is_container(&self, words: &[Vec<u8>]) -> bool {
        self.0.get(&lower(words, 0)).is_some_and(|entry| entry.is_container)
    }
}

fn lower(words: &[Vec<u8>], index: usize) -> String {
    words.get(index).map(|word| String::from_utf8_lossy(word).to_ascii_lowercase()).unwrap_or_default()
}

/// A running server of one kind.
pub(super) struct Oracle {
    pub(super) kind: Kind,
    pub(super) commands: Commands,
    socket: BufReader<TcpStream>,
    /// Stopped when this value is dropped.
    _server: Server,
}

/// The kinds of servers, each with its modules.
const KINDS: [(Kind, &[Module]); 3] = [
    (Kind::Redis8, &[Module::Json, Module::Search, Module::Bloom]),
    (Kind::Valkey, &[]),
    (Kind::Redis6, &[]),
];

/// Whether every kind of server has a build for this system, with its modules.
pub(super) fn all_have_builds() -> bool {
    Package::all().iter().all(|package| package.has_build())
}

/// Starts every kind of server that has a build for this system. Without its modules, no Redis 8 is started.
pub(super) fn start() -> Result<Vec<Oracle>> {
    let all = all_have_builds();
    let at_hand =
        KINDS.iter().filter(|(kind, modules)| all || (modules.is_empty() && kind.package().has_build()));
    at_hand.map(|(kind, modules)| Oracle::start(*kind, modules)).collect()
}

impl Oracle {
    fn start(kind: Kind, modules: &[Module]) -> Result<Self> {
        let builder =
            modules.iter().fold(Server::builder().kind(kind), |builder, module| builder.module(*module));
        let server = builder.start()?;
        let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port()))?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let mut oracle =
            Self { kind, commands: Commands::default(), socket: BufReader::new(socket), _server: server };
        oracle.commands = Commands::of(&oracle.ask(&["COMMAND"])?)?;
        Ok(oracle)
    }

    /// The keys among these words; an error of the server as its text.
    pub(super) fn keys(&mut self, words: &[Vec<u8>]) -> Result<Result<Vec<Vec<u8>>, String>> {
        let with_flags = self.commands.0.contains_key("command|getkeysandflags");
        let question = if with_flags { "GETKEYSANDFLAGS" } else { "GETKEYS" };
        let mut asked = vec![b"COMMAND".to_vec(), question.into()];
        asked.extend_from_slice(words);
        read_keys(&self.ask(&asked)?)
    }

    fn ask<W: AsRef<[u8]>>(&mut self, words: &[W]) -> Result<Value> {
        self.socket.get_mut().write_all(&resp::command(words))?;
        resp::read(&mut self.socket)?.with_context(|| format!("{:?} closed the connection", self.kind))
    }
}

/// The reply of `COMMAND GETKEYSANDFLAGS` (pairs of a key and its flags) or `COMMAND GETKEYS`.
fn read_keys(reply: &Value) -> Result<Result<Vec<Vec<u8>>, String>> {
    let keys = match reply {
        // No key is an error in these commands.
        Value::Error(text) if text.contains("command has no key arguments") => return Ok(Ok(Vec::new())),
        Value::Error(text) => return Ok(Err(text.clone())),
        reply => reply.list()?,
    };
    let key = |key: &Value| match key {
        Value::List(pair) => Ok(pair.first().context("a key has no name")?.bytes()?.to_vec()),
        key => Ok(key.bytes()?.to_vec()),
    };
    Ok(Ok(keys.iter().map(key).collect::<Result<_>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &str) -> Value {
        resp::read(&mut bytes.replace(' ', "\r\n").as_bytes()).unwrap().unwrap()
    }

    fn words(line: &str) -> Vec<Vec<u8>> {
        line.split(' ').map(|word| word.as_bytes().to_vec()).collect()
    }

    const OLD: &str = "*1 *7 $4 ping :-1 *1 +fast :0 :0 :0 *0 ";
    const NEW: &str = "*2 *10 $6 config :-2 *0 :0 :0 :0 *0 *0 *0 *1 *10 $10 config|set :-4 *1 +admin :0 :0 :0 *0 \
                       *2 $24 request_policy:all_nodes $29 response_policy:all_succeeded *0 *0 \
                       *10 $8 JSON.GET :-2 *1 +readonly :1 :1 :1 *0 *0 *0 *0 ";

    #[test]
    fn entries_of_old_and_new_servers() {
        let old = Commands::of(&read(OLD)).unwrap();
        let ping = old.entry(&words("PING x")).unwrap();
        assert_eq!((ping.arity, ping.has("fast"), ping.has("write"), &ping.tips), (-1, true, false, &None));
        let new = Commands::of(&read(NEW)).unwrap();
        let set = new.entry(&words("CONFIG SET a b")).unwrap();
        assert_eq!((set.tip("request_policy"), set.tip("response_policy")), ("all_nodes", "all_succeeded"));
        assert_eq!((set.tip("request"), set.arity), ("", -4));
        assert!(new.entry(&words("JSON.GET k")).unwrap().has("readonly"));
        assert_eq!(new.entry(&words("CONFIG GET a")), None);
        assert_eq!(new.entry(&words("CONFIG")), None);
        assert_eq!(new.entry(&words("PING")), None);
        assert!(Commands::of(&read("*1 *1 $4 ping ")).is_err());
    }

    #[test]
    fn keys_of_old_and_new_servers() {
        let keys = |reply: &str| read_keys(&read(reply)).unwrap();
        let both = vec![b"a".to_vec(), b"b".to_vec()];
        assert_eq!(keys("*2 $1 a $1 b "), Ok(both.clone()));
        assert_eq!(keys("*2 *2 $1 a *1 +RO *2 $1 b *1 +RW "), Ok(both));
        let error = |text: &str| read_keys(&Value::Error(text.to_owned())).unwrap();
        assert_eq!(error("ERR The command has no key arguments"), Ok(vec![]));
        assert_eq!(error("ERR Invalid arguments"), Err("ERR Invalid arguments".to_owned()));
    }
}
