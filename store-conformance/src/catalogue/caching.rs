//! Caching (CK, CT).

use super::{Entry, none, run};
use crate::cases::caching::{buffer, clean, merged, races};

/// There is nobody to tell.
const LISTENERS: &str =
    "nothing is forwarded to listeners: a program sends on what it wants, when it writes it";
/// Nothing is written before the commit.
const EVICTION: &str = "written entries are never evicted: they stay in the buffer until the commit, and `wants_commit` and `BufferFull` bound it";
const PEEK: &str = "streams have no peek";
const CLOSE: &str =
    "close writes nothing: what is not committed is discarded, so no flush can fail in it";

pub(super) const ENTRIES: &[Entry] = &[
    none("CK-02", "evicted entries are in the store below", EVICTION),
    none("CK-04", "a listener gets the new value", LISTENERS),
    none("CK-05", "a listener gets new and old value once", LISTENERS),
    none("CK-06", "a listener gets the old value of a delete", LISTENERS),
    none("CK-08", "no old values where not asked for", LISTENERS),
    run!("CK-09", "a put and its delete leave nothing", buffer::a_put_and_its_delete_leave_nothing),
    run!("CK-10", "every key once, in order", merged::every_key_once_in_order),
    run!("CK-12", "a buffered key deleted", merged::a_buffered_key_deleted),
    run!("CK-13", "a committed key deleted", merged::a_committed_key_deleted),
    run!("CK-15", "even keys committed, odd ones buffered", merged::even_and_odd_keys),
    run!("CK-16", "deletes below and above all keys", merged::deletes_beyond_all_keys),
    run!("CK-17", "nothing but deletes", merged::nothing_but_deletes),
    none("CK-18", "peeking agrees with taking", PEEK),
    none("CK-19", "peeking at a key that both have", PEEK),
    run!("CK-20", "nothing works after close", buffer::nothing_works_after_close),
    none("CK-21", "a flush that fails in close", CLOSE),
    none("CK-22", "a close that fails half way", CLOSE),
    run!("CK-23", "positions move with commits", buffer::positions_move_with_commits),
    none("CK-24", "whether listeners are supported", LISTENERS),
    run!("CK-25", "put if absent in the buffer", merged::put_if_absent_in_the_buffer),
    run!(
        "CK-26",
        "others' reads neither fill nor empty the cache",
        clean::others_reads_change_nothing
    ),
    none(
        "CK-27",
        "a query that skips the cache",
        "a reader always reads what is committed (OC-33)",
    ),
    none("CK-28", "entries are forwarded with their own context", LISTENERS),
    run!("CT-01", "buffered bytes are counted", buffer::bytes_are_counted),
    none("CT-04", "evicting one written entry flushes all", EVICTION),
    run!("CT-05", "clean entries are never written", clean::entries_are_never_written),
    none(
        "CT-06",
        "entries taken out are not flushed later",
        "entries leave the buffer by a commit or a rollback only (OC-20, OC-21)",
    ),
    run!("CT-08", "an old answer hides no write", races::an_old_answer_hides_no_write),
    none("CT-09", "a listener that writes while it is told", LISTENERS),
    none("CT-10", "another size while at work", "the limits of a database are set when it is made"),
    run!("CT-11", "a commit inside a scan leaves no hole", races::commits_inside_a_scan),
    run!("CT-12", "an earlier life of the task is forgotten", races::an_earlier_life_is_forgotten),
    run!("CT-80", "a refused commit is forgotten", races::a_refused_commit_is_forgotten),
];
