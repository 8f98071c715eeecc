//! Versions as bytes.

use bytes::Bytes;

use crate::{
    Error, ErrorKind, Result,
    backend::KeyRange,
    codec::Key,
    stores::stamp::{stamp, unstamp},
};

/// A version as it is stored: the time it is valid from, and its value; none for a tombstone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) time: i64,
    pub(super) value: Option<Bytes>,
}

const TOMBSTONE: u8 = 0;
const VALUE: u8 = 1;

impl Version {
    /// The value of a superseded version: its time, what it is, its value.
    pub(super) fn encode(&self) -> Result<Bytes> {
        let mut out = Vec::with_capacity(9 + self.value.as_ref().map_or(0, Bytes::len));
        self.time.encode_part(&mut out)?;
        match &self.value {
            None => out.push(TOMBSTONE),
            Some(value) => {
                out.push(VALUE);
                out.extend(value);
            }
        }
        Ok(out.into())
    }

    pub(super) fn decode(bytes: Bytes) -> Result<Self> {
        let (time, rest) = unstamp(bytes)?;
        let value = match rest.first() {
            Some(&VALUE) => Some(rest.slice(1..)),
            Some(&TOMBSTONE) if rest.len() == 1 => None,
            _ => {
                let message = "a stored version is neither a value nor a tombstone";
                return Err(Error::new(ErrorKind::Decode, message));
            }
        };
        Ok(Self { time, value })
    }

    /// The value of a latest version: its time and its value.
    pub(super) fn encode_latest(time: i64, value: &[u8]) -> Result<Bytes> {
        stamp(time, value)
    }

    pub(super) fn decode_latest(bytes: Bytes) -> Result<(i64, Bytes)> {
        unstamp(bytes)
    }
}

/// Where a row of the history lies inside its segment: by key and time, what ends before what is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// A superseded version, at the time it is valid to.
    End(i64),
    /// A tombstone that is the latest version, at its own time.
    Tombstone(i64),
}

impl At {
    pub(super) const fn time(self) -> i64 {
        match self {
            Self::End(time) | Self::Tombstone(time) => time,
        }
    }

    pub(super) fn encode(self, key: &Bytes) -> Result<Bytes> {
        (key.clone(), self.time(), matches!(self, Self::Tombstone(_))).to_bytes()
    }

    pub(super) fn decode(bytes: &Bytes) -> Result<Self> {
        let (_, time, is_open) = <(Bytes, i64, bool)>::from_bytes(bytes)?;
        Ok(if is_open { Self::Tombstone(time) } else { Self::End(time) })
    }
}

/// The rows of one key from one time to another, both inclusive.
pub(super) fn rows(key: &Bytes, from: i64, to: i64) -> Result<KeyRange> {
    let (low, high) = (At::End(from).encode(key)?, At::Tombstone(to).encode(key)?);
    Ok(KeyRange::inclusive(Some(low), Some(high)))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::{At, Version};
    use crate::ErrorKind;

    #[test]
    fn golden_bytes() {
        let value = Version { time: 5, value: Some(Bytes::from_static(b"v")) };
        assert_eq!(value.encode().unwrap(), &b"\x80\0\0\0\0\0\0\x05\x01v"[..]);
        let tombstone = Version { time: -1, value: None };
        assert_eq!(tombstone.encode().unwrap(), &b"\x7f\xff\xff\xff\xff\xff\xff\xff\0"[..]);
        let empty = Version { time: 5, value: Some(Bytes::new()) };
        for version in [value, tombstone, empty] {
            assert_eq!(Version::decode(version.encode().unwrap()).unwrap(), version);
        }
        let latest = Version::encode_latest(5, b"v").unwrap();
        assert_eq!(latest, &b"\x80\0\0\0\0\0\0\x05v"[..]);
        assert_eq!(Version::decode_latest(latest).unwrap(), (5, Bytes::from_static(b"v")));

        let key = Bytes::from_static(b"k");
        let end = At::End(10).encode(&key).unwrap();
        assert_eq!(end, &b"k\0\0\x80\0\0\0\0\0\0\x0a\0"[..]);
        let open = At::Tombstone(10).encode(&key).unwrap();
        assert_eq!(open, &b"k\0\0\x80\0\0\0\0\0\0\x0a\x01"[..]);
        assert_eq!(At::decode(&end).unwrap(), At::End(10));
        assert_eq!(At::decode(&open).unwrap(), At::Tombstone(10));
    }

    #[test]
    fn damaged_versions_are_found() {
        for damaged in
            [&b"\x80\0\0\0\0\0\0\x05"[..], b"\x80\0\0\0\0\0\0\x05\x02v", b"\x80\0\0\0\0\0\0\x05\0v"]
        {
            let error = Version::decode(Bytes::from_static(damaged)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_decode_or_are_refused(bytes: Vec<u8>) {
            let bytes = Bytes::from(bytes);
            if let Ok(version) = Version::decode(bytes.clone()) {
                prop_assert_eq!(version.encode().unwrap(), &bytes[..]);
            }
            let _ = At::decode(&bytes);
            let _ = Version::decode_latest(bytes);
        }
    }
}
