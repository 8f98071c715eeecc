//! The records of a source, and the state that each of them processed once would make.

use std::collections::BTreeMap;

use rand::{Rng, rngs::SmallRng};

/// What a record does to a key.
#[derive(Clone, Copy, Debug)]
pub enum Record {
    /// Appends the record's number to the key's list.
    Append(u8),
    /// Deletes the key.
    Delete(u8),
}

/// Keys a history works on.
pub const KEYS: u8 = 3;

/// The key that holds the number of records processed.
pub const POSITION: u8 = 200;

pub type State = BTreeMap<u8, Vec<u64>>;

pub fn records(random: &mut SmallRng) -> Vec<Record> {
    let count = random.random_range(2..6);
    let record = |_| {
        let key = random.random_range(0..KEYS);
        if random.random_ratio(1, 4) { Record::Delete(key) } else { Record::Append(key) }
    };
    (0..count).map(record).collect()
}

/// The state after the first `count` records.
pub fn state(records: &[Record], count: usize) -> State {
    let mut state = State::new();
    for (number, record) in (0..).zip(&records[..count]) {
        match record {
            Record::Append(key) => state.entry(*key).or_default().push(number),
            Record::Delete(key) => drop(state.remove(key)),
        }
    }
    if count > 0 {
        state.insert(POSITION, vec![count as u64]);
    }
    state
}

/// Every key that a state may have.
pub fn keys() -> Vec<u8> {
    (0..KEYS).chain([POSITION]).collect()
}
