//! The blocking clients as executors through a second reference or an [`Arc`], and as drivers of a
//! [`Pager`](crate::Pager).

use std::sync::Arc;

use super::{Client, Connection};
use crate::{
    client::Connected,
    command::{BlockingExecutor, Command, Executor},
    error::Result,
};

impl Executor for &&Client {
    type Output<R> = Result<R>;

    fn execute<R>(self, command: Command<R>) -> Result<R> {
        (*self).execute(command)
    }
}

impl Executor for &Arc<Client> {
    type Output<R> = Result<R>;

    fn execute<R>(self, command: Command<R>) -> Result<R> {
        (**self).execute(command)
    }
}

impl Connected for &Client {}
impl Connected for &&Client {}
impl Connected for &Arc<Client> {}
impl Connected for &Connection {}

impl BlockingExecutor for &Client {
    fn send<R>(self, command: Command<R>) -> Result<R> {
        self.execute(command)
    }
}

impl BlockingExecutor for &&Client {
    fn send<R>(self, command: Command<R>) -> Result<R> {
        self.execute(command)
    }
}

impl BlockingExecutor for &Arc<Client> {
    fn send<R>(self, command: Command<R>) -> Result<R> {
        self.execute(command)
    }
}

impl BlockingExecutor for &Connection {
    fn send<R>(self, command: Command<R>) -> Result<R> {
        self.execute(command)
    }
}
