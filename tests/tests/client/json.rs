//! JSON documents on a real server.

use redis_om_client::{
    ErrorKind, Json, Result, Value,
    commands::{JsonLayout, JsonOne, JsonSetCondition, JsonType},
    prelude::*,
    testing::Kind,
};
use redis_om_tests::{Keys, On, every_cell, matrix, server};

matrix!(redis8 on Redis8: documents, several, numbers, texts_and_switches, lists, objects);

const LAMP: &str =
    r#"{"name":"Lamp","price":18.5,"stock":4,"tags":["a","b"],"on":false,"size":{"w":1,"h":2}}"#;

async fn documents(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    on.json_set(&k, "$", LAMP).await?;
    assert_eq!(on.json_get::<Option<String>>(&k, ()).await?.as_deref(), Some(LAMP));
    assert_eq!(on.json_get::<Json<Vec<String>>>(&k, "$.name").await?.0, ["Lamp"]);
    assert_eq!(on.json_get_one::<String>(&k, "$.name").await?.as_deref(), Some("Lamp"));
    assert_eq!(on.json_get_one::<String>(&k, "$.absent").await?, None);
    assert_eq!(on.json_get_one::<String>(keys.of("absent"), "$").await?, None);
    let laid =
        on.json_get_with::<String>(&k, "$.size", JsonLayout::new().indent(" ").newline("\n").space(" "));
    assert!(laid.await?.contains("\"w\": 1"));
    assert!(!on.json_set_with(&k, "$", "{}", JsonSetCondition::IfAbsent).await?);
    assert!(on.json_set_with(&k, "$.name", Json("Big lamp"), JsonSetCondition::IfPresent).await?);
    on.json_merge(&k, "$", r#"{"price":20,"on":null}"#).await?;
    assert_eq!(on.json_get_one::<i64>(&k, "$.price").await?, Some(20));
    assert_eq!(on.json_type(&k, "$.name").await?, [JsonType::String]);
    assert_eq!(on.json_type(&k, "$.on").await?, []);
    assert_eq!(on.json_del(&k, "$.tags").await?, 1);
    assert_eq!(on.json_forget(&k, "$.tags").await?, 0);
    assert_eq!(on.json_clear(&k, "$.stock").await?, 1);
    assert!(!on.json_debug_memory(&k, "$").await?.is_empty());
    assert!(on.json_resp::<Value>(&k, "$").await.is_ok());
    // A path that does not exist is reported.
    let nowhere = on.json_set(&k, "$.no.where", 1).await.unwrap_err();
    assert!(matches!(nowhere.kind(), ErrorKind::Server(_) | ErrorKind::Decode), "{nowhere}");
    let broken = on.json_set(&k, "$", "{broken").await.unwrap_err();
    assert_eq!((broken.command(), broken.key()), (Some("JSON.SET"), Some(&*k)), "{broken}");
    let mistaken = on.json_get::<Json<Vec<i64>>>(&k, "$.name").await.unwrap_err();
    assert_eq!(mistaken.kind(), &ErrorKind::Decode, "{mistaken}");
    Ok(())
}

/// The servers without the module say only that they do not know the command.
#[test]
fn a_server_without_the_module_is_an_error_with_the_remedy() {
    async fn body(on: &On, keys: &Keys) -> Result<()> {
        let k = keys.of("k");
        let set = on.json_set(&k, "$", LAMP).await.unwrap_err();
        let get = on.json_get::<Option<String>>(&k, "$").await.unwrap_err();
        let number =
            on.execute(raw("json.numincrby").key(&k).arg("$").arg(1).reply::<Value>()).await.unwrap_err();
        let search = on.execute(raw("FT.SEARCH").arg("index").arg("*").reply::<Value>()).await.unwrap_err();
        for (error, name) in [(set, "JSON.SET"), (get, "JSON.GET"), (number, "JSON.NUMINCRBY")] {
            assert_eq!((error.command(), error.key()), (Some(name), Some(&*k)), "{error}");
            assert!(error.to_string().contains("this server has no JSON module: use Redis 8"), "{error}");
        }
        assert!(search.to_string().contains("no search module"), "{search}");
        Ok(())
    }
    for kind in [Kind::Valkey, Kind::Redis6] {
        let server = server(kind);
        every_cell(&server.url(), body);
    }
}

async fn several(on: &On, keys: &Keys) -> Result<()> {
    let [a, b] = keys.each(["a", "b"]);
    on.json_mset([(&a, "$", r#"{"n":1}"#), (&b, "$", r#"{"n":2}"#)]).await?;
    let absent = keys.of("absent");
    let found = on.json_mget::<Vec<Option<JsonOne<i64>>>>([&a, &b, &absent], "$.n").await?;
    let found: Vec<Option<i64>> = found.into_iter().map(|one| one.map(JsonOne::into_inner)).collect();
    assert_eq!(found, [Some(1), Some(2), None]);
    Ok(())
}

async fn numbers(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    on.json_set(&k, "$", r#"{"n":4,"x":1.5,"s":"no"}"#).await?;
    assert_eq!(on.json_numincrby::<i64>(&k, "$.n", 3).await?, [Some(7)]);
    assert_eq!(on.json_nummultby::<f64>(&k, "$.x", 2).await?, [Some(3.0)]);
    assert_eq!(on.json_numpowby::<i64>(&k, "$.n", 2).await?, [Some(49)]);
    assert_eq!(on.json_numincrby::<f64>(&k, "$.s", 1).await?, [None]);
    assert_eq!(on.json_numincrby::<f64>(&k, "$.absent", 1).await?, []);
    Ok(())
}

async fn texts_and_switches(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    on.json_set(&k, "$", r#"{"s":"ab","n":1,"on":false}"#).await?;
    assert_eq!(on.json_strappend(&k, "$.s", Json("cd")).await?, [Some(4)]);
    assert_eq!(on.json_strlen(&k, "$.*").await?, [Some(4), None, None]);
    assert_eq!(on.json_toggle(&k, "$.on").await?, [Some(true)]);
    assert_eq!(on.json_toggle(&k, "$.n").await?, [None]);
    Ok(())
}

async fn lists(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    on.json_set(&k, "$", r#"{"list":[1],"n":1}"#).await?;
    assert_eq!(on.json_arrappend(&k, "$.list", ["2", "3"]).await?, [Some(3)]);
    assert_eq!(on.json_arrinsert(&k, "$.list", 0, "0").await?, [Some(4)]);
    assert_eq!(on.json_arrlen(&k, "$.*").await?, [Some(4), None]);
    assert_eq!(on.json_arrindex(&k, "$.list", 2).await?, [Some(2)]);
    assert_eq!(on.json_arrindex_within(&k, "$.list", 0, 1, 3).await?, [Some(-1)]);
    assert_eq!(on.json_arrpop::<Vec<Option<i64>>>(&k, "$.list", -1).await?, [Some(3)]);
    assert_eq!(on.json_arrtrim(&k, "$.list", 1, 1).await?, [Some(1)]);
    assert_eq!(on.json_get_one::<Vec<i64>>(&k, "$.list").await?, Some(vec![1]));
    Ok(())
}

async fn objects(on: &On, keys: &Keys) -> Result<()> {
    let k = keys.of("k");
    on.json_set(&k, "$", r#"{"o":{"a":1,"b":2},"n":1}"#).await?;
    let names = on.json_objkeys::<Vec<Option<Vec<String>>>>(&k, "$.*").await?;
    assert_eq!(names, [Some(vec!["a".to_owned(), "b".to_owned()]), None]);
    assert_eq!(on.json_objlen(&k, "$.o").await?, [Some(2)]);
    Ok(())
}
