//! Words that a user may write in `raw` but a shared connection must not run.
//!
//! Not a second list of commands: what has a method is declared there. These few change the state of the connection
//! itself, so that the replies of everybody else on it would be lost or mistaken.

use super::Cmd;

/// Why a connection that others share must not run this single command, and what to use instead.
pub(crate) fn refusal(cmd: &Cmd) -> Option<&'static str> {
    let mut words = cmd.words(0).map(<[u8]>::to_ascii_uppercase);
    Some(match &*words.next()? {
        b"SUBSCRIBE" | b"PSUBSCRIBE" | b"SSUBSCRIBE" | b"UNSUBSCRIBE" | b"PUNSUBSCRIBE" | b"SUNSUBSCRIBE" => {
            "it would turn a shared connection into a subscriber: subscriptions have their own connection"
        }
        b"MONITOR" | b"SYNC" | b"PSYNC" | b"REPLCONF" => {
            "it would turn a shared connection into a stream: it needs a connection of its own"
        }
        b"MULTI" | b"EXEC" | b"DISCARD" => {
            "a transaction on a shared connection would swallow others' commands: use `atomic()`"
        }
        b"WATCH" | b"UNWATCH" => {
            "watched keys on a shared connection would fail others' transactions: use `watch`"
        }
        b"SELECT" => {
            "it would move everybody on the connection to another database: put it into the URL (redis://host/1)"
        }
        b"AUTH" | b"HELLO" | b"RESET" => {
            "it would change user or protocol of a shared connection: put them into the URL"
        }
        b"QUIT" => "it would close a shared connection: drop the client instead",
        b"HIMPORT" => "what it prepares belongs to one connection, and yours is shared: use HSET",
        b"CLIENT" if words.next().is_some_and(|word| word == b"REPLY") => {
            "without replies a shared connection cannot tell whose reply is whose"
        }
        _ => return None,
    })
}

/// Whether it ends other commands, so that it must not wait behind them.
pub(crate) fn ends_others(cmd: &Cmd) -> bool {
    let mut words = cmd.words(0).map(<[u8]>::to_ascii_uppercase);
    matches!(
        (words.next().as_deref(), words.next().as_deref()),
        (Some(b"SCRIPT" | b"FUNCTION"), Some(b"KILL"))
            | (Some(b"CLIENT"), Some(b"KILL" | b"UNBLOCK"))
            | (Some(b"SHUTDOWN"), Some(b"NOSAVE"))
    )
}

/// Whether the server may keep the reply of this single command back.
pub(crate) fn blocks(cmd: &Cmd) -> bool {
    let mut words = cmd.words(0).map(<[u8]>::to_ascii_uppercase);
    match words.next().as_deref() {
        Some(
            b"BLPOP" | b"BRPOP" | b"BRPOPLPUSH" | b"BLMOVE" | b"BLMOVEM" | b"BLMPOP" | b"BZPOPMIN"
            | b"BZPOPMAX" | b"BZMPOP" | b"WAIT" | b"WAITAOF",
        ) => true,
        Some(b"XREAD" | b"XREADGROUP") => words.any(|word| word == b"BLOCK"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::command::{Executor, Plan, atomic, pipe, raw};

    #[test]
    fn refuses_what_would_take_the_connection_out_of_step() {
        for name in ["SUBSCRIBE", "monitor", "Select", "CLIENT REPLY", "MULTI", "QUIT"] {
            let error = raw(name).arg("x").check().unwrap_err();
            assert_eq!(error.kind(), &crate::ErrorKind::Argument);
        }
        assert!(raw("CLIENT INFO").check().is_ok());
        assert!(raw("GET").key("k").check().is_ok());
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
    }

    #[test]
    fn knows_what_blocks() {
        assert!(raw("blpop").key("k").arg(0).is_blocking());
        assert!(raw("XREAD").arg("BLOCK").arg(0).is_blocking());
        assert!(!raw("LPOP").key("k").is_blocking());
    }
}
