//! The connection commands on real servers. A test whose commands affect all clients has a server of its own.

use std::time::Duration;

use redis_om_client::{
    Client, Config, Protocol, Result,
    commands::{ClientAttribute, ClientFilter, PauseMode, TrackingRedirect, Unblock},
    prelude::*,
    testing::{Kind, Server},
};
use redis_om_tests::{Keys, On, every_cell, in_time, matrix};

matrix!(valkey on Valkey: greeting, who);
matrix!(redis8 on Redis8: greeting, who);
matrix!(oldest on Redis6: greeting);

async fn greeting(on: &On, keys: &Keys) -> Result<()> {
    on.ping().await?;
    assert_eq!(on.ping_with::<String>("hello").await?, "hello");
    assert_eq!(on.echo::<Vec<u8>>(b"\xff\0\r\n").await?, b"\xff\0\r\n");
    assert_eq!(on.client_getname().await?, None);
    on.client_setname(keys.prefix()).await?;
    assert_eq!(on.client_getname().await?.as_deref(), Some(keys.prefix()));
    let id = on.client_id().await?;
    let info = on.client_info().await?;
    assert_eq!((info.id, info.name.as_deref(), info.db), (id, Some(keys.prefix()), 0));
    assert!(on.client_list().await?.iter().any(|client| client.id == id));
    assert_eq!(on.client_getredir().await?, TrackingRedirect::Off);
    assert_eq!(on.client_trackinginfo().await?.redirect, TrackingRedirect::Off);
    assert!(!on.client_unblock(id, Unblock::Timeout).await?);
    Ok(())
}

async fn who(on: &On, keys: &Keys) -> Result<()> {
    on.client_setname(keys.prefix()).await?;
    on.client_setinfo(ClientAttribute::LibName, "shop").await?;
    on.client_setinfo(ClientAttribute::LibVer, "1.2").await?;
    let info = on.client_info().await?;
    assert_eq!((info.lib_name.as_deref(), info.lib_ver.as_deref()), (Some("shop"), Some("1.2")));
    let found = on.client_list_with(ClientFilter::new().id(info.id)).await?;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].name.as_deref(), Some(keys.prefix()));
    on.client_no_evict(true).await?;
    on.client_no_evict(false).await?;
    on.client_no_touch(true).await?;
    on.client_no_touch(false).await?;
    // A client that does not exist.
    assert_eq!(on.client_kill(ClientFilter::new().id(u64::from(u32::MAX))).await?, 0);
    Ok(())
}

async fn pausing(on: &On, keys: &Keys) -> Result<()> {
    on.client_pause(Duration::from_secs(20), PauseMode::Write).await?;
    assert_eq!(on.get::<Option<i64>>(keys.of("k")).await?, None);
    on.client_unpause().await?;
    on.set(keys.of("k"), 1).await?;
    Ok(())
}

#[test]
fn clients_are_paused_and_go_on() {
    for kind in [Kind::Valkey, Kind::Redis8] {
        let server = Server::builder().kind(kind).start().unwrap();
        every_cell(&server.url(), pausing);
    }
}

/// The path of a Unix socket can have any text: it stays one field, even if it contains text that looks like fields.
#[tokio::test]
async fn the_path_of_a_socket_forges_no_field() {
    for kind in [Kind::Valkey, Kind::Redis8, Kind::Redis6] {
        for name in
            ["s db=7 name=forged user=eve ", "s laddr=s fd=9 name=forged db=7", "s\nid=9 addr=x db=7 "]
        {
            // The server runs in its folder, so the name is a path.
            let server = Server::builder().kind(kind).args(["--unixsocket", name]).start().unwrap();
            let path = server.folder().join(name);
            for protocol in [Protocol::Resp2, Protocol::Resp3] {
                let config = Config::unix(&path).protocol(protocol).client_name("a=b,db=9");
                let client = Client::with_config(config).await.unwrap();
                let (info, id) = (client.client_info().await.unwrap(), client.client_id().await.unwrap());
                // Valkey writes the path in brackets.
                assert!(info.addr.contains(name), "{info:?}");
                assert_eq!(info.get("laddr"), Some(info.addr.as_str()));
                assert_eq!((info.id, info.db, info.name.as_deref()), (id, 0, Some("a=b,db=9")));
                assert_eq!(info.user.as_deref(), Some("default"));
                assert_eq!(info.get("sub"), Some("0"));
                if !name.contains('\n') {
                    let all = client.client_list().await.unwrap();
                    let own = all.iter().find(|info| info.id == id).unwrap();
                    assert_eq!((&own.addr, own.db, &own.name), (&info.addr, 0, &info.name));
                }
            }
        }
    }
}

#[tokio::test]
async fn one_client_lets_another_go_on_or_ends_it() {
    let server = Server::start().unwrap();
    let url = server.url();
    let waiting = Client::connect(&format!("{url}?client_name=waiting")).await.unwrap();
    let other = Client::connect(&url).await.unwrap();
    let blocked = || async {
        loop {
            let clients = other.client_list().await.unwrap();
            let held = |flags: &str| flags.contains('b');
            if let Some(client) = clients.iter().find(|client| held(&client.flags)) {
                return client.id;
            }
        }
    };
    let popping = || waiting.blpop::<i64>("queue", Duration::from_secs(60));
    let (popped, freed) = tokio::join!(popping(), async {
        let id = in_time("the other to block", blocked()).await;
        other.client_unblock(id, Unblock::Timeout).await.unwrap()
    });
    assert!(freed);
    assert_eq!(popped.unwrap(), None);
    let (popped, freed) = tokio::join!(popping(), async {
        let id = in_time("the other to block", blocked()).await;
        other.client_unblock(id, Unblock::Error).await.unwrap()
    });
    assert!(freed && popped.unwrap_err().to_string().contains("UNBLOCKED"));
    let (popped, ended) = tokio::join!(popping(), async {
        let id = in_time("the other to block", blocked()).await;
        other.client_kill(ClientFilter::new().id(id)).await.unwrap()
    });
    assert_eq!(ended, 1);
    assert!(popped.unwrap_err().may_have_run());
    waiting.ping().await.unwrap();
}
