//! Golden bytes of values, and what may change in their types.

use std::fmt::Debug;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

#[cfg(feature = "cbor")]
use super::super::Cbor;
#[cfg(feature = "message-pack")]
use super::super::MessagePack;
#[cfg(feature = "postcard")]
use super::super::Postcard;
use super::{
    super::{Codec, Json, Raw},
    values::Shape,
};
use crate::{ErrorKind, Result};

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
