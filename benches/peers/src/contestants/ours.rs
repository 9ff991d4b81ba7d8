//! Ours: one client, cloned for each task; models by the derive.

use std::collections::HashMap;

#[cfg(feature = "model")]
use anyhow::Context;
use anyhow::Result;
use bytes::Bytes;
#[cfg(feature = "model")]
use redis_om::RedisModel;
use redis_om_client::prelude::*;
use redis_om_client::{Client, Config, blocking, raw};

use super::{BlockingGet, Contestant};
use crate::data::User;
#[cfg(not(feature = "model"))]
use crate::data::user_key;

/// A clone of the client.
#[derive(Clone)]
pub(crate) struct Ours(Client);

/// No timeout, as with the others.
fn config(port: u16) -> Config {
    Config::new("127.0.0.1", port).command_timeout(None)
}

impl Contestant for Ours {
    type Blob = Bytes;

    async fn connect(port: u16) -> Result<Self> {
        Ok(Self(Client::with_config(config(port)).await?))
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
        Ok(self.0.run(raw("LRANGE").key(key).arg(0).arg(-1).readonly().reply()).await?)
    }

    async fn hgetall(&mut self, key: &str) -> Result<HashMap<String, String>> {
        Ok(self.0.hgetall(key).await?)
    }

    async fn get_bytes(&mut self, key: &str) -> Result<Bytes> {
        Ok(self.0.get(key).await?)
    }

    #[cfg(feature = "model")]
    async fn load(&mut self, id: u64) -> Result<User> {
        User::get(&self.0, id).await?.context("no such user")
    }

    #[cfg(feature = "model")]
    async fn save(&mut self, user: &User) -> Result<()> {
        Ok(user.save(&self.0).await?)
    }

    #[cfg(not(feature = "model"))]
    async fn load(&mut self, id: u64) -> Result<User> {
        let mut fields: HashMap<String, String> = self.0.hgetall(user_key(id)).await?;
        let mut take = |name| fields.remove(name).ok_or_else(|| anyhow::anyhow!("no field {name}"));
        Ok(User {
            id: take("id")?.parse()?,
            name: take("name")?,
            email: take("email")?,
            age: take("age")?.parse()?,
            score: take("score")?.parse()?,
            active: take("active")? == "1",
            city: take("city")?,
            country: take("country")?,
            created_at: take("created_at")?.parse()?,
            bio: take("bio")?,
        })
    }

    #[cfg(not(feature = "model"))]
    async fn save(&mut self, user: &User) -> Result<()> {
        let hset = raw("HSET").key(user_key(user.id));
        let hset = hset.arg("id").arg(user.id).arg("name").arg(&user.name).arg("email").arg(&user.email);
        let hset = hset.arg("age").arg(user.age).arg("score").arg(user.score).arg("active").arg(user.active);
        let hset = hset.arg("city").arg(&user.city).arg("country").arg(&user.country);
        let hset = hset.arg("created_at").arg(user.created_at).arg("bio").arg(&user.bio);
        Ok(self.0.run(hset.reply()).await?)
    }

    fn blocking(port: u16) -> Result<Option<BlockingGet>> {
        let client = blocking::Client::with_config(config(port))?;
        Ok(Some(Box::new(move |key| Ok(client.get(key)?))))
    }
}
