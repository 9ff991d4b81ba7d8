//! The connection to the server, and the connections of others.
//!
//! Many callers share a connection, so a command that would harm the others has no method here. `SELECT`, `AUTH` and
//! `HELLO` are settings of the client (the URL or the builder): database, user, password, protocol. `RESET` and `QUIT`
//! have no use: drop the client instead. `CLIENT REPLY` would break the order of replies; `CLIENT TRACKING`,
//! `CLIENT CACHING` and `CLIENT CAPA` change what comes in between replies.
//!
//! Commands that read or set the state of a connection concern the connection that runs them: of a pool or a
//! cluster that is one of several, and after a reconnect the state is gone. None of them counts as read-only, since a
//! replica would answer for itself; they are repeated after a failure all the same.

mod info;
mod options;
#[cfg(test)]
mod tests;

pub use info::{ClientInfo, TrackingInfo, TrackingRedirect};
pub use options::{ClientAttribute, ClientFilter, ClientType, PauseMode, Unblock};

use std::time::Duration;

use crate::{
    command::{
        Cmd, Executor,
        policy::{Request, Response},
    },
    value::{FromRedis, ToArg},
};

use super::timeout::pause_millis;
use info::list;

/// The commands on connections.
///
/// Those that read or set the state of a connection concern the connection that runs them: of a pool or a cluster
/// that is one of several, and after a reconnect the state is gone. Database, user, password and protocol have no
/// command here: they are settings of the client.
pub trait ConnectionCommands: Executor {
    /// The name of the connection; `None` where it has none.
    ///
    /// `CLIENT GETNAME` · O(1) · since 2.6.9 · [redis.io](https://redis.io/docs/latest/commands/client-getname/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().client_getname().to_string(), "CLIENT GETNAME");
    /// ```
    fn client_getname(self) -> Self::Output<Option<String>> {
        self.execute(Cmd::new("CLIENT").arg("GETNAME").idempotent().reply())
    }

    /// Where the invalidation messages of this connection go, if it tracks keys at all.
    ///
    /// `CLIENT GETREDIR` · O(1) · since 6.0.0 · [redis.io](https://redis.io/docs/latest/commands/client-getredir/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().client_getredir().to_string(), "CLIENT GETREDIR");
    /// ```
    fn client_getredir(self) -> Self::Output<TrackingRedirect> {
        self.execute(Cmd::new("CLIENT").arg("GETREDIR").idempotent().reply())
    }

    /// The server's number of the connection; a later connection has a greater one.
    ///
    /// `CLIENT ID` · O(1) · since 5.0.0 · [redis.io](https://redis.io/docs/latest/commands/client-id/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().client_id().to_string(), "CLIENT ID");
    /// ```
    fn client_id(self) -> Self::Output<u64> {
        self.execute(Cmd::new("CLIENT").arg("ID").idempotent().reply())
    }

    /// Valkey: whether this connection imports data from another server. Keys then do not expire before
    /// their deletion is imported, too.
    ///
    /// `CLIENT IMPORT-SOURCE <ON | OFF>` · O(1) · since Valkey 8.1.0 ·
    /// [valkey.io](https://valkey.io/commands/client-import-source/)
    ///
    /// # Errors
    /// Where the server is not in import mode.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().client_import_source(true).to_string(), "CLIENT IMPORT-SOURCE ON");
    /// ```
    fn client_import_source(self, on: bool) -> Self::Output<()> {
        self.execute(Cmd::new("CLIENT").arg("IMPORT-SOURCE").arg(switch(on)).idempotent().reply())
    }

    /// What the server knows of this connection.
    ///
    /// `CLIENT INFO` · O(1) · since 6.2.0 · [redis.io](https://redis.io/docs/latest/commands/client-info/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().client_info().to_string(), "CLIENT INFO");
    /// ```
    fn client_info(self) -> Self::Output<ClientInfo> {
        self.execute(Cmd::new("CLIENT").arg("INFO").idempotent().reply())
    }

    /// Closes the connections that every part of the filter is true of; this one only with
    /// [`ClientFilter::skipme`] off. Replies how many there were.
    ///
    /// `CLIENT KILL filter [filter …]` · O(N) in the connections · since 2.8.12 ·
    /// [redis.io](https://redis.io/docs/latest/commands/client-kill/)
    ///
    /// ```
    /// # use redis_om_client::{commands::ClientFilter, prelude::*};
    /// assert_eq!(cmd().client_kill(ClientFilter::new().user("ann")).to_string(), "CLIENT KILL USER ann");
    /// ```
    fn client_kill(self, filter: ClientFilter) -> Self::Output<u64> {
        self.execute(Cmd::new("CLIENT").arg("KILL").own_connection().args_nonempty("filter", filter).reply())
    }

    /// What the server knows of all its connections.
    /// Some of them: [`client_list_with`](Self::client_list_with).
    ///
    /// `CLIENT LIST` · O(N) in the connections · since 2.4.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/client-list/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().client_list().to_string(), "CLIENT LIST");
    /// ```
    fn client_list(self) -> Self::Output<Vec<ClientInfo>> {
        self.execute(Cmd::new("CLIENT").arg("LIST").idempotent().reply_with(list))
    }

    /// What the server knows of some of its connections.
    ///
    /// `CLIENT LIST [filter …]` · O(N) in the connections · since 2.4.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/client-list/)
    ///
    /// ```
    /// # use redis_om_client::{commands::{ClientFilter, ClientType}, prelude::*};
    /// let command = cmd().client_list_with(ClientFilter::new().type_(ClientType::PubSub));
    /// assert_eq!(command.to_string(), "CLIENT LIST TYPE pubsub");
    /// ```
    fn client_list_with(self, filter: ClientFilter) -> Self::Output<Vec<ClientInfo>> {
        self.execute(Cmd::new("CLIENT").arg("LIST").args(filter).idempotent().reply_with(list))
    }

    /// Whether this connection is spared when the server closes connections to save memory.
    ///
    /// `CLIENT NO-EVICT <ON | OFF>` · O(1) · since 7.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/client-no-evict/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().client_no_evict(true).to_string(), "CLIENT NO-EVICT ON");
    /// ```
    fn client_no_evict(self, on: bool) -> Self::Output<()> {
        self.execute(Cmd::new("CLIENT").arg("NO-EVICT").arg(switch(on)).idempotent().reply())
    }

    /// Whether the commands of this connection leave unchanged when a key was last used.
    ///
    /// `CLIENT NO-TOUCH <ON | OFF>` · O(1) · since 7.2.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/client-no-touch/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().client_no_touch(true).to_string(), "CLIENT NO-TOUCH ON");
    /// ```
    fn client_no_touch(self, on: bool) -> Self::Output<()> {
        self.execute(Cmd::new("CLIENT").arg("NO-TOUCH").arg(switch(on)).idempotent().reply())
    }

    /// Holds back the commands of all clients for this time, rounded up to milliseconds, or only those that
    /// write. A pause that is longer than a client's own timeout looks like an outage to it. Zero is refused.
    ///
    /// `CLIENT PAUSE milliseconds [WRITE | ALL]` · O(1) · since 3.0.0, modes 6.2.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/client-pause/)
    ///
    /// ```
    /// # use redis_om_client::{commands::PauseMode, prelude::*};
    /// # use std::time::Duration;
    /// let command = cmd().client_pause(Duration::from_millis(500), PauseMode::Write);
    /// assert_eq!(command.to_string(), "CLIENT PAUSE 500 WRITE");
    /// ```
    fn client_pause(self, timeout: Duration, mode: PauseMode) -> Self::Output<()> {
        let cmd = Cmd::new("CLIENT").arg("PAUSE");
        let cmd = if timeout.is_zero() {
            cmd.refuse("a pause of zero pauses nothing: leave the call out, or give at least a millisecond")
        } else {
            cmd.arg(pause_millis(timeout)).arg(mode)
        };
        self.execute(cmd.reply())
    }

    /// Tells the server which library uses this connection, for its list of clients.
    ///
    /// `CLIENT SETINFO <LIB-NAME name | LIB-VER version>` · O(1) · since 7.2.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/client-setinfo/)
    ///
    /// # Errors
    /// Where the value has spaces or line ends.
    ///
    /// ```
    /// # use redis_om_client::{commands::ClientAttribute, prelude::*};
    /// let command = cmd().client_setinfo(ClientAttribute::LibName, "shop");
    /// assert_eq!(command.to_string(), "CLIENT SETINFO LIB-NAME shop");
    /// ```
    fn client_setinfo(self, attribute: ClientAttribute, value: impl ToArg) -> Self::Output<()> {
        self.execute(
            Cmd::new("CLIENT")
                .arg("SETINFO")
                .request(Request::AllNodes)
                .response(Response::AllSucceeded)
                .arg(attribute)
                .arg(value)
                .idempotent()
                .reply(),
        )
    }

    /// Names this connection; an empty name takes it away. A name for all connections goes into the
    /// settings.
    ///
    /// `CLIENT SETNAME name` · O(1) · since 2.6.9 · [redis.io](https://redis.io/docs/latest/commands/client-setname/)
    ///
    /// # Errors
    /// Where the name has spaces or line ends.
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().client_setname("shop").to_string(), "CLIENT SETNAME shop");
    /// ```
    fn client_setname(self, name: impl ToArg) -> Self::Output<()> {
        self.execute(
            Cmd::new("CLIENT")
                .arg("SETNAME")
                .request(Request::AllNodes)
                .response(Response::AllSucceeded)
                .arg(name)
                .idempotent()
                .reply(),
        )
    }

    /// How this connection tracks the keys that it reads, for a cache on the client's side.
    ///
    /// `CLIENT TRACKINGINFO` · O(1) · since 6.2.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/client-trackinginfo/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().client_trackinginfo().to_string(), "CLIENT TRACKINGINFO");
    /// ```
    fn client_trackinginfo(self) -> Self::Output<TrackingInfo> {
        self.execute(Cmd::new("CLIENT").arg("TRACKINGINFO").idempotent().reply())
    }

    /// Ends the blocking command of another connection. Replies `false` where that did not block.
    ///
    /// `CLIENT UNBLOCK id [TIMEOUT | ERROR]` · O(log N) in the connections · since 5.0.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/client-unblock/)
    ///
    /// ```
    /// # use redis_om_client::{commands::Unblock, prelude::*};
    /// assert_eq!(cmd().client_unblock(7, Unblock::Error).to_string(), "CLIENT UNBLOCK 7 ERROR");
    /// ```
    fn client_unblock(self, id: u64, how: Unblock) -> Self::Output<bool> {
        self.execute(Cmd::new("CLIENT").arg("UNBLOCK").own_connection().arg(id).arg(how).reply())
    }

    /// Ends a pause.
    ///
    /// `CLIENT UNPAUSE` · O(N) in the connections that wait · since 6.2.0 ·
    /// [redis.io](https://redis.io/docs/latest/commands/client-unpause/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().client_unpause().to_string(), "CLIENT UNPAUSE");
    /// ```
    fn client_unpause(self) -> Self::Output<()> {
        self.execute(Cmd::new("CLIENT").arg("UNPAUSE").idempotent().reply())
    }

    /// Replies the message.
    ///
    /// `ECHO message` · O(1) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/echo/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().echo::<String>("hello").to_string(), "ECHO hello");
    /// ```
    fn echo<R: FromRedis>(self, message: impl ToArg) -> Self::Output<R> {
        self.execute(Cmd::new("ECHO").arg(message).idempotent().reply())
    }

    /// Checks that the server answers. The reply says nothing else.
    /// With a message: [`ping_with`](Self::ping_with).
    ///
    /// `PING` · O(1) · since 1.0.0 · [redis.io](https://redis.io/docs/latest/commands/ping/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().ping().to_string(), "PING");
    /// ```
    fn ping(self) -> Self::Output<()> {
        self.execute(
            Cmd::new("PING")
                .request(Request::AllShards)
                .response(Response::AllSucceeded)
                .idempotent()
                .reply(),
        )
    }

    /// Checks that the server answers. Replies the message.
    ///
    /// `PING message` · O(1) · since 2.8.0 · [redis.io](https://redis.io/docs/latest/commands/ping/)
    ///
    /// ```
    /// # use redis_om_client::prelude::*;
    /// assert_eq!(cmd().ping_with::<String>("hello").to_string(), "PING hello");
    /// ```
    fn ping_with<R: FromRedis>(self, message: impl ToArg) -> Self::Output<R> {
        self.execute(
            Cmd::new("PING")
                .request(Request::AllShards)
                .response(Response::AllSucceeded)
                .arg(message)
                .idempotent()
                .reply(),
        )
    }
}

impl<E: Executor> ConnectionCommands for E {}

fn switch(on: bool) -> &'static str {
    if on { "ON" } else { "OFF" }
}
