//! Connections through a tunnel: the program opens the byte streams itself, and the client speaks over them.
//!
//! The tunnel here is a task that relays bytes between a pipe in memory and the server. An SSH library, a proxy's
//! handshake or a socket that is bound to one network interface take its place in other programs.

use std::{
    io,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use anyhow::{Context, Result};
use redis_om::{Client, Config, Connecting, Connector, Endpoint, prelude::*};
use redis_om_examples::Place;
use tokio::{io::copy_bidirectional, net::TcpStream, sync::Notify};

/// A tunnel with one task for each stream.
struct Tunnel {
    /// How many streams were opened.
    opened: AtomicU32,
    /// Ends the tasks, as a tunnel does that breaks.
    cut: Notify,
}

/// One for as long as the program runs, so that `main` can cut it.
static TUNNEL: Tunnel = Tunnel { opened: AtomicU32::new(0), cut: Notify::const_new() };

/// What the settings own.
#[derive(Debug)]
struct ThroughTunnel;

impl Connector for ThroughTunnel {
    fn connect<'a>(&'a self, endpoint: &'a Endpoint) -> Connecting<'a> {
        Box::pin(async move {
            let Endpoint::Tcp { host, port } = endpoint else {
                return Err(io::Error::other("the tunnel leads to hosts, not to unix sockets"));
            };
            let mut server = TcpStream::connect((host.as_str(), *port)).await?;
            let (near, mut far) = tokio::io::duplex(64 << 10);
            tokio::spawn(async move {
                tokio::select! {
                    relayed = copy_bidirectional(&mut far, &mut server) => relayed.map(drop),
                    () = TUNNEL.cut.notified() => Ok(()),
                }
            });
            TUNNEL.opened.fetch_add(1, Ordering::SeqCst);
            Ok(Box::new(near) as _)
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let place = Place::find()?;
    let config = Config::from_url(place.url())?.connector(ThroughTunnel);
    let client = Client::with_config(config).await?;

    let key = "example:connector:greeting";
    client.set(key, "through the tunnel").await?;

    // The tunnel breaks. The client asks the connector again, and a read is repeated over the new stream.
    TUNNEL.cut.notify_waiters();
    let greeting: String = tokio::time::timeout(Duration::from_secs(10), client.get(key))
        .await
        .context("the client does not come back through the tunnel")??;
    assert_eq!(greeting, "through the tunnel");

    client.del(key).await?;
    let opened = TUNNEL.opened.load(Ordering::SeqCst);
    assert!(opened >= 2);
    println!("connector: `{greeting}`, over {opened} streams");
    Ok(())
}
