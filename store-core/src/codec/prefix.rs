//! What keys can begin with.

use bytes::Bytes;

use super::Key;
use crate::Result;

/// The beginning of keys `K`: text of text keys, bytes of byte keys, leading parts of tuples.
///
/// The law: the keys that begin with it are those whose bytes begin with its bytes.
pub trait KeyPrefix<K: Key>: Sync {
    /// The bytes the keys begin with.
    fn prefix_bytes(&self) -> Result<Bytes>;
}

impl KeyPrefix<String> for str {
    fn prefix_bytes(&self) -> Result<Bytes> {
        Ok(Bytes::copy_from_slice(self.as_bytes()))
    }
}

impl KeyPrefix<Self> for String {
    fn prefix_bytes(&self) -> Result<Bytes> {
        self.as_str().prefix_bytes()
    }
}

macro_rules! byte_prefix {
    ($($key:ty),*) => {$(
        impl KeyPrefix<$key> for [u8] {
            fn prefix_bytes(&self) -> Result<Bytes> {
                Ok(Bytes::copy_from_slice(self))
            }
        }
    )*};
}

byte_prefix!(Bytes, Vec<u8>);

macro_rules! tuple_prefix {
    ($($part:ident)+ => $($rest:ident)+) => {
        #[allow(non_snake_case, reason = "one name for the type and its value")]
        impl<$($part: Key,)+ $($rest: Key),+> KeyPrefix<($($part,)+ $($rest),+)> for ($($part,)+) {
            fn prefix_bytes(&self) -> Result<Bytes> {
                let ($($part,)+) = self;
                let mut out = Vec::new();
                $($part.encode_part(&mut out)?;)+
                Ok(out.into())
            }
        }
    };
}

tuple_prefix!(A => B);
tuple_prefix!(A => B C);
tuple_prefix!(A B => C);
tuple_prefix!(A => B C D);
tuple_prefix!(A B => C D);
tuple_prefix!(A B C => D);
