//! Golden bytes, round trips and refusals of values.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
};

use bytes::Bytes;
use proptest::{
    collection::{btree_map, btree_set, vec},
    option,
    prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, de::DeserializeOwned, ser};
use uuid::Uuid;

#[cfg(feature = "cbor")]
use super::super::Cbor;
#[cfg(feature = "message-pack")]
use super::super::MessagePack;
#[cfg(feature = "postcard")]
use super::super::Postcard;
use super::super::{Codec, Json, Raw};
use crate::{Error, ErrorKind, Result};

/// Runs a check with every codec that is compiled in.
macro_rules! each_codec {
    (|$codec:ident| $check:expr) => {{
        let $codec = Json;
        $check;
        #[cfg(feature = "message-pack")]
        {
            let $codec = MessagePack;
            $check;
        }
        #[cfg(feature = "cbor")]
        {
            let $codec = Cbor;
            $check;
        }
        #[cfg(feature = "postcard")]
        {
            let $codec = Postcard;
            $check;
        }
    }};
}

/// One of everything that serde tells apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    numbers: (u8, i16, u32, i64, u128, i128),
    floats: (f32, f64),
    texts: Vec<String>,
    letter: char,
    flag: Option<bool>,
    bytes: Bytes,
    id: Uuid,
    map: BTreeMap<i64, Vec<Option<u8>>>,
    set: BTreeSet<char>,
    shape: Shape,
    nothing: (),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Shape {
    Unit,
    New(Box<Self>),
    Pair(u8, String),
    Named { at: Option<Box<Self>> },
}

fn shape() -> impl Strategy<Value = Shape> {
    let leaf =
        prop_oneof![Just(Shape::Unit), any::<(u8, String)>().prop_map(|(a, b)| Shape::Pair(a, b))];
    leaf.prop_recursive(8, 16, 1, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| Shape::New(Box::new(inner))),
            option::of(inner.prop_map(Box::new)).prop_map(|at| Shape::Named { at }),
        ]
    })
}

fn everything() -> impl Strategy<Value = Everything> {
    let floats = (finite(), finite()).prop_map(|(a, b)| (narrow(a), b));
    let texts = (vec(any::<String>(), 0..3), any::<char>(), any::<Option<bool>>());
    let bytes =
        (vec(any::<u8>(), 0..20).prop_map(Bytes::from), any::<u128>().prop_map(Uuid::from_u128));
    let many = (
        btree_map(any::<i64>(), vec(any::<Option<u8>>(), 0..3), 0..3),
        btree_set(any::<char>(), 0..3),
    );
    let all = (any::<(u8, i16, u32, i64, u128, i128)>(), floats, texts, bytes, many, shape());
    all.prop_map(|(numbers, floats, (texts, letter, flag), (bytes, id), (map, set), shape)| {
        Everything { numbers, floats, texts, letter, flag, bytes, id, map, set, shape, nothing: () }
    })
}

/// Every finite double alike, not only the round ones.
fn finite() -> impl Strategy<Value = f64> {
    any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |float| float.is_finite())
}

#[expect(clippy::cast_possible_truncation, reason = "a narrow float is wanted")]
const fn narrow(float: f64) -> f32 {
    let narrow = float as f32;
    if narrow.is_finite() { narrow } else { f32::MAX }
}

fn round_trip<T: Debug, C: Codec<T>>(codec: &C, value: &T) -> T {
    codec.decode(codec.encode(value).unwrap()).unwrap()
}

fn unchanged<T: PartialEq + Debug, C: Codec<T>>(codec: &C, value: &T) {
    assert_eq!(round_trip(codec, value), *value, "{codec:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn values_come_back_unchanged(value in everything()) {
        each_codec!(|codec| unchanged(&codec, &value));
    }

    #[test]
    fn arbitrary_bytes_are_a_value_or_refused(bytes in vec(any::<u8>(), 0..60)) {
        let bytes = Bytes::from(bytes);
        each_codec!(|codec| refused_or_stable::<Everything, _>(&codec, &bytes));
        each_codec!(|codec| refused_or_stable::<Vec<Option<String>>, _>(&codec, &bytes));
        each_codec!(|codec| refused_or_stable::<BTreeMap<u8, Shape>, _>(&codec, &bytes));
    }

    #[test]
    fn damaged_bytes_are_a_value_or_refused(value in everything(), at in any::<usize>(), with in any::<u8>(), how in 0..4) {
        each_codec!(|codec| {
            let bytes = damage(codec.encode(&value).unwrap().into(), at, with, how);
            refused_or_stable::<Everything, _>(&codec, &bytes);
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 20_000, ..Default::default() })]

    #[test]
    fn floats_come_back_bit_by_bit(float in finite()) {
        each_codec!(|codec| assert_eq!(round_trip(&codec, &float).to_bits(), float.to_bits(), "{codec:?}"));
        let narrow = narrow(float);
        each_codec!(|codec| assert_eq!(round_trip(&codec, &narrow).to_bits(), narrow.to_bits(), "{codec:?}"));
    }
}

fn damage(mut bytes: Vec<u8>, at: usize, with: u8, how: i32) -> Bytes {
    let at = at % bytes.len();
    match how {
        0 => bytes[at] ^= with,
        1 => bytes.truncate(at),
        2 => bytes.insert(at, with),
        _ => {
            bytes.remove(at);
        }
    }
    bytes.into()
}

/// What a codec reads it can write and read again.
pub(super) fn refused_or_stable<T, C>(codec: &C, bytes: &Bytes)
where
    T: Serialize + DeserializeOwned + Debug,
    C: Codec<T>,
{
    match codec.decode(bytes.clone()) {
        Ok(value) => {
            // NaN may have come in; it is equal in its bytes only. JSON holds none.
            let again = codec.encode(&value).unwrap();
            assert_eq!(
                codec.encode(&codec.decode(again.clone()).unwrap()).unwrap(),
                again,
                "{codec:?}"
            );
        }
        Err(error) => assert_eq!(error.kind(), ErrorKind::Decode),
    }
}

#[test]
fn limits_of_types_come_back() {
    each_codec!(|codec| {
        unchanged(&codec, &(i8::MIN, i16::MIN, i32::MIN, i64::MIN, i128::MIN));
        unchanged(&codec, &(i8::MAX, i16::MAX, i32::MAX, i64::MAX, i128::MAX));
        unchanged(&codec, &(u8::MAX, u16::MAX, u32::MAX, u64::MAX, u128::MAX));
        unchanged(&codec, &[(1_u64 << 53) + 1, (1 << 63) - 1, 1 << 63]);
        unchanged(&codec, &[u128::from(u64::MAX), 1 << 64, (1 << 127) - 1]);
        unchanged(&codec, &[f64::MIN, f64::MAX, f64::MIN_POSITIVE, f64::EPSILON, 5e-324]);
        unchanged(&codec, &(String::new(), Vec::<u8>::new(), Bytes::new(), None::<u8>, false, 0));
        unchanged(&codec, &BTreeMap::<String, u8>::new());
        unchanged(&codec, &"\0\u{10ffff}".repeat(100_000));
        assert!(round_trip(&codec, &-0.0_f64).is_sign_negative());
    });
}

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

#[cfg(all(feature = "message-pack", feature = "cbor", feature = "postcard"))]
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

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Sample {
    id: u64,
    name: Option<String>,
    ratio: f64,
}

fn sample() -> Sample {
    Sample { id: 258, name: Some("x".to_owned()), ratio: 0.5 }
}

fn golden<T: PartialEq + Debug, C: Codec<T>>(codec: &C, value: &T, bytes: &[u8]) {
    assert_eq!(&codec.encode(value).unwrap()[..], bytes);
    assert_eq!(codec.decode(Bytes::copy_from_slice(bytes)).unwrap(), *value);
    for cut in 0..bytes.len() {
        let error = codec.decode(Bytes::copy_from_slice(&bytes[..cut])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "cut at {cut}");
    }
    let longer = Bytes::from([bytes, b"\0"].concat());
    assert_eq!(codec.decode(longer).unwrap_err().kind(), ErrorKind::Decode);
}

#[test]
fn golden_json() {
    assert_eq!(Codec::<u64>::name(&Json), "json");
    golden(&Json, &sample(), br#"{"id":258,"name":"x","ratio":0.5}"#);
    golden(&Json, &[Shape::Unit, Shape::Pair(1, String::new())], br#"["Unit",{"Pair":[1,""]}]"#);
}

#[cfg(feature = "message-pack")]
#[test]
fn golden_message_pack() {
    assert_eq!(Codec::<u64>::name(&MessagePack), "message-pack");
    golden(
        &MessagePack,
        &sample(),
        b"\x83\xa2id\xcd\x01\x02\xa4name\xa1x\xa5ratio\xcb\x3f\xe0\0\0\0\0\0\0",
    );
    golden(
        &MessagePack,
        &[Shape::Unit, Shape::Pair(1, String::new())],
        b"\x92\xa4Unit\x81\xa4Pair\x92\x01\xa0",
    );
    golden(
        &MessagePack,
        &(u64::MAX, Bytes::from_static(b"\0")),
        b"\x92\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xc4\x01\0",
    );
}

#[cfg(feature = "cbor")]
#[test]
fn golden_cbor() {
    assert_eq!(Codec::<u64>::name(&Cbor), "cbor");
    golden(&Cbor, &sample(), b"\xa3\x62id\x19\x01\x02\x64name\x61x\x65ratio\xf9\x38\0");
    golden(
        &Cbor,
        &[Shape::Unit, Shape::Pair(1, String::new())],
        b"\x82\x64Unit\xa1\x64Pair\x82\x01\x60",
    );
    golden(
        &Cbor,
        &(u64::MAX, Bytes::from_static(b"\0")),
        b"\x82\x1b\xff\xff\xff\xff\xff\xff\xff\xff\x41\0",
    );
}

#[cfg(feature = "postcard")]
#[test]
fn golden_postcard() {
    assert_eq!(Codec::<u64>::name(&Postcard), "postcard");
    golden(&Postcard, &sample(), b"\x82\x02\x01\x01x\0\0\0\0\0\0\xe0\x3f");
    golden(&Postcard, &[Shape::Unit, Shape::Pair(1, String::new())], b"\0\x02\x01\0");
    golden(&Postcard, &(300_u16, -1_i32, Bytes::from_static(b"\0")), b"\xac\x02\x01\x01\0");
}

#[test]
fn raw_values_are_kept_without_a_copy() {
    let value = Bytes::from_static(b"\0\xff");
    assert_eq!(Codec::<Bytes>::encode(&Raw, &value).unwrap().as_ptr(), value.as_ptr());
    assert_eq!(Codec::<Bytes>::decode(&Raw, value.clone()).unwrap().as_ptr(), value.as_ptr());
    assert_eq!(Codec::<Vec<u8>>::encode(&Raw, &vec![0, 255]).unwrap(), value);
    assert_eq!(Codec::<Vec<u8>>::decode(&Raw, value).unwrap(), b"\0\xff");
    assert_eq!(Codec::<Bytes>::decode(&Raw, Bytes::new()).unwrap(), Bytes::new());
    assert_eq!(Codec::<Bytes>::name(&Raw), "raw");
    assert_eq!(Codec::<Vec<u8>>::name(&Raw), "raw");
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

/// A struct that has grown, and the one it was.
#[test]
fn values_with_names_can_grow() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Old {
        id: u8,
        dropped: Vec<u8>,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct New {
        #[serde(default)]
        added: Option<String>,
        id: u8,
    }
    #[derive(Debug, Serialize, Deserialize)]
    struct Careless {
        id: u8,
        colour: u8,
    }
    macro_rules! grows {
        ($codec:expr) => {
            let stored = $codec.encode(&Old { id: 7, dropped: vec![1] }).unwrap();
            let new: New = $codec.decode(stored.clone()).unwrap();
            assert_eq!(new, New { added: None, id: 7 });
            let careless: Result<Careless> = $codec.decode(stored);
            let error = careless.unwrap_err();
            assert!(error.to_string().contains("missing field `colour`"), "{error}");
        };
    }
    grows!(Json);
    #[cfg(feature = "message-pack")]
    grows!(MessagePack);
    #[cfg(feature = "cbor")]
    grows!(Cbor);
}
