//! The data on the server while the contestants run, which each must read back.
//!
//! It knows no client: the harness writes the data over a plain socket, so that no contestant reads what it wrote itself.

use std::collections::HashMap;

use serde::Deserialize;

use crate::contestants::raw::encode;

/// The keys of the GET and SET rows. There are many, so that the server has to search its dictionary.
pub(crate) const KEYS: usize = 1024;
/// Length of their values.
pub(crate) const VALUE: usize = 64;
/// Elements of the list.
pub(crate) const LIST: usize = 10_000;
/// Fields of the hash.
pub(crate) const FIELDS: usize = 1_000;
/// Length of the large value.
pub(crate) const LARGE: usize = 1 << 20;
/// Keys and fields of the rows that send or read many at once.
pub(crate) const MANY: usize = 1_000;
/// Members of the set.
pub(crate) const SET: usize = 10_000;
/// Elements of the list of integers.
pub(crate) const INTEGERS: usize = 10_000;
/// Models of the load and save rows, one a task.
pub(crate) const USERS: usize = 64;

/// Key of the list.
pub(crate) const LIST_KEY: &str = "peers:list";
/// Key of the hash.
pub(crate) const HASH_KEY: &str = "peers:hash";
/// Key of the large value.
pub(crate) const LARGE_KEY: &str = "peers:large";
/// Key of the set.
pub(crate) const SET_KEY: &str = "peers:set";
/// Key of the list of integers.
pub(crate) const INTEGERS_KEY: &str = "peers:integers";

/// The struct of the load and save rows: a user with ten fields, as a service could have them.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(feature = "ours", derive(redis_om::RedisModel), redis(hash, prefix = "user"))]
#[allow(missing_docs)]
pub(crate) struct User {
    #[cfg_attr(feature = "ours", redis(id))]
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) age: u32,
    pub(crate) score: f64,
    // The texts on the wire are `1` and `0`: every client here reads them as a boolean.
    pub(crate) active: bool,
    pub(crate) city: String,
    pub(crate) country: String,
    pub(crate) created_at: i64,
    pub(crate) bio: String,
}

impl User {
    /// The user with a number. Every field differs from that of the next user, so that a swapped reply is found.
    pub(crate) fn numbered(id: u64) -> Self {
        Self {
            id,
            name: format!("Ada Lovelace {id}"),
            email: format!("ada.{id}@example.org"),
            age: 20 + (id % 60) as u32,
            score: id as f64 + 0.25,
            active: id.is_multiple_of(2),
            city: format!("Springfield {id}"),
            country: "Norway".to_owned(),
            created_at: 1_700_000_000_000 + id as i64,
            bio: format!("user {id} wrote the first program and went on to write the next one too"),
        }
    }

    /// The fields in their stored form.
    pub(crate) fn texts(&self) -> Vec<(&'static str, String)> {
        vec![
            ("id", self.id.to_string()),
            ("name", self.name.clone()),
            ("email", self.email.clone()),
            ("age", self.age.to_string()),
            ("score", self.score.to_string()),
            ("active", if self.active { "1" } else { "0" }.to_owned()),
            ("city", self.city.clone()),
            ("country", self.country.clone()),
            ("created_at", self.created_at.to_string()),
            ("bio", self.bio.clone()),
        ]
    }
}

/// The key of a user's hash, `user:{id}`, as every contestant writes it.
pub(crate) fn user_key(id: u64) -> String {
    format!("user:{id}")
}

/// Keys and expected values, made once for each child process.
pub(crate) struct Data {
    pub(crate) keys: Vec<String>,
    pub(crate) values: Vec<String>,
    pub(crate) users: Vec<User>,
}

impl Data {
    /// The same values on each call: a child process expects what the harness has written.
    pub(crate) fn new() -> Self {
        Self {
            keys: (0..KEYS).map(|n| format!("peers:key:{n}")).collect(),
            values: (0..KEYS).map(|n| format!("{n:0width$}", width = VALUE)).collect(),
            users: (0..USERS as u64).map(User::numbered).collect(),
        }
    }
}

/// The list's elements.
pub(crate) fn list() -> Vec<String> {
    (0..LIST).map(|n| format!("{n:032}")).collect()
}

/// The hash's fields.
pub(crate) fn hash() -> HashMap<String, String> {
    (0..FIELDS).map(|n| (format!("field:{n}"), format!("{n:032}"))).collect()
}

/// The large value. It has no runs of equal bytes, so that every byte has to be read to be compared.
pub(crate) fn large() -> Vec<u8> {
    bytes(LARGE)
}

/// A value of this length without runs of equal bytes.
pub(crate) fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n % 251) as u8).collect()
}

/// The members of the set.
pub(crate) fn set() -> Vec<String> {
    (0..SET).map(|n| format!("{n:032}")).collect()
}

/// The list of integers, of one to seven digits.
pub(crate) fn integers() -> Vec<i64> {
    (0..INTEGERS as i64).map(|n| n * n % 9_999_991).collect()
}

/// The command that writes a user, as bytes.
pub(crate) fn hset_user(user: &User) -> Vec<u8> {
    let key = user_key(user.id);
    let texts = user.texts();
    let mut arguments: Vec<&[u8]> = vec![b"HSET", key.as_bytes()];
    for (name, text) in &texts {
        arguments.extend([name.as_bytes(), text.as_bytes()]);
    }
    encode(&arguments)
}

/// All data as one batch of commands, and the number of commands.
pub(crate) fn seed() -> (Vec<u8>, usize) {
    let data = Data::new();
    let mut commands: Vec<Vec<u8>> = Vec::new();
    for (key, value) in data.keys.iter().zip(&data.values) {
        commands.push(encode(&[b"SET", key.as_bytes(), value.as_bytes()]));
    }
    let list = list();
    let mut push: Vec<&[u8]> = vec![b"RPUSH", LIST_KEY.as_bytes()];
    push.extend(list.iter().map(|text| text.as_bytes()));
    commands.push(encode(&push));
    let set = set();
    let mut sadd: Vec<&[u8]> = vec![b"SADD", SET_KEY.as_bytes()];
    sadd.extend(set.iter().map(|text| text.as_bytes()));
    commands.push(encode(&sadd));
    let integers: Vec<String> = integers().iter().map(i64::to_string).collect();
    let mut push: Vec<&[u8]> = vec![b"RPUSH", INTEGERS_KEY.as_bytes()];
    push.extend(integers.iter().map(|text| text.as_bytes()));
    commands.push(encode(&push));
    let fields = hash();
    let mut hset: Vec<&[u8]> = vec![b"HSET", HASH_KEY.as_bytes()];
    for (name, text) in &fields {
        hset.extend([name.as_bytes(), text.as_bytes()]);
    }
    commands.push(encode(&hset));
    commands.push(encode(&[b"SET", LARGE_KEY.as_bytes(), &large()]));
    commands.extend(data.users.iter().map(hset_user));
    (commands.concat(), commands.len())
}
