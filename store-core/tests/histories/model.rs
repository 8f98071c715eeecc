//! The records of a source, and the state that each of them processed once would make.

use std::collections::BTreeMap;

use rand::{Rng, rngs::SmallRng};

/// A record of the source.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    pub change: Change,
    /// Drops all segments before the record's own.
    pub expires: bool,
}

/// What a record does to a key.
#[derive(Clone, Copy, Debug)]
pub enum Change {
    /// Appends the record's number to the key's list.
    Append(u8),
    /// Deletes the key.
    Delete(u8),
}

/// Keys a history works on.
pub const KEYS: u8 = 3;

/// The key that holds the number of records processed.
pub const POSITION: u8 = 200;

/// The lists of the key-value store by key.
pub type State = BTreeMap<u8, Vec<u64>>;

/// The lists of the segmented store by segment: each record appends to that of its own.
pub type Segments = BTreeMap<i64, Vec<u8>>;

/// Segments a history works on.
pub const SEGMENTS: i64 = 3;

pub fn records(random: &mut SmallRng) -> Vec<Record> {
    let count = random.random_range(2..6);
    let record = |_| {
        let key = random.random_range(0..KEYS);
        let delete = random.random_ratio(1, 4);
        let change = if delete { Change::Delete(key) } else { Change::Append(key) };
        Record { change, expires: random.random_ratio(1, 3) }
    };
    (0..count).map(record).collect()
}

pub fn segment(record: usize) -> i64 {
    i64::try_from(record / 2).unwrap()
}

/// The state after the first `count` records.
pub fn state(records: &[Record], count: usize) -> State {
    let mut state = State::new();
    for (number, record) in (0..).zip(&records[..count]) {
        match record.change {
            Change::Append(key) => state.entry(key).or_default().push(number),
            Change::Delete(key) => drop(state.remove(&key)),
        }
    }
    if count > 0 {
        state.insert(POSITION, vec![count as u64]);
    }
    state
}

/// The segments after the first `count` records.
pub fn segments(records: &[Record], count: usize) -> Segments {
    let mut segments = Segments::new();
    for (number, record) in records[..count].iter().enumerate() {
        let own = segment(number);
        segments.entry(own).or_default().push(u8::try_from(number).unwrap());
        if record.expires {
            segments = segments.split_off(&own);
        }
    }
    segments
}

/// Every key that a state may have.
pub fn keys() -> Vec<u8> {
    (0..KEYS).chain([POSITION]).collect()
}
