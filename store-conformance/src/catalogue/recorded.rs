//! The recorded answers of Kafka Streams' stores (RA).

use super::{Entry, run};
use crate::cases::recorded::{
    all_committed, as_recorded, key_value::Entries, reopened, session::Sessions, short_segments,
    taken_over, versioned::Versions, window::Windows,
};

type Plain = Windows<false>;
type Duplicates = Windows<true>;

pub(super) const ENTRIES: &[Entry] = &[
    run!("RA-01", "key-value answers as recorded", as_recorded::<Entries>),
    run!("RA-02", "key-value answers, each line committed", all_committed::<Entries>),
    run!("RA-03", "key-value answers, reopened after commits", reopened::<Entries>),
    run!("RA-04", "key-value answers, taken over after commits", taken_over::<Entries>),
    run!("RA-05", "window answers as recorded", as_recorded::<Plain>),
    run!("RA-06", "window answers, each line committed", all_committed::<Plain>),
    run!("RA-07", "window answers, reopened after commits", reopened::<Plain>),
    run!("RA-08", "window answers, taken over after commits", taken_over::<Plain>),
    run!("RA-09", "window answers, short segments", short_segments::<Plain>),
    run!("RA-10", "duplicates' answers as recorded", as_recorded::<Duplicates>),
    run!("RA-11", "duplicates' answers, each line committed", all_committed::<Duplicates>),
    run!("RA-12", "duplicates' answers, reopened after commits", reopened::<Duplicates>),
    run!("RA-13", "duplicates' answers, taken over after commits", taken_over::<Duplicates>),
    run!("RA-14", "duplicates' answers, short segments", short_segments::<Duplicates>),
    run!("RA-15", "session answers as recorded", as_recorded::<Sessions>),
    run!("RA-16", "session answers, each line committed", all_committed::<Sessions>),
    run!("RA-17", "session answers, reopened after commits", reopened::<Sessions>),
    run!("RA-18", "session answers, taken over after commits", taken_over::<Sessions>),
    run!("RA-19", "session answers, short segments", short_segments::<Sessions>),
    run!("RA-20", "versioned answers as recorded", as_recorded::<Versions>),
    run!("RA-21", "versioned answers, each line committed", all_committed::<Versions>),
    run!("RA-22", "versioned answers, reopened after commits", reopened::<Versions>),
    run!("RA-23", "versioned answers, taken over after commits", taken_over::<Versions>),
    run!("RA-24", "versioned answers, short segments", short_segments::<Versions>),
];
