//! Scripts and functions on real servers. A test that deletes all scripts has a server of its own.

use redis_om_client::{
    Error, ErrorKind, Result, ServerErrorCode, Value,
    commands::{FlushMode, FunctionFlag, FunctionListOptions, FunctionRestorePolicy},
    prelude::*,
    testing::{Kind, Server},
};
use redis_om_tests::{Keys, On, every_cell, matrix};

matrix!(valkey on Valkey: evaluating, read_only, booleans, read_only_booleans);
matrix!(redis on Redis8: booleans, read_only_booleans);
matrix!(oldest on Redis6: evaluating, booleans);

const ADD: &str = "return redis.call('INCRBY', KEYS[1], ARGV[1])";

async fn evaluating(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    assert_eq!(on.eval::<i64>(ADD, &k, 5).await?, 5);
    assert_eq!(on.eval::<String>("return ARGV[2]", (), ["a", "b"]).await?, "b");
    assert_eq!(on.eval::<Option<String>>("return nil", (), ()).await?, None);
    let mixed = on.eval::<(i64, String, Vec<i64>)>("return {1, 'two', {3, 4}}", (), ()).await?;
    assert_eq!(mixed, (1, "two".into(), vec![3, 4]));
    let digest = on.script_load(format!("-- {k}\n{ADD}")).await?;
    assert_eq!(on.evalsha::<i64>(&digest, &k, 2).await?, 7);
    assert_eq!(on.script_exists([&digest, "0000000000000000000000000000000000000000"]).await?, [true, false]);
    let error = on.evalsha::<i64>("0000000000000000000000000000000000000000", &k, 1).await.unwrap_err();
    assert_eq!(error.code(), Some(&ServerErrorCode::NoScript), "{error}");
    let error = on.eval::<i64>("return redis.call('GET')", &k, ()).await.unwrap_err();
    assert_eq!(error.command(), Some("EVAL"), "{error}");
    let error = on.eval::<i64>("return {err = 'MYCODE because'}", &k, ()).await.unwrap_err();
    assert_eq!(error.code(), Some(&ServerErrorCode::Other("MYCODE".into())), "{error}");
    Ok(())
}

async fn read_only(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    on.set(&k, 3).await?;
    let get = format!("-- {k}\nreturn redis.call('GET', KEYS[1])");
    assert_eq!(on.eval_ro::<i64>(&get, &k, ()).await?, 3);
    let digest = on.script_load(&get).await?;
    assert_eq!(on.evalsha_ro::<i64>(&digest, &k, ()).await?, 3);
    assert!(on.eval_ro::<i64>(ADD, &k, 1).await.is_err());
    assert_eq!(on.script_show(&digest).await?, get);
    Ok(())
}

/// A script that compares, and so returns a boolean of Lua.
const IS_SET: &str = "return redis.call('EXISTS', KEYS[1]) == 1";

async fn booleans(on: &On, keys: &Keys) -> Result<()> {
    let [there, absent] = keys.each(["there", "absent"]);
    on.set(&there, 1).await?;
    assert!(on.eval::<bool>(IS_SET, &there, ()).await?);
    assert!(!on.eval::<bool>(IS_SET, &absent, ()).await?, "the server makes nil of `false`");
    let digest = on.script_load(IS_SET).await?;
    assert!(on.evalsha::<bool>(&digest, &there, ()).await?);
    assert!(!on.evalsha::<bool>(&digest, &absent, ()).await?);
    assert_eq!(on.eval::<Option<bool>>("return false", (), ()).await?, None);
    assert_eq!(on.eval::<std::result::Result<bool, Error>>("return false", (), ()).await?.ok(), Some(false));
    assert_eq!(on.eval::<(Option<bool>, bool)>("return {false, true}", (), ()).await?, (None, true));
    assert!(on.eval::<bool>("return 'maybe'", (), ()).await.is_err());
    assert!(on.eval::<i64>("return false", (), ()).await.is_err(), "nil is no number");
    // Nil of another command is no `false`.
    let error = on.get::<bool>(&absent).await.unwrap_err();
    assert_eq!((error.kind(), error.key()), (&ErrorKind::Decode, Some(&*absent)), "{error}");
    Ok(())
}

async fn read_only_booleans(on: &On, keys: &Keys) -> Result<()> {
    let [there, absent] = keys.each(["there", "absent"]);
    on.set(&there, 1).await?;
    let digest = on.script_load(IS_SET).await?;
    for (key, wanted) in [(&there, true), (&absent, false)] {
        assert_eq!(on.eval_ro::<bool>(IS_SET, key, ()).await?, wanted);
        assert_eq!(on.evalsha_ro::<bool>(&digest, key, ()).await?, wanted);
    }
    Ok(())
}

const LIBRARY: &str = "#!lua name=shop
redis.register_function('sell', function(keys, args) return redis.call('DECRBY', keys[1], args[1]) end)
redis.register_function{
    function_name = 'stock', callback = function(keys) return redis.call('GET', keys[1]) end,
    flags = {'no-writes'}, description = 'what is left'
}
redis.register_function{
    function_name = 'is_sold_out', callback = function(keys) return redis.call('EXISTS', keys[1]) == 0 end,
    flags = {'no-writes'}
}";

async fn stored(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    on.function_flush().await?;
    assert_eq!(on.function_load(LIBRARY).await?, "shop");
    assert!(on.function_load(LIBRARY).await.is_err());
    assert_eq!(on.function_load_replace(LIBRARY).await?, "shop");
    assert_eq!(on.fcall::<i64>("sell", &k, 3).await?, -3);
    assert_eq!(on.fcall_ro::<i64>("stock", &k, ()).await?, -3);
    assert!(on.fcall_ro::<i64>("sell", &k, 3).await.is_err());
    for (key, sold_out) in [(k.clone(), false), (keys.of("none"), true)] {
        assert_eq!(on.fcall::<bool>("is_sold_out", &key, ()).await?, sold_out);
        assert_eq!(on.fcall_ro::<bool>("is_sold_out", &key, ()).await?, sold_out);
    }
    let libraries = on.function_list().await?;
    assert_eq!((libraries.len(), &*libraries[0].name, &*libraries[0].engine), (1, "shop", "LUA"));
    assert_eq!(libraries[0].code, None);
    let stock = libraries[0].functions.iter().find(|function| function.name == "stock").unwrap();
    assert_eq!(stock.description.as_deref(), Some("what is left"));
    assert_eq!(stock.flags, [FunctionFlag::NoWrites]);
    let with_code = FunctionListOptions::new().library_name("sho*").with_code();
    assert_eq!(on.function_list_with(with_code).await?[0].code.as_deref(), Some(LIBRARY));
    assert!(on.function_list_with(FunctionListOptions::new().library_name("none")).await?.is_empty());
    let stats = on.function_stats().await?;
    assert_eq!(stats.engines["LUA"].functions, 3);
    assert!(stats.running.is_none());
    let dump = on.function_dump().await?;
    on.function_delete("shop").await?;
    on.function_restore(&dump, FunctionRestorePolicy::Append).await?;
    assert!(on.function_restore(&dump, FunctionRestorePolicy::Append).await.is_err());
    on.function_restore(&dump, FunctionRestorePolicy::Replace).await?;
    on.function_flush_with(FlushMode::Sync).await?;
    assert!(on.function_list().await?.is_empty());
    // No function is running that could be ended.
    assert!(on.function_kill().await.is_err());
    assert!(on.script_kill().await.is_err());
    let digest = on.script_load("return 1").await?;
    on.script_flush().await?;
    assert_eq!(on.script_exists([&digest]).await?, [false]);
    on.script_flush_with(FlushMode::Async).await?;
    Ok(())
}

#[test]
fn functions_and_what_empties_the_store() {
    let server = Server::start().unwrap();
    every_cell(&server.url(), stored);
}

#[test]
fn functions_of_redis() {
    let server = Server::builder().kind(Kind::Redis8).start().unwrap();
    every_cell(&server.url(), stored);
}

#[test]
fn values_of_every_kind_from_a_script() {
    async fn body(on: &On, _: &Keys) -> Result<()> {
        let script = "return {1, 'text', {2, {3}}, false}";
        let Value::Array(items) = on.eval::<Value>(script, (), ()).await? else { panic!("no array") };
        assert_eq!(items.len(), 4);
        Ok(())
    }
    let server = redis_om_tests::valkey();
    every_cell(&server.url(), body);
}
