//! Every short byte string: it is a key or a value, or it is refused, and the order of all keys is that of their bytes.

use std::{collections::BTreeMap, fmt::Debug};

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

#[cfg(feature = "cbor")]
use super::super::Cbor;
#[cfg(feature = "message-pack")]
use super::super::MessagePack;
#[cfg(feature = "postcard")]
use super::super::Postcard;
use super::{
    super::{Codec, Json, Key},
    values::{Shape, refused_or_stable},
};
use crate::ErrorKind;

/// Bytes that mean something to an encoding, or stand beside one that does.
const MEANINGFUL: [u8; 7] = [0x00, 0x01, 0x02, 0x61, 0x80, 0xc3, 0xff];

/// Calls `see` with every string of these bytes, up to a length, in their order.
fn every(letters: &[u8], longest: usize, see: &mut impl FnMut(&[u8])) {
    fn longer(string: &mut Vec<u8>, letters: &[u8], longest: usize, see: &mut impl FnMut(&[u8])) {
        see(string);
        if string.len() == longest {
            return;
        }
        for letter in letters {
            string.push(*letter);
            longer(string, letters, longest, see);
            string.pop();
        }
    }
    longer(&mut Vec::new(), letters, longest, see);
}

/// Reads every short string as a key; at least so many are keys.
fn keys<K: Key + Ord + Debug>(at_least: usize) {
    let mut last: Option<K> = None;
    let mut found = 0;
    every(&MEANINGFUL, 6, &mut |string| match K::from_bytes(&Bytes::copy_from_slice(string)) {
        Err(error) => assert_eq!(error.kind(), ErrorKind::Decode),
        Ok(key) => {
            assert_eq!(key.to_bytes().unwrap(), string, "{key:?}");
            assert!(last.as_ref() < Some(&key), "{key:?} after {last:?}");
            last = Some(key);
            found += 1;
        }
    });
    assert!(found >= at_least, "{} has {found} short keys", K::codec());
}

#[test]
fn short_keys_are_ordered_and_have_one_encoding() {
    keys::<u8>(7);
    keys::<i16>(49);
    keys::<i32>(2401);
    keys::<bool>(2);
    keys::<char>(7);
    keys::<Vec<u8>>(137_257);
    keys::<String>(7000);
    keys::<Option<String>>(1692);
    keys::<Option<Option<i8>>>(9);
    keys::<(String, u8)>(300);
    keys::<(u8, String)>(7000);
    keys::<(Vec<u8>, Vec<u8>)>(3000);
    keys::<(Vec<u8>, bool)>(200);
    keys::<(String, String, String)>(40);
    keys::<(Option<u8>, Option<String>)>(400);
    keys::<((bool, Vec<u8>), (Option<bool>, Vec<u8>))>(60);
    keys::<(bool, u8, bool, String)>(200);
}

fn values<T: Serialize + DeserializeOwned + Debug, C: Codec<T>>(codec: &C) {
    let all: Vec<_> = (0..=255).collect();
    every(&all, 2, &mut |string| refused_or_stable(codec, &Bytes::copy_from_slice(string)));
    every(&MEANINGFUL, 4, &mut |string| refused_or_stable(codec, &Bytes::copy_from_slice(string)));
}

/// Of several types with a codec.
macro_rules! values_of {
    ($codec:expr) => {
        values::<u64, _>(&$codec);
        values::<f32, _>(&$codec);
        values::<Option<bool>, _>(&$codec);
        values::<Vec<String>, _>(&$codec);
        values::<BTreeMap<u8, Shape>, _>(&$codec);
    };
}

#[test]
fn short_bytes_are_a_value_or_refused() {
    values_of!(Json);
    #[cfg(feature = "message-pack")]
    values_of!(MessagePack);
    #[cfg(feature = "cbor")]
    values_of!(Cbor);
    #[cfg(feature = "postcard")]
    values_of!(Postcard);
}
