//! Keys and values as bytes.
//!
//! # Keys
//!
//! [`Key`] keeps order: encodings compare, as unsigned bytes, as the values do. What stands last in a key stands plain,
//! so that a text key is just its UTF-8 and can be searched by prefix; what stands before something else is made to end
//! by itself.
//!
//! | type | bytes | such as | gives |
//! | --- | --- | --- | --- |
//! | `u8` to `u128` | big-endian | `258_u16` | `01 02` |
//! | `i8` to `i128` | big-endian, sign bit flipped | `-2_i16` | `7f fe` |
//! | `bool` | 1 byte | `true` | `01` |
//! | `char` | 4 bytes | `'ä'` | `00 00 00 e4` |
//! | `String` | UTF-8 | `text("a\0b")` | `61 00 62` |
//! | `Bytes`, `Vec<u8>` | as they are | `vec![0_u8, 255]` | `00 ff` |
//! | either before another part | `00` becomes `00 ff`, and `00 00` ends it | `(text("a\0b"), 7_u8)` | `61 00 ff 62 00 00 07` |
//! | `Option<K>` | `00` for none, `01` and the key for some | `Some(text("a"))` | `01 61` |
//! | tuples of 2 to 4 | one part after the other | `(7_u8, text("a\0b"))` | `07 61 00 62` |
//! | `Uuid` | its 16 bytes | `Uuid::from_u128(1)` | `00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01` |
//! | `jiff::civil::Date` (feature `jiff`) | year as `i16`, month and day as `i8` | `date(2013, 1, 31)` | `87 dd 81 9f` |
//! | `jiff::Timestamp` (feature `jiff`) | seconds as `i64`, nanoseconds as `u32` | `instant(-1)` | `7f ff ff ff ff ff ff ff 3b 9a c9 ff` |
//!
//! No keys: floats, since NaN has no place in an order and `0.0` is `-0.0`; `usize` and `isize`, which differ between
//! machines.
//!
//! ```compile_fail,E0277
//! use store_core::codec::Key;
//! fn is_key<K: Key>() {}
//! is_key::<f64>();
//! ```
//!
//! # Values
//!
//! A [`Codec`] is a value, so that it can hold settings. [`Json`] is the default and always there, [`Raw`] keeps bytes;
//! others come with cargo features, none of which is on by default: `message-pack`, `cbor`, `postcard`.
//!
//! A codec gives back what it was given, or refuses it with `Encode` before anything is written. Values nest at most 100
//! deep in each of them. Anything behind a value is an error.
//!
//! | codec | structs can grow | floats | `Some(None)` | read by people |
//! | --- | --- | --- | --- | --- |
//! | [`Json`] | yes | finite | refused | yes |
//! | `MessagePack` | yes | all | refused | no |
//! | `Cbor` | yes | all | refused | no |
//! | `Postcard` | no | all | yes | no |

#[cfg(feature = "cbor")]
mod cbor;
mod composite;
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
pub use self::{
    json::Json,
    key::Key,
    prefix::{KeyPart, KeyPrefix},
    raw::Raw,
};
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

/// Encoded bytes without the room that the encoder left behind them: they may be buffered for long.
fn without_slack(encoded: Vec<u8>) -> Bytes {
    encoded.into_boxed_slice().into()
}

#[cfg(test)]
mod tests;
