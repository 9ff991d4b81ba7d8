//! Ours: one client, cloned for each task. The models are derived.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result};
use bytes::Bytes;
use redis_om::RedisModel;
use redis_om_client::prelude::*;
use redis_om_client::{Client, Config, Pem, TlsConfig, blocking};

use super::{Address, BlockingGet, Contestant};
use crate::data::User;

/// A clone of the client.
#[derive(Clone)]
pub(crate) struct Ours(Client);

/// The settings: no timeout, as for the other clients.
fn config(port: u16) -> Config {
    Config::new("127.0.0.1", port).command_timeout(None)
}

impl Contestant for Ours {
    type Blob = Bytes;
    type Payload = Bytes;

    async fn connect(address: &Address) -> Result<Self> {
        let tls =
            address.authority.as_ref().map(|authority| TlsConfig::new().ca(Pem::bytes(authority.pem())));
        Ok(Self(Client::with_config(config(address.port).tls(tls)).await?))
    }

    async fn get(&mut self, key: &str) -> Result<Option<String>> {
        Ok(self.0.get(key).await?)
    }

    async fn set(&mut self, key: &str, value: &str) -> Result<()> {
        Ok(self.0.set(key, value).await?)
    }

    async fn pipe_get(&mut self, keys: &[String]) -> Result<Vec<String>> {
        let (values,) = self.0.run(pipe().many(keys.iter().map(|key| cmd().get::<String>(key)))).await?;
        Ok(values)
    }

    async fn lrange(&mut self, key: &str) -> Result<Vec<String>> {
        Ok(self.0.lrange(key, 0, -1).await?)
    }

    async fn hgetall(&mut self, key: &str) -> Result<HashMap<String, String>> {
        Ok(self.0.hgetall(key).await?)
    }

    async fn get_bytes(&mut self, key: &str) -> Result<Bytes> {
        Ok(self.0.get(key).await?)
    }

    async fn load(&mut self, id: u64) -> Result<User> {
        User::get(&self.0, id).await?.context("no such user")
    }

    async fn save(&mut self, user: &User) -> Result<()> {
        Ok(user.save(&self.0).await?)
    }

    fn payload(bytes: Vec<u8>) -> Bytes {
        bytes.into()
    }

    async fn set_payload(&mut self, key: &str, value: &Bytes) -> Result<()> {
        Ok(self.0.set(key, value).await?)
    }

    async fn set_slice(&mut self, key: &str, value: &[u8]) -> Result<()> {
        Ok(self.0.set(key, value).await?)
    }

    async fn mset_payloads(&mut self, pairs: &[(String, Bytes)]) -> Result<()> {
        Ok(self.0.mset(pairs).await?)
    }

    async fn hset_payloads(&mut self, key: &str, fields: &[(String, Bytes)]) -> Result<()> {
        self.0.hset(key, fields).await?;
        Ok(())
    }

    async fn pipe_set(&mut self, pairs: &[(String, Bytes)]) -> Result<()> {
        self.0.run(pipe().many(pairs.iter().map(|(key, value)| cmd().set(key, value)))).await?;
        Ok(())
    }

    async fn mget(&mut self, keys: &[String]) -> Result<Vec<String>> {
        Ok(self.0.mget(keys).await?)
    }

    async fn mset(&mut self, pairs: &[(String, String)]) -> Result<()> {
        Ok(self.0.mset(pairs).await?)
    }

    async fn hset(&mut self, key: &str, fields: &[(String, String)]) -> Result<()> {
        self.0.hset(key, fields).await?;
        Ok(())
    }

    async fn smembers(&mut self, key: &str) -> Result<HashSet<String>> {
        Ok(self.0.smembers(key).await?)
    }

    async fn lrange_integers(&mut self, key: &str) -> Result<Vec<i64>> {
        Ok(self.0.lrange(key, 0, -1).await?)
    }

    fn blocking(port: u16) -> Result<Option<BlockingGet>> {
        let client = blocking::Client::with_config(config(port))?;
        Ok(Some(Box::new(move |key| Ok(client.get(key)?))))
    }
}
