//! Values in every codec.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use store::codec::{Cbor, Codec, Json, MessagePack, Postcard, Raw};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Unit,
    Number(i64),
    Pair(f64, Option<String>),
    Map(BTreeMap<String, Vec<u8>>),
    Nested { inner: Box<Option<Self>>, text: char },
}

/// Values in every codec: what is decoded and can be encoded comes back the same.
pub fn values(bytes: &[u8]) {
    let bytes = Bytes::copy_from_slice(bytes);
    check(&Json, &bytes);
    check(&MessagePack, &bytes);
    check(&Cbor, &bytes);
    check(&Postcard, &bytes);
    assert_eq!(Codec::<Bytes>::decode(&Raw, bytes.clone()).ok(), Some(bytes));
}

fn check(codec: &(impl Codec<Shape> + Codec<Vec<Option<u64>>> + Codec<String>), bytes: &Bytes) {
    each::<Shape>(codec, bytes);
    each::<Vec<Option<u64>>>(codec, bytes);
    each::<String>(codec, bytes);
}

fn each<T: PartialEq + std::fmt::Debug>(codec: &impl Codec<T>, bytes: &Bytes) {
    let Ok(value) = codec.decode(bytes.clone()) else { return };
    let Ok(encoded) = codec.encode(&value) else { return };
    match codec.decode(encoded.clone()) {
        // A NaN is no value's equal; its bytes are.
        Ok(again) if again != value => {
            assert_eq!(
                codec.encode(&again).ok(),
                Some(encoded),
                "{} changes a value",
                codec.name()
            );
        }
        Ok(_) => {}
        Err(error) => panic!("{} does not take what it gave: {error}", codec.name()),
    }
}
