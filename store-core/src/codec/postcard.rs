//! Values as postcard.

use bytes::Bytes;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Codec, refusal,
    shape::{self, Format},
    without_slack,
};
use crate::Result;

/// Values as postcard: the smallest form, without names, so that a changed struct needs another store.
///
/// For plain derived types only: what serde must look at before it knows the type (`untagged`, `tag`, `flatten`,
/// `skip_serializing_if`, `serde_json::Value`) cannot be read back.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it is its only value")]
pub struct Postcard;

const NAME: &str = "postcard";

const FORMAT: Format = Format { human_readable: false, any_float: true, nested_options: true };

impl<T: Serialize + DeserializeOwned> Codec<T> for Postcard {
    fn name(&self) -> &'static str {
        NAME
    }

    fn encode(&self, value: &T) -> Result<Bytes> {
        shape::check(value, FORMAT).map_err(|flaw| refusal::encode::<T>(NAME, flaw))?;
        let encoded = postcard::to_allocvec(value).map(without_slack);
        encoded.map_err(|error| refusal::encode::<T>(NAME, error))
    }

    fn decode(&self, bytes: Bytes) -> Result<T> {
        let (value, rest) =
            postcard::take_from_bytes(&bytes).map_err(|error| refusal::decode::<T>(NAME, error))?;
        refusal::whole(value, rest, NAME)
    }
}
