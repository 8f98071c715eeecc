//! The redo-log protocol under crashes, zombies, delayed and repeated requests, and lost replies.
//!
//! Everything runs on one thread, in an order that a seed decides. `HISTORIES=100000` runs more of them, `SEED=7` runs
//! one again, `cargo test --release -p store-core --features toy --test histories -- --nocapture` shows the figures.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]
#![allow(unreachable_pub, reason = "shared between the modules of one test")]
#![allow(clippy::future_not_send, reason = "everything runs on one thread")]

mod breaks;
mod choices;
mod exhaustive;
mod history;
mod model;
mod owner;
mod reader;
mod scheduler;
mod shared;
mod stores;
mod tally;

use std::{collections::HashMap, env, time::Instant};

use store_core::redo::{
    Step,
    toy::{Fault, Moment},
};

use self::{history::History, tally::Tally};

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Every history ends in the state of each record processed once.
#[test]
fn every_history_equals_the_model() {
    if let Some(seed) = number("SEED") {
        History::new(seed).run().unwrap();
        return;
    }
    let histories = number("HISTORIES").unwrap_or(10_000);
    let start = Instant::now();
    let mut tally = Tally::default();
    for seed in 0..histories {
        match History::new(seed).run() {
            Ok(counts) => tally.add(counts),
            Err(violation) => panic!("SEED={seed}: {violation}"),
        }
    }
    println!("{histories} histories in {:.1?}", start.elapsed());
    println!("{tally}");

    let mut sorts = HashMap::new();
    for ((moment, fault), count) in &tally.faults {
        let sort = match moment {
            Moment::Step(step) => step.name(),
            Moment::Change => "change",
            Moment::Read => "read",
        };
        *sorts.entry((sort, std::mem::discriminant(fault))).or_insert(0_u64) += count;
    }
    for step in Step::ALL {
        let crash = (step.name(), std::mem::discriminant(&Fault::CrashBefore));
        assert!(sorts.contains_key(&crash), "no crash at {}", step.name());
    }
    for fault in [Fault::CrashAfter, Fault::LostReply, Fault::Late(0), Fault::Refused] {
        assert!(sorts.contains_key(&("change", std::mem::discriminant(&fault))), "no {fault:?}");
    }
    assert_eq!(tally.missing(), [""; 0]);
}
