//! Values as postcard.

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use super::{Codec, failed, whole};
use crate::{ErrorKind, Result};

/// Values as postcard: the smallest form, without names, so that a changed struct needs another store.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it is its only value")]
pub struct Postcard;

impl<T: Serialize + DeserializeOwned> Codec<T> for Postcard {
    fn name(&self) -> &'static str {
        "postcard"
    }

    fn encode(&self, value: &T) -> Result<Bytes> {
        let encoded = postcard::to_allocvec(value);
        encoded
            .map(Bytes::from)
            .map_err(|e| failed::<T>(ErrorKind::Encode, "postcard").with_source(e))
    }

    fn decode(&self, bytes: Bytes) -> Result<T> {
        let (value, rest) = postcard::take_from_bytes(&bytes)
            .map_err(|e| failed::<T>(ErrorKind::Decode, "postcard").with_source(e))?;
        whole(value, rest, "postcard")
    }
}
