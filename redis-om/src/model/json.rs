//! Models that are stored as a JSON document, written and read by serde.

use redis_om_client::{Cmd, Command, DecodeError, Replies, Reply, commands::KeyType};

use super::{Key, RedisModel, Storage};
use crate::field::{JsonText, JsonValue};

/// Stored as a JSON document: `#[redis(json)]`.
#[derive(Debug, Clone, Copy)]
pub struct AsJson;

impl<M: RedisModel + JsonValue> Storage<M> for AsJson {
    const GET: &'static str = "JSON.GET";

    fn key_type() -> KeyType {
        KeyType::Other("ReJSON-RL".into())
    }

    fn save(model: &M) -> Command<()> {
        Cmd::new("JSON.SET").key(model.key()).arg("$").arg(JsonText(model)).reply()
    }

    fn get(key: &Key) -> Command<Option<M>> {
        Cmd::new(<Self as Storage<M>>::GET).key(key).readonly().reply_with(<Self as Storage<M>>::read)
    }

    fn read(replies: &mut Replies<'_>) -> Result<Option<M>, DecodeError> {
        match replies.take()? {
            Reply::Nil => Ok(None),
            document => {
                let text = document.blob("a JSON document")?;
                M::parse_json(&text).map(Some).map_err(|error| error.at(M::MODEL_NAME))
            }
        }
    }
}
