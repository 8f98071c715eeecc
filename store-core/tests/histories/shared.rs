//! What the programs of a history share: the records, the counts, and the judgement.

use std::cell::RefCell;

use store_core::{Order, prelude::*};

use super::{
    model::{self, POSITION, Record, Segments, State},
    stores::{Stores, read, read_segments, scan},
    tally::Tally,
};

/// What the programs of a history share.
#[derive(Debug)]
pub struct Shared {
    pub records: Vec<Record>,
    pub tally: RefCell<Tally>,
    /// The first thing that must not be.
    pub violation: RefCell<Option<String>>,
}

impl Shared {
    pub fn new(records: Vec<Record>) -> Self {
        Self { records, tally: RefCell::default(), violation: RefCell::default() }
    }

    pub fn violated(&self, what: String) {
        self.violation.borrow_mut().get_or_insert(what);
    }

    /// Errors that no fault of this database may lead to.
    pub fn judge(&self, error: &Error) {
        let never = [
            ErrorKind::Corrupt,
            ErrorKind::SequenceGap,
            ErrorKind::Decode,
            ErrorKind::InvalidArgument,
            ErrorKind::SchemaMismatch,
        ];
        if never.contains(&error.kind()) {
            self.violated(format!("{}: {error}", error.kind()));
        }
    }

    /// A state must be that of some number of records, whole.
    pub fn check(&self, state: &State, who: &str) -> usize {
        let position = state.get(&POSITION).map_or(0, |position| position[0]);
        let position = usize::try_from(position).unwrap();
        let expected = model::state(&self.records, position);
        if *state != expected {
            self.violated(format!(
                "{who} sees {state:?}, but {position} records make {expected:?}"
            ));
        }
        position
    }

    /// So must segments.
    pub fn check_segments(&self, segments: &Segments, who: &str) -> usize {
        let last = segments.values().next_back().and_then(|list| list.last());
        let position = last.map_or(0, |last| usize::from(*last) + 1);
        let expected = model::segments(&self.records, position);
        if *segments != expected {
            self.violated(format!(
                "{who} sees segments {segments:?}, but {position} records make {expected:?}"
            ));
        }
        position
    }

    /// Both stores must be at this position, whichever way they are read.
    pub async fn check_all(&self, stores: &Stores, position: usize) -> Result<()> {
        let who = "the last owner";
        let positions = [
            self.check(&read(&*stores.data).await?, who),
            self.check(&scan(&*stores.data, Order::Backward).await?, who),
            self.check_segments(&read_segments(&stores.segments).await?, who),
        ];
        if positions != [position; 3] {
            self.violated(format!("{who} is at {positions:?} instead of {position}"));
        }
        Ok(())
    }
}
