//! The laws of keys, for every type of key and for many values that are hard to tell apart.

use std::{cmp::Ordering, fmt::Debug};

use bytes::Bytes;
use proptest::{
    collection::vec,
    option,
    prelude::{ProptestConfig, Strategy, any, prop_oneof, proptest},
    sample::select,
};
use uuid::Uuid;

use super::super::Key;
use crate::ErrorKind;

/// Text of few letters: many are equal, begin each other or differ by a zero.
pub(super) fn texts() -> impl Strategy<Value = String> + Clone {
    let letter = select(vec![
        '\0',
        '\u{1}',
        'a',
        'b',
        '\u{7f}',
        '\u{80}',
        '\u{ff}',
        '\u{d7ff}',
        '\u{e000}',
        char::MAX,
    ]);
    vec(letter, 0..4).prop_map(String::from_iter)
}

pub(super) fn bytes() -> impl Strategy<Value = Vec<u8>> + Clone {
    vec(select(vec![0_u8, 1, 0x7f, 0x80, 0xfe, 0xff]), 0..5)
}

/// Numbers of a type, half of them near its ends and near zero.
macro_rules! near {
    ($number:ty) => {
        prop_oneof![
            select(vec![
                <$number>::MIN,
                <$number>::MIN + 1,
                0,
                1,
                <$number>::MAX - 1,
                <$number>::MAX
            ]),
            any::<$number>(),
            any::<i8>().prop_map(|n| <$number>::MIN.wrapping_add(n.unsigned_abs().into())),
        ]
    };
}

/// All laws for two keys, alone and before other things.
fn laws<K: Key + Ord + Clone + Debug>(a: &K, b: &K) {
    alone(a, b);
    alone(&Some(a.clone()), &Some(b.clone()));
    alone(&None, &Some(b.clone()));
    for (behind_a, behind_b) in [(0, u64::MAX), (u64::MAX, 0), (0, 0)] {
        alone(&(a.clone(), behind_a), &(b.clone(), behind_b));
        alone(&(false, a.clone(), behind_a), &(false, b.clone(), behind_b));
    }
    alone(&(a.clone(), String::new()), &(b.clone(), "\0".to_owned()));
    alone(&(1_u8, b.clone(), a.clone(), a.clone()), &(1_u8, b.clone(), b.clone(), a.clone()));
    ends_by_itself(a, b);
}

/// Comes back, and orders as it does.
fn alone<K: Key + Ord + Debug>(a: &K, b: &K) {
    let (x, y) = (a.to_bytes().unwrap(), b.to_bytes().unwrap());
    assert_eq!(K::from_bytes(&x).unwrap(), *a);
    assert_eq!(K::from_bytes(&y).unwrap(), *b);
    assert_eq!(x.cmp(&y), a.cmp(b), "{a:?} {b:?}");
}

/// No part begins another one, so that nothing behind them can change their order.
fn ends_by_itself<K: Key + Ord + Debug>(a: &K, b: &K) {
    let part = |key: &K| {
        let mut out = Vec::new();
        key.encode_part(&mut out).unwrap();
        out
    };
    let (x, y) = (part(a), part(b));
    assert_eq!(x.cmp(&y), a.cmp(b), "{a:?} {b:?}");
    assert!(
        a.cmp(b) == Ordering::Equal || !(x.starts_with(&y) || y.starts_with(&x)),
        "{a:?} {b:?}"
    );
}

/// Bytes are the encoding of one key, or refused.
fn one_or_refused<K: Key + Debug>(bytes: &Bytes) {
    match K::from_bytes(bytes) {
        Ok(key) => assert_eq!(key.to_bytes().unwrap(), *bytes, "{key:?}"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Decode),
    }
    let mut rest = &bytes[..];
    if let Ok(key) = K::decode_part(&mut rest) {
        let mut out = Vec::new();
        key.encode_part(&mut out).unwrap();
        assert_eq!([&out, rest].concat(), bytes[..], "{key:?}");
    }
}

/// The same after one byte was changed, taken away or added.
fn damaged<K: Key + Debug>(key: &K, at: usize, with: u8, how: u8) {
    let mut bytes = key.to_bytes().unwrap().to_vec();
    match (how, at % (bytes.len() + 1)) {
        (0, at) if at < bytes.len() => bytes[at] = with,
        (1, at) => bytes.truncate(at),
        (2, at) if at < bytes.len() => drop(bytes.remove(at)),
        (_, at) => bytes.insert(at, with),
    }
    one_or_refused::<K>(&bytes.into());
}

macro_rules! keys {
    ($($name:ident: $key:ty = $strategy:expr;)*) => {
        proptest! {
            #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1000, ..Default::default() })]

            $(
                #[test]
                fn $name(
                    a in $strategy,
                    b in $strategy,
                    at in any::<usize>(),
                    with in select(vec![0_u8, 1, 2, 0x7f, 0x80, 0xc3, 0xff]),
                    how in 0..4_u8,
                    noise in prop_oneof![vec(any::<u8>(), 0..40), bytes()],
                ) {
                    laws::<$key>(&a, &b);
                    laws::<$key>(&a, &a);
                    damaged::<$key>(&a, at, with, how);
                    damaged::<(Option<$key>, String)>(&(Some(a), "\0".to_owned()), at, with, how);
                    one_or_refused::<$key>(&noise.into());
                }
            )*
        }
    };
}

keys! {
    u8_keys: u8 = any::<u8>();
    u16_keys: u16 = near!(u16);
    u32_keys: u32 = near!(u32);
    u64_keys: u64 = near!(u64);
    u128_keys: u128 = near!(u128);
    i8_keys: i8 = any::<i8>();
    i16_keys: i16 = near!(i16);
    i32_keys: i32 = near!(i32);
    i64_keys: i64 = near!(i64);
    i128_keys: i128 = near!(i128);
    bool_keys: bool = any::<bool>();
    char_keys: char = any::<char>();
    string_keys: String = texts();
    any_string_keys: String = any::<String>();
    vec_keys: Vec<u8> = bytes();
    bytes_keys: Bytes = bytes().prop_map(Bytes::from);
    uuid_keys: Uuid = near!(u128).prop_map(Uuid::from_u128);
    option_keys: Option<String> = option::of(texts());
    nested_option_keys: Option<Option<i8>> = option::of(option::of(any::<i8>()));
    pair_keys: (String, String) = (texts(), texts());
    option_pair_keys: (Option<Vec<u8>>, Option<u8>) = (option::of(bytes()), option::of(any::<u8>()));
    triple_keys: (String, i64, Vec<u8>) = (texts(), near!(i64), bytes());
    quadruple_keys: (bool, String, Bytes, u8) = (any::<bool>(), texts(), bytes().prop_map(Bytes::from), 0..3_u8);
    nested_keys: ((String, Vec<u8>), (Option<String>, i8)) = ((texts(), bytes()), (option::of(texts()), any::<i8>()));
}

#[cfg(feature = "jiff")]
mod dates {
    use jiff::{Timestamp, civil::Date, tz::Offset};

    use super::*;

    /// Instants within `around` nanoseconds of the whole seconds at the ends and about zero.
    fn instants() -> impl Strategy<Value = Timestamp> + Clone {
        let ends = select(vec![Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX]);
        let near = (ends, -2_000_000_000..2_000_000_000_i128).prop_map(|(end, nanos)| {
            Timestamp::from_nanosecond(end.as_nanosecond() + nanos).unwrap_or(end)
        });
        let all = Timestamp::MIN.as_nanosecond()..=Timestamp::MAX.as_nanosecond();
        prop_oneof![near, all.prop_map(|nanos| Timestamp::from_nanosecond(nanos).unwrap())]
    }

    fn dates() -> impl Strategy<Value = Date> + Clone {
        let day = (select(vec![-9999_i16, -1, 0, 1, 2024, 9999]), 1..=12_i8, 1..=31_i8);
        let near = day.prop_map(|(year, month, day)| Date::new(year, month, day.min(28)).unwrap());
        prop_oneof![near, instants().prop_map(|at| Offset::UTC.to_datetime(at).date())]
    }

    keys! {
        date_keys: Date = dates();
        timestamp_keys: Timestamp = instants();
    }
}

/// Where the order of texts is easily lost.
#[test]
fn neighbours_of_zero_keep_their_order() {
    let texts = [
        "", "\0", "\0\0", "\0\u{1}", "\0\u{ff}", "\u{1}", "a", "a\0", "a\0\0", "a\0b", "a\u{1}",
        "ab", "b",
    ];
    let pairs = texts.iter().flat_map(|a| texts.iter().map(|b| ((*a).to_owned(), (*b).to_owned())));
    let pairs: Vec<_> = pairs.collect();
    assert!(pairs.is_sorted());
    let encoded: Vec<_> = pairs.iter().map(|pair| pair.to_bytes().unwrap()).collect();
    assert!(encoded.is_sorted_by(|a, b| a < b));
}

/// The orders of window and session stores: by key, and then by time, whatever bytes the keys hold.
#[test]
fn keys_with_times_group_by_key() {
    let keys = [&b""[..], b"\0", b"\0\0", b"a", b"a\0", b"ab", b"a\xff", b"\xff", b"\xff\xff"]
        .map(Bytes::from_static);
    let times = [i64::MIN, -1, 0, 1, 255, 256, i64::MAX];
    let rows = keys.iter().flat_map(|key| times.iter().map(|time| (key.clone(), *time)));
    let encoded: Vec<_> = rows.map(|row| row.to_bytes().unwrap()).collect();
    assert!(encoded.is_sorted_by(|a, b| a < b));
}
