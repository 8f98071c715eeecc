//! Golden bytes and refusals of keys.

use std::fmt::Debug;

use bytes::Bytes;
use uuid::Uuid;

use super::super::Key;
use crate::ErrorKind;

/// The encoding at the end of a key, and before another part where it differs.
#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "the calls read better so")]
fn golden<K: Key + PartialEq + Debug>(key: K, name: &str, last: &[u8], part: Option<&[u8]>) {
    assert_eq!(K::codec(), name);
    assert_eq!(key.to_bytes().unwrap(), last, "{key:?}");
    assert_eq!(K::from_bytes(&Bytes::copy_from_slice(last)).unwrap(), key);
    let mut out = Vec::new();
    key.encode_part(&mut out).unwrap();
    assert_eq!(out, part.unwrap_or(last), "{key:?} as a part");
    let mut bytes = &[out, vec![9]].concat()[..];
    assert_eq!(K::decode_part(&mut bytes).unwrap(), key);
    assert_eq!(bytes, [9], "{key:?} takes its own bytes only");
}

fn text(text: &str) -> String {
    text.to_owned()
}

#[test]
fn golden_numbers() {
    golden(7_u8, "u8", &[7], None);
    golden(0x0102_u16, "u16", &[1, 2], None);
    golden(1_u32, "u32", &[0, 0, 0, 1], None);
    golden(u64::MAX, "u64", &[0xff; 8], None);
    golden(1_u128 << 64, "u128", &[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], None);
    golden(u128::MAX, "u128", &[0xff; 16], None);
    golden(-1_i8, "i8", &[0x7f], None);
    golden(0_i16, "i16", &[0x80, 0], None);
    golden(i32::MIN, "i32", &[0; 4], None);
    golden(-2_i64, "i64", &[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe], None);
    golden(i128::MIN, "i128", &[0; 16], None);
    golden(i128::MAX, "i128", &[0xff; 16], None);
}

#[test]
fn golden_scalars() {
    golden(false, "bool", &[0], None);
    golden(true, "bool", &[1], None);
    golden('\0', "char", &[0; 4], None);
    golden('ä', "char", &[0, 0, 0, 0xe4], None);
    golden(char::MAX, "char", &[0, 0x10, 0xff, 0xff], None);
    let id = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255];
    golden(Uuid::from_bytes(id), "uuid", &id, None);
}

#[test]
fn golden_texts_and_bytes() {
    golden(text(""), "string", b"", Some(b"\0\0"));
    golden(text("ä"), "string", b"\xc3\xa4", Some(b"\xc3\xa4\0\0"));
    golden(text("a\0b"), "string", b"a\0b", Some(b"a\0\xffb\0\0"));
    golden(text("\0\0"), "string", b"\0\0", Some(b"\0\xff\0\xff\0\0"));
    golden(Bytes::new(), "bytes", b"", Some(b"\0\0"));
    golden(Bytes::from_static(b"\0\xff"), "bytes", b"\0\xff", Some(b"\0\xff\xff\0\0"));
    golden(vec![0_u8, 255], "bytes", b"\0\xff", Some(b"\0\xff\xff\0\0"));
    golden(vec![255_u8, 0], "bytes", b"\xff\0", Some(b"\xff\0\xff\0\0"));
}

#[test]
fn golden_options() {
    golden(None::<String>, "option<string>", &[0], None);
    golden(Some(text("")), "option<string>", &[1], Some(&[1, 0, 0]));
    golden(Some(None::<u8>), "option<option<u8>>", &[1, 0], None);
    golden((None::<u8>, Some(2_u8)), "(option<u8>,option<u8>)", &[0, 1, 2], None);
}

#[test]
fn golden_tuples() {
    golden((text("a\0b"), 1_u8), "(string,u8)", b"a\0\xffb\0\0\x01", None);
    golden((1_u8, text("a\0b")), "(u8,string)", b"\x01a\0b", Some(b"\x01a\0\xffb\0\0"));
    golden((text(""), text("x"), true), "(string,string,bool)", b"\0\0x\0\0\x01", None);
    golden(
        (1_u8, 2_u8, 3_u8, (4_u8, text("z"))),
        "(u8,u8,u8,(u8,string))",
        b"\x01\x02\x03\x04z",
        Some(b"\x01\x02\x03\x04z\0\0"),
    );
    golden(
        ((text("a"), text("b")), Some(text("c"))),
        "((string,string),option<string>)",
        b"a\0\0b\0\0\x01c",
        Some(b"a\0\0b\0\0\x01c\0\0"),
    );
}

#[test]
fn golden_keys_with_times() {
    let key = Bytes::from_static(b"k\0");
    golden((key.clone(), 0_i64), "(bytes,i64)", b"k\0\xff\0\0\x80\0\0\0\0\0\0\0", None);
    golden(
        (key, -1_i64, i64::MAX),
        "(bytes,i64,i64)",
        b"k\0\xff\0\0\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        None,
    );
}

#[cfg(feature = "jiff")]
#[test]
fn golden_dates() {
    use jiff::{Timestamp, civil::Date};

    golden(jiff::civil::date(2013, 1, 31), "date", &[0x87, 0xdd, 0x81, 0x9f], None);
    golden(Date::MIN, "date", &[0x58, 0xf1, 0x81, 0x81], None);
    golden(Date::MAX, "date", &[0xa7, 0x0f, 0x8c, 0x9f], None);
    let before = [0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3b, 0x9a, 0xc9, 0xff];
    golden(Timestamp::from_nanosecond(-1).unwrap(), "timestamp", &before, None);
    golden(Timestamp::UNIX_EPOCH, "timestamp", &[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], None);
    for end in [Timestamp::MIN, Timestamp::MAX] {
        assert_eq!(Timestamp::from_bytes(&end.to_bytes().unwrap()).unwrap(), end);
    }
    let one_nano_too_many = [0x80, 0, 0, 0, 0, 0, 0, 0, 0x3b, 0x9a, 0xca, 0];
    refused::<Timestamp>(&one_nano_too_many);
    refused::<Timestamp>(&[0xff; 12]);
    refused::<Timestamp>(&[0; 12]);
    refused::<Date>(&[0xff; 4]);
    let thirtieth_of_february = [0x87, 0xdd, 0x82, 0x9e];
    refused::<Date>(&thirtieth_of_february);
}

#[track_caller]
fn refused<K: Key + Debug>(bytes: &[u8]) {
    let error = K::from_bytes(&Bytes::copy_from_slice(bytes)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains(&K::codec()), "{error}");
}

#[test]
fn bytes_that_are_no_key_are_refused() {
    refused::<u16>(&[]);
    refused::<u16>(&[1]);
    refused::<u16>(&[1, 2, 3]);
    refused::<bool>(&[2]);
    refused::<char>(&[0, 0, 0xd8, 0]);
    refused::<char>(&[0, 0x11, 0, 0]);
    refused::<Uuid>(&[0; 15]);
    refused::<String>(b"a\xff");
    refused::<String>(&[0xed, 0xa0, 0x80]);
    refused::<Option<u8>>(&[]);
    refused::<Option<u8>>(&[0, 0]);
    refused::<Option<u8>>(&[2, 0]);
    refused::<(String, u8)>(b"");
    refused::<(String, u8)>(b"a");
    refused::<(String, u8)>(b"a\0");
    refused::<(String, u8)>(b"a\0\0");
    refused::<(String, u8)>(b"a\0\x01\x01");
    refused::<(String, u8)>(b"a\0\0\x01\x01");
    refused::<(String, u8)>(b"\xff\0\0\x01");
    refused::<(Bytes, Bytes, u8)>(b"a\0\0b\x01");
}

#[test]
fn errors_of_keys_hold_no_bytes_of_them() {
    let error = String::from_bytes(&Bytes::from_static(b"secret\xff")).unwrap_err();
    let source = std::error::Error::source(&error).unwrap();
    let shown = format!("{error} {error:?} {source} {source:?}");
    assert!(shown.contains("string") && !shown.contains("secret"), "{shown}");
    assert!(!shown.contains("115, 101"), "{shown}");
}

#[test]
fn byte_keys_are_not_copied() {
    let key = Bytes::from_static(b"key");
    assert_eq!(key.to_bytes().unwrap().as_ptr(), key.as_ptr());
    assert_eq!(Bytes::from_bytes(&key).unwrap().as_ptr(), key.as_ptr());
}

/// The module's table is what users read.
#[cfg(feature = "jiff")]
#[test]
fn the_table_says_what_is_stored() {
    use jiff::{Timestamp, civil::date};

    let instant = |nanos| Timestamp::from_nanosecond(nanos).unwrap();
    let mut rows = 0;
    macro_rules! rows {
        ($($key:expr),* $(,)?) => {$(
            let bytes = $key.to_bytes().unwrap();
            let hex: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let row = format!("| `{}` | `{}` |", stringify!($key), hex.join(" "));
            assert!(include_str!("../mod.rs").contains(&row), "{row}");
            rows += 1;
        )*};
    }
    rows!(
        258_u16,
        -2_i16,
        true,
        'ä',
        text("a\0b"),
        vec![0_u8, 255],
        (text("a\0b"), 7_u8),
        Some(text("a")),
        (7_u8, text("a\0b")),
        Uuid::from_u128(1),
        date(2013, 1, 31),
        instant(-1),
    );
    let table = include_str!("../mod.rs").split("# Values").next().unwrap();
    assert_eq!(table.matches("\n//! | ").count(), rows + 2, "every row is looked at");
}
