//! A key that has no bytes: what comes nearest to no key at all.

use store_core::{Error, ErrorKind, Result, codec::Key};

/// A key, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Perhaps(pub(crate) Option<u32>);

impl Key for Perhaps {
    fn codec() -> String {
        "perhaps".to_owned()
    }

    fn encode_part(&self, out: &mut Vec<u8>) -> Result<()> {
        let none = || Error::new(ErrorKind::Encode, "there is no key");
        self.0.ok_or_else(none)?.encode_part(out)
    }

    fn decode_part(bytes: &mut &[u8]) -> Result<Self> {
        u32::decode_part(bytes).map(|key| Self(Some(key)))
    }
}
