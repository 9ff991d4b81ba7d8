//! How to test code that uses a client: the code of the book's chapter.

use std::future::{Ready, ready};

use redis_om::{
    AsyncExecutor, Client, Command, Error, ErrorKind, Replies, Result, prelude::*, testing::Server,
};
use tokio::sync::OnceCell;

// ANCHOR: code
/// The code to test: it takes everything whose replies are awaited.
async fn visit<E: AsyncExecutor>(on: E, page: &str) -> Result<String> {
    let on = on.commands();
    let visits: i64 = on.incr(format!("visits:{page}")).await?;
    let title: Option<String> = on.get(format!("title:{page}")).await?;
    Ok(format!("{} ({visits})", title.as_deref().unwrap_or(page)))
}
// ANCHOR_END: code

// ANCHOR: server
#[tokio::test]
async fn on_a_server_of_its_own() -> anyhow::Result<()> {
    let server = Server::start()?;
    let client = Client::connect(&server.url()).await?;
    client.set("title:home", "Welcome").await?;
    assert_eq!(visit(&client, "home").await?, "Welcome (1)");
    Ok(())
}
// ANCHOR_END: server

// ANCHOR: static
/// One server and one client for several tests. Each test has keys of its own.
async fn shared() -> anyhow::Result<&'static Client> {
    static SHARED: OnceCell<(Server, Client)> = OnceCell::const_new();
    let start = || async {
        let server = Server::start()?;
        let client = Client::connect(&server.url()).await?;
        anyhow::Ok((server, client))
    };
    Ok(&SHARED.get_or_try_init(start).await?.1)
}

#[tokio::test]
async fn a_first_visit() -> anyhow::Result<()> {
    assert_eq!(visit(shared().await?, "first").await?, "first (1)");
    Ok(())
}

#[tokio::test]
async fn a_second_visit() -> anyhow::Result<()> {
    visit(shared().await?, "second").await?;
    assert_eq!(visit(shared().await?, "second").await?, "second (2)");
    Ok(())
}
// ANCHOR_END: static

#[tokio::test]
async fn a_titled_page() -> anyhow::Result<()> {
    shared().await?.set("title:titled", "A title").await?;
    assert_eq!(visit(shared().await?, "titled").await?, "A title (1)");
    Ok(())
}

// ANCHOR: fake
/// Commands, and the replies that a server would send.
#[derive(Clone, Copy)]
struct Fake<'a>(&'a [(&'a str, &'a str)]);

impl AsyncExecutor for Fake<'_> {
    type Reply<R> = Ready<Result<R>>;

    fn send<R>(self, command: Command<R>) -> Ready<Result<R>> {
        let words = command.to_string();
        let Some((_, reply)) = self.0.iter().find(|(known, _)| *known == words) else {
            return ready(Err(Error::argument(format!("the test expects no `{words}`"))));
        };
        ready(command.decoder().decode(&mut Replies::new(reply.as_bytes())).map_err(Error::from))
    }
}

#[tokio::test]
async fn without_a_server() -> Result<()> {
    let fake = Fake(&[("INCR visits:home", ":7\r\n"), ("GET title:home", "$-1\r\n")]);
    assert_eq!(visit(fake, "home").await?, "home (7)");
    Ok(())
}
// ANCHOR_END: fake

#[tokio::test]
async fn an_error_reply_is_the_error_that_a_server_gives() {
    let fake = Fake(&[("INCR visits:home", "-WRONGTYPE Operation against a key\r\n")]);
    let error = visit(fake, "home").await.err();
    assert!(matches!(error.as_ref().map(Error::kind), Some(ErrorKind::Server(_))), "{error:?}");
    let error = visit(Fake(&[]), "home").await.err();
    assert_eq!(error.as_ref().map(Error::kind), Some(&ErrorKind::Argument), "{error:?}");
}
