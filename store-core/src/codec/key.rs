//! Order-preserving keys of one part.

use bytes::Bytes;
use uuid::Uuid;

use super::{
    composite::{escape, malformed, take, unescape},
    without_slack,
};
use crate::{Error, Result};

/// A key whose encoding orders as its values do.
///
/// The law: for any `a < b`, the bytes of `a` are below the bytes of `b`, as unsigned bytes, a prefix before its
/// extensions; as a part, also with anything behind them. `from_bytes(to_bytes(k))` is `k`, and decoding refuses what
/// no key encodes to with `Decode`, without a panic.
///
/// A type of one's own implements the two methods of parts, out of the keys it is made of; the rest follows:
///
/// ```
/// use store_core::{Result, codec::Key};
///
/// #[derive(Debug, PartialEq, PartialOrd)]
/// struct Seat {
///     row: u16,
///     letter: char,
/// }
///
/// impl Key for Seat {
///     fn codec() -> String {
///         "seat".to_owned()
///     }
///
///     fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
///         (self.row, self.letter).encode_part(out)
///     }
///
///     fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
///         <(u16, char)>::decode_part(bytes).map(|(row, letter)| Self { row, letter })
///     }
/// }
///
/// let seat = Seat { row: 12, letter: 'a' };
/// assert_eq!(Seat::from_bytes(&seat.to_bytes()?)?, seat);
/// # Ok::<_, store_core::Error>(())
/// ```
pub trait Key: Sized + Send + Sync + 'static {
    /// The name recorded with the store, for example `(string,u64)`.
    fn codec() -> String;

    /// Appends the key so that more can follow.
    fn encode_part(&self, out: &mut Vec<u8>) -> Result<()>;

    /// Takes a key from the front.
    fn decode_part(bytes: &mut &[u8]) -> Result<Self>;

    /// Appends the key as the last part.
    fn encode_last(&self, out: &mut Vec<u8>) -> Result<()> {
        self.encode_part(out)
    }

    /// Reads a key that is all there is.
    fn decode_last(mut bytes: &[u8]) -> Result<Self> {
        let key = Self::decode_part(&mut bytes)?;
        if bytes.is_empty() { Ok(key) } else { Err(malformed("something stands behind it")) }
    }

    /// The whole key as bytes.
    fn to_bytes(&self) -> Result<Bytes> {
        let mut out = Vec::new();
        self.encode_last(&mut out)?;
        Ok(without_slack(out))
    }

    /// The key of bytes; `Decode` where they are none.
    fn from_bytes(bytes: &Bytes) -> Result<Self> {
        let named =
            |error: Error| error.context(format_args!("cannot decode a key as {}", Self::codec()));
        Self::decode_last(bytes).map_err(named)
    }
}

macro_rules! unsigned {
    ($($number:ty),*) => {$(
        impl Key for $number {
            fn codec() -> String {
                stringify!($number).to_owned()
            }

            fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
                out.extend(self.to_be_bytes());
                Ok(())
            }

            fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
                take(bytes).map(Self::from_be_bytes)
            }
        }
    )*};
}

unsigned!(u8, u16, u32, u64, u128);

macro_rules! signed {
    ($($number:ty),*) => {$(
        impl Key for $number {
            fn codec() -> String {
                stringify!($number).to_owned()
            }

            fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
                out.extend((self ^ Self::MIN).to_be_bytes());
                Ok(())
            }

            fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
                Ok(take(bytes).map(Self::from_be_bytes)? ^ Self::MIN)
            }
        }
    )*};
}

signed!(i8, i16, i32, i64, i128);

impl Key for bool {
    fn codec() -> String {
        "bool".to_owned()
    }

    fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
        out.push(u8::from(*self));
        Ok(())
    }

    fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
        match take(bytes)? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(malformed("it is no bool")),
        }
    }
}

impl Key for char {
    fn codec() -> String {
        "char".to_owned()
    }

    fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
        u32::from(*self).encode_part(out)
    }

    fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
        Self::from_u32(u32::decode_part(bytes)?).ok_or_else(|| malformed("it is no char"))
    }
}

impl Key for Uuid {
    fn codec() -> String {
        "uuid".to_owned()
    }

    fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
        out.extend(self.as_bytes());
        Ok(())
    }

    fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
        take(bytes).map(Self::from_bytes)
    }
}

impl Key for Vec<u8> {
    fn codec() -> String {
        "bytes".to_owned()
    }

    fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
        escape(self, out);
        Ok(())
    }

    fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
        unescape(bytes)
    }

    fn encode_last(&self, out: &mut Vec<u8>) -> Result<()> {
        out.extend(self);
        Ok(())
    }

    fn decode_last(bytes: &[u8]) -> Result<Self> {
        Ok(bytes.to_vec())
    }
}

impl Key for Bytes {
    fn codec() -> String {
        "bytes".to_owned()
    }

    fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
        escape(self, out);
        Ok(())
    }

    fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
        unescape(bytes).map(Self::from)
    }

    fn encode_last(&self, out: &mut Vec<u8>) -> Result<()> {
        out.extend(self);
        Ok(())
    }

    fn decode_last(bytes: &[u8]) -> Result<Self> {
        Ok(Self::copy_from_slice(bytes))
    }

    fn to_bytes(&self) -> Result<Bytes> {
        Ok(self.clone())
    }

    fn from_bytes(bytes: &Bytes) -> Result<Self> {
        Ok(bytes.clone())
    }
}

impl Key for String {
    fn codec() -> String {
        "string".to_owned()
    }

    fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
        escape(self.as_bytes(), out);
        Ok(())
    }

    fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
        text(unescape(bytes)?)
    }

    fn encode_last(&self, out: &mut Vec<u8>) -> Result<()> {
        out.extend(self.as_bytes());
        Ok(())
    }

    fn decode_last(bytes: &[u8]) -> Result<Self> {
        text(bytes.to_vec())
    }
}

fn text(bytes: Vec<u8>) -> Result<String> {
    // The standard error would keep the bytes, which are data.
    String::from_utf8(bytes)
        .map_err(|error| malformed("it is not UTF-8").with_source(error.utf8_error()))
}

impl<K: Key> Key for Option<K> {
    fn codec() -> String {
        format!("option<{}>", K::codec())
    }

    fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
        self.is_some().encode_part(out)?;
        self.as_ref().map_or(Ok(()), |key| key.encode_part(out))
    }

    fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
        bool::decode_part(bytes)?.then(|| K::decode_part(bytes)).transpose()
    }

    fn encode_last(&self, out: &mut Vec<u8>) -> Result<()> {
        self.is_some().encode_part(out)?;
        self.as_ref().map_or(Ok(()), |key| key.encode_last(out))
    }

    fn decode_last(mut bytes: &[u8]) -> Result<Self> {
        match bool::decode_part(&mut bytes)? {
            true => K::decode_last(bytes).map(Some),
            false if bytes.is_empty() => Ok(None),
            false => Err(malformed("something stands behind it")),
        }
    }
}
