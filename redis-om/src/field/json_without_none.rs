//! Writes JSON text without the struct fields that are `None`.
//!
//! Only fields of structs are left out. An element of a list or an entry of a map that is `None` is written as `null`:
//! without it, another list or map would be read back.

use std::fmt;

use serde::ser::{
    Error as _, Impossible, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant,
    SerializeTuple, SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// The JSON text of a value.
pub(super) fn to_vec<T: Serialize>(value: &T) -> serde_json::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(128);
    value.serialize(WithoutNone(&mut serde_json::Serializer::new(&mut out)))?;
    Ok(out)
}

/// A serializer, or a part of one, that passes on everything except fields that are `None`.
struct WithoutNone<S>(S);

/// A value that is written by [`WithoutNone`] inside another value.
struct Inside<'a, T: ?Sized>(&'a T);

impl<T: Serialize + ?Sized> Serialize for Inside<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(WithoutNone(serializer))
    }
}

macro_rules! scalars {
    ($($method:ident($type:ty))*) => { $(
        fn $method(self, value: $type) -> Result<S::Ok, S::Error> {
            self.0.$method(value)
        }
    )* };
}

impl<S: Serializer> Serializer for WithoutNone<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = WithoutNone<S::SerializeSeq>;
    type SerializeTuple = WithoutNone<S::SerializeTuple>;
    type SerializeTupleStruct = WithoutNone<S::SerializeTupleStruct>;
    type SerializeTupleVariant = WithoutNone<S::SerializeTupleVariant>;
    type SerializeMap = WithoutNone<S::SerializeMap>;
    type SerializeStruct = WithoutNone<S::SerializeStruct>;
    type SerializeStructVariant = WithoutNone<S::SerializeStructVariant>;

    scalars! {
        serialize_bool(bool) serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64)
        serialize_i128(i128) serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64)
        serialize_u128(u128) serialize_f32(f32) serialize_f64(f64) serialize_char(char) serialize_str(&str)
        serialize_bytes(&[u8]) serialize_unit_struct(&'static str)
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.0.collect_str(value)
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.0.serialize_none()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.0.serialize_some(&Inside(value))
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.0.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<S::Ok, S::Error> {
        self.0.serialize_unit_variant(name, index, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.0.serialize_newtype_struct(name, &Inside(value))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.0.serialize_newtype_variant(name, index, variant, &Inside(value))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        self.0.serialize_seq(len).map(WithoutNone)
    }

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, S::Error> {
        self.0.serialize_tuple(len).map(WithoutNone)
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleStruct, S::Error> {
        self.0.serialize_tuple_struct(name, len).map(WithoutNone)
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        self.0.serialize_tuple_variant(name, index, variant, len).map(WithoutNone)
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        self.0.serialize_map(len).map(WithoutNone)
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeStruct, S::Error> {
        self.0.serialize_struct(name, len).map(WithoutNone)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        self.0.serialize_struct_variant(name, index, variant, len).map(WithoutNone)
    }
}

macro_rules! elements {
    ($($part:ident :: $method:ident)*) => { $(
        impl<S: $part> $part for WithoutNone<S> {
            type Ok = S::Ok;
            type Error = S::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
                self.0.$method(&Inside(value))
            }

            fn end(self) -> Result<S::Ok, S::Error> {
                self.0.end()
            }
        }
    )* };
}

elements! {
    SerializeSeq::serialize_element SerializeTuple::serialize_element
    SerializeTupleStruct::serialize_field SerializeTupleVariant::serialize_field
}

impl<S: SerializeMap> SerializeMap for WithoutNone<S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), S::Error> {
        self.0.serialize_key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        self.0.serialize_value(&Inside(value))
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        self.0.end()
    }
}

macro_rules! fields {
    ($($part:ident)*) => { $(
        impl<S: $part> $part for WithoutNone<S> {
            type Ok = S::Ok;
            type Error = S::Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), S::Error> {
                if matches!(value.serialize(Probe), Ok(true)) {
                    return self.0.skip_field(key);
                }
                self.0.serialize_field(key, &Inside(value))
            }

            fn skip_field(&mut self, key: &'static str) -> Result<(), S::Error> {
                self.0.skip_field(key)
            }

            fn end(self) -> Result<S::Ok, S::Error> {
                self.0.end()
            }
        }
    )* };
}

fields! { SerializeStruct SerializeStructVariant }

/// A serializer that finds out whether a value is `None` and reads nothing more of it.
struct Probe;

/// The value is not `None`.
#[derive(Debug)]
struct Other;

impl fmt::Display for Other {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not none")
    }
}

impl std::error::Error for Other {}

impl serde::ser::Error for Other {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

macro_rules! others {
    ($($method:ident($($type:ty),*) $(-> $part:ident)?;)*) => { $(
        others!(@one $method($($type),*) $(-> $part)?);
    )* };
    (@one $method:ident($a:ty $(, $b:ty $(, $c:ty $(, $d:ty)?)?)?) -> $part:ident) => {
        fn $method(self, _: $a $(, _: $b $(, _: $c $(, _: $d)?)?)?) -> Result<Self::$part, Other> {
            Err(Other::custom(""))
        }
    };
    (@one $method:ident($a:ty $(, $b:ty $(, $c:ty)?)?)) => {
        fn $method(self, _: $a $(, _: $b $(, _: $c)?)?) -> Result<bool, Other> {
            Ok(false)
        }
    };
}

impl Serializer for Probe {
    type Ok = bool;
    type Error = Other;
    type SerializeSeq = Impossible<bool, Other>;
    type SerializeTuple = Impossible<bool, Other>;
    type SerializeTupleStruct = Impossible<bool, Other>;
    type SerializeTupleVariant = Impossible<bool, Other>;
    type SerializeMap = Impossible<bool, Other>;
    type SerializeStruct = Impossible<bool, Other>;
    type SerializeStructVariant = Impossible<bool, Other>;

    others! {
        serialize_bool(bool); serialize_i8(i8); serialize_i16(i16); serialize_i32(i32); serialize_i64(i64);
        serialize_i128(i128); serialize_u8(u8); serialize_u16(u16); serialize_u32(u32); serialize_u64(u64);
        serialize_u128(u128); serialize_f32(f32); serialize_f64(f64); serialize_char(char); serialize_str(&str);
        serialize_bytes(&[u8]); serialize_unit_struct(&'static str);
        serialize_unit_variant(&'static str, u32, &'static str);
        serialize_seq(Option<usize>) -> SerializeSeq;
        serialize_tuple(usize) -> SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> SerializeTupleVariant;
        serialize_map(Option<usize>) -> SerializeMap;
        serialize_struct(&'static str, usize) -> SerializeStruct;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> SerializeStructVariant;
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Result<bool, Other> {
        Ok(false)
    }

    fn serialize_none(self) -> Result<bool, Other> {
        Ok(true)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<bool, Other> {
        Ok(false)
    }

    fn serialize_unit(self) -> Result<bool, Other> {
        Ok(false)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<bool, Other> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<bool, Other> {
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;

    use super::to_vec;

    #[derive(Serialize)]
    struct Outer {
        a: Option<u8>,
        b: Option<Inner>,
        list: Vec<Option<u8>>,
        map: BTreeMap<&'static str, Option<u8>>,
        unit: (),
        kind: Kind,
        wrapped: Wrapped,
        text: &'static str,
    }

    #[derive(Serialize)]
    struct Inner {
        x: Option<u8>,
        y: (Option<u8>, f64),
    }

    #[derive(Serialize)]
    enum Kind {
        Struct { gone: Option<u8>, here: u8 },
        Tuple(Option<u8>),
        Unit,
    }

    #[derive(Serialize)]
    struct Wrapped(Option<u8>);

    #[test]
    fn only_fields_are_left_out() {
        let outer = Outer {
            a: None,
            b: Some(Inner { x: None, y: (None, 0.5) }),
            list: vec![Some(1), None],
            map: BTreeMap::from([("k", None)]),
            unit: (),
            kind: Kind::Struct { gone: None, here: 1 },
            wrapped: Wrapped(None),
            text: "\"",
        };
        let text = String::from_utf8(to_vec(&outer).unwrap()).unwrap();
        assert_eq!(
            text,
            r#"{"b":{"y":[null,0.5]},"list":[1,null],"map":{"k":null},"unit":null,"kind":{"Struct":{"here":1}},"text":"\""}"#
        );
        assert_eq!(to_vec(&Some(Kind::Tuple(None))).unwrap(), br#"{"Tuple":null}"#);
        assert_eq!(to_vec(&Kind::Unit).unwrap(), br#""Unit""#);
        assert_eq!(to_vec(&Inner { x: None, y: (None, 1.0) }).unwrap(), br#"{"y":[null,1.0]}"#);
        assert_eq!(to_vec(&Wrapped(Some(3))).unwrap(), b"3");
    }
}
