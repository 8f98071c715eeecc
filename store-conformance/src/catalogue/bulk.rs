//! Bulk calls (B), and writes and reads (W).

use super::{Entry, none, run};
use crate::cases::bulk::{calls, many, reads};

pub(super) const ENTRIES: &[Entry] = &[
    run!("B01", "bulk calls of nothing ask for nothing", calls::of_nothing),
    run!("B02", "results are in the order of keys", calls::results_are_in_the_order_of_keys),
    run!("B03", "duplicates are all answered, the last is kept", calls::duplicates),
    run!("B06", "bulk calls above every backend's limits", many::above_every_limit),
    run!("B07", "bulk calls in many places", many::in_many_places),
    none(
        "B11",
        "a bulk delete counts what was there",
        "put_all deletes without a read, so it cannot count; delete gives the old value, one by one",
    ),
    run!("B12", "puts and deletes of one key in one call", calls::puts_and_deletes_of_one_key),
    run!("B13", "requests for 10 000 keys are few", calls::requests_are_few),
    run!("B15", "a bulk of one is a single call", calls::of_one),
    run!("W04", "who sees uncommitted writes", reads::of_ones_own_writes),
    run!("W09", "a look at a missing key creates nothing", reads::a_look_creates_nothing),
    run!("W10", "the last of 1 000 writes counts", reads::of_the_last_of_many_writes),
    run!("W14", "the beginning of a key is missing", reads::of_the_beginning_of_a_key),
    run!(
        "W15",
        "a committed delete of nothing does nothing",
        reads::a_delete_of_nothing_reaches_the_backend
    ),
];
