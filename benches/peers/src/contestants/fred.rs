//! fred: one client, cloned for each task.

use std::collections::{HashMap, HashSet};

use ::fred::bytes::Bytes;
use ::fred::prelude::*;
use ::fred::types::FromValue;
use anyhow::Result;

use super::{Address, Contestant};
use crate::data::{User, user_key};

/// A clone of the client.
#[derive(Clone)]
pub(crate) struct Fred(Client);

impl Contestant for Fred {
    type Blob = Bytes;
    type Payload = Bytes;

    async fn connect(address: &Address) -> Result<Self> {
        // No timeout and an unbounded queue are its defaults.
        let mut config = Config::from_url(&format!("redis://127.0.0.1:{}", address.port))?;
        if let Some(authority) = &address.authority {
            config.tls = Some(TlsConnector::from(authority.client_config()?).into());
        }
        let client = Builder::from_config(config).build()?;
        client.init().await?;
        Ok(Self(client))
    }

    async fn get(&mut self, key: &str) -> Result<Option<String>> {
        Ok(self.0.get(key).await?)
    }

    async fn set(&mut self, key: &str, value: &str) -> Result<()> {
        Ok(self.0.set(key, value, None, None, false).await?)
    }

    async fn pipe_get(&mut self, keys: &[String]) -> Result<Vec<String>> {
        let pipeline = self.0.pipeline();
        for key in keys {
            // This only queues the command; `all` gives the reply.
            let _: () = pipeline.get(key.as_str()).await?;
        }
        Ok(pipeline.all().await?)
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

    fn payload(bytes: Vec<u8>) -> Bytes {
        bytes.into()
    }

    async fn set_payload(&mut self, key: &str, value: &Bytes) -> Result<()> {
        Ok(self.0.set(key, value.clone(), None, None, false).await?)
    }

    async fn set_slice(&mut self, key: &str, value: &[u8]) -> Result<()> {
        Ok(self.0.set(key, value, None, None, false).await?)
    }

    async fn mset_payloads(&mut self, pairs: &[(String, Bytes)]) -> Result<()> {
        let pairs: Vec<_> = pairs.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
        Ok(self.0.mset(pairs).await?)
    }

    async fn hset_payloads(&mut self, key: &str, fields: &[(String, Bytes)]) -> Result<()> {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        Ok(self.0.hset(key, fields).await?)
    }

    async fn pipe_set(&mut self, pairs: &[(String, Bytes)]) -> Result<()> {
        let pipeline = self.0.pipeline();
        for (key, value) in pairs {
            let _: () = pipeline.set(key.as_str(), value.clone(), None, None, false).await?;
        }
        Ok(pipeline.all::<()>().await?)
    }

    async fn mget(&mut self, keys: &[String]) -> Result<Vec<String>> {
        Ok(self.0.mget(keys.iter().map(String::as_str).collect::<Vec<_>>()).await?)
    }

    async fn mset(&mut self, pairs: &[(String, String)]) -> Result<()> {
        let pairs: Vec<_> = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        Ok(self.0.mset(pairs).await?)
    }

    async fn hset(&mut self, key: &str, fields: &[(String, String)]) -> Result<()> {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Ok(self.0.hset(key, fields).await?)
    }

    async fn smembers(&mut self, key: &str) -> Result<HashSet<String>> {
        Ok(self.0.smembers(key).await?)
    }

    async fn lrange_integers(&mut self, key: &str) -> Result<Vec<i64>> {
        Ok(self.0.lrange(key, 0, -1).await?)
    }

    async fn load(&mut self, id: u64) -> Result<User> {
        Ok(self.0.hgetall(user_key(id)).await?)
    }

    async fn save(&mut self, user: &User) -> Result<()> {
        let fields: [(&str, Value); 10] = [
            ("id", (user.id as i64).into()),
            ("name", user.name.as_str().into()),
            ("email", user.email.as_str().into()),
            ("age", user.age.into()),
            ("score", user.score.into()),
            ("active", i64::from(user.active).into()),
            ("city", user.city.as_str().into()),
            ("country", user.country.as_str().into()),
            ("created_at", user.created_at.into()),
            ("bio", user.bio.as_str().into()),
        ];
        Ok(self.0.hset(user_key(user.id), fields).await?)
    }
}

impl FromValue for User {
    fn from_value(value: Value) -> Result<Self, Error> {
        let mut user = Self::default();
        let mut found = 0;
        for (name, value) in value.into_map()?.inner() {
            match name.as_bytes() {
                b"id" => user.id = value.convert()?,
                b"name" => user.name = value.convert()?,
                b"email" => user.email = value.convert()?,
                b"age" => user.age = value.convert()?,
                b"score" => user.score = value.convert()?,
                b"active" => user.active = value.convert()?,
                b"city" => user.city = value.convert()?,
                b"country" => user.country = value.convert()?,
                b"created_at" => user.created_at = value.convert()?,
                b"bio" => user.bio = value.convert()?,
                _ => continue,
            }
            found += 1;
        }
        if found == 10 { Ok(user) } else { Err(Error::new(ErrorKind::Parse, "a user has 10 fields")) }
    }
}
