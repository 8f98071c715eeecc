//! Namespaces, concurrency, cancellation, failure (N, C, L, R).

use super::{Entry, none, run};
use crate::cases::operations::{
    cancellation, chaos, concurrency, failure, handles, names, repeated,
};

const CONFIGURED: &str = "how a server is found and entered is the adapter's configuration: a place comes already configured";
const NAMESPACE: &str = "a namespace is the adapter's configuration: a place comes with the one it has, and names show through the waist only";
const LINE: &str = "the line to the server is the adapter's own: a place can be killed (R03), its line cannot be touched";

pub(super) const ENTRIES: &[Entry] = &[
    none("N03", "two namespaces on one client", NAMESPACE),
    none(
        "N04",
        "a physical key has its namespace once",
        "keys as a database stores them are the adapter's own",
    ),
    none(
        "N05",
        "foreign data survives a destroy",
        "the waist has no way to write what is not ours; tasks beside: AD-22",
    ),
    run!("N06", "names work or are refused", names::work_or_are_refused),
    none("N07", "the default namespace by its name", NAMESPACE),
    none("N08", "prefixes of wrapper and adapter", "no wrapper puts a prefix before names"),
    run!("N09", "destroyed and made again, old handles", names::destroyed_and_made_again),
    run!("N11", "a thousand tasks in ten applications", names::a_thousand_tasks),
    run!("N12", "fifty first claims at once", names::fifty_first_claims_at_once),
    run!("C01", "a hundred with keys of their own", concurrency::a_hundred_with_keys_of_their_own),
    run!("C02", "a hundred with one key", concurrency::a_hundred_with_one_key),
    run!("C03", "puts and deletes of one key", concurrency::puts_and_deletes_of_one_key),
    run!("C05", "handles work from two runtimes", handles::two_runtimes),
    run!("C06", "more calls than lines", concurrency::more_calls_than_lines),
    run!("C07", "a slow commit delays nobody", concurrency::a_slow_commit_delays_nobody),
    run!("C08", "two processes share a place", handles::two_processes),
    run!("C09", "a writer under readers comes to its end", concurrency::a_writer_under_readers),
    run!("C80", "updates of one key wait for each other", concurrency::updates_of_one_key_wait),
    run!("C10", "closed under a hundred calls", handles::closed_under_a_hundred_calls),
    run!("L01", "dropped reads mix up nothing", cancellation::dropped_reads_mix_up_nothing),
    run!("L04", "dropped calls leave nothing half", cancellation::dropped_calls_leave_nothing_half),
    none(
        "L05",
        "a server that stands still",
        "a place can be killed and not stopped: the time a call may take is the adapter's setting",
    ),
    none("L06", "a line that swallows everything", LINE),
    run!("L08", "a timeout inside a retry", repeated::a_timeout_inside_a_retry),
    none("R01", "a server that is not there", CONFIGURED),
    run!("R03", "lines that break between and inside calls", failure::broken_lines),
    none("R04", "a wrong password", CONFIGURED),
    none("R05", "TLS that does not fit", CONFIGURED),
    none(
        "R07",
        "nodes of a cluster are down",
        "a place is one, and has no nodes that could be killed apart",
    ),
    run!("R11", "exhausted retries tell of it", repeated::exhausted_retries_tell),
    none("R12", "credentials change while at work", CONFIGURED),
    none("R13", "an idle line is cut", LINE),
    run!("R14", "a thousand failures use nothing up", failure::a_thousand_failures),
    none(
        "R16",
        "a ping follows the server",
        "there is no ping: any read says whether the server is there",
    ),
    none(
        "R18",
        "a table is missing",
        "what an adapter makes in its database cannot be taken away through the waist",
    ),
    none("R19", "names of hosts that lead nowhere", CONFIGURED),
    run!("R20", "random operations under all faults", chaos::of_all_faults),
    none("R21", "a proxy that answers garbage", LINE),
    none(
        "R22",
        "a client that the user owns",
        "clients are handed to the adapter, before there is a place",
    ),
];
