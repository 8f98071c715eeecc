//! How tasks, maps and keys lie in the indices.

use std::ops::Bound;

use base64::{
    Engine,
    alphabet::Alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use bytes::Bytes;
use serde_json::{Map, Value};
use store_core::{
    Error, ErrorKind, Result,
    backend::{KeyRange, MapId, Name, Order, TaskId},
};

/// The longest key: its form in the index is at most as long as a term may be, 32 766 bytes.
pub(crate) const MAX_KEY_BYTES: usize = 24_574;

/// The longest value: one entry is one request, and far below the 100 MiB where requests end unless the server is set
/// otherwise.
pub(crate) const MAX_VALUE_BYTES: usize = 12 << 20;

/// The longest end of a range that the server gets: it makes an automaton of it, which may have a thousand states at most, one
/// for each digit. Of a longer end the digits of its beginning are the first ones, as this is a multiple of three.
pub(crate) const MAX_END_BYTES: usize = 675;

/// Above every digit of a key.
const ABOVE_ALL: &str = "{";

/// The longest id of a document.
pub(crate) const MAX_ID_BYTES: usize = 512;

/// Base64 whose digits are in the order of their characters, so that texts order as keys do. Without padding a prefix stays
/// before its extensions.
const ORDERED: GeneralPurpose = {
    let digits = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
    let plain = GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone);
    match Alphabet::new(digits) {
        Ok(alphabet) => GeneralPurpose::new(&alphabet, plain),
        Err(_) => panic!("64 digits that differ"),
    }
};

/// The name of an application in the indices.
pub(crate) fn application(prefix: Option<&str>, application: &Name) -> String {
    // Names hold no colon.
    prefix.map_or_else(|| application.to_string(), |prefix| format!("{prefix}:{application}"))
}

/// The name of a task in the indices.
pub(crate) fn task(prefix: Option<&str>, task: &TaskId) -> String {
    format!("{}/{}", application(prefix, &task.application), task.partition)
}

/// The name of a map: the task's life, the store, and the segment.
///
/// A task that was destroyed has another life afterwards, so that late writes of the one before are never seen.
pub(crate) fn map(life: u64, map: MapId) -> String {
    match map.segment {
        None => format!("{life}.{}", map.store),
        Some(segment) => format!("{life}.{}/{segment}", map.store),
    }
}

/// A key as the index orders it.
pub(crate) fn key(key: &[u8]) -> String {
    ORDERED.encode(key)
}

/// The key that a text stands for.
pub(crate) fn read_key(text: &str) -> Result<Bytes> {
    let key = ORDERED.decode(text).map_err(|error| damaged("a key").with_source(error))?;
    Ok(key.into())
}

/// The id of an entry: readable where that is short enough, else with a hash that no two keys share.
pub(crate) fn id(task: &str, map: &str, key: &[u8], encoded: &str) -> String {
    let beginning = format!("{task}:{map}:");
    if beginning.len() + 1 + encoded.len() <= MAX_ID_BYTES {
        return format!("{beginning}k{encoded}");
    }
    format!("{beginning}h{}", blake3::hash(key).to_hex())
}

/// Bytes as a field of type `binary` has them.
pub(crate) fn bytes(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of such a field.
pub(crate) fn read_bytes(text: &str) -> Result<Bytes> {
    let bytes = STANDARD.decode(text).map_err(|error| damaged("a value").with_source(error))?;
    Ok(bytes.into())
}

/// The ends of a range as conditions of the index; none for an open end. Every key of the range fulfils them, and under a
/// long end some others, too.
pub(crate) fn range(range: &KeyRange) -> Map<String, Value> {
    let end = |end: &Bound<Bytes>, included: &str, excluded: &str, cut: (&str, &str)| {
        let (Bound::Included(whole) | Bound::Excluded(whole)) = end else { return None };
        let short = &whole[..whole.len().min(MAX_END_BYTES)];
        let (operator, above) = match end {
            _ if short.len() < whole.len() => cut,
            Bound::Included(_) => (included, ""),
            _ => (excluded, ""),
        };
        Some((operator.to_owned(), Value::from(key(short) + above)))
    };
    let start = end(&range.start, "gte", "gt", ("gte", ""));
    start.into_iter().chain(end(&range.end, "lte", "lt", ("lt", ABOVE_ALL))).collect()
}

/// The place of a key that keys of a scan are to come after, where its beginning names one: of an excluded end, or one that
/// is longer than any key and so comes after its own beginning.
pub(crate) fn place(near: &Bound<Bytes>, order: Order) -> Option<String> {
    match (near, order) {
        (Bound::Excluded(end), _) if end.len() <= MAX_KEY_BYTES => Some(key(end)),
        (Bound::Included(end) | Bound::Excluded(end), Order::Forward)
            if end.len() > MAX_KEY_BYTES =>
        {
            Some(key(&end[..MAX_KEY_BYTES]))
        }
        _ => None,
    }
}

/// What is stored and cannot be ours.
pub(crate) fn damaged(what: &str) -> Error {
    Error::new(
        ErrorKind::Corrupt,
        format!("{what} in the index is not of the form it is stored in"),
    )
}

#[cfg(test)]
mod tests {
    use std::ops::Bound;

    use bytes::Bytes;
    use serde_json::json;
    use store_core::backend::{KeyRange, MapId, Order, TaskId};

    use super::{MAX_KEY_BYTES, bytes, id, key, map, place, range, read_bytes, read_key, task};

    #[test]
    fn names_as_they_are_stored() {
        let id = TaskId::new("word-count", 7).unwrap();
        assert_eq!(task(None, &id), "word-count/7");
        assert_eq!(task(Some("team.a"), &id), "team.a:word-count/7");
        assert_eq!(map(0, MapId::whole(1)), "0.1");
        assert_eq!(map(3, MapId::segment(u32::MAX, 0)), "3.4294967295/0");
        assert_eq!(map(0, MapId::segment(2, -1)), "0.2/-1");
    }

    #[test]
    fn keys_and_values_as_they_are_stored() {
        for (raw, stored) in [
            (&b""[..], ""),
            (b"\0", "--"),
            (b"\xff", "zk"),
            (b"word", "SqxmO-"),
            (b"a\0", "NF-"),
            (b"\xff\xff\xff", "zzzz"),
        ] {
            assert_eq!(key(raw), stored);
            assert_eq!(read_key(stored).unwrap(), raw);
        }
        assert_eq!(bytes(b"\0\xff"), "AP8=");
        assert_eq!(read_bytes("AP8=").unwrap(), &b"\0\xff"[..]);
        assert!(read_key("a+").is_err() && read_bytes("AP8").is_err());
    }

    #[test]
    fn texts_order_as_keys_do() {
        let mut keys = vec![Bytes::new()];
        for first in [0_u8, 1, 3, 4, 63, 64, 127, 128, 254, 255] {
            keys.push(vec![first].into());
            for second in [0_u8, 1, 15, 16, 255] {
                keys.push(vec![first, second].into());
                keys.extend([0_u8, 63, 64, 255].map(|third| vec![first, second, third].into()));
                keys.push(vec![first, second, 7, 0].into());
            }
        }
        keys.sort_unstable();
        let texts: Vec<_> = keys.iter().map(|raw| key(raw)).collect();
        assert!(texts.is_sorted_by(|a, b| a < b), "{texts:?}");
    }

    #[test]
    fn ids_are_readable_up_to_512_bytes_and_hashes_above() {
        let id_of = |length: usize| {
            let raw = vec![b'x'; length];
            id("app/0", "0.1", &raw, &key(&raw))
        };
        assert_eq!(id("app/0", "0.1", b"word", "SqxmO-"), "app/0:0.1:kSqxmO-");
        assert_eq!(id("app/0", "0.1", b"", ""), "app/0:0.1:k");
        // 11 bytes and 501 of the key's.
        assert_eq!(id_of(375).len(), 11 + 500);
        assert_eq!(id_of(376).len(), 11 + 64);
        let hashed = id_of(376);
        let expected = "app/0:0.1:ha4aa";
        assert_eq!(hashed[..expected.len()], *expected);
        assert_ne!(id_of(377), hashed);
        // Of exactly 512 bytes, and of one more.
        for (task, length) in [("apps/0", 512), ("apply/0", 12 + 1 + 64)] {
            let raw = vec![b'x'; 375];
            assert_eq!(id(task, "0.1", &raw, &key(&raw)).len(), length);
        }
        assert_eq!(key(&vec![0; MAX_KEY_BYTES]).len(), 32_766);
    }

    #[test]
    fn ranges_have_ends_that_the_index_takes() {
        let short = Bytes::from_static(b"k");
        let ends = KeyRange::new(Bound::Included(short.clone()), Bound::Excluded(short.clone()));
        assert_eq!(json!(range(&ends)), json!({"gte": "Pk", "lt": "Pk"}));
        let ends = KeyRange::new(Bound::Excluded(short.clone()), Bound::Included(short));
        assert_eq!(json!(range(&ends)), json!({"gt": "Pk", "lte": "Pk"}));
        assert_eq!(json!(range(&KeyRange::ALL)), json!({}));
        let longest = Bytes::from(vec![0; 675]);
        let (digits, above) = ("-".repeat(900), "-".repeat(900) + "{");
        assert_eq!(key(&longest), digits);
        let ends = KeyRange::new(Bound::Excluded(longest.clone()), Bound::Included(longest));
        assert_eq!(json!(range(&ends)), json!({"gt": digits, "lte": digits}));
        for length in [676, MAX_KEY_BYTES, MAX_KEY_BYTES + 1] {
            let long = Bytes::from(vec![0; length]);
            for bound in [Bound::Included(long.clone()), Bound::Excluded(long)] {
                let ends = KeyRange::new(bound.clone(), bound);
                assert_eq!(json!(range(&ends)), json!({"gte": digits, "lt": above}));
            }
        }
    }

    #[test]
    fn scans_begin_behind_what_is_excluded() {
        let (short, long) = (Bytes::from_static(b"k"), Bytes::from(vec![0xff; MAX_KEY_BYTES + 1]));
        let beginning = key(&long[1..]);
        for (near, order, expected) in [
            (Bound::Unbounded, Order::Forward, None),
            (Bound::Included(short.clone()), Order::Forward, None),
            (Bound::Excluded(short.clone()), Order::Forward, Some("Pk")),
            (Bound::Excluded(short), Order::Backward, Some("Pk")),
            (Bound::Included(long.clone()), Order::Forward, Some(&*beginning)),
            (Bound::Excluded(long.clone()), Order::Forward, Some(&*beginning)),
            (Bound::Included(long.clone()), Order::Backward, None),
            (Bound::Excluded(long), Order::Backward, None),
        ] {
            assert_eq!(place(&near, order).as_deref(), expected);
        }
    }
}
