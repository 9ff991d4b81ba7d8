//! Commands that are newer than every available server. The server's error is typed and names the command, and the
//! connection stays usable. If a server knows the command, its reply is decoded.

use std::time::Duration;

use redis_om_client::{
    Command, ErrorKind, Result,
    commands::{DelEx, IncrEx, JsonFloats, LMoveM, ListEnd, ScanOptions},
    prelude::*,
};
use redis_om_tests::{Keys, On, matrix};

matrix!(valkey on Valkey: unknown_yet, of_valkey);
matrix!(redis8 on Redis8: unknown_yet, of_redis8);

async fn told<R>(on: &On, key: &str, command: Command<R>) -> Result<()> {
    let name = command.to_string();
    if let Err(error) = on.run(command).await {
        assert!(matches!(error.kind(), ErrorKind::Server(_)), "{name}: {error}");
        assert_eq!(error.key(), Some(key), "{name}: {error}");
        assert!(!error.may_have_run(), "{name}: {error}");
    }
    on.ping().await
}

async fn unknown_yet(on: &On, keys: &Keys) -> Result<()> {
    let [a, b] = &keys.each(["a", "b"]);
    let (left, right, soon) = (ListEnd::Left, ListEnd::Right, Duration::from_millis(10));
    told(on, a, cmd().lmovem::<Option<Vec<i64>>>(a, b, left, right, LMoveM::up_to(2))).await?;
    told(on, a, cmd().blmovem::<Option<Vec<i64>>>(a, b, left, right, LMoveM::exactly(2).one_by_one(), soon))
        .await?;
    told(on, a, cmd().sdiffcard([a, b], 5)).await?;
    told(on, a, cmd().sunioncard([a, b], 5)).await?;
    told(on, a, cmd().sunioncard_approx([a, b])).await?;
    told(on, a, cmd().digest(a)).await?;
    told(on, a, cmd().delex(a, DelEx::ifeq("x"))).await?;
    told(on, a, cmd().increx(a, IncrEx::by(1))).await?;
    told(on, a, cmd().json_set_floats(a, "$", "[1.5]", JsonFloats::Fp32)).await?;
    Ok(())
}

async fn of_valkey(on: &On, _: &Keys) -> Result<()> {
    on.client_import_source(false).await
}

async fn of_redis8(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    on.hset(&k, [("a", 1), ("b", 2)]).await?;
    let mut page = on.hscan_no_values::<String>(&k, 0, ScanOptions::new()).await?;
    page.items.sort();
    assert!(page.is_last() && page.items == ["a", "b"], "{page:?}");
    Ok(())
}
