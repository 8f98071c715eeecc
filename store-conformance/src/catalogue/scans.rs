//! Scans (S).

use super::{Entry, none, run};
use crate::cases::scans::{cleared, ends, meanwhile, pages, prefixes};

pub(super) const ENTRIES: &[Entry] = &[
    run!("S01", "a scan of an empty store", ends::of_nothing),
    run!("S02", "prefixes are bytes", prefixes::of_bytes),
    run!("S03", "prefixes are no patterns", prefixes::of_patterns),
    run!("S05", "scans of many pages are complete", pages::more_than_one),
    run!("S06", "what stays during a scan comes once", meanwhile::what_stays_comes_once),
    run!("S07", "deletes during a scan skip no survivor", meanwhile::deletes_skip_no_survivor),
    run!("S09", "another client goes on with a scan", pages::another_client_goes_on),
    run!("S11", "scans dropped after the first row", pages::dropped_after_the_first_row),
    run!("S12", "ends that are excluded", ends::excluded_ends),
    run!("S13", "inverted, equal and open ends, no rows at all", ends::of_all_sorts),
    run!("S14", "a scan right after a put", meanwhile::right_after_a_put),
    none("S16", "scans of keys alone agree", "every scan gives keys with their values"),
    run!("S17", "writers do not disturb scans", meanwhile::writers_do_not_disturb),
    run!("S20", "a scan holds a page and the next one", pages::at_most_one_ahead),
    none(
        "S21",
        "a delete by prefix counts and spares the others",
        "there is no delete by prefix: it would be a scan and put_all, whose parts have their cases",
    ),
    run!("S22", "nothing can be cleared, twice", cleared::nothing_twice),
    run!("S23", "random ranges are those of a model", ends::random_ranges),
    run!("S24", "counts are exact where they say so", cleared::counts_say_what_they_are),
];
