//! The test of the tests: each rule of the protocol left out is noticed.

use std::time::Instant;

use store_core::redo::toy::Break;

use super::history::History;

/// Histories that are tried for one break.
const TRIES: u64 = 60_000;

#[test]
fn every_rule_left_out_is_noticed() {
    let mut missed = Vec::new();
    for broken in Break::ALL {
        let start = Instant::now();
        let found = (0..TRIES).find_map(|seed| {
            let violation = History::broken(seed, broken).run().err()?;
            Some((seed, violation))
        });
        match found {
            Some((seed, violation)) => {
                println!("{broken:?}: seed {seed}, {:.1?}: {violation}", start.elapsed());
            }
            None => missed.push(broken),
        }
    }
    assert!(missed.is_empty(), "not noticed in {TRIES} histories: {missed:?}");
}
