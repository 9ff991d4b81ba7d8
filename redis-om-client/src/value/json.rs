//! Any serde type as one JSON argument, or from one JSON reply.

use std::ops::{Deref, DerefMut};

use serde::{Serialize, de::DeserializeOwned};

use crate::{error::DecodeError, resp::Reply};

use super::{Arg, Args, FromRedis, ToArg, ToArgs, Written};

/// A value that is JSON text in Redis.
///
/// ```
/// use redis_om_client::{Json, cmd, commands::StringCommands};
///
/// let command = cmd().set("point", Json([1, 2]));
/// assert_eq!(command.to_string(), "SET point [1,2]");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Json<T>(pub T);

impl<T> Json<T> {
    /// The value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Json<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Json<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Serialize> ToArg for Json<T> {
    fn to_arg(&self, arg: Arg<'_>) -> Written {
        match serde_json::to_vec(&self.0) {
            Ok(text) => arg.bytes(&text),
            Err(error) => arg.refuse(format!("a value cannot be written as JSON: {error}")),
        }
    }
}

impl<T: Serialize> ToArgs for Json<T> {
    fn to_args(&self, args: &mut Args<'_>) {
        args.arg(self);
    }
}

impl<T: DeserializeOwned> FromRedis for Json<T> {
    fn from_redis(reply: Reply<'_>) -> Result<Self, DecodeError> {
        let blob = reply.blob("JSON text")?;
        serde_json::from_slice(&blob).map(Self).map_err(|error| {
            DecodeError::new(format!("expected JSON that fits the type: {error}, found {blob}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::Replies;

    #[test]
    fn reads_and_says_what_is_wrong() {
        let read = |bytes: &'static [u8]| Json::<Vec<i64>>::from_redis(Replies::new(bytes).take().unwrap());
        assert_eq!(*read(b"$5\r\n[1,2]\r\n").unwrap(), [1, 2]);
        assert!(read(b"$3\r\n[1,\r\n").unwrap_err().to_string().contains("found \"[1,\""));
    }
}
