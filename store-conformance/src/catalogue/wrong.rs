//! Wrong data and configuration, honest capabilities, wrappers (F, G, H, Y).

use super::{Entry, none, run};
use crate::cases::wrong::{capabilities, data, measured, scenario, settings, wrapped};

const SETTINGS: &str = "settings are read before there is a backend: tests of the crate `store` hold it (`tests/refusals.rs`, `tests/config.rs`)";
const URLS: &str = "URLs are read before there is a backend: tests of the crate `store` hold it (`src/url/tests.rs`)";
const SERVERS: &str = "a place comes configured: tests of each adapter on servers with accounts and certificates hold it (`integration-tests`)";
const SECRETS: &str = "a place shows no secret: tests of `Secret`, of each adapter's URLs and of the crate `store` hold it (`tests/connect.rs`)";
const SUITE: &str =
    "about the suite itself, whose own tests hold it; it says nothing of one backend";

pub(super) const ENTRIES: &[Entry] = &[
    run!("F02", "undecodable bytes are told by every read", data::is_told_by_every_read),
    none(
        "F03",
        "a table of another make (Cassandra)",
        "only an adapter with tables can meet one: store-cassandra has a test of its own",
    ),
    none(
        "F04",
        "an index of another make (Elasticsearch)",
        "only an adapter with indexes can meet one: store-elastic has a test of its own",
    ),
    run!("F05", "a value without its envelope", data::without_its_envelope),
    none("G01", "unknown settings are refused", SETTINGS),
    none("G02", "credentials of a URL are used", SERVERS),
    none("G03", "a scheme with TLS is TLS", SERVERS),
    none("G04", "a password shows nowhere", SECRETS),
    none("G05", "one configuration from all sources", SETTINGS),
    run!("G07", "settings that contradict are refused", settings::that_contradict_are_refused),
    none("G09", "a scheme that nobody knows", URLS),
    run!("G10", "one program has one transcript", scenario::has_one_transcript),
    run!("G12", "settings have their effects", settings::have_their_effects),
    run!("H01", "what is declared holds", capabilities::what_is_declared_holds),
    run!(
        "H02",
        "what is not declared is not there",
        capabilities::what_is_not_declared_is_not_there
    ),
    none(
        "H03",
        "what is emulated is labelled",
        "no capability is emulated: it is there or it is not",
    ),
    run!("H04", "at the limits and above", capabilities::at_the_limits_and_above),
    none("H05", "capabilities follow the server", "a place has one server, of one version"),
    none("H06", "every skip has a reason", SUITE),
    none("H07", "broken backends fail", SUITE),
    run!("Y01", "layers that pass on give the same", wrapped::gives_the_same),
    run!("Y03", "a layer of metrics counts calls", measured::each_call_counts_once),
];
