//! Values as CBOR.

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use super::{Codec, failed, whole};
use crate::{ErrorKind, Result};

/// Values as CBOR with the names of fields, so that structs can grow.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it is its only value")]
pub struct Cbor;

impl<T: Serialize + DeserializeOwned> Codec<T> for Cbor {
    fn name(&self) -> &'static str {
        "cbor"
    }

    fn encode(&self, value: &T) -> Result<Bytes> {
        let mut out = Vec::new();
        ciborium::into_writer(value, &mut out)
            .map_err(|e| failed::<T>(ErrorKind::Encode, "cbor").with_source(e))?;
        Ok(out.into())
    }

    fn decode(&self, bytes: Bytes) -> Result<T> {
        let mut rest = &bytes[..];
        // The library's own message may quote the value.
        let value = ciborium::from_reader(&mut rest)
            .map_err(|_quotes| failed::<T>(ErrorKind::Decode, "cbor"))?;
        whole(value, rest, "cbor")
    }
}
