//! Enums, newtypes and ids: written, read, and derived where the user has items with the names of ours. No server.

mod common;

use common::{decode, decode_err, map3, text};
use redis_om::{Command, prelude::*};

#[derive(RedisValue, Debug, Clone, PartialEq, Eq, Hash)]
struct Isbn(String);

#[derive(RedisValue, Debug, Clone, Copy, PartialEq)]
struct Level {
    value: u8,
}

#[derive(RedisValue, Debug, Clone, PartialEq)]
struct Raw(Vec<u8>);

#[derive(RedisValue, Debug, Clone, Copy, PartialEq)]
struct Wrapped(Level);

#[derive(RedisValue, Debug, Clone, Copy, PartialEq)]
#[redis(rename_all = "SCREAMING_SNAKE_CASE")]
enum State {
    InStock,
    #[redis(rename = "gone away")]
    SoldOut,
}

#[derive(RedisModel, Debug, Clone, PartialEq)]
#[redis(hash)]
struct Book {
    #[redis(id)]
    isbn: Isbn,
    level: Level,
    wrapped: Option<Wrapped>,
    state: State,
    raw: Raw,
    #[redis(separator = ",")]
    levels: Vec<Level>,
    #[redis(separator = " ")]
    states: Vec<State>,
}

#[test]
fn in_a_model() {
    let book = Book {
        isbn: Isbn("978".into()),
        level: Level { value: 255 },
        wrapped: Some(Wrapped(Level { value: 1 })),
        state: State::InStock,
        raw: Raw(b"\0".to_vec()),
        levels: vec![Level { value: 1 }, Level { value: 2 }],
        states: vec![State::SoldOut, State::InStock],
    };
    assert_eq!(
        book.save(cmd()).to_string(),
        "HSET book:978 isbn 978 level 255 wrapped 1 state IN_STOCK raw \"\\x00\" levels 1,2 states \"gone\\\\ away IN_STOCK\""
    );
    let words = common::words(&book.save(cmd()));
    assert_eq!(decode(Book::get(cmd(), &book.isbn), &common::map_of(&words[2..])).unwrap(), Some(book));
    let wrong = decode_err(Book::get(cmd(), Isbn("1".into())), &map3(&[("state", "x")]));
    assert_eq!(wrong, "at `Book.state`: expected one of `IN_STOCK`, `gone away`, found \"x\"");
    let wrong = decode_err(Book::get(cmd(), Isbn("1".into())), &map3(&[("level", "256")]));
    assert_eq!(wrong, "at `Book.level`: expected an integer (u8), found 256");
    let wrong = decode_err(Book::get(cmd(), Isbn("1".into())), &map3(&[("levels", "1,x")]));
    assert_eq!(wrong, "at `Book.levels.1`: expected an integer (u8), found \"x\"");
}

#[test]
fn as_arguments_and_replies() {
    assert_eq!(cmd().set("k", State::SoldOut).to_string(), "SET k \"gone away\"");
    assert_eq!(
        cmd().sadd("k", [State::InStock, State::SoldOut]).to_string(),
        "SADD k IN_STOCK \"gone away\""
    );
    let get: Command<Option<State>> = cmd().get("k");
    assert_eq!(decode(get.clone(), &text("IN_STOCK")).unwrap(), Some(State::InStock));
    assert_eq!(decode(get, b"_\r\n").unwrap(), None);
    let get: Command<Vec<Level>> = cmd().smembers("k");
    assert_eq!(decode(get, b"*1\r\n$1\r\n7\r\n").unwrap(), [Level { value: 7 }]);
}

mod ids {
    use redis_om::prelude::*;

    macro_rules! model {
        ($name:ident, $type:ty) => {
            #[derive(RedisModel)]
            #[redis(hash, prefix = "m")]
            struct $name {
                #[redis(id)]
                id: $type,
            }
        };
    }

    model!(Text, String);
    model!(Number, i64);
    model!(Small, u8);
    model!(ByUlid, Ulid);
    model!(ByUuid, uuid::Uuid);
    model!(New, super::Isbn);

    #[test]
    fn are_given_by_value_by_reference_and_as_str() {
        let owned = "a b".to_owned();
        assert_eq!(Text::key_of("a").to_string(), "m:a");
        assert_eq!(Text::key_of(&owned).to_string(), "m:a b");
        assert_eq!(Text::get_many(cmd(), ["a", "b"]).to_string(), "HGETALL m:a | HGETALL m:b");
        assert_eq!(Text::get_many(cmd(), std::slice::from_ref(&owned)).to_string(), "HGETALL \"m:a b\"");
        assert_eq!(Text::key_of(owned).as_bytes(), b"m:a b");
        assert_eq!(Number::key_of(-1).to_string(), "m:-1");
        assert_eq!(Small::get(cmd(), 255).to_string(), "HGETALL m:255");
        assert_eq!(Small { id: 5 }.save(cmd()).to_string(), "HSET m:5 id 5");
        assert_eq!(ByUlid::key_of(Ulid::nil()).to_string(), "m:00000000000000000000000000");
        assert_eq!(ByUuid::key_of(uuid::Uuid::nil()).to_string(), "m:00000000-0000-0000-0000-000000000000");
        assert_eq!(New::key_of(super::Isbn("x".into())).to_string(), "m:x");
        let long = "x".repeat(1000);
        assert_eq!(Text::key_of(&long).as_bytes().len(), 1002);
    }
}

/// The derived code uses no name that the user may have given to something else.
mod strange_surroundings {
    #![allow(dead_code, non_camel_case_types, reason = "only their names matter")]

    use ::redis_om as elsewhere;

    enum Option {}
    enum Result {}
    struct Ok;
    struct Some;
    struct None;
    trait Default {}
    mod core {}
    mod std {}
    mod redis_om {}
    mod __private {}

    fn partial() -> u16 {
        7
    }

    #[derive(elsewhere::RedisEmbedded)]
    #[redis(crate = "elsewhere")]
    struct Inner {
        r#type: ::std::option::Option<u8>,
        value: ::std::vec::Vec<u8>,
    }

    #[derive(elsewhere::RedisEmbedded)]
    #[redis(crate = "elsewhere")]
    struct Partial {
        value: ::std::option::Option<u8>,
    }

    #[derive(elsewhere::RedisModel)]
    #[redis(hash, crate = "elsewhere")]
    pub(super) struct Outer {
        #[redis(id)]
        pub(super) name: u8,
        #[redis(embed)]
        args: Inner,
        #[redis(embed)]
        more: Partial,
        #[redis(embed)]
        at: ::std::option::Option<Inner>,
        #[redis(skip)]
        partial: u64,
        #[redis(default = partial())]
        pub(super) found: u16,
    }

    #[derive(elsewhere::RedisValue)]
    #[redis(crate = "elsewhere")]
    enum Value {
        Ok,
        Err,
    }
}

#[test]
fn names_of_the_user_do_not_change_the_derived_code() {
    let command = strange_surroundings::Outer::get(cmd(), 1);
    let outer = decode(command, &map3(&[("name", "1"), ("args.value", "x")])).unwrap().unwrap();
    assert_eq!(outer.key().to_string(), "outer:1");
    assert_eq!((outer.name, outer.found), (1, 7));
}
