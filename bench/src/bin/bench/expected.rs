//! What a measurement must have read and left behind, worked out from the operations it did.

use std::ops::Range;

use anyhow::{Result, ensure};

use crate::{
    data::{FETCHED, VERSIONS, WINDOWS, key, tag},
    row::Row,
    work::{Outcome, Work},
};

/// What a contender's stores hold: the numbers in the values of its key-value store.
#[derive(Debug)]
pub(crate) struct Model {
    numbers: Vec<u64>,
}

impl Model {
    pub(crate) fn new(keys: u64) -> Self {
        Self { numbers: vec![0; usize::try_from(keys).unwrap_or_default()] }
    }

    fn number(&mut self, n: u64) -> &mut u64 {
        // Invariant: choices are below the number of keys, which fits into memory.
        &mut self.numbers[usize::try_from(n).expect("a number of a key")]
    }

    /// An error where the outcome is not that of the work.
    pub(crate) fn check(&mut self, work: &Work, outcome: &Outcome) -> Result<()> {
        ensure!(outcome.operations > 0, "no operation was done");
        let (items, checksum) = self.read(work, outcome.operations);
        ensure!(
            outcome.items == items && outcome.checksum == checksum,
            "{:?}: {} operations read {} things with the sum {:x}, must be {items} with {checksum:x}",
            work.row,
            outcome.operations,
            outcome.items,
            outcome.checksum,
        );
        let stored = self.stored(work, outcome.operations);
        ensure!(
            outcome.stored == stored,
            "{:?}: the last writes left {:x}, must be {stored:x}",
            work.row,
            outcome.stored
        );
        Ok(())
    }

    /// How many things the operations read, and their sum. Notes what they wrote.
    fn read(&mut self, work: &Work, operations: u64) -> (u64, u64) {
        let data = &work.data;
        let sum = |of: &mut dyn FnMut(u64) -> u64| {
            (0..operations).fold(0_u64, |sum, i| sum.wrapping_add(of(i)))
        };
        match work.row {
            Row::GetUniform
            | Row::GetZipf
            | Row::GetHot
            | Row::GetConcurrent
            | Row::GetZipfConcurrent => (operations, sum(&mut |i| tag(work.pick(i)))),
            Row::GetMissing => (operations, 0),
            Row::Range => {
                (operations * data.range_length() as u64, sum(&mut |i| data.range(work.pick(i)).2))
            }
            Row::Scan => (operations * data.keys, data.sum().wrapping_mul(operations)),
            Row::WindowFetch => {
                let fetched = |i| {
                    FETCHED.fold(0_u64, |sum, window| {
                        sum.wrapping_add(tag(work.pick(i) * WINDOWS + window))
                    })
                };
                (operations * FETCHED.count() as u64, sum(&mut { fetched }))
            }
            Row::VersionedAsOf => (operations, sum(&mut |i| tag(work.pick(i)))),
            Row::Put => {
                for i in 0..operations {
                    *self.number(work.pick(i)) = work.stamp(i);
                }
                (0, 0)
            }
            Row::UpdateZipf
            | Row::UpdateConcurrent
            | Row::UpdateUnits
            | Row::UpdateUncommitted
            | Row::UpdateCommitting => {
                let mut update = |i| {
                    let number = self.number(work.pick(i));
                    *number += 1;
                    *number - 1
                };
                (operations, sum(&mut update))
            }
            Row::SessionMerge | Row::SessionMergeHot => {
                let keys = work.session_keys();
                let merged = |i| (work.done + i) / (keys.end - keys.start);
                (operations, sum(&mut { merged }))
            }
            Row::WindowPut | Row::VersionedPut | Row::VersionedPutNew | Row::VersionedPutLate => {
                (0, 0)
            }
        }
    }

    /// The sum of the numbers that the last writes left.
    fn stored(&mut self, work: &Work, operations: u64) -> u64 {
        let last = operations - work.data.checked(operations)..operations;
        match work.row {
            Row::Put => last.fold(0, |sum: u64, i| sum.wrapping_add(*self.number(work.pick(i)))),
            Row::WindowPut | Row::VersionedPut | Row::VersionedPutNew | Row::VersionedPutLate => {
                last.fold(0, |sum: u64, i| sum.wrapping_add(work.stamp(i)))
            }
            _ => 0,
        }
    }
}

impl Work {
    /// The number that a put of operation `i` writes.
    pub(crate) fn stamp(&self, i: u64) -> u64 {
        self.done + i + 1
    }

    /// The key and the window of a put into the window store.
    pub(crate) fn window(&self, i: u64) -> (u64, u64) {
        let (at, keys) = (self.done + i, self.data.window_keys());
        (at % keys, at / keys % WINDOWS)
    }

    /// The keys whose sessions take events.
    fn session_keys(&self) -> Range<u64> {
        match self.row {
            Row::SessionMergeHot => self.data.hot_sessions(),
            _ => 0..self.data.session_keys(),
        }
    }

    /// The key and the time of an event of a session: each pass over the keys is a millisecond later.
    pub(crate) fn event(&self, i: u64) -> (u64, i64) {
        let (at, keys) = (self.done + i, self.session_keys());
        let count = keys.end - keys.start;
        (keys.start + at % count, (at / count).cast_signed() + 1)
    }

    /// When the sessions of a row begin: the loaded ones at 0, others by the first event.
    pub(crate) const fn session_start(&self) -> i64 {
        if matches!(self.row, Row::SessionMergeHot) { 1 } else { 0 }
    }

    /// The key and the time of a put of a version: each pass over the keys is a millisecond later.
    pub(crate) fn version(&self, i: u64) -> (u64, i64) {
        let (at, keys) = (self.done + i, self.data.versioned_keys());
        let pass = (at / keys).cast_signed();
        match self.row {
            Row::VersionedPutNew => (self.data.keys + at, 2 * VERSIONS[2]),
            Row::VersionedPutLate => (at % keys, VERSIONS[1] + 1 + pass),
            _ => (at % keys, VERSIONS[2] + 1000 + pass),
        }
    }

    /// A key that is not there.
    pub(crate) fn missing(&self, i: u64) -> u128 {
        key(self.data.keys + self.pick(i))
    }

    /// The operations whose writes are read back.
    pub(crate) fn last(&self, operations: u64) -> Range<u64> {
        operations - self.data.checked(operations)..operations
    }
}
