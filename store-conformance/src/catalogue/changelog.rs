//! Change-logging, restore, queries and headers (CL, RS, IQ, HD).

use super::{Entry, kafka, none, run};
use crate::cases::{offsets::kinds, wrong::queries};

const QUERIES: &str =
    "there are no query objects: a reader has the read half of the store, with its types";
const BOUNDS: &str = "a reader asks for no position: each answer is of one whole commit, and the checkpoint says which";
const COMPOSITE: &str =
    "tasks are read one by one: which partition holds a key is the program's to know";
const HEADERS: &str = "values have no headers: what belongs to a value is a part of its type";
const STANDBY: &str = "there are no standby copies: the state is shared";

pub(super) const ENTRIES: &[Entry] = &[
    kafka("CL-01", "a put is logged with its time"),
    kafka("CL-02", "a bulk is logged in order"),
    kafka("CL-03", "a delete logs a null"),
    kafka("CL-04", "a delete of nothing is logged too"),
    kafka("CL-05", "put if absent logs what it wrote"),
    kafka("CL-06", "reads log nothing"),
    kafka("CL-09", "a value's time is the record's"),
    kafka("CL-12", "positions are logged with records"),
    run!("CL-14", "without a log the state is read back", kinds::no_log_is_needed),
    kafka("CL-15", "a repeated write is logged once"),
    kafka("RS-01", "restored rows are there"),
    kafka("RS-02", "a restored null deletes"),
    kafka("RS-03", "a restored batch keeps its order"),
    kafka("RS-05", "a restore logs nothing"),
    kafka("RS-06", "the log wins over what was there"),
    kafka("RS-08", "positions are restored"),
    kafka("RS-10", "a failed batch moves no offset"),
    kafka("RS-11", "a batch restored twice"),
    kafka("RS-12", "a restore goes on after a crash"),
    kafka("RS-13", "a million rows in bulks"),
    kafka("RS-14", "nothing is restored that is there"),
    none("RS-15", "a standby becomes active", STANDBY),
    none("RS-16", "a standby on shared state", STANDBY),
    none("IQ-01", "an unknown query fails", QUERIES),
    run!("IQ-02", "readers hit and miss", queries::hits_and_misses),
    run!("IQ-03", "readers' ranges are the owner's", queries::ranges_as_the_owner),
    none("IQ-04", "a window query needs both times", QUERIES),
    none("IQ-05", "queries of the other kind", QUERIES),
    none("IQ-06", "plain queries of versions", QUERIES),
    none("IQ-07", "a bound before, at and after the position", BOUNDS),
    none("IQ-08", "bounds on other partitions", BOUNDS),
    none("IQ-09", "a store without positions", BOUNDS),
    none("IQ-12", "layers tell what they did", QUERIES),
    run!("IQ-13", "positions never go back", queries::positions_never_go_back),
    none(
        "IQ-14",
        "a write without a record leaves positions",
        "writes and positions are told apart: a commit without offsets keeps them (OC-03)",
    ),
    run!("IQ-15", "a delete moves positions as a put does", queries::a_delete_moves_positions),
    none("IQ-16", "the first partition that has a key", COMPOSITE),
    none("IQ-18", "lengths of all partitions", COMPOSITE),
    none("IQ-19", "a partition that is gone", COMPOSITE),
    none(
        "IQ-20",
        "queries while it is not running",
        "what is committed can be read whether or not somebody owns it",
    ),
    run!("IQ-22", "partitions give their own rows once", queries::each_row_once),
    none(
        "IQ-23",
        "a global store is loaded first",
        "there are no global stores: the state is shared",
    ),
    run!("HD-01", "values keep their time", queries::values_keep_their_time),
    none("HD-02", "plain bytes read as timestamped", "a store is not read as another kind (HD-12)"),
    none(
        "HD-03",
        "a plain view of a timestamped store",
        "a store is not read as another kind (HD-12)",
    ),
    none("HD-04", "headers with time and value", HEADERS),
    none("HD-05", "values upgraded to have headers", HEADERS),
    none("HD-06", "headers of one name", HEADERS),
    none("HD-07", "headers of sessions", HEADERS),
    none("HD-08", "headers of versions", HEADERS),
    none("HD-09", "headers are restored", HEADERS),
    none(
        "HD-11",
        "put if different",
        "there is no such operation: update decides in the program's closure",
    ),
    run!("HD-12", "a store is not read as another kind", queries::kinds_are_not_mixed),
    none("HD-13", "layers exactly as asked for", "stores have no layers to be asked for"),
];
