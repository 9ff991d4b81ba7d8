//! The exclusive connection that the blocking `watch` lends.

use crate::{
    client,
    command::{Command, Executor},
    error::Result,
};

use super::Client;

/// The connection on which keys are watched. A command on it runs at once. A write to a watched key is refused: see
/// [`Connection`](crate::Connection).
#[derive(Debug, Clone)]
pub struct Connection {
    client: Client,
    connection: client::Connection,
}

impl Connection {
    pub(super) fn new(client: Client, connection: client::Connection) -> Self {
        Self { client, connection }
    }
}

impl Executor for &Connection {
    type Output<R> = Result<R>;

    fn execute<R>(self, command: Command<R>) -> Result<R> {
        self.client.block_on((&self.connection).execute(command))
    }
}
