//! Values as JSON.

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use super::{Codec, failed};
use crate::{ErrorKind, Result};

/// Values as compact JSON: readable by people and other programs, and structs can grow.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it is its only value")]
pub struct Json;

impl<T: Serialize + DeserializeOwned> Codec<T> for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn encode(&self, value: &T) -> Result<Bytes> {
        let encoded = serde_json::to_vec(value);
        encoded.map(Bytes::from).map_err(|e| failed::<T>(ErrorKind::Encode, "json").with_source(e))
    }

    fn decode(&self, bytes: Bytes) -> Result<T> {
        // The library's own message may quote the value, so only the place is kept.
        let place =
            |e: serde_json::Error| format!("{:?} error at byte {}", e.classify(), e.column());
        serde_json::from_slice(&bytes)
            .map_err(|e| failed::<T>(ErrorKind::Decode, "json").with_source(place(e)))
    }
}
