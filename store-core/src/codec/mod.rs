//! Keys and values as bytes.
//!
//! # Keys
//!
//! [`Key`] keeps order: encodings compare, as unsigned bytes, as the values do. What stands last in a key stands plain,
//! so that a text key is just its UTF-8 and can be searched by prefix; what stands before something else is made to end
//! by itself.
//!
//! | type | bytes |
//! | --- | --- |
//! | `u8` to `u128` | big-endian |
//! | `i8` to `i128` | big-endian, sign bit flipped |
//! | `bool`, `char` | 1 byte, 4 bytes |
//! | `String`, `Bytes`, `Vec<u8>` | plain; before another part `00` becomes `00 ff` and `00 00` ends it |
//! | `Option<K>` | `00` for none, `01` and the key for some |
//! | `Uuid` | its 16 bytes |
//! | tuples of 2 to 4 | one part after the other |
//! | `jiff::civil::Date` (feature `jiff`) | year as `i16`, month, day |
//! | `jiff::Timestamp` (feature `jiff`) | seconds as `i64`, nanoseconds as `u32` |
//!
//! # Values
//!
//! A [`Codec`] is a value, so that it can hold settings. [`Json`] is the default and [`Raw`] keeps bytes; others come
//! with features: `message-pack`, `cbor`, `postcard`.

#[cfg(feature = "cbor")]
mod cbor;
pub(crate) mod composite;
mod json;
mod key;
#[cfg(feature = "jiff")]
mod key_jiff;
mod key_tuple;
#[cfg(feature = "message-pack")]
mod message_pack;
#[cfg(feature = "postcard")]
mod postcard;
mod prefix;
mod raw;
mod refusal;
mod shape;

use std::fmt;

use bytes::Bytes;

#[cfg(feature = "cbor")]
pub use self::cbor::Cbor;
#[cfg(feature = "message-pack")]
pub use self::message_pack::MessagePack;
#[cfg(feature = "postcard")]
pub use self::postcard::Postcard;
pub use self::{json::Json, key::Key, prefix::KeyPrefix, raw::Raw};
use crate::Result;

/// Turns values of a type into bytes and back.
///
/// `decode` must accept what `encode` gives and refuse, with `Decode`, what has anything behind it.
pub trait Codec<T>: fmt::Debug + Clone + Send + Sync + 'static {
    /// The name recorded with the store.
    fn name(&self) -> &'static str;

    /// The bytes of a value; `Encode` where it has none.
    fn encode(&self, value: &T) -> Result<Bytes>;

    /// The value of bytes; `Decode` where there is none.
    fn decode(&self, bytes: Bytes) -> Result<T>;
}

#[cfg(test)]
#[cfg(test)]
mod tests;
