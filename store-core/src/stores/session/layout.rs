//! Session keys as bytes.

use bytes::Bytes;

use super::SessionWindow;
use crate::{Result, backend::KeyRange, codec::Key};

/// The stored key of a session: the encoded user key, its end, its start.
pub(super) fn encode(key: &Bytes, SessionWindow { start, end }: SessionWindow) -> Result<Bytes> {
    (key.clone(), end, start).to_bytes()
}

/// The encoded user key and the window of a stored key.
pub(super) fn decode(bytes: &Bytes) -> Result<(Bytes, SessionWindow)> {
    let (key, end, start) = <(Bytes, i64, i64)>::from_bytes(bytes)?;
    Ok((key, SessionWindow { start, end }))
}

/// The stored keys of sessions of these user keys that end at `end` or later; between two keys it holds others, too.
pub(super) fn ending_from(from: Option<&Bytes>, to: Option<&Bytes>, end: i64) -> Result<KeyRange> {
    let low = from.map(|key| encode(key, SessionWindow { start: i64::MIN, end })).transpose()?;
    let last = SessionWindow { start: i64::MAX, end: i64::MAX };
    let high = to.map(|key| encode(key, last)).transpose()?;
    Ok(KeyRange::inclusive(low, high))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::{SessionWindow, decode, encode};

    #[test]
    fn golden_bytes() {
        let (key, window) = (Bytes::from_static(b"k"), SessionWindow { start: 1, end: 10 });
        let bytes = encode(&key, window).unwrap();
        assert_eq!(bytes, &b"k\0\0\x80\0\0\0\0\0\0\x0a\x80\0\0\0\0\0\0\x01"[..]);
        assert_eq!(decode(&bytes).unwrap(), (key, window));
        assert!(decode(&bytes.slice(1..10)).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_decode_or_are_refused(bytes: Vec<u8>) {
            let bytes = Bytes::from(bytes);
            if let Ok((key, session)) = decode(&bytes) {
                prop_assert_eq!(encode(&key, session).unwrap(), bytes);
            }
        }
    }
}
