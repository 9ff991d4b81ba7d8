//! The exclusive connection that the blocking `watch` lends.

use crate::{
    client,
    command::{Command, Executor},
    error::Result,
};

use super::Client;

/// The connection on which keys are watched. A command on it runs at once.
#[derive(Debug)]
pub struct Connection<'a> {
    client: &'a Client,
    connection: client::Connection,
}

impl<'a> Connection<'a> {
    pub(super) fn new(client: &'a Client, connection: client::Connection) -> Self {
        Self { client, connection }
    }
}

impl Executor for &Connection<'_> {
    type Output<R> = Result<R>;

    fn execute<R>(self, command: Command<R>) -> Result<R> {
        self.client.block_on((&self.connection).execute(command))
    }
}
