//! Decoders that are not public, for fuzzing.

use std::ops::Bound;

use bytes::Bytes;
use store_core::{
    backend::{KeyRange, MapId},
    redo::Meta,
};
use uuid::Uuid;

use crate::{
    config::MAX_BUCKETS,
    layout::{Buckets, MapColumns, end, signed, start},
    record::Record,
};

/// Feeds bytes as the columns of a task's record and of a map, and as a range of keys.
pub fn record(bytes: &[u8]) {
    let mut input = Input(bytes);
    let record = input.record();
    let columns = (record.epoch, record.sequence, record.destroyed, record.stamp_hi, record.wipe);
    let (is_pending, owner) = (record.log_epoch.is_some(), record.owner);
    let map = MapColumns { store: input.long(), cut: input.flag(), segment: input.long() };
    let Ok((meta, buckets)) = record.read() else { return };
    let number = |number| signed(number).expect("what was stored can be stored");
    let numbers = [meta.fence.epoch, meta.sequence, meta.destroyed].map(number);
    let [epoch, sequence, destroyed] = numbers;
    assert_eq!((epoch, sequence, destroyed, meta.stamp_hi, meta.wipe), columns);
    assert_eq!((meta.pending.is_some(), meta.fence.owner.as_u128()), (is_pending, owner.as_u128()));
    assert_eq!(Meta::decode(&meta.encode()).ok(), Some(meta), "a record comes back the same");
    let map = map.map().map_or(MapId::whole(0), |id| {
        assert_eq!(MapColumns::from(id).map().ok(), Some(id), "a map comes back the same");
        id
    });
    keys(buckets, map, &mut input);
}

/// A key lies in one bucket, and in a range as the server has it where it lies in the range.
fn keys(buckets: Buckets, map: MapId, input: &mut Input<'_>) {
    let bound = |input: &mut Input<'_>| match input.byte() % 3 {
        0 => Bound::Unbounded,
        1 => Bound::Included(input.bytes()),
        _ => Bound::Excluded(input.bytes()),
    };
    let range = KeyRange::new(bound(input), bound(input));
    let key = input.bytes();
    let bucket = buckets.bucket(map, &key);
    assert!(bucket < i32::try_from(MAX_BUCKETS).expect("it is small"));
    assert_eq!(buckets.all(map).filter(|other| *other == bucket).count(), 1);
    let within = start(&range) <= key && end(&range).is_none_or(|end| key < end);
    assert_eq!(within, range.contains(&key), "{range:?}, {} bytes", key.len());
}

/// What is left of the bytes; zeroes behind their end.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn array<const N: usize>(&mut self) -> [u8; N] {
        let (taken, rest) = self.0.split_at(self.0.len().min(N));
        self.0 = rest;
        let mut array = [0; N];
        array[..taken.len()].copy_from_slice(taken);
        array
    }

    fn byte(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    fn int(&mut self) -> i32 {
        i32::from_be_bytes(self.array())
    }

    fn long(&mut self) -> i64 {
        i64::from_be_bytes(self.array())
    }

    fn uuid(&mut self) -> Uuid {
        Uuid::from_bytes(self.array())
    }

    fn bytes(&mut self) -> Bytes {
        let length = usize::from(self.byte()).min(self.0.len());
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        Bytes::copy_from_slice(taken)
    }

    fn maybe<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.flag().then(|| read(self))
    }

    fn record(&mut self) -> Record {
        Record {
            layout: self.int(),
            buckets: self.int(),
            segment_buckets: self.int(),
            epoch: self.long(),
            owner: self.uuid(),
            sequence: self.long(),
            stamp_hi: self.long(),
            destroyed: self.long(),
            wipe: self.maybe(Self::long),
            checkpoint: self.maybe(Self::bytes),
            log_epoch: self.maybe(Self::long),
            log_attempt: self.maybe(Self::uuid),
            log_stamp: self.maybe(Self::long),
            log_body: self.maybe(Self::bytes),
            log_count: self.maybe(Self::long),
            log_checksum: self.maybe(Self::long),
        }
    }
}
