//! What commands declare, beside what real servers say of them.

use std::time::Duration;

use redis_om_client::{
    Client, Cmd, Command, ErrorKind, SLOTS, TimeoutKind, Value,
    commands::{ClientAttribute, FlushMode, FunctionRestorePolicy, ScanOptions},
    policy::{Request, Response},
    prelude::*,
    raw, slot,
    testing::Server,
};
use redis_om_tests::{Fault, Keys, Proxy, in_time, redis8, valkey};

#[tokio::test]
async fn the_slot_of_a_key_is_the_one_that_the_server_says() {
    let server = Server::builder().config("cluster-enabled yes").start().unwrap();
    let client = Client::connect(&server.url()).await.unwrap();
    let numbered = (0..200_u32).map(|n| format!("key:{}", n.wrapping_mul(2_654_435_761)).into_bytes());
    let special = ["", "{a}", "x{a}y", "{}", "{}{a}", "{{a}}", "a{b}c{d}", "}{", "{", "{a", "\u{e9}{\u{e9}}"];
    let special = special.map(|key| key.as_bytes().to_vec());
    let keys: Vec<Vec<u8>> = numbered.chain(special).chain([vec![0xff, 0, b'{', 0xfe, b'}']]).collect();
    let asked = keys.iter().map(|key| raw("CLUSTER KEYSLOT").arg(key).reply::<u16>());
    let (slots,) = in_time("CLUSTER KEYSLOT", client.run(pipe().many(asked))).await.unwrap();
    for (key, expected) in keys.iter().zip(slots) {
        assert_eq!(slot(key), expected, "{}", key.escape_ascii());
        assert!(expected < SLOTS);
    }
}

/// Commands that are spread over the nodes of a cluster, and some that are not.
fn declared() -> Vec<(&'static str, Cmd)> {
    let second = Duration::from_secs(1);
    fn of<R>(command: Command<R>) -> Cmd {
        command.cmd().clone()
    }
    vec![
        ("mget", of(cmd().mget::<Vec<Value>>(["a", "b"]))),
        ("mset", of(cmd().mset([("a", 1)]))),
        ("del", of(cmd().del(["a"]))),
        ("exists", of(cmd().exists(["a"]))),
        ("touch", of(cmd().touch(["a"]))),
        ("unlink", of(cmd().unlink(["a"]))),
        ("keys", of(cmd().keys("*"))),
        ("scan", of(cmd().scan(0))),
        ("scan", of(cmd().scan_with(0, ScanOptions::new()))),
        ("randomkey", of(cmd().randomkey())),
        ("ping", of(cmd().ping())),
        ("ping", of(cmd().ping_with::<String>("a"))),
        ("wait", of(cmd().wait(1, second))),
        ("waitaof", of(cmd().waitaof(true, 0, second))),
        ("client|setname", of(cmd().client_setname("a"))),
        ("client|setinfo", of(cmd().client_setinfo(ClientAttribute::LibName, "a"))),
        ("function|delete", of(cmd().function_delete("a"))),
        ("function|flush", of(cmd().function_flush())),
        ("function|flush", of(cmd().function_flush_with(FlushMode::Sync))),
        ("function|kill", of(cmd().function_kill())),
        ("function|load", of(cmd().function_load("a"))),
        ("function|load", of(cmd().function_load_replace("a"))),
        ("function|restore", of(cmd().function_restore("a", FunctionRestorePolicy::Append))),
        ("function|stats", of(cmd().function_stats())),
        ("script|exists", of(cmd().script_exists(["a"]))),
        ("script|flush", of(cmd().script_flush())),
        ("script|flush", of(cmd().script_flush_with(FlushMode::Sync))),
        ("script|kill", of(cmd().script_kill())),
        ("script|load", of(cmd().script_load("a"))),
        ("get", of(cmd().get::<String>("a"))),
        ("msetnx", of(cmd().msetnx([("a", 1)]))),
        ("eval", of(cmd().eval::<()>("a", "k", ()))),
        ("function|list", of(cmd().function_list())),
        ("client|list", of(cmd().client_list())),
    ]
}

/// The request and the response policy in the tips of a command; `None` where one of them is not known here.
fn tips(info: &Value) -> Option<(Request, Response)> {
    let tips: Vec<&str> =
        info.as_slice().unwrap()[7].as_slice().unwrap().iter().map(|t| t.as_str().unwrap()).collect();
    let find = |kind: &str| tips.iter().find_map(|tip| tip.strip_prefix(kind));
    let request = match find("request_policy:") {
        None => Request::One,
        Some("multi_shard") => Request::MultiShard,
        Some("all_shards") => Request::AllShards,
        Some("all_nodes") => Request::AllNodes,
        Some("special") => Request::Special,
        Some(_) => return None,
    };
    let response = match find("response_policy:") {
        None => Response::Default,
        Some("agg_sum") => Response::AggSum,
        Some("agg_min") => Response::AggMin,
        Some("agg_max") => Response::AggMax,
        Some("agg_logical_and") => Response::LogicalAnd,
        Some("all_succeeded") => Response::AllSucceeded,
        Some("one_succeeded") => Response::OneSucceeded,
        Some("special") => Response::Special,
        Some(_) => return None,
    };
    Some((request, response))
}

#[tokio::test]
async fn policies_are_those_of_the_servers() {
    for server in [valkey(), redis8()] {
        let client = Client::connect(&server.url()).await.unwrap();
        for (name, cmd) in declared() {
            let info: Vec<Value> = client.run(raw("COMMAND INFO").arg(name).reply()).await.unwrap();
            let policy = cmd.policy();
            assert_eq!(tips(&info[0]), Some((policy.request(), policy.response())), "{name}");
        }
    }
}

#[tokio::test]
async fn what_waits_for_writes_runs_behind_them_only() {
    let server = valkey();
    let keys = Keys::new();
    let client = Client::connect(&server.url()).await.unwrap();
    let short = Duration::from_millis(10);
    let waits = || [cmd().wait(1, short), raw("WAIT").arg(1).arg(10).reply::<u64>()];
    for wait in waits() {
        let error = client.run(wait).await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Argument);
        assert!(error.to_string().contains("put it behind them in one batch"), "{error}");
    }
    for wait in waits() {
        let batch = pipe().set(keys.of("k"), 1).add(wait);
        let ((), replicas) = in_time("WAIT", client.run(batch)).await.unwrap();
        assert_eq!(replicas, 0, "there is no replica");
    }
}

#[tokio::test]
async fn raw_words_that_block_have_their_own_timeout_as_a_deadline() {
    let server = valkey();
    let keys = Keys::new();
    let proxy = Proxy::to(server.port());
    let client = Client::connect(&format!("{}?blocking_grace=200ms", proxy.url())).await.unwrap();
    let pop = raw("BLPOP").key(keys.of("none")).arg("0.01").reply::<Option<(String, String)>>();
    let sprung = proxy.trap("BLPOP", Fault::Silence);
    let error = in_time("the end of BLPOP", client.run(pop)).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Timeout(TimeoutKind::Command), "{error}");
    sprung.wait().await;
}
