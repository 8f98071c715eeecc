//! The redo log: the changes of a commit as bytes, in chunks.
//!
//! One byte of layout version, then per map: store (`u32`), 0 or 1 and the segment (`i64`), then 0 for a drop, or 1 and
//! the number of writes (`u32`), and per write: key length (`u32`), key, then 0 for a delete, or 1, value length (`u32`),
//! value, fields length (`u32`, all ones for none), fields. Numbers are big-endian.

use std::collections::BTreeMap;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::{Body, LogName};
use crate::{
    Error, ErrorKind, Result,
    backend::{Changes, MapChange, MapId, Put},
};

const LAYOUT: u8 = 1;
const NO_FIELDS: u32 = u32::MAX;
const LENGTH_BYTES: usize = size_of::<u32>();

/// The log of changes.
pub(super) fn encode(changes: &Changes) -> Bytes {
    let mut out = BytesMut::new();
    out.put_u8(LAYOUT);
    for (map, change) in changes {
        out.put_u32(map.store);
        match map.segment {
            None => out.put_u8(0),
            Some(segment) => {
                out.put_u8(1);
                out.put_i64(segment);
            }
        }
        match change {
            MapChange::Drop => out.put_u8(0),
            MapChange::Write(writes) => {
                out.put_u8(1);
                put_length(&mut out, writes.len());
                writes.iter().for_each(|(key, put)| encode_write(&mut out, key, put.as_ref()));
            }
        }
    }
    out.freeze()
}

fn encode_write(out: &mut BytesMut, key: &Bytes, put: Option<&Put>) {
    put_length(out, key.len());
    out.put_slice(key);
    let Some(put) = put else {
        out.put_u8(0);
        return;
    };
    out.put_u8(1);
    put_length(out, put.value.len());
    out.put_slice(&put.value);
    match &put.fields {
        None => out.put_u32(NO_FIELDS),
        Some(fields) => {
            put_length(out, fields.len());
            out.put_slice(fields.as_bytes());
        }
    }
}

fn put_length(out: &mut BytesMut, length: usize) {
    // Invariant: the engine's memory limit keeps keys, values and counts far below 4 GiB.
    out.put_u32(u32::try_from(length).expect("a length fits in 32 bits"));
}

/// The bytes that the largest write takes in the log; 0 where there is none.
pub(super) fn largest(changes: &Changes) -> usize {
    let size = |(key, put): (&Bytes, &Option<Put>)| {
        let put = put.as_ref().map_or(0, |put| {
            let fields = put.fields.as_ref().map_or(0, |fields| fields.len());
            2 * LENGTH_BYTES + put.value.len() + fields
        });
        LENGTH_BYTES + key.len() + 1 + put
    };
    let writes = changes.values().filter_map(|change| match change {
        MapChange::Drop => None,
        MapChange::Write(writes) => writes.iter().map(size).max(),
    });
    writes.max().unwrap_or_default()
}

/// The changes of a log; `Corrupt` for anything else.
pub(super) fn decode(mut log: Bytes) -> Result<Changes> {
    read(&mut log).ok_or_else(|| corrupt("cannot be read"))
}

fn read(log: &mut Bytes) -> Option<Changes> {
    if log.try_get_u8().ok()? != LAYOUT {
        return None;
    }
    let mut changes = Changes::new();
    while log.has_remaining() {
        let store = log.try_get_u32().ok()?;
        let segment = flag(log)?.then(|| log.try_get_i64().ok());
        let map =
            MapId { store, segment: segment.map_or(Some(None), |segment| segment.map(Some))? };
        let change = if flag(log)? { MapChange::Write(read_writes(log)?) } else { MapChange::Drop };
        if changes.insert(map, change).is_some() {
            return None;
        }
    }
    Some(changes)
}

fn read_writes(log: &mut Bytes) -> Option<BTreeMap<Bytes, Option<Put>>> {
    let count = log.try_get_u32().ok()?;
    let mut writes = BTreeMap::new();
    for _ in 0..count {
        let key = take(log)?;
        let put = flag(log)?.then(|| read_put(log));
        if writes.insert(key, put.map_or(Some(None), |put| put.map(Some))?).is_some() {
            return None;
        }
    }
    Some(writes)
}

fn read_put(log: &mut Bytes) -> Option<Put> {
    let mut put = Put::new(take(log)?);
    if log.chunk().get(..4)? == NO_FIELDS.to_be_bytes() {
        log.advance(4);
    } else {
        put.fields = Some(std::str::from_utf8(&take(log)?).ok()?.into());
    }
    Some(put)
}

fn flag(log: &mut Bytes) -> Option<bool> {
    match log.try_get_u8().ok()? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

fn take(log: &mut Bytes) -> Option<Bytes> {
    let length = usize::try_from(log.try_get_u32().ok()?).ok()?;
    (length <= log.len()).then(|| log.split_to(length))
}

/// Cuts a log into chunks and says how they are found again.
pub(super) fn cut(log: &Bytes, chunk_bytes: usize) -> (Vec<Bytes>, Body) {
    let starts = (0..log.len()).step_by(chunk_bytes.max(1));
    let chunk = |start: usize| log.slice(start..log.len().min(start + chunk_bytes.max(1)));
    let chunks: Vec<_> = starts.map(chunk).collect();
    // Invariant: a log is bounded by the engine's memory limit.
    let count = u32::try_from(chunks.len()).expect("the number of chunks fits in 32 bits");
    (chunks, Body::Chunks { count, checksum: crc32fast::hash(log) })
}

/// Puts chunks together; `Corrupt` where one is missing or they are not what was written.
pub(super) fn join(name: LogName, chunks: Vec<Option<Bytes>>, checksum: u32) -> Result<Bytes> {
    let missing = || corrupt(&format!("of epoch {} has lost a chunk", name.epoch));
    let chunks = chunks.into_iter().collect::<Option<Vec<_>>>().ok_or_else(missing)?;
    let log = Bytes::from(chunks.concat());
    if crc32fast::hash(&log) != checksum {
        return Err(corrupt(&format!("of epoch {} is damaged", name.epoch)));
    }
    Ok(log)
}

fn corrupt(what: &str) -> Error {
    let message = format!("the log of a decided commit {what}: restore the database from a copy");
    Error::new(ErrorKind::Corrupt, message)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::{ProptestConfig, any, proptest};
    use uuid::Uuid;

    use super::{cut, decode, encode, join, largest};
    use crate::{
        ErrorKind,
        backend::{Changes, MapChange, MapId, Put},
        redo::{Body, LogName},
    };

    fn changes() -> Changes {
        let put = |value: &'static [u8]| Some(Put::new(Bytes::from_static(value)));
        let mut searchable = Put::new(Bytes::from_static(b"v"));
        searchable.fields = Some("{}".into());
        let writes = [
            (Bytes::from_static(b""), put(b"")),
            (Bytes::from_static(b"a"), None),
            (Bytes::from_static(b"b"), Some(searchable)),
        ];
        [
            (MapId::whole(1), MapChange::Write(writes.into())),
            (MapId::segment(2, -1), MapChange::Drop),
        ]
        .into()
    }

    const GOLDEN: &[u8] = b"\x01\0\0\0\x01\0\x01\0\0\0\x03\
        \0\0\0\0\x01\0\0\0\0\xff\xff\xff\xff\
        \0\0\0\x01a\0\
        \0\0\0\x01b\x01\0\0\0\x01v\0\0\0\x02{}\
        \0\0\0\x02\x01\xff\xff\xff\xff\xff\xff\xff\xff\0";

    #[test]
    fn golden_bytes() {
        assert_eq!(&encode(&changes())[..], GOLDEN);
        assert_eq!(decode(Bytes::from_static(GOLDEN)).unwrap(), changes());
        assert_eq!(decode(encode(&Changes::new())).unwrap(), Changes::new());
    }

    #[test]
    fn the_largest_write_is_what_it_takes_in_the_log() {
        assert_eq!(largest(&changes()), b"\0\0\0\x01b\x01\0\0\0\x01v\0\0\0\x02{}".len());
        assert_eq!(largest(&[(MapId::whole(1), MapChange::Drop)].into()), 0);
    }

    #[test]
    fn a_cut_log_is_corrupt() {
        for cut in 0..GOLDEN.len() {
            // Cut behind its first map, the rest is a log of its own; the checksum is what tells.
            if let Ok(part) = decode(Bytes::from_static(&GOLDEN[..cut])) {
                assert!(part.len() < 2);
            }
        }
        let name = LogName { epoch: 1, attempt: Uuid::nil() };
        let (mut chunks, body) = cut(&Bytes::from_static(GOLDEN), 7);
        let Body::Chunks { count, checksum } = body else { panic!("chunks") };
        assert_eq!(usize::try_from(count).unwrap(), GOLDEN.len().div_ceil(7));
        let whole = |chunks: &[Bytes]| chunks.iter().cloned().map(Some).collect::<Vec<_>>();
        assert_eq!(&join(name, whole(&chunks), checksum).unwrap()[..], GOLDEN);
        let mut missing = whole(&chunks);
        missing[3] = None;
        assert_eq!(join(name, missing, checksum).unwrap_err().kind(), ErrorKind::Corrupt);
        chunks.swap(1, 2);
        assert_eq!(join(name, whole(&chunks), checksum).unwrap_err().kind(), ErrorKind::Corrupt);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60), at in 0..GOLDEN.len(), flip in any::<u8>()) {
            let _ = decode(Bytes::from([&[1], &bytes[..]].concat()));
            let mut near = GOLDEN.to_vec();
            near[at] ^= flip;
            let _ = decode(near.into());
        }
    }
}
