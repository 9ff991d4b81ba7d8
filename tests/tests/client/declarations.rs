//! The declarations of commands, compared with the answers of real servers.

use std::time::Duration;

use redis_om_client::{Client, ErrorKind, SLOTS, TimeoutKind, prelude::*, raw, slot, testing::Server};
use redis_om_tests::{Fault, Keys, Proxy, in_time, valkey};

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
