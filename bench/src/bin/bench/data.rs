//! Keys and values: the same in every run, and such that a read can be checked.

use std::sync::Arc;

use bytes::Bytes;

/// Entries of one range scan.
const RANGE: usize = 100;
/// Windows of each key of the window store, five minutes apart.
pub(crate) const WINDOWS: u64 = 10;
/// Milliseconds between the starts of two windows of a key.
pub(crate) const WINDOW_STEP_MS: i64 = 300_000;
/// Sessions that take many events.
const HOT_SESSIONS: u64 = 10;
/// The windows that one fetch asks for, by their index: they lie in two segments.
pub(crate) const FETCHED: std::ops::RangeInclusive<u64> = 2..=7;
/// The times of the loaded versions of each key, in milliseconds.
pub(crate) const VERSIONS: [i64; 3] = [0, 1000, 1_000_000];
/// The time that reads of versions ask for: the first of the loaded ones was valid then.
pub(crate) const AS_OF: i64 = 500;

/// What is loaded before anything is measured.
#[derive(Debug)]
pub(crate) struct Data {
    /// Entries of the key-value store.
    pub(crate) keys: u64,
    filler: Vec<u8>,
    /// The numbers of the keys, in the order of their bytes.
    sorted: Vec<u32>,
    /// The sum of the tags of all entries before a place in that order.
    sums: Vec<u64>,
}

impl Data {
    pub(crate) fn new(keys: u32, value_bytes: usize) -> Arc<Self> {
        let filler = (0..value_bytes as u64).map(|at| mix(at).to_be_bytes()[0]).collect();
        let mut sorted: Vec<u32> = (0..keys).collect();
        sorted.sort_unstable_by_key(|&n| key(n.into()));
        let mut sums = vec![0_u64];
        for &n in &sorted {
            let sum = sums.last().copied().unwrap_or_default();
            sums.push(sum.wrapping_add(tag(n.into())));
        }
        Arc::new(Self { keys: keys.into(), filler, sorted, sums })
    }

    /// A value that says whose it is, and carries a number.
    pub(crate) fn value(&self, n: u64, number: u64) -> Bytes {
        let mut value = self.filler.clone();
        value[..8].copy_from_slice(&tag(n).to_be_bytes());
        value[8..16].copy_from_slice(&number.to_be_bytes());
        value.into()
    }

    /// Keys of the window store, each with [`WINDOWS`] windows.
    pub(crate) const fn window_keys(&self) -> u64 {
        self.keys / 50
    }

    /// Keys of the session store, each with one session.
    pub(crate) const fn session_keys(&self) -> u64 {
        self.keys / 10
    }

    /// Keys of sessions that take many events each; none of them is loaded.
    pub(crate) const fn hot_sessions(&self) -> std::ops::Range<u64> {
        self.keys..self.keys + HOT_SESSIONS
    }

    /// Keys of the versioned store, each with the versions at [`VERSIONS`].
    pub(crate) const fn versioned_keys(&self) -> u64 {
        self.keys / 20
    }

    /// How many of the last writes of a row are read back.
    pub(crate) fn checked(&self, operations: u64) -> u64 {
        operations.min(100).min(self.keys / 50)
    }

    /// Entries of one range.
    pub(crate) fn range_length(&self) -> usize {
        RANGE.min(self.sorted.len())
    }

    /// The first and the last key of a range, and the sum of the tags in it.
    pub(crate) fn range(&self, pick: u64) -> (u128, u128, u64) {
        let length = self.range_length();
        let places = (self.sorted.len() - length + 1) as u64;
        let first = usize::try_from(pick % places).unwrap_or_default();
        let end = first + length;
        let sum = self.sums[end].wrapping_sub(self.sums[first]);
        (key(self.sorted[first].into()), key(self.sorted[end - 1].into()), sum)
    }

    /// The sum of the tags of all entries.
    pub(crate) fn sum(&self) -> u64 {
        self.sums.last().copied().unwrap_or_default()
    }
}

/// The key of entry `n`: spread over the key space, distinct for every `n`; 16 bytes, big-endian.
pub(crate) fn key(n: u64) -> u128 {
    (u128::from(mix(n)) << 64) | u128::from(n)
}

/// What the value of entry `n` begins with.
pub(crate) fn tag(n: u64) -> u64 {
    mix(n ^ 0x5bd1_e995)
}

/// The tag and the number of a value; zeros for one that is too short to be ours.
pub(crate) fn read(value: &[u8]) -> (u64, u64) {
    let part = |from: usize| {
        let part = value.get(from..from + 8).and_then(|bytes| bytes.try_into().ok());
        part.map(u64::from_be_bytes).unwrap_or_default()
    };
    (part(0), part(8))
}

/// A bijection of 64-bit numbers that looks random.
fn mix(n: u64) -> u64 {
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}
