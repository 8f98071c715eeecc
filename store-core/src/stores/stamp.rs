//! Values with a time in front: 8 bytes, big-endian, the sign bit flipped as in keys.

use bytes::{Buf, Bytes};

use crate::{Error, ErrorKind, Result, codec::Key};

/// How long a time is.
pub(super) const STAMP_BYTES: usize = size_of::<i64>();

pub(super) fn stamp(time: i64, value: &[u8]) -> Result<Bytes> {
    let mut out = Vec::with_capacity(STAMP_BYTES + value.len());
    time.encode_part(&mut out)?;
    out.extend(value);
    Ok(out.into())
}

pub(super) fn unstamp(mut bytes: Bytes) -> Result<(i64, Bytes)> {
    let too_short = |error: Error| {
        let message = "a stored value is too short for its time";
        Error::new(ErrorKind::Decode, message).with_source(error)
    };
    let time = i64::decode_part(&mut &bytes[..]).map_err(too_short)?;
    bytes.advance(STAMP_BYTES);
    Ok((time, bytes))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{stamp, unstamp};
    use crate::ErrorKind;

    #[test]
    fn golden_bytes() {
        let stamped = stamp(-2, b"v").unwrap();
        assert_eq!(stamped, &b"\x7f\xff\xff\xff\xff\xff\xff\xfev"[..]);
        assert_eq!(unstamp(stamped).unwrap(), (-2, Bytes::from_static(b"v")));
        assert_eq!(unstamp(stamp(i64::MAX, b"").unwrap()).unwrap(), (i64::MAX, Bytes::new()));
        assert_eq!(unstamp(Bytes::from_static(b"short")).unwrap_err().kind(), ErrorKind::Decode);
    }
}
