//! Words that a user may write in `raw` but a shared connection must not run as they are.
//!
//! Not a second list of commands: what has a method is declared there. These few change the state of the connection
//! itself, so that the replies of the others on it would be lost or mistaken; or they block, or end other commands.

use std::time::Duration;

use super::{Block, Cmd, Flags};

/// Where a command stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Alone, or the first of a batch.
    First,
    /// In a batch, with another command before it.
    Behind,
    /// Between `MULTI` and `EXEC`.
    Transaction,
}

/// Why a connection that others share must not run this command at this place, and what to use instead.
pub(super) fn refusal(cmd: &Cmd, place: Place) -> Option<&'static str> {
    if !cmd.flags.has_any(Flags::RAW.with(Flags::FOLLOWS)) {
        return None;
    }
    of_connection(cmd).or_else(|| match place {
        Place::Transaction if follows(cmd) => Some(
            "inside of a transaction it cannot wait, and counts none of its writes: put it into a `pipe()`, behind \
             the writes",
        ),
        // A batch has its own writes.
        Place::First if cmd.args > 0 && follows(cmd) => Some(
            "it counts the writes of its own connection, and there are none before it: put it behind them in one \
             batch, as in `pipe().set(\"k\", 1).wait(1, timeout)`",
        ),
        _ => None,
    })
}

/// Whether it speaks of the commands before it on its connection.
pub(super) fn follows(cmd: &Cmd) -> bool {
    let raw = || matches!(first_words(cmd)[0].as_slice(), b"WAIT" | b"WAITAOF");
    cmd.flags.has(Flags::FOLLOWS) || (cmd.flags.has(Flags::RAW) && raw())
}

/// Why a connection that others share must not run these words of a user at all.
fn of_connection(cmd: &Cmd) -> Option<&'static str> {
    if !cmd.flags.has(Flags::RAW) {
        return None;
    }
    let [name, second] = first_words(cmd);
    Some(match (&*name, &*second) {
        (
            b"SUBSCRIBE" | b"PSUBSCRIBE" | b"SSUBSCRIBE" | b"UNSUBSCRIBE" | b"PUNSUBSCRIBE" | b"SUNSUBSCRIBE",
            _,
        ) => "it would turn a shared connection into a subscriber: subscriptions have their own connection",
        (b"MONITOR" | b"SYNC" | b"PSYNC" | b"REPLCONF", _) => {
            "it would turn a shared connection into a stream: it needs a connection of its own"
        }
        (b"MULTI" | b"EXEC" | b"DISCARD", _) => {
            "a transaction on a shared connection would take in the commands of others: use `atomic()`"
        }
        (b"WATCH" | b"UNWATCH", _) => {
            "watched keys on a shared connection would fail others' transactions: use `watch`"
        }
        (b"SELECT", _) => {
            "it would move everybody on the connection to another database: put it into the URL (redis://host/1)"
        }
        (b"AUTH" | b"HELLO" | b"RESET", _) => {
            "it would change user or protocol of a shared connection: put them into the URL"
        }
        (b"QUIT", _) => "it would close a shared connection: drop the client instead",
        (b"HIMPORT", _) => "what it prepares belongs to one connection, and yours is shared: use HSET",
        (b"READONLY" | b"READWRITE", _) => {
            "it would change what a replica answers to all who share the connection: leave it out, the client chooses \
             the node of each command"
        }
        (b"ASKING", _) => {
            "it would hold for the next command on a shared connection, which may be another caller's: leave it out, \
             redirects are followed by the client"
        }
        (b"CLIENT", b"REPLY") => {
            "without replies a shared connection cannot tell whose reply is whose: leave it out, and drop the reply"
        }
        (b"CLIENT", b"TRACKING" | b"CACHING") => {
            "it would send invalidations to a connection that others share: leave it out, tracking needs a connection \
             of its own"
        }
        (b"CLIENT", b"NO-TOUCH") => {
            "it would hold for all who share the connection: call `client_no_touch` on a client that you use for \
             nothing else"
        }
        (b"CLIENT", b"NO-EVICT") => {
            "it would hold for all who share the connection: call `client_no_evict` on a client that you use for \
             nothing else"
        }
        _ => return None,
    })
}

/// Whether these words of a user end other commands, so that they must not wait behind them.
pub(super) fn ends_others(cmd: &Cmd) -> bool {
    let [name, second] = first_words(cmd);
    match (&*name, &*second) {
        (b"SCRIPT" | b"FUNCTION", b"KILL") | (b"CLIENT", b"KILL" | b"UNBLOCK") => true,
        (b"SHUTDOWN", _) => cmd.words(0).skip(1).any(|word| word.eq_ignore_ascii_case(b"NOSAVE")),
        _ => false,
    }
}

/// How long the server may keep back the reply to these words of a user: as they say; for ever, where that cannot be read.
pub(super) fn block(cmd: &Cmd) -> Option<Block> {
    let [name, _] = first_words(cmd);
    match &*name {
        b"BLPOP" | b"BRPOP" | b"BRPOPLPUSH" | b"BLMOVE" | b"BZPOPMIN" | b"BZPOPMAX" => {
            Some(seconds(cmd.words(0).last()))
        }
        b"BLMPOP" | b"BZMPOP" => Some(seconds(cmd.words(0).nth(1))),
        b"WAIT" | b"WAITAOF" => Some(millis(cmd.words(0).last())),
        b"BLMOVEM" => Some(seconds(cmd.words(0).nth(5))),
        b"XREAD" | b"XREADGROUP" => of_stream(cmd),
        _ => None,
    }
}

/// What stands behind `BLOCK`, before the streams.
fn of_stream(cmd: &Cmd) -> Option<Block> {
    let mut words = cmd.words(0).skip(1);
    loop {
        let word = words.next()?.to_ascii_uppercase();
        match &*word {
            b"BLOCK" => return Some(millis(words.next())),
            b"STREAMS" => return None,
            b"COUNT" | b"CLAIM" => drop(words.next()),
            b"GROUP" => drop(words.nth(1)),
            _ => {}
        }
    }
}

fn seconds(word: Option<&[u8]>) -> Block {
    let seconds = word.and_then(|word| std::str::from_utf8(word).ok()?.parse().ok());
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).map_or(Block::Forever, Block::of)
}

fn millis(word: Option<&[u8]>) -> Block {
    let millis = word.and_then(|word| std::str::from_utf8(word).ok()?.parse().ok());
    millis.map(Duration::from_millis).map_or(Block::Forever, Block::of)
}

/// The name and the word behind it, in capitals.
fn first_words(cmd: &Cmd) -> [Vec<u8>; 2] {
    let mut words = cmd.words(0);
    // Names are short; a long word is an argument.
    let mut next = || words.next().filter(|word| word.len() < 32).unwrap_or_default().to_ascii_uppercase();
    [next(), next()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Command, Decoder, Executor, Plan, atomic, pipe, raw};

    #[test]
    fn refuses_what_would_take_the_connection_out_of_step() {
        for name in [
            "SUBSCRIBE",
            "monitor",
            "Select",
            "CLIENT REPLY",
            "MULTI",
            "QUIT",
            "CLIENT TRACKING ON",
            "client caching yes",
            "CLIENT NO-TOUCH ON",
            "CLIENT NO-EVICT ON",
            "READONLY",
            "readwrite",
            "ASKING",
            "WAIT 1",
            "WAITAOF 1 1",
        ] {
            let error = raw(name).arg("x").check().unwrap_err();
            assert_eq!(error.kind(), &crate::ErrorKind::Argument, "{name}");
            assert!(error.to_string().contains(": "), "{error}");
        }
        for second in ["TRACKING", "caching", "No-Touch", "NO-EVICT"] {
            assert!(raw("client").arg(second).arg("ON").check().is_err(), "{second}");
        }
        assert!(raw("CLIENT INFO").check().is_ok());
        assert!(raw("CLIENT TRACKINGINFO").check().is_ok());
        assert!(raw("GET").key("k").check().is_ok());
        assert!(raw("ECHO").arg("ASKING").check().is_ok());
    }

    #[test]
    fn looks_at_each_command_of_a_batch_and_not_at_the_batch() {
        let mut plan = atomic().execute(raw("GET").key("k").reply::<()>());
        plan.seal();
        assert!(plan.cmd().check().is_ok(), "the MULTI of a transaction is our own");
        let plan =
            pipe().execute(raw("GET").key("k").reply::<()>()).execute(raw("SELECT").arg(1).reply::<()>());
        let error = plan.cmd().check().unwrap_err();
        assert!(error.to_string().starts_with("SELECT: command 2 of 2: it would move everybody"), "{error}");
        let plan = pipe().execute(raw("BLPOP").key("k").arg(0).reply::<()>());
        assert!(plan.cmd().is_blocking());
        let plan = pipe().execute(raw("GET").key("k").reply::<()>()).execute(raw("ASKING").reply::<()>());
        assert!(plan.cmd().check().is_err());
    }

    #[test]
    fn what_waits_for_writes_stands_behind_them() {
        let set = || Cmd::new("SET").key("k").arg(1).reply::<()>();
        let typed = || Cmd::new("WAIT").arg(1).arg(300).follows().blocking(Duration::from_millis(300));
        for wait in [typed(), raw("WAIT").arg(1).arg(300), raw("waitaof").arg(1).arg(0).arg(300)] {
            let wait = || wait.clone().reply::<i64>();
            let error = wait().cmd().check().unwrap_err().to_string();
            assert!(error.contains("put it behind them in one batch"), "{error}");
            let first = pipe().execute(wait()).execute(set());
            assert!(first.cmd().check().unwrap_err().to_string().contains("command 1 of 2"));
            let behind = pipe().execute(set()).execute(set()).execute(wait()).execute(set());
            assert!(behind.cmd().check().is_ok());
            assert_eq!(behind.cmd().block(), Some(Block::For(Duration::from_millis(300))));
            // All that it speaks of is sent again with it.
            let joined = [0, 1, 2, 3].map(|part| behind.cmd().part(part).flags().has(Flags::JOINED));
            assert_eq!(joined, [false, true, true, false]);
            let inside = atomic().execute(set()).execute(wait());
            assert!(inside.batch.check().unwrap_err().to_string().contains("it cannot wait"));
        }
        let both = [Cmd::new("SET").key("k").arg(1).reply::<i64>(), typed().reply()];
        let together = Command::<()>::together(both, Decoder::of());
        assert!(pipe().execute(together.clone()).cmd().check().is_ok());
        assert!(atomic().execute(together).batch.check().is_err());
    }

    #[test]
    fn knows_what_blocks_and_for_how_long() {
        let forever = Some(Block::Forever);
        let of_millis = |millis| Some(Block::For(Duration::from_millis(millis)));
        for (words, expected) in [
            ("blpop k 0", forever),
            ("BLPOP a b 1.5", of_millis(1500)),
            ("BLPOP k x", forever),
            ("BLPOP", forever),
            ("BRPOPLPUSH a b 2", of_millis(2000)),
            ("BLMOVE a b LEFT RIGHT 0.25", of_millis(250)),
            ("BLMOVEM a b LEFT RIGHT 4 COUNT 2", of_millis(4000)),
            ("BLMPOP 3 1 k LEFT", of_millis(3000)),
            ("BZMPOP 0 1 k MIN", forever),
            ("BZPOPMIN k 1e300", forever),
            ("BZPOPMAX k -1", forever),
            ("WAIT 1 300", of_millis(300)),
            ("WAITAOF 1 1 0", forever),
            ("XREAD BLOCK 0 STREAMS s $", forever),
            ("XREAD COUNT 5 block 70 STREAMS s $", of_millis(70)),
            ("XREADGROUP GROUP BLOCK 5 BLOCK 80 STREAMS s >", of_millis(80)),
            ("XREAD STREAMS BLOCK 0", None),
            ("LPOP k", None),
        ] {
            assert_eq!(raw(words).block(), expected, "{words}");
            assert_eq!(raw(words).is_blocking(), expected.is_some(), "{words}");
            let mut batch = Cmd::batch();
            batch.push(&Cmd::new("PING"));
            batch.push(&raw(words));
            assert_eq!((batch.block(), batch.is_blocking()), (expected, expected.is_some()), "{words}");
        }
        // What a user declares holds.
        let declared = raw("BLPOP").key("k").arg(0).blocking(Duration::from_secs(9));
        assert_eq!(declared.block(), Some(Block::For(Duration::from_secs(9))));
    }

    #[test]
    fn what_ends_others_has_a_connection_of_its_own() {
        for words in [
            "SCRIPT KILL",
            "function kill",
            "CLIENT KILL ID 5",
            "Client Unblock 5",
            "SHUTDOWN NOSAVE",
            "shutdown force nosave",
        ] {
            let cmd = raw(words);
            assert!(cmd.needs_own_connection() && !cmd.is_plain(), "{words}");
            let mut batch = Cmd::batch();
            batch.push(&cmd);
            assert!(batch.needs_own_connection() && batch.check().is_ok(), "{words}");
        }
        let typed = Cmd::new("SCRIPT").arg("KILL").own_connection();
        assert!(typed.needs_own_connection() && !typed.is_plain());
        assert!(!raw("SCRIPT").arg("LOAD").arg("KILL").needs_own_connection());
        assert!(!raw("SHUTDOWN SAVE").needs_own_connection());
    }

    #[test]
    fn the_errors_of_raw_commands_may_be_texts_of_scripts() {
        assert!(raw("EVAL").flags().has(Flags::SCRIPT));
        let mut batch = Cmd::batch();
        batch.push(&raw("MODULE.RUN"));
        assert!(batch.part(0).flags().has(Flags::SCRIPT) && !batch.part(0).flags().has(Flags::RAW));
    }
}
