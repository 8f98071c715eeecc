//! Key-value stores (KV).

use super::{Entry, none, run};
use crate::cases::key_value::{
    bytes, changes, life, prefixes, put_all, ranges, refusals, size, writes,
};

pub(super) const ENTRIES: &[Entry] = &[
    run!("KV-01", "deleted entries leave the others", writes::deleted_entries_leave_the_others),
    run!("KV-02", "no value in place of one deletes", writes::no_value_in_place_of_one_deletes),
    run!("KV-03", "a delete encodes no value", changes::a_delete_encodes_no_value),
    run!("KV-05", "commits hold what changed, once a key", changes::commits_hold_what_changed),
    run!("KV-07", "the ends of a range need not exist", ranges::its_ends_need_not_exist),
    run!("KV-09", "put_if_absent keeps the first value", writes::the_first_value_stays),
    run!("KV-10", "a put under a key without bytes is refused", refusals::writes_without_a_key),
    run!("KV-11", "an update to nothing of nothing", writes::an_update_to_nothing_of_nothing),
    none("KV-13", "put_if_absent of no value on an absent key", NO_NULL),
    none("KV-14", "put_if_absent of no value on a present key", NO_NULL),
    run!("KV-16", "put_all does all or nothing", put_all::none_of_them_is_done_after_an_error),
    run!("KV-17", "put_all of no value for an absent key", put_all::no_value_for_an_absent_key),
    run!("KV-19", "put_all of 10 000 entries, 20 MB", put_all::thousands_of_entries_at_once),
    run!("KV-20", "put_all of nothing asks for nothing", put_all::nothing_at_all),
    run!("KV-21", "a delete of a key without bytes is refused", refusals::a_delete_without_a_key),
    run!("KV-22", "a read of a key without bytes is refused", refusals::reads_without_a_key),
    run!("KV-24", "a delete gives the old value", writes::a_delete_gives_the_old_value),
    run!("KV-25", "a delete of nothing gives nothing", writes::a_delete_of_nothing_gives_nothing),
    run!("KV-26", "a range with an open beginning", ranges::with_an_open_beginning),
    run!("KV-27", "a range with an open end", ranges::with_an_open_end),
    run!("KV-28", "a range with open ends", ranges::with_open_ends),
    run!("KV-29", "a range backwards to the beginning", ranges::backwards_to_the_beginning),
    run!("KV-31", "a range backwards with open ends", ranges::backwards_with_open_ends),
    run!("KV-32", "entries are counted", life::entries_are_counted),
    run!("KV-33", "all of put_all are listed in order", put_all::all_of_them_are_listed),
    run!("KV-34", "all of put_all, backwards", put_all::all_of_them_are_listed_backwards),
    run!("KV-35", "a range of one key gives its value", ranges::of_one_key_forward),
    run!("KV-36", "a backward range of one key gives its value", ranges::of_one_key_backward),
    run!("KV-37", "numbers that do not order as bytes", ranges::across_zero_forward),
    run!("KV-38", "numbers that do not order as bytes, backwards", ranges::across_zero_backward),
    run!("KV-39", "an inverted range is empty and warned of", ranges::inverted_forward),
    run!("KV-40", "an inverted backward range, too", ranges::inverted_backward),
    run!("KV-41", "keys with a prefix come in order", prefixes::come_in_order),
    run!("KV-42", "a key is a prefix of itself", prefixes::a_key_is_a_prefix_of_itself),
    run!("KV-44", "the beginning of a UUID", prefixes::of_a_uuid),
    run!("KV-45", "a prefix without bytes is refused", refusals::a_scan_without_a_prefix),
    run!("KV-46", "prefixes of the highest bytes", prefixes::of_the_highest_bytes),
    run!("KV-47", "an empty prefix is everything", prefixes::an_empty_one_is_everything),
    run!("KV-48", "keys order as unsigned bytes", bytes::order_as_unsigned_bytes),
    run!("KV-50", "awkward keys stay apart", bytes::awkward_keys_stay_apart),
    run!("KV-51", "an empty value is not absent", bytes::an_empty_value_is_not_absent),
    run!(
        "KV-52",
        "too large a value leaves the old one",
        size::too_large_a_value_leaves_the_old_one
    ),
    run!("KV-53", "the second value of a key counts", writes::the_second_value_counts),
    run!("KV-54", "a put shows at once", writes::a_put_shows_at_once),
    run!("KV-55", "a delete shows at once", writes::a_delete_shows_at_once),
    run!("KV-56", "stores and tasks do not meet", life::stores_and_tasks_do_not_meet),
    run!("KV-57", "names that look alike are different stores", life::names_that_look_alike),
    run!("KV-58", "what is committed survives a close", life::what_is_committed_survives),
    run!("KV-59", "nothing works after a close", life::nothing_works_after_close),
    run!("KV-60", "a second close does nothing", life::a_second_close_does_nothing),
    run!("KV-61", "every one of 10 001 keys comes once", size::every_key_comes_once),
    run!("KV-62", "readers see whole values", life::readers_see_whole_values),
    run!(
        "KV-65",
        "the next owner finds puts and deletes",
        writes::the_next_owner_finds_puts_and_deletes
    ),
];

const NO_NULL: &str = "put_if_absent takes a value by its type, and no codec makes nothing of one";
