//! Values as JSON.

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::error::Category;

use super::{
    Codec, refusal,
    shape::{self, Format},
    without_slack,
};
use crate::Result;

/// Values as compact JSON: readable by people and other programs, and structs can grow.
///
/// Floats come back bit by bit. What JSON would change is refused with `Encode`: floats that are not finite, `Some(None)`
/// and `Some(())`, maps whose keys are neither text, numbers nor `bool`.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it is its only value")]
pub struct Json;

const NAME: &str = "json";

const FORMAT: Format = Format { human_readable: true, any_float: false, nested_options: false };

impl<T: Serialize + DeserializeOwned> Codec<T> for Json {
    fn name(&self) -> &'static str {
        NAME
    }

    fn encode(&self, value: &T) -> Result<Bytes> {
        shape::check(value, FORMAT).map_err(|flaw| refusal::encode::<T>(NAME, flaw))?;
        serde_json::to_vec(value).map(without_slack).map_err(|error| match error.classify() {
            Category::Data => refusal::encode::<T>(NAME, refusal::OWN),
            _ => refusal::encode::<T>(NAME, error),
        })
    }

    fn decode(&self, bytes: Bytes) -> Result<T> {
        serde_json::from_slice(&bytes).map_err(|error| match error.classify() {
            Category::Data => refusal::decode::<T>(NAME, refusal::told(&error.to_string())),
            _ => refusal::decode::<T>(NAME, error),
        })
    }
}
