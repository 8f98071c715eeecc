//! Iterators (IT).

use super::{Entry, none, run};
use crate::cases::iterators::{ends, meanwhile};

pub(super) const ENTRIES: &[Entry] = &[
    run!("IT-01", "a scan of nothing ends at once", ends::nothing_ends_at_once),
    none("IT-03", "a look at the next key moves nothing", "streams have no peek"),
    run!("IT-05", "the only key is deleted during a scan", meanwhile::its_only_key_is_deleted),
    run!("IT-07", "a key is put inside a scanned range", meanwhile::a_key_is_put_inside),
    run!(
        "IT-08",
        "a key of a scanned prefix is deleted",
        meanwhile::a_key_of_its_prefix_is_deleted
    ),
    none("IT-09", "a closed scan is refused", "a stream is closed by dropping it: nobody has it"),
    run!("IT-10", "a close ends open scans with an error", ends::close_ends_open_scans),
    run!("IT-11", "a new scan begins anew", ends::a_new_scan_begins_anew),
    run!(
        "IT-12",
        "a dropped scan asks for nothing more",
        ends::a_dropped_scan_asks_for_nothing_more
    ),
    none("IT-13", "open scans are measured", PAGES),
    none("IT-14", "scans opened at one moment are both measured", PAGES),
    none("IT-15", "scans opened by queries are measured", "there is no query layer"),
    run!("IT-16", "an error in a scan is not its end", ends::an_error_is_not_an_end),
];

const PAGES: &str =
    "a scan holds nothing open between its pages, so there is no gauge of open ones";
