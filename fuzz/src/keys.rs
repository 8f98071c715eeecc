//! Keys of every type.

use bytes::Bytes;
use store::codec::Key;
use uuid::Uuid;

/// Keys of every type: what is decoded encodes to the same bytes.
pub fn keys(bytes: &[u8]) {
    let bytes = Bytes::copy_from_slice(bytes);
    macro_rules! each {
        ($($key:ty),* $(,)?) => {$( check::<$key>(&bytes); )*};
    }
    each! {
        u8, u16, u32, u64, u128, i8, i16, i32, i64, i128, bool, char, String, Bytes, Vec<u8>, Uuid,
        Option<String>, Option<Option<u8>>, (String, u8), (Bytes, i64), (Bytes, i64, i64),
        (Bytes, i64, bool), (u8, String, Vec<u8>, Option<char>), (Option<String>, (u16, String)),
        jiff::Timestamp, jiff::civil::Date, (jiff::Timestamp, String),
    }
}

fn check<K: Key>(bytes: &Bytes) {
    if let Ok(key) = K::from_bytes(bytes) {
        let again = key.to_bytes();
        assert_eq!(again.ok().as_ref(), Some(bytes), "a {} comes back the same", K::codec());
    }
}
