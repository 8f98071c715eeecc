//! Prefixes find the keys that begin with them, and no others.

use bytes::Bytes;
use proptest::prelude::{ProptestConfig, any, proptest};

use super::{
    super::{Key, KeyPrefix},
    laws::{bytes, texts},
};
use crate::backend::KeyRange;

/// What a scan would do.
fn finds<K: Key, P: KeyPrefix<K> + ?Sized>(prefix: &P, key: &K) -> bool {
    let (prefix, key) = (prefix.prefix_bytes().unwrap(), key.to_bytes().unwrap());
    let found = KeyRange::prefix(prefix.clone()).contains(&key);
    assert_eq!(found, key.starts_with(&prefix));
    found
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 5000, ..Default::default() })]

    #[test]
    fn text_begins_text(prefix in texts(), key in texts()) {
        assert_eq!(finds(&prefix, &key), key.starts_with(&prefix));
        assert_eq!(finds(prefix.as_str(), &key), key.starts_with(&prefix));
        assert_eq!(finds(&prefix.as_str(), &key), key.starts_with(&prefix));
    }

    #[test]
    fn bytes_begin_bytes(prefix in bytes(), key in bytes()) {
        let begins = key.starts_with(&prefix);
        let shared = Bytes::from(prefix.clone());
        assert_eq!(finds(&prefix[..], &key), begins);
        assert_eq!(finds(&prefix, &key), begins);
        assert_eq!(finds(&shared, &key), begins);
        let key = Bytes::from(key);
        assert_eq!(finds(&prefix[..], &key), begins);
        assert_eq!(finds(&prefix, &key), begins);
        assert_eq!(finds(&shared, &key), begins);
    }

    #[test]
    fn leading_parts_begin_tuples(
        (a, x) in (texts(), texts()),
        (b, y) in (bytes(), bytes()),
        (c, z) in (texts(), texts()),
        n in any::<i8>(),
    ) {
        let pair = (x.clone(), y.clone());
        assert_eq!(finds(&(a.clone(),), &pair), a == x);
        assert_eq!(finds(&(a.as_str(),), &pair), a == x);
        let triple = (x.clone(), y.clone(), z.clone());
        assert_eq!(finds(&(a.as_str(),), &triple), a == x);
        let two = a == x && b == y;
        assert_eq!(finds(&(a.as_str(), &b[..]), &(x.clone(), y.clone(), n)), two);
        let four = (x, y, z.clone(), n);
        assert_eq!(finds(&(a.as_str(),), &four), a == four.0);
        assert_eq!(finds(&(a.clone(), b.clone()), &four), two);
        assert_eq!(finds(&(a.as_str(), &b[..], c.as_str()), &four), two && c == z);
    }

    #[test]
    fn a_beginning_of_the_last_part_begins_tuples(
        (a, x) in (texts(), texts()),
        (b, y) in (bytes(), bytes()),
        (c, z) in (texts(), texts()),
    ) {
        assert_eq!(finds(&(a.as_str(), c.as_str()), &(x.clone(), z.clone())), a == x && z.starts_with(&c));
        let triple = (x.clone(), y.clone(), z.clone());
        let whole = a == x && b == y;
        assert_eq!(finds(&(a.as_str(), &b[..], c.as_str()), &triple), whole && z.starts_with(&c));
        let four = (7_u8, x.clone(), z, y.clone());
        assert_eq!(finds(&(7_u8, a.as_str(), c.as_str(), &b[..]), &four), a == x && c == four.2 && y.starts_with(&b));
        // Tuples in tuples: the last one may itself be begun.
        let nested = (x.clone(), (four.2.clone(), y));
        assert_eq!(finds(&(a.as_str(), (c.as_str(),)), &nested), a == x && c == four.2);
        assert_eq!(finds(&(a.as_str(),), &nested), a == x);
    }

    #[test]
    fn options_and_numbers_are_whole_parts(a in any::<Option<u16>>(), x in any::<Option<u16>>(), n in any::<i64>()) {
        assert_eq!(finds(&(a,), &(x, n)), a == x);
    }
}

#[test]
fn golden_prefixes() {
    fn prefix<K: Key>(prefix: &(impl KeyPrefix<K> + ?Sized)) -> Bytes {
        prefix.prefix_bytes().unwrap()
    }
    assert_eq!(prefix::<String>("a\0"), &b"a\0"[..]);
    assert_eq!(prefix::<Bytes>(b"a\0"), &b"a\0"[..]);
    assert_eq!(prefix::<Vec<u8>>(b"\xff"), &b"\xff"[..]);
    assert_eq!(prefix::<(String, u64)>(&("a\0",)), &b"a\0\xff\0\0"[..]);
    assert_eq!(prefix::<(String, String)>(&("a", "b")), &b"a\0\0b"[..]);
    assert_eq!(prefix::<(String, String, u8)>(&("a", "b")), &b"a\0\0b\0\0"[..]);
    assert_eq!(prefix::<(u16, String)>(&(1,)), &b"\0\x01"[..]);
    assert_eq!(prefix::<(u16, Option<u8>, bool)>(&(1, None)), &b"\0\x01\0"[..]);
    assert_eq!(prefix::<(Bytes, i64)>(&(&b"k"[..],)), &b"k\0\0"[..]);
}
