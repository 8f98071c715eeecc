//! The stream: what each record does, by seed and position.

use rand::{Rng, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};

/// The source that the positions are of.
pub(super) const SOURCE: &str = "records";

const KEYS: u64 = 8;

/// One record: the same for everybody who knows the seed.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) position: i64,
    pub(super) key: String,
    /// Event time in milliseconds: mostly a little out of order, sometimes too late for every retention.
    pub(super) time: i64,
    pub(super) change: Change,
    /// Which stores it changes, one bit each.
    pub(super) stores: u8,
}

/// What a record does to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Reads, and writes what follows from that.
    Extend,
    /// Writes without reading.
    Replace,
    /// Takes away.
    Delete,
}

impl Record {
    /// The record at a position.
    pub(super) fn at(seed: u64, position: i64) -> Self {
        let mut random = StdRng::seed_from_u64(mix(seed, position.cast_unsigned()));
        let behind = match random.random_range(0..20) {
            0 => random.random_range(0..800),
            1..8 => random.random_range(0..60),
            _ => 0,
        };
        let change = match random.random_range(0..10) {
            0..7 => Change::Extend,
            7 => Change::Replace,
            _ => Change::Delete,
        };
        Self {
            position,
            key: format!("key-{}", random.random_range(0..KEYS)),
            time: (position * 3 - behind).max(0),
            change,
            stores: random.random(),
        }
    }

    /// Whether it changes a store; bits are counted from 0.
    pub(super) const fn changes(&self, bit: u8) -> bool {
        self.stores & (1 << bit) != 0
    }
}

/// A value that tells which records were applied, in which order.
///
/// A record that is lost, doubled or out of order changes the hash of all that come after it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Trail {
    /// How many records.
    pub(super) count: u64,
    /// All of them, in order.
    pub(super) hash: u64,
    /// The last few, for whoever looks at a failure.
    pub(super) last: Vec<i64>,
}

impl Trail {
    /// The trail with one more record.
    #[must_use]
    pub(super) fn then(mut self, position: i64) -> Self {
        self.count += 1;
        self.hash = mix(self.hash, position.cast_unsigned());
        self.last.push(position);
        if self.last.len() > 4 {
            self.last.remove(0);
        }
        self
    }

    /// One trail made of several, in order.
    pub(super) fn joined(trails: impl IntoIterator<Item = Self>) -> Self {
        trails.into_iter().fold(Self::default(), |all, one| Self {
            count: all.count + one.count,
            hash: mix(all.hash, one.hash),
            last: one.last,
        })
    }
}

/// Every key there is.
pub(super) fn keys() -> impl Iterator<Item = String> {
    (0..KEYS).map(|n| format!("key-{n}"))
}

/// Two numbers made into one that tells neither: also how seeds are made of seeds.
#[must_use]
pub fn mix(a: u64, b: u64) -> u64 {
    let mut z = a.rotate_left(17) ^ b.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
