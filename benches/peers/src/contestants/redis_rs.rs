//! redis-rs: clones of one `MultiplexedConnection`, tuned as far as its configuration goes. Compiled once for each
//! generation; `api` is the one at hand.

use std::collections::HashMap;

use anyhow::{Context, Result};

use super::super::{BlockingGet, Contestant};
use super::api::aio::MultiplexedConnection;
use super::api::{
    AsyncConnectionConfig, Client, Cmd, FromRedisValue, ParsingError, Value, cmd, from_redis_value,
};
use super::pipeline;
use crate::data::{User, user_key};

/// A clone of the multiplexed connection.
#[derive(Clone)]
pub(crate) struct RedisRs(MultiplexedConnection);

fn client(port: u16) -> Result<Client> {
    Client::open(format!("redis://127.0.0.1:{port}")).context("open redis-rs")
}

impl Contestant for RedisRs {
    type Blob = Vec<u8>;

    async fn connect(port: u16) -> Result<Self> {
        // Its defaults (a timer for each command, 50 places in the channel, 8 KiB of writing) cost it a third or more.
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(None)
            .set_pipeline_buffer_size(4096)
            .set_write_backpressure_boundary(256 * 1024);
        Ok(Self(client(port)?.get_multiplexed_async_connection_with_config(&config).await?))
    }

    async fn get(&mut self, key: &str) -> Result<Option<String>> {
        Ok(Cmd::get(key).query_async(&mut self.0).await?)
    }

    async fn set(&mut self, key: &str, value: &str) -> Result<()> {
        Ok(Cmd::set(key, value).query_async(&mut self.0).await?)
    }

    async fn pipe_get(&mut self, keys: &[String]) -> Result<Vec<String>> {
        let mut pipeline = pipeline(keys.len());
        for key in keys {
            pipeline.get(key);
        }
        Ok(pipeline.query_async(&mut self.0).await?)
    }

    async fn lrange(&mut self, key: &str) -> Result<Vec<String>> {
        Ok(Cmd::lrange(key, 0, -1).query_async(&mut self.0).await?)
    }

    async fn hgetall(&mut self, key: &str) -> Result<HashMap<String, String>> {
        Ok(Cmd::hgetall(key).query_async(&mut self.0).await?)
    }

    async fn get_bytes(&mut self, key: &str) -> Result<Vec<u8>> {
        Ok(Cmd::get(key).query_async(&mut self.0).await?)
    }

    async fn load(&mut self, id: u64) -> Result<User> {
        Ok(Cmd::hgetall(user_key(id)).query_async(&mut self.0).await?)
    }

    async fn save(&mut self, user: &User) -> Result<()> {
        let mut hset = cmd("HSET");
        hset.arg(user_key(user.id));
        hset.arg("id").arg(user.id);
        hset.arg("name").arg(&user.name);
        hset.arg("email").arg(&user.email);
        hset.arg("age").arg(user.age);
        hset.arg("score").arg(user.score);
        hset.arg("active").arg(user.active);
        hset.arg("city").arg(&user.city);
        hset.arg("country").arg(&user.country);
        hset.arg("created_at").arg(user.created_at);
        hset.arg("bio").arg(&user.bio);
        Ok(hset.query_async(&mut self.0).await?)
    }

    fn blocking(port: u16) -> Result<Option<BlockingGet>> {
        let mut connection = client(port)?.get_connection()?;
        Ok(Some(Box::new(move |key| Ok(Cmd::get(key).query(&mut connection)?))))
    }
}

// Straight from the reply's pairs: faster than a map of strings that is then looked into.
impl FromRedisValue for User {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let pairs = value.into_map_iter().map_err(|_| ParsingError::from("a user is a map".to_owned()))?;
        let mut user = Self::default();
        let mut found = 0;
        for (name, value) in pairs {
            let Value::BulkString(name) = name else { continue };
            match name.as_slice() {
                b"id" => user.id = from_redis_value(value)?,
                b"name" => user.name = from_redis_value(value)?,
                b"email" => user.email = from_redis_value(value)?,
                b"age" => user.age = from_redis_value(value)?,
                b"score" => user.score = from_redis_value(value)?,
                b"active" => user.active = from_redis_value(value)?,
                b"city" => user.city = from_redis_value(value)?,
                b"country" => user.country = from_redis_value(value)?,
                b"created_at" => user.created_at = from_redis_value(value)?,
                b"bio" => user.bio = from_redis_value(value)?,
                _ => continue,
            }
            found += 1;
        }
        if found == 10 {
            Ok(user)
        } else {
            Err(ParsingError::from(format!("a user has 10 fields, not {found}")))
        }
    }
}
