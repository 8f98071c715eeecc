//! Values as MessagePack.

use bytes::Bytes;
use rmp_serde::{decode, encode};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Codec, refusal,
    shape::{self, Format},
    without_slack,
};
use crate::Result;

/// Values as MessagePack with the names of fields, so that structs can grow.
///
/// `Some(None)` and `Some(())`, which would come back as `None`, are refused with `Encode`.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it is its only value")]
pub struct MessagePack;

const NAME: &str = "message-pack";

const FORMAT: Format = Format { human_readable: false, any_float: true, nested_options: false };

impl<T: Serialize + DeserializeOwned> Codec<T> for MessagePack {
    fn name(&self) -> &'static str {
        NAME
    }

    fn encode(&self, value: &T) -> Result<Bytes> {
        shape::check(value, FORMAT).map_err(|flaw| refusal::encode::<T>(NAME, flaw))?;
        rmp_serde::to_vec_named(value).map(without_slack).map_err(|error| match error {
            encode::Error::Syntax(_quotes) => refusal::encode::<T>(NAME, refusal::OWN),
            other => refusal::encode::<T>(NAME, other),
        })
    }

    fn decode(&self, bytes: Bytes) -> Result<T> {
        let mut reader = rmp_serde::Deserializer::new(&bytes[..]);
        reader.set_max_depth(2 * shape::MAX_DEPTH);
        let value = T::deserialize(&mut reader).map_err(|error| match &error {
            decode::Error::Syntax(message) | decode::Error::Uncategorized(message) => {
                refusal::decode::<T>(NAME, refusal::told(message))
            }
            // Some markers hold a number.
            decode::Error::TypeMismatch(_) => refusal::decode::<T>(NAME, refusal::told("")),
            other => refusal::decode::<T>(NAME, other),
        })?;
        refusal::whole(value, reader.get_ref(), NAME)
    }
}
