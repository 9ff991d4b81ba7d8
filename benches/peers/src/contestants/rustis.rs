//! rustis: one client, cloned for each task.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use ::rustis::client::{BatchPreparedCommand, Client, Config, TlsConfig};
use ::rustis::commands::{HashCommands, ListCommands, SetCommands, StringCommands};
use ::rustis::resp::{BulkString, RefBulkString, cmd};
use anyhow::Result;

use super::{Address, Contestant};
use crate::data::{User, user_key};

/// A clone of the client.
#[derive(Clone)]
pub(crate) struct Rustis(Client);

/// Its type of bytes, which implements `Deref` to a slice, but not `AsRef`.
pub(crate) struct Blob(BulkString);

impl AsRef<[u8]> for Blob {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Its type of borrowed bytes; a `Vec<u8>` is a list of numbers to it.
fn references(pairs: &[(String, Vec<u8>)]) -> Vec<(&str, RefBulkString<'_>)> {
    pairs.iter().map(|(key, value)| (key.as_str(), RefBulkString::new(value))).collect()
}

impl Contestant for Rustis {
    type Blob = Blob;
    type Payload = Vec<u8>;

    async fn connect(address: &Address) -> Result<Self> {
        let mut config: Config = format!("redis://127.0.0.1:{}", address.port).parse()?;
        if let Some(authority) = &address.authority {
            config.tls_config = Some(TlsConfig::new(Arc::new(authority.client_config()?)));
        }
        // It has no timeout by default. With its read buffer of 64 KiB it grows the buffer again for each large reply, which
        // leaves a third of the speed.
        config.buffers.read_capacity = 4 << 20;
        // Above its byte budget commands fail, where those of the others wait: a million queued commands do not fit.
        config.backpressure.max_queued_bytes = 0;
        Ok(Self(Client::connect(config).await?))
    }

    async fn get(&mut self, key: &str) -> Result<Option<String>> {
        Ok(self.0.get(key).await?)
    }

    async fn set(&mut self, key: &str, value: &str) -> Result<()> {
        Ok(self.0.set(key, value).await?)
    }

    async fn pipe_get(&mut self, keys: &[String]) -> Result<Vec<String>> {
        let mut pipeline = self.0.create_pipeline();
        for key in keys {
            pipeline.get::<()>(key).queue();
        }
        Ok(pipeline.execute().await?)
    }

    async fn lrange(&mut self, key: &str) -> Result<Vec<String>> {
        Ok(self.0.lrange(key, 0, -1).await?)
    }

    async fn hgetall(&mut self, key: &str) -> Result<HashMap<String, String>> {
        Ok(self.0.hgetall(key).await?)
    }

    async fn get_bytes(&mut self, key: &str) -> Result<Blob> {
        Ok(Blob(self.0.get(key).await?))
    }

    fn payload(bytes: Vec<u8>) -> Vec<u8> {
        bytes
    }

    async fn set_payload(&mut self, key: &str, value: &Vec<u8>) -> Result<()> {
        self.set_slice(key, value).await
    }

    async fn set_slice(&mut self, key: &str, value: &[u8]) -> Result<()> {
        Ok(self.0.set(key, RefBulkString::new(value)).await?)
    }

    async fn mset_payloads(&mut self, pairs: &[(String, Vec<u8>)]) -> Result<()> {
        Ok(self.0.mset(references(pairs)).await?)
    }

    async fn hset_payloads(&mut self, key: &str, fields: &[(String, Vec<u8>)]) -> Result<()> {
        self.0.hset(key, references(fields)).await?;
        Ok(())
    }

    async fn pipe_set(&mut self, pairs: &[(String, Vec<u8>)]) -> Result<()> {
        let mut pipeline = self.0.create_pipeline();
        for (key, value) in pairs {
            pipeline.set(key, RefBulkString::new(value)).queue();
        }
        pipeline.execute::<Vec<String>>().await?;
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

    async fn load(&mut self, id: u64) -> Result<User> {
        // It reads the reply into the struct with serde.
        Ok(self.0.hgetall(user_key(id)).await?)
    }

    async fn save(&mut self, user: &User) -> Result<()> {
        let hset = cmd("HSET")
            .key(user_key(user.id))
            .arg("id")
            .arg(user.id)
            .arg("name")
            .arg(&user.name)
            .arg("email")
            .arg(&user.email)
            .arg("age")
            .arg(user.age)
            .arg("score")
            .arg(user.score)
            .arg("active")
            .arg(user.active)
            .arg("city")
            .arg(&user.city)
            .arg("country")
            .arg(&user.country)
            .arg("created_at")
            .arg(user.created_at)
            .arg("bio")
            .arg(&user.bio);
        self.0.send::<usize>(hset, None).await?;
        Ok(())
    }
}
