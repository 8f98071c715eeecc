//! Random operations against a plain model (RN).

use super::{Entry, run};
use crate::cases::random::{agree, key_value, session, timestamped, versioned, window};

/// Segments of some milliseconds, so that most operations touch several.
const SHORT: u64 = 7;
/// A segment that holds all there is.
const ONE: u64 = 60_000;

pub(super) const ENTRIES: &[Entry] = &[
    run!("RN-01", "random key-value operations", agree::<key_value::Model>),
    run!("RN-02", "random timestamped operations", agree::<timestamped::Model>),
    run!("RN-03", "random window operations, many segments", agree::<window::Model<false, SHORT>>),
    run!("RN-04", "random window operations, one segment", agree::<window::Model<false, ONE>>),
    run!("RN-05", "random window operations, duplicates kept", agree::<window::Model<true, SHORT>>),
    run!("RN-06", "random session operations, many segments", agree::<session::Model<SHORT>>),
    run!("RN-07", "random session operations, one segment", agree::<session::Model<ONE>>),
    run!("RN-08", "random versioned operations, many segments", agree::<versioned::Model<SHORT>>),
    run!("RN-09", "random versioned operations, one segment", agree::<versioned::Model<ONE>>),
];
