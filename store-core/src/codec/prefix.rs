//! What keys can begin with.

use bytes::Bytes;

use super::{Key, composite::escape};
use crate::Result;

/// The beginning of keys `K`.
///
/// Text for text keys, bytes for byte keys; for tuples one or more leading parts, or all of them of which the last is
/// itself a beginning. Parts may be borrowed, so that `("tenant",)` and `("tenant", "2024-")` are beginnings of a
/// `(String, String)`. What stands before something else is whole: `("a",)` does not begin `("ab", 1)`.
///
/// ```
/// use store_core::codec::{Key, KeyPrefix};
///
/// fn begins<K: Key>(key: &K, prefix: &(impl KeyPrefix<K> + ?Sized)) -> bool {
///     key.to_bytes().unwrap().starts_with(&prefix.prefix_bytes().unwrap())
/// }
///
/// let key = ("tenant".to_owned(), "2024-05-01".to_owned());
/// assert!(begins(&key, &("tenant",)));
/// assert!(begins(&key, &("tenant", "2024-")));
/// assert!(!begins(&key, &("ten",)));
/// assert!(begins(&"tenant".to_owned(), "ten"));
/// ```
///
/// The law: the keys that begin with it are those whose bytes begin with its bytes.
pub trait KeyPrefix<K: Key>: Sync {
    /// The bytes the keys begin with.
    fn prefix_bytes(&self) -> Result<Bytes>;
}

/// A whole part `K` of a tuple, owned or borrowed.
pub trait KeyPart<K: Key>: Sync {
    /// Appends it as [`Key::encode_part`] does.
    fn append(&self, out: &mut Vec<u8>) -> Result<()>;
}

impl<K: Key, P: KeyPrefix<K> + ?Sized> KeyPrefix<K> for &P {
    fn prefix_bytes(&self) -> Result<Bytes> {
        (**self).prefix_bytes()
    }
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

impl<K: Key> KeyPart<K> for K {
    fn append(&self, out: &mut Vec<u8>) -> Result<()> {
        self.encode_part(out)
    }
}

impl KeyPart<String> for &str {
    fn append(&self, out: &mut Vec<u8>) -> Result<()> {
        escape(self.as_bytes(), out);
        Ok(())
    }
}

macro_rules! byte_prefix {
    ($($key:ty),*) => {$(
        impl KeyPrefix<$key> for [u8] {
            fn prefix_bytes(&self) -> Result<Bytes> {
                Ok(Bytes::copy_from_slice(self))
            }
        }

        impl<const N: usize> KeyPrefix<$key> for [u8; N] {
            fn prefix_bytes(&self) -> Result<Bytes> {
                Ok(Bytes::copy_from_slice(self))
            }
        }

        impl KeyPrefix<$key> for Vec<u8> {
            fn prefix_bytes(&self) -> Result<Bytes> {
                Ok(Bytes::copy_from_slice(self))
            }
        }

        impl KeyPrefix<$key> for Bytes {
            fn prefix_bytes(&self) -> Result<Bytes> {
                Ok(self.clone())
            }
        }

        impl KeyPart<$key> for &[u8] {
            fn append(&self, out: &mut Vec<u8>) -> Result<()> {
                escape(self, out);
                Ok(())
            }
        }
    )*};
}

byte_prefix!(Bytes, Vec<u8>);

/// Some leading parts.
macro_rules! leading {
    ($($part:ident $key:ident),+ => $($rest:ident)+) => {
        #[allow(non_snake_case, reason = "one name for the type and its value")]
        impl<$($key: Key, $part: KeyPart<$key>,)+ $($rest: Key),+> KeyPrefix<($($key,)+ $($rest),+)> for ($($part,)+) {
            fn prefix_bytes(&self) -> Result<Bytes> {
                let ($($part,)+) = self;
                let mut out = Vec::new();
                $($part.append(&mut out)?;)+
                Ok(out.into())
            }
        }
    };
}

leading!(P A => B);
leading!(P A => B C);
leading!(P A, Q B => C);
leading!(P A => B C D);
leading!(P A, Q B => C D);
leading!(P A, Q B, R C => D);

/// All parts, of which the last is a beginning.
macro_rules! begun {
    ($($part:ident $key:ident),+ => $begun:ident $last:ident) => {
        #[allow(non_snake_case, reason = "one name for the type and its value")]
        impl<$($key: Key, $part: KeyPart<$key>,)+ $last: Key, $begun: KeyPrefix<$last>>
            KeyPrefix<($($key,)+ $last)> for ($($part,)+ $begun)
        {
            fn prefix_bytes(&self) -> Result<Bytes> {
                let ($($part,)+ $begun) = self;
                let mut out = Vec::new();
                $($part.append(&mut out)?;)+
                out.extend($begun.prefix_bytes()?);
                Ok(out.into())
            }
        }
    };
}

begun!(P A => Q B);
begun!(P A, Q B => R C);
begun!(P A, Q B, R C => S D);
