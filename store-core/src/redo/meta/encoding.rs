//! The record as one value.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Body, LogName, Meta, Pending};
use crate::{
    Error, ErrorKind, Result,
    backend::{Fence, OwnerId},
};

/// The version of the record's encoding.
const LAYOUT: u32 = 1;

impl Meta {
    /// The stored form, for databases that keep the record as one value.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut bytes = LAYOUT.to_be_bytes().to_vec();
        // Invariant: every field of the record has a form in JSON.
        bytes.extend(serde_json::to_vec(&Encoded::from(self)).expect("the record is valid JSON"));
        bytes.into()
    }

    /// Reads the stored form. `SchemaMismatch` for a newer version, `Corrupt` for anything unreadable.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let corrupt = || {
            let message = "the record of the task is damaged: restore it from a copy";
            Error::new(ErrorKind::Corrupt, message)
        };
        let (version, body) = bytes.split_first_chunk().ok_or_else(corrupt)?;
        let version = u32::from_be_bytes(*version);
        if version != LAYOUT {
            let message = format!(
                "the record of the task has layout version {version} and this program knows version {LAYOUT}: use \
                 the release that wrote it, or a newer one"
            );
            return Err(Error::new(ErrorKind::SchemaMismatch, message));
        }
        let encoded: Encoded =
            serde_json::from_slice(body).map_err(|error| corrupt().with_source(error))?;
        encoded.into_meta().ok_or_else(corrupt)
    }
}

/// The record in JSON, with bytes in hexadecimal.
#[derive(Serialize, Deserialize)]
struct Encoded {
    epoch: u64,
    owner: OwnerId,
    sequence: u64,
    stamp_hi: i64,
    destroyed: u64,
    wipe: Option<i64>,
    checkpoint: String,
    pending: Option<EncodedPending>,
}

#[derive(Serialize, Deserialize)]
struct EncodedPending {
    epoch: u64,
    attempt: Uuid,
    stamp: i64,
    inline: Option<String>,
    chunks: Option<(u32, u32)>,
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Bytes> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|n| u8::try_from(n).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |&[high, low]: &[u8; 2]| Some(digit(high)? << 4 | digit(low)?);
    rest.is_empty().then(|| pairs.iter().map(byte).collect::<Option<Vec<_>>>())?.map(Bytes::from)
}

impl From<&Meta> for Encoded {
    fn from(meta: &Meta) -> Self {
        let pending = meta.pending.as_ref().map(|Pending { log, stamp, body }| {
            let (inline, chunks) = match body {
                Body::Inline(bytes) => (Some(to_hex(bytes)), None),
                Body::Chunks { count, checksum } => (None, Some((*count, *checksum))),
            };
            let LogName { epoch, attempt } = *log;
            EncodedPending { epoch, attempt, stamp: *stamp, inline, chunks }
        });
        let Fence { epoch, owner } = meta.fence;
        Self {
            epoch,
            owner,
            sequence: meta.sequence,
            stamp_hi: meta.stamp_hi,
            destroyed: meta.destroyed,
            wipe: meta.wipe,
            checkpoint: to_hex(&meta.checkpoint),
            pending,
        }
    }
}

impl Encoded {
    fn into_meta(self) -> Option<Meta> {
        let pending = match self.pending {
            None => None,
            Some(EncodedPending { epoch, attempt, stamp, inline, chunks }) => {
                let body = match (inline, chunks) {
                    (Some(inline), None) => Body::Inline(from_hex(&inline)?),
                    (None, Some((count, checksum))) => Body::Chunks { count, checksum },
                    _ => return None,
                };
                Some(Pending { log: LogName { epoch, attempt }, stamp, body })
            }
        };
        Some(Meta {
            fence: Fence::new(self.epoch, self.owner),
            sequence: self.sequence,
            stamp_hi: self.stamp_hi,
            pending,
            destroyed: self.destroyed,
            wipe: self.wipe,
            checkpoint: from_hex(&self.checkpoint)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::{ProptestConfig, any, proptest};
    use uuid::Uuid;

    use super::{Body, LogName, Meta, Pending};
    use crate::{
        ErrorKind,
        backend::{Fence, OwnerId},
    };

    fn meta(body: Body) -> Meta {
        let log = LogName { epoch: 2, attempt: Uuid::from_u128(0xcd) };
        Meta {
            sequence: 5,
            stamp_hi: 77,
            pending: Some(Pending { log, stamp: 77, body }),
            destroyed: 1,
            wipe: Some(-3),
            checkpoint: Bytes::from_static(b"{}"),
            ..Meta::new(Fence::new(3, OwnerId::from_u128(0xab)))
        }
    }

    #[test]
    fn golden_bytes() {
        let golden = concat!(
            "\0\0\0\u{1}",
            r#"{"epoch":3,"owner":"00000000-0000-0000-0000-0000000000ab","sequence":5,"stamp_hi":77,"destroyed":1,"#,
            r#""wipe":-3,"checkpoint":"7b7d","pending":{"epoch":2,"attempt":"00000000-0000-0000-0000-0000000000cd","#,
            r#""stamp":77,"inline":"00ff","chunks":null}}"#
        );
        let inline = meta(Body::Inline(Bytes::from_static(b"\0\xff")));
        assert_eq!(std::str::from_utf8(&inline.encode()).unwrap(), golden);
        assert_eq!(Meta::decode(golden.as_bytes()).unwrap(), inline);
        let chunks = meta(Body::Chunks { count: 2, checksum: 9 });
        assert_eq!(Meta::decode(&chunks.encode()).unwrap(), chunks);
    }

    #[test]
    fn damage_is_an_error() {
        let good = meta(Body::Chunks { count: 2, checksum: 9 }).encode();
        for cut in 0..good.len() {
            assert_eq!(Meta::decode(&good[..cut]).unwrap_err().kind(), ErrorKind::Corrupt);
        }
        let newer = [&[0, 0, 0, 2], &good[4..]].concat();
        assert_eq!(Meta::decode(&newer).unwrap_err().kind(), ErrorKind::SchemaMismatch);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Meta::decode(&bytes);
            let _ = Meta::decode(&[&[0, 0, 0, 1], &bytes[..]].concat());
        }
    }
}
