//! One function for each decoder: none may panic, whatever it is given, and what is taken comes back the same.

mod keys;
mod shell;
mod values;

use bytes::Bytes;
use store::backend::Checkpoint;
use store_core::UrlForm;

pub use self::{keys::keys, shell::shell, values::values};

/// A function that feeds bytes to decoders.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also that of its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("keys", keys),
    ("values", values),
    ("layouts", layouts),
    ("checkpoint", checkpoint),
    ("redo", redo),
    ("fields", fields),
    ("urls", urls),
    ("shell", shell),
    ("transfer", transfer),
    ("redis", redis),
    ("embedded", embedded),
    ("cassandra", cassandra),
    ("elastic", elastic),
];

/// Keys and values as store kinds lay them out.
pub fn layouts(bytes: &[u8]) {
    store_core::fuzzing::layouts(&Bytes::copy_from_slice(bytes));
}

/// The record a commit leaves.
pub fn checkpoint(bytes: &[u8]) {
    if let Ok(checkpoint) = Checkpoint::decode(bytes) {
        let again = Checkpoint::decode(&checkpoint.encode());
        assert_eq!(again.ok(), Some(checkpoint), "a checkpoint comes back the same");
    }
}

/// The redo log of a commit, and the record of a task that names it.
pub fn redo(bytes: &[u8]) {
    store_core::fuzzing::redo(&Bytes::copy_from_slice(bytes));
}

/// The indexed fields of a value.
pub fn fields(bytes: &[u8]) {
    store_core::fuzzing::fields(&Bytes::copy_from_slice(bytes));
}

/// URLs of databases, as a whole and as each adapter takes them apart.
pub fn urls(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(url) = text.parse::<store::StoreUrl>() {
        let _ = format!("{url:?}");
    }
    let _ = store::Config::from_url(text);
    store_redis::fuzzing::url(text);
    nodes(text);
}

/// A URL of several nodes that is taken must say the same once it is written anew.
fn nodes(text: &str) {
    const FORM: UrlForm = UrlForm {
        database: "a database of several nodes",
        schemes: &["cassandra", "scylla", "elasticsearch+http"],
        port: 1,
        namespace: "a prefix",
        config: "its settings",
    };
    let Ok(address) = FORM.parse(text) else { return };
    let again = FORM.parse(&format!("{}://{}", address.scheme, address.nodes.join(",")));
    assert_eq!(again.map(|again| again.nodes).ok(), Some(address.nodes), "{text:?}");
}

/// Exports of tasks, and frames of one with the check values that belong to them.
pub fn transfer(bytes: &[u8]) {
    store::transfer::fuzz(bytes);
}

/// The log of a large commit in Redis.
pub fn redis(bytes: &[u8]) {
    store_redis::fuzzing::log(bytes);
}

/// What local disk keeps of a task.
pub fn embedded(bytes: &[u8]) {
    store_embedded::fuzzing::layout(bytes);
}

/// What Cassandra keeps of a task.
pub fn cassandra(bytes: &[u8]) {
    store_cassandra::fuzzing::record(bytes);
}

/// What Elasticsearch answers, and the forms of keys in it.
pub fn elastic(bytes: &[u8]) {
    store_elastic::fuzzing::answers(bytes);
}
