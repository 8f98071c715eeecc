//! Values as MessagePack.

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use super::{Codec, failed, whole};
use crate::{ErrorKind, Result};

/// Values as MessagePack with the names of fields, so that structs can grow.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it is its only value")]
pub struct MessagePack;

impl<T: Serialize + DeserializeOwned> Codec<T> for MessagePack {
    fn name(&self) -> &'static str {
        "message-pack"
    }

    fn encode(&self, value: &T) -> Result<Bytes> {
        let encoded = rmp_serde::to_vec_named(value);
        encoded
            .map(Bytes::from)
            .map_err(|e| failed::<T>(ErrorKind::Encode, "message-pack").with_source(e))
    }

    fn decode(&self, bytes: Bytes) -> Result<T> {
        let mut rest = &bytes[..];
        // The library's own message may quote the value.
        let value = rmp_serde::from_read(&mut rest)
            .map_err(|_quotes| failed::<T>(ErrorKind::Decode, "message-pack"))?;
        whole(value, rest, "message-pack")
    }
}
