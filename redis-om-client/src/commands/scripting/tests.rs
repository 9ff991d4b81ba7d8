//! Keys and their number, and the replies that are no plain values.

use std::time::Duration;

use super::*;
use crate::{
    command::{Command, Flags, cmd},
    resp::Replies,
};

fn decode<T>(command: &Command<T>, bytes: &str) -> T {
    command.decoder().decode(&mut Replies::new(bytes.as_bytes())).unwrap()
}

#[test]
fn keys_are_counted_before_they_are_written() {
    let command = cmd().eval::<()>("s", vec!["a", "b", "c"], ());
    assert_eq!(command.to_string(), "EVAL s 3 a b c");
    assert!(command.cmd().keys_of(0).next().is_some());
    let command = cmd().fcall::<()>("f", Vec::<String>::new(), [1, 2]);
    assert_eq!(command.to_string(), "FCALL f 0 1 2");
    assert!(command.cmd().check().is_ok(), "a script may have no key");
    assert!(command.cmd().keys_of(0).next().is_none());
}

#[test]
fn what_may_be_repeated() {
    let flags = |cmd: &Cmd| cmd.flags();
    assert!(!flags(cmd().eval::<()>("s", (), ()).cmd()).repeatable());
    assert!(flags(cmd().eval_ro::<()>("s", (), ()).cmd()).has(Flags::READONLY));
    assert!(flags(cmd().fcall_ro::<()>("s", (), ()).cmd()).has(Flags::READONLY));
    assert!(!flags(cmd().script_exists("d").cmd()).has(Flags::READONLY), "replicas know other scripts");
    assert!(!flags(cmd().function_load("s").cmd()).repeatable());
    assert!(!flags(cmd().function_load_replace("s").cmd()).repeatable(), "another's newer one would be lost");
    assert!(flags(cmd().script_load("s").cmd()).has(Flags::IDEMPOTENT));
    assert!(cmd().script_exists(()).cmd().check().unwrap_err().to_string().contains("at least one digest"));
}

#[test]
fn libraries_in_both_protocols() {
    let list = cmd().function_list();
    let name = "$12\r\nlibrary_name\r\n$4\r\nshop\r\n$6\r\nengine\r\n$3\r\nLUA\r\n$9\r\nfunctions\r\n";
    let function = "$4\r\nname\r\n$4\r\nsell\r\n$11\r\ndescription\r\n";
    let resp2 = format!("*1\r\n*6\r\n{name}*1\r\n*6\r\n{function}$-1\r\n$5\r\nflags\r\n*1\r\n+no-writes\r\n");
    let resp3 = format!("*1\r\n%3\r\n{name}*1\r\n%3\r\n{function}_\r\n$5\r\nflags\r\n~1\r\n+no-writes\r\n");
    for bytes in [resp2, resp3] {
        let libraries = decode(&list, &bytes);
        assert_eq!((libraries[0].name.as_str(), libraries[0].engine.as_str()), ("shop", "LUA"));
        let function = &libraries[0].functions[0];
        assert_eq!((function.name.as_str(), &function.description), ("sell", &None));
        assert_eq!(function.flags, [FunctionFlag::NoWrites]);
        assert_eq!(libraries[0].code, None);
    }
    let error = list.decoder().decode(&mut Replies::new(b"*1\r\n%1\r\n+engine\r\n:1\r\n")).unwrap_err();
    assert!(error.to_string().contains("library_name"), "{error}");
}

#[test]
fn statistics() {
    let stats = cmd().function_stats();
    let engines =
        "$7\r\nengines\r\n%1\r\n$3\r\nLUA\r\n%2\r\n+libraries_count\r\n:1\r\n+functions_count\r\n:2\r\n";
    let idle = decode(&stats, &format!("%2\r\n$14\r\nrunning_script\r\n_\r\n{engines}"));
    assert_eq!(idle.running, None);
    assert_eq!((idle.engines["LUA"].libraries, idle.engines["LUA"].functions), (1, 2));
    let running =
        "%3\r\n+name\r\n$4\r\nsell\r\n+command\r\n*2\r\n$5\r\nFCALL\r\n$4\r\nsell\r\n+duration_ms\r\n:7\r\n";
    let busy = decode(&stats, &format!("%2\r\n$14\r\nrunning_script\r\n{running}{engines}"));
    let running = busy.running.unwrap();
    assert_eq!((running.name.as_str(), running.duration), ("sell", Duration::from_millis(7)));
    assert_eq!(running.command, [b"FCALL".to_vec(), b"sell".to_vec()]);
    // RESP2 has neither map nor null of its own.
    let idle = decode(
        &stats,
        "*4\r\n$14\r\nrunning_script\r\n$-1\r\n$7\r\nengines\r\n*2\r\n$3\r\nLUA\r\n*4\r\n+libraries_count\r\n:0\r\n+functions_count\r\n:0\r\n",
    );
    assert_eq!((idle.running, idle.engines["LUA"].functions), (None, 0));
}
