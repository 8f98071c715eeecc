//! Decoders that are not public, for fuzzing.

use crate::{
    acknowledged,
    layout::{
        Record, application_key, key, keyspace, map_of_keyspace, mark, partition, task_key,
        user_key,
    },
};
use store_core::backend::{Name, TaskId};

/// Feeds bytes to everything that is read back from the disk: records of tasks, their keys, keyspaces, and marks. What is
/// taken must come back the same.
pub fn layout(bytes: &[u8]) {
    if let Ok(record) = Record::decode(bytes) {
        let again = Record::decode(&record.encode(&record.checkpoint.encode()));
        assert_eq!(again.ok(), Some(record), "a record comes back the same");
    }
    assert_eq!(user_key(&key(bytes)), bytes, "a key comes back the same");
    if let Some(number) = mark(bytes) {
        assert_eq!(number.to_be_bytes(), bytes, "a mark comes back the same");
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return task(bytes) };
    if let Some((task, map)) = map_of_keyspace(text) {
        let again = map_of_keyspace(&keyspace(&task, map));
        assert_eq!(again, Some((task, map)), "a keyspace comes back the same");
    }
    if let Some((epoch, sequence)) = acknowledged::decode(text) {
        let again = acknowledged::decode(&acknowledged::encode(epoch, sequence));
        assert_eq!(again, Some((epoch, sequence)), "what was acknowledged comes back the same");
    }
    task(bytes);
}

/// The key of a task's record, whosever it is.
fn task(bytes: &[u8]) {
    let name = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    let Ok(name) = String::from_utf8_lossy(name).parse::<Name>() else { return };
    if let Some(partition) = partition(&name, bytes) {
        let task = TaskId::new(name.as_str(), partition).expect("the name was taken");
        assert_eq!(task_key(&task), bytes, "a task comes back the same");
        assert!(bytes.starts_with(&application_key(&name)));
    }
}
