//! Values as CBOR.

use bytes::Bytes;
use ciborium::{de, ser};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Codec, refusal,
    shape::{self, Format},
    without_slack,
};
use crate::Result;

/// Values as CBOR with the names of fields, so that structs can grow.
///
/// `Some(None)` and `Some(())`, which would come back as `None`, are refused with `Encode`.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it is its only value")]
pub struct Cbor;

const NAME: &str = "cbor";

const FORMAT: Format = Format { human_readable: false, any_float: true, nested_options: false };

impl<T: Serialize + DeserializeOwned> Codec<T> for Cbor {
    fn name(&self) -> &'static str {
        NAME
    }

    fn encode(&self, value: &T) -> Result<Bytes> {
        shape::check(value, FORMAT).map_err(|flaw| refusal::encode::<T>(NAME, flaw))?;
        let mut out = Vec::new();
        ciborium::into_writer(value, &mut out).map_err(|error| match error {
            ser::Error::Value(_quotes) => refusal::encode::<T>(NAME, refusal::OWN),
            ser::Error::Io(error) => {
                refusal::encode::<T>(NAME, "it cannot be written").with_source(error)
            }
        })?;
        Ok(without_slack(out))
    }

    fn decode(&self, bytes: Bytes) -> Result<T> {
        let mut rest = &bytes[..];
        let value = ciborium::from_reader(&mut rest).map_err(|error| match error {
            de::Error::Io(error) => refusal::decode::<T>(NAME, error),
            de::Error::Syntax(at) => {
                refusal::decode::<T>(NAME, format_args!("no CBOR at byte {at}"))
            }
            de::Error::Semantic(_, message) => refusal::decode::<T>(NAME, refusal::told(&message)),
            de::Error::RecursionLimitExceeded => refusal::decode::<T>(NAME, "it nests too deep"),
        })?;
        refusal::whole(value, rest, NAME)
    }
}
