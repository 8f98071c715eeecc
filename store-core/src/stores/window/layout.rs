//! Window keys as bytes.

use bytes::Bytes;

use crate::{Result, codec::Key};

/// Where a row of a window store lies inside its segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The encoded user key.
    pub(super) key: Bytes,
    /// The start of the window.
    pub(super) start: i64,
    /// The insertion number, in stores with duplicates.
    pub(super) insertion: Option<u64>,
}

impl Place {
    pub(super) fn encode(self) -> Result<Bytes> {
        match self.insertion {
            None => (self.key, self.start).to_bytes(),
            Some(insertion) => (self.key, self.start, insertion).to_bytes(),
        }
    }

    pub(super) fn decode(bytes: &Bytes, duplicates: bool) -> Result<Self> {
        if duplicates {
            let (key, start, insertion) = <(Bytes, i64, u64)>::from_bytes(bytes)?;
            Ok(Self { key, start, insertion: Some(insertion) })
        } else {
            let (key, start) = <(Bytes, i64)>::from_bytes(bytes)?;
            Ok(Self { key, start, insertion: None })
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::Place;

    #[test]
    fn golden_bytes() {
        let place = |insertion| Place { key: Bytes::from_static(b"k\0"), start: 10, insertion };
        let plain = place(None).encode().unwrap();
        assert_eq!(plain, &b"k\0\xff\0\0\x80\0\0\0\0\0\0\x0a"[..]);
        assert_eq!(Place::decode(&plain, false).unwrap(), place(None));
        let duplicate = place(Some(3)).encode().unwrap();
        assert_eq!(duplicate, &b"k\0\xff\0\0\x80\0\0\0\0\0\0\x0a\0\0\0\0\0\0\0\x03"[..]);
        assert_eq!(Place::decode(&duplicate, true).unwrap(), place(Some(3)));
        assert!(Place::decode(&plain, true).is_err());
        assert!(Place::decode(&duplicate, false).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_decode_or_are_refused(bytes: Vec<u8>, duplicates: bool) {
            let bytes = Bytes::from(bytes);
            if let Ok(place) = Place::decode(&bytes, duplicates) {
                prop_assert_eq!(place.encode().unwrap(), bytes);
            }
        }
    }
}
