//! Golden bytes, laws and refusals of keys.

#![allow(clippy::needless_pass_by_value, clippy::redundant_clone, reason = "tests read better so")]

use std::fmt::Debug;

use bytes::Bytes;
use proptest::prelude::{ProptestConfig, Strategy, any, proptest};
use uuid::Uuid;

use super::super::{Key, KeyPrefix};

fn golden<K: Key + PartialEq + Debug>(key: K, name: &str, bytes: &[u8]) {
    assert_eq!(K::codec(), name);
    assert_eq!(&key.to_bytes().unwrap()[..], bytes, "{key:?}");
    assert_eq!(K::from_bytes(&Bytes::copy_from_slice(bytes)).unwrap(), key);
}

fn text(text: &str) -> String {
    text.to_owned()
}

#[test]
fn golden_keys() {
    golden(7_u8, "u8", &[7]);
    golden(0x0102_u16, "u16", &[1, 2]);
    golden(1_u32, "u32", &[0, 0, 0, 1]);
    golden(u64::MAX, "u64", &[0xff; 8]);
    golden(1_u128 << 64, "u128", &[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    golden(-1_i8, "i8", &[0x7f]);
    golden(0_i16, "i16", &[0x80, 0]);
    golden(i32::MIN, "i32", &[0; 4]);
    golden(-2_i64, "i64", &[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe]);
    golden(i128::MAX, "i128", &[0xff; 16]);
    golden(true, "bool", &[1]);
    golden('ä', "char", &[0, 0, 0, 0xe4]);
    golden(text("a\0b"), "string", b"a\0b");
    golden(text(""), "string", b"");
    golden(Bytes::from_static(b"\0\xff"), "bytes", b"\0\xff");
    golden(vec![0_u8, 255], "bytes", b"\0\xff");
    golden(Uuid::from_u128(1), "uuid", &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    golden(None::<String>, "option<string>", &[0]);
    golden(Some(text("")), "option<string>", &[1]);
    golden((text("a\0b"), 1_u8), "(string,u8)", b"a\0\xffb\0\0\x01");
    golden((1_u8, text("a\0b")), "(u8,string)", b"\x01a\0b");
    golden((text(""), text("x"), true), "(string,string,bool)", b"\0\0x\0\0\x01");
    golden((1_u8, 2_u8, 3_u8, (4_u8, text("z"))), "(u8,u8,u8,(u8,string))", b"\x01\x02\x03\x04z");
    golden(
        ((text("a"), text("b")), Some(text("c"))),
        "((string,string),option<string>)",
        b"a\0\0b\0\0\x01c",
    );
}

#[cfg(feature = "jiff")]
#[test]
fn golden_dates() {
    golden(jiff::civil::date(2013, 1, 31), "date", &[0x87, 0xdd, 0x81, 0x9f]);
    let instant = jiff::Timestamp::from_nanosecond(-1).unwrap();
    golden(
        instant,
        "timestamp",
        &[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3b, 0x9a, 0xc9, 0xff],
    );
    assert!(jiff::Timestamp::from_bytes(&Bytes::from_static(&[0xff; 12])).is_err());
    assert!(jiff::civil::Date::from_bytes(&Bytes::from_static(&[0xff; 4])).is_err());
}

/// Text with many zero, low and high bytes, so that neighbours and prefixes are common.
fn tricky() -> impl Strategy<Value = String> {
    let letter = proptest::sample::select(vec!['\0', '\u{1}', 'a', 'b', '\u{ff}', '\u{10ffff}']);
    proptest::collection::vec(letter, 0..4).prop_map(String::from_iter)
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = proptest::sample::select(vec![0_u8, 1, 0x7f, 0x80, 0xfe, 0xff]);
    proptest::collection::vec(byte, 0..5)
}

fn laws<K: Key + Ord + Clone + Debug>(a: &K, b: &K) {
    let (x, y) = (a.to_bytes().unwrap(), b.to_bytes().unwrap());
    assert_eq!(K::from_bytes(&x).unwrap(), *a);
    assert_eq!(x.cmp(&y), a.cmp(b), "{a:?} {b:?}");
    // As parts, whatever stands behind them.
    for (behind_a, behind_b) in [(0_u64, u64::MAX), (u64::MAX, 0)] {
        let pair = |key: &K, behind| (key.clone(), behind).to_bytes().unwrap();
        let expected = (a, behind_a).cmp(&(b, behind_b));
        assert_eq!(pair(a, behind_a).cmp(&pair(b, behind_b)), expected, "{a:?} {b:?}");
    }
}

fn never_panics<K: Key>(bytes: &Bytes) {
    if let Ok(key) = K::from_bytes(bytes) {
        assert_eq!(key.to_bytes().unwrap(), *bytes, "one encoding per key");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..Default::default() })]

    #[test]
    fn numbers_keep_order(a in any::<(i64, u32)>(), b in any::<(i64, u32)>(), c in any::<(i8, u8, i128)>(), d in any::<(i8, u8, i128)>()) {
        laws(&a, &b);
        laws(&c, &d);
        laws(&a.0, &b.0);
        laws(&(a.0 % 2), &(b.0 % 2));
    }

    #[test]
    fn texts_keep_order(a in (tricky(), tricky()), b in (tricky(), tricky())) {
        laws(&a, &b);
        laws(&a.0, &b.0);
        laws(&(a.0.clone(), Some(a.1.clone())), &(b.0.clone(), Some(b.1.clone())));
        laws(&Some(a.0), &Some(b.0));
    }

    #[test]
    fn bytes_keep_order(a in (bytes(), bytes(), bytes()), b in (bytes(), bytes(), bytes())) {
        laws(&a, &b);
        laws(&(a.0.clone(), a.1.clone()), &(b.0.clone(), b.1.clone()));
        laws(&(Bytes::from(a.0.clone()), None::<char>), &(Bytes::from(b.0.clone()), Some('x')));
    }

    #[test]
    fn prefixes_find_their_keys(prefix in bytes(), key in bytes(), first in tricky(), rest in (tricky(), any::<i64>())) {
        let begins = |key: &Bytes, prefix: &Bytes| key.starts_with(prefix);
        let encoded = KeyPrefix::<Vec<u8>>::prefix_bytes(&prefix[..]).unwrap();
        assert_eq!(begins(&key.to_bytes().unwrap(), &encoded), key.starts_with(&prefix));
        let whole = (rest.0.clone(), first.clone(), rest.1).to_bytes().unwrap();
        let one = KeyPrefix::<(String, String, i64)>::prefix_bytes(&(first.clone(),)).unwrap();
        assert_eq!(begins(&whole, &one), first == rest.0);
        let two = KeyPrefix::<(String, String, i64)>::prefix_bytes(&(rest.0, first)).unwrap();
        assert!(begins(&whole, &two));
    }

    #[test]
    fn arbitrary_bytes_are_decoded_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..40), tricky in bytes()) {
        for bytes in [Bytes::from(bytes), Bytes::from(tricky)] {
            never_panics::<String>(&bytes);
            never_panics::<(String, String)>(&bytes);
            never_panics::<(Vec<u8>, Option<i8>, bool)>(&bytes);
            never_panics::<(Option<(u8, String)>, char)>(&bytes);
            never_panics::<u64>(&bytes);
            never_panics::<Uuid>(&bytes);
        }
    }
}
