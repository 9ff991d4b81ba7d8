//! [`Client`] as an executor through a second reference or an [`Arc`], and what it and the lent connection are for generic
//! functions.
//!
//! A method call dereferences to `&Client` automatically. A generic function does not: `lamp.save(&client)` needs these
//! implementations where `client` is an `Arc<Client>` or a `&Client`.

use std::sync::Arc;

use super::{Client, Connection, Request};
use crate::command::{AsyncExecutor, Command, Executor};

impl<'a> Executor for &&'a Client {
    type Output<R> = Request<'a, R>;

    #[inline]
    fn execute<R>(self, command: Command<R>) -> Request<'a, R> {
        (*self).execute(command)
    }
}

impl<'a> Executor for &'a Arc<Client> {
    type Output<R> = Request<'a, R>;

    #[inline]
    fn execute<R>(self, command: Command<R>) -> Request<'a, R> {
        (**self).execute(command)
    }
}

impl<'a> AsyncExecutor for &'a Client {
    type Reply<R> = Request<'a, R>;

    fn send<R>(self, command: Command<R>) -> Request<'a, R> {
        self.execute(command)
    }
}

impl<'a> AsyncExecutor for &&'a Client {
    type Reply<R> = Request<'a, R>;

    fn send<R>(self, command: Command<R>) -> Request<'a, R> {
        self.execute(command)
    }
}

impl<'a> AsyncExecutor for &'a Arc<Client> {
    type Reply<R> = Request<'a, R>;

    fn send<R>(self, command: Command<R>) -> Request<'a, R> {
        self.execute(command)
    }
}

impl<'a> AsyncExecutor for &'a Connection {
    type Reply<R> = Request<'a, R>;

    fn send<R>(self, command: Command<R>) -> Request<'a, R> {
        self.execute(command)
    }
}
