//! What codecs refuse, and what their errors tell.

use std::{collections::BTreeMap, fmt::Debug};

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

#[cfg(all(feature = "message-pack", feature = "cbor", feature = "postcard"))]
use super::{
    super::{Cbor, MessagePack, Postcard},
    values::round_trip,
};
use super::{
    super::{Codec, Json},
    values::{Shape, unchanged},
};
use crate::{Error, ErrorKind, Result};

#[cfg(all(feature = "message-pack", feature = "cbor", feature = "postcard"))]
#[test]
fn floats_that_are_no_number_come_back_or_are_refused() {
    for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(round_trip(&MessagePack, &float).to_bits(), float.to_bits());
        assert_eq!(round_trip(&Cbor, &float).to_bits(), float.to_bits());
        assert_eq!(round_trip(&Postcard, &float).to_bits(), float.to_bits());
        refuses(&Json, &float, "not finite");
        refuses(&Json, &vec![Some((1, float))], "not finite");
        refuses(&Json, &f32::NAN, "not finite");
    }
}

#[cfg(all(feature = "message-pack", feature = "cbor", feature = "postcard"))]
#[test]
fn an_empty_some_comes_back_or_is_refused() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct New(Option<u8>);
    for value in [None, Some(None), Some(Some(1))] {
        unchanged(&Postcard, &value);
    }
    unchanged(&Postcard, &Some(()));
    refuses(&Json, &Some(None::<u8>), "Some(None)");
    refuses(&MessagePack, &(1, Some(New(None))), "Some(None)");
    refuses(&Cbor, &vec![Some(())], "Some(())");
    each_codec!(|codec| unchanged(&codec, &Some(vec![None, Some(1)])));
    each_codec!(|codec| unchanged(&codec, &Some(Some(1))));
}

fn refuses<T: Debug, C: Codec<T>>(codec: &C, value: &T, why: &str) {
    let error = codec.encode(value).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Encode);
    assert!(error.to_string().contains(why), "{error}");
}

#[test]
fn values_nest_a_hundred_deep_and_no_deeper() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct List(Vec<Self>);
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Link {
        next: Option<Box<Self>>,
    }
    let list = |depth| (1..depth).fold(List(Vec::new()), |inner, _| List(vec![inner]));
    let link = |depth| {
        (1..depth).fold(Link { next: None }, |inner, _| Link { next: Some(Box::new(inner)) })
    };
    let new = |depth| (0..depth).fold(Shape::Unit, |inner, _| Shape::New(Box::new(inner)));
    let named = |depth| {
        (0..depth / 2).fold(Shape::Unit, |inner, _| Shape::Named { at: Some(Box::new(inner)) })
    };
    each_codec!(|codec| {
        unchanged(&codec, &list(100));
        unchanged(&codec, &link(100));
        unchanged(&codec, &new(100));
        unchanged(&codec, &named(100));
        refuses(&codec, &list(101), "deep");
        refuses(&codec, &link(101), "deep");
        refuses(&codec, &new(101), "deep");
        refuses(&codec, &named(102), "deep");
        refuses(&codec, &list(5000), "deep");
    });
}

#[cfg(all(feature = "message-pack", feature = "cbor"))]
#[test]
fn bytes_that_nest_without_end_are_refused() {
    #[derive(Debug, Serialize, Deserialize)]
    struct List(Vec<Self>);
    let refuses =
        |decoded: Result<List>| assert_eq!(decoded.unwrap_err().kind(), ErrorKind::Decode);
    refuses(Json.decode(vec![b'['; 100_000].into()));
    refuses(MessagePack.decode(vec![0x91; 100_000].into()));
    refuses(Cbor.decode(vec![0x81; 100_000].into()));
}

#[test]
fn lengths_that_lie_are_refused_before_memory_is_taken() {
    let lies: [&[u8]; 5] = [
        b"\xc6\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xdd\xff\xff\xff\xff",
        b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff",
    ];
    for lie in lies.map(Bytes::from_static) {
        each_codec!(|codec| assert!(Codec::<Bytes>::decode(&codec, lie.clone()).is_err()));
        each_codec!(|codec| assert!(Codec::<Vec<u64>>::decode(&codec, lie.clone()).is_err()));
        each_codec!(|codec| assert!(Codec::<String>::decode(&codec, lie.clone()).is_err()));
    }
}

/// Spills what it holds into its errors.
#[derive(Debug)]
struct Spill;

impl Serialize for Spill {
    fn serialize<S: Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
        Err(ser::Error::custom("secret"))
    }
}

impl<'de> Deserialize<'de> for Spill {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Err(de::Error::custom(format_args!("bad value {text}")))
    }
}

/// Everything that can be read in an error.
fn readable(error: &Error) -> String {
    let mut shown = format!("{error:?} {error}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        shown += &format!(" {cause:?} {cause}");
        source = cause.source();
    }
    shown
}

#[test]
fn errors_name_codec_and_type_and_never_the_value() {
    #[derive(Debug, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Strict {
        number: u64,
    }
    let secret = "secret".to_owned();
    let field = BTreeMap::from([("number".to_owned(), secret.clone())]);
    let unknown = BTreeMap::from([(secret.clone(), 1)]);
    each_codec!(|codec| {
        let name = Codec::<u64>::name(&codec);
        let errors = [
            (codec.encode(&Spill).unwrap_err(), "Spill", ErrorKind::Encode),
            (failure::<Spill, _, _>(&codec, &secret), "Spill", ErrorKind::Decode),
            (failure::<(u64, u64), _, _>(&codec, &secret), "(u64, u64)", ErrorKind::Decode),
            (failure::<Strict, _, _>(&codec, &field), "Strict", ErrorKind::Decode),
            (failure::<Strict, _, _>(&codec, &unknown), "Strict", ErrorKind::Decode),
            (failure::<Shape, _, _>(&codec, &secret), "Shape", ErrorKind::Decode),
            (failure::<Shape, _, _>(&codec, &77_u8), "Shape", ErrorKind::Decode),
        ];
        for (error, type_name, kind) in errors {
            let shown = readable(&error);
            assert_eq!(error.kind(), kind, "{shown}");
            assert!(shown.contains(type_name) && shown.contains(name), "{shown}");
            assert!(!shown.contains("secret") && !shown.contains("77"), "{shown}");
        }
    });
}

/// The error of reading a value as something else.
fn failure<T: Debug, V, C: Codec<T> + Codec<V>>(codec: &C, value: &V) -> Error {
    codec.decode(codec.encode(value).unwrap()).map(|_: T| ()).unwrap_err()
}

#[test]
fn maps_that_json_does_not_have_are_refused() {
    refuses(&Json, &BTreeMap::from([((1, 2), 3)]), "key must be a string");
    refuses(&Json, &BTreeMap::from([(None::<u8>, 3)]), "key must be a string");
}
