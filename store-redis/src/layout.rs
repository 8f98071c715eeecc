//! The keys of a task.
//!
//! `NAMESPACE:{APPLICATION:PARTITION}` is the hash tag; behind it stand `:task` (the record, a hash), `:maps` (the names of
//! its maps, a set), `:log` (chunks of a large commit, a hash), and for each map `:MAP:h` (values) and `:MAP:z` (order).
//!
//! `NAMESPACE:tasks:APPLICATION` is the set of partitions ever claimed. It has another slot and so cannot change with a
//! task: what is true of a task stands in its own record.

use redis::RedisError;
use store_core::{
    Error, ErrorKind,
    backend::{MapId, Name, TaskId},
};

use crate::error::{code, redis};

/// Field of the task's record: the fence.
pub(crate) const FENCE: &str = "fence";
/// Field of the task's record: the checkpoint.
pub(crate) const CHECKPOINT: &str = "checkpoint";
/// Field of the task's record: there where it was destroyed and not claimed since.
pub(crate) const DESTROYED: &str = "destroyed";

/// Field of the task's record: how often it was destroyed.
pub(crate) const LIFE: &str = "life";
/// Field of the task's record: the decided log that is not applied yet, as `NAME:CHUNKS:NEXT`. Beside these fields are
/// `sequence`; `staged`, the log that is being written, as `NAME:CHUNKS`; and `maps`, how many names are in the set of maps.
pub(crate) const PENDING: &str = "pending";
/// Field of the task's record: the version of this layout.
pub(crate) const LAYOUT: &str = "layout";
/// The version of this layout.
pub(crate) const VERSION: &str = "2";
/// Field of a log: the names of its maps. Its chunks are fields `0` and so on.
pub(crate) const LOG_MAPS: &str = "maps";

/// The keys of one task.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    task: TaskId,
    prefix: String,
}

impl Keys {
    pub(crate) fn new(namespace: &str, task: &TaskId) -> Self {
        let prefix = format!("{namespace}:{{{}:{}}}", task.application, task.partition);
        Self { task: task.clone(), prefix }
    }

    /// Says of a driver's error what was being done to the task.
    pub(crate) fn failed(&self, doing: &str) -> impl FnOnce(RedisError) -> Error {
        move |error| {
            if code(&error).as_deref() == Some("INCOMPLETE") {
                return self.incomplete(doing);
            }
            redis(format_args!("{doing} task {}", self.task), error)
        }
    }

    /// Says of an unreadable record whose it is.
    pub(crate) fn unreadable(&self) -> impl FnOnce(Error) -> Error {
        move |error| error.context(format_args!("task {}", self.task))
    }

    /// What is told to who reads a task that is not there, or not any more.
    pub(crate) fn gone(&self) -> Error {
        Error::new(ErrorKind::NotFound, format!("there is no task {}", self.task))
    }

    /// What is told to who is found to own the task no more.
    pub(crate) fn fenced(&self) -> Error {
        let message = format!("a later owner has claimed {self}: give it up");
        Error::new(ErrorKind::Fenced, message)
    }

    /// What is told where a log is not what the record says.
    pub(crate) fn damaged(&self) -> Error {
        let message = format!(
            "the log of {self} contradicts its record: restore the state from a copy, or destroy the task and rebuild it"
        );
        Error::new(ErrorKind::Corrupt, message)
    }

    /// What is told where some keys of a task were lost without the others, and nobody knows which are left.
    fn incomplete(&self, doing: &str) -> Error {
        let message = format!(
            "cannot {doing} {self}: its record and its maps do not belong together, some of its keys were removed or \
             evicted: remove every key that begins with {}, then restore the state from a copy or rebuild it",
            self.prefix
        );
        Error::new(ErrorKind::Corrupt, message)
    }

    /// What is told where a map's hash and sorted set do not have the same keys.
    pub(crate) fn half(&self, key: &str) -> Error {
        let message = format!(
            "{self} is damaged: {key} and its order do not have the same keys, one of them was removed or evicted: restore \
             the state from a copy, or destroy the task and rebuild it"
        );
        Error::new(ErrorKind::Corrupt, message)
    }

    /// What is told of a layout that is not ours.
    pub(crate) fn other_layout(&self, version: &str) -> Error {
        let message = format!(
            "{self} is stored in layout {version} and this program knows layout {VERSION}: use the release that wrote it"
        );
        Error::new(ErrorKind::SchemaMismatch, message)
    }

    /// What stands in front of every key.
    pub(crate) fn namespace(&self) -> &str {
        self.prefix.split(":{").next().unwrap_or_default()
    }

    /// The record of the task.
    pub(crate) fn task(&self) -> String {
        format!("{}:task", self.prefix)
    }

    /// The set of the names of its maps.
    pub(crate) fn maps(&self) -> String {
        format!("{}:maps", self.prefix)
    }

    /// The log.
    pub(crate) fn log(&self) -> String {
        format!("{}:log", self.prefix)
    }

    /// The values of a map.
    pub(crate) fn values(&self, map: MapId) -> String {
        format!("{}:{}:h", self.prefix, map_name(map))
    }

    /// The order of a map.
    pub(crate) fn order(&self, map: MapId) -> String {
        format!("{}:{}:z", self.prefix, map_name(map))
    }

    /// The values and the order of a map, by its name.
    pub(crate) fn named(&self, map: &str) -> [String; 2] {
        ["h", "z"].map(|kind| format!("{}:{map}:{kind}", self.prefix))
    }

    /// What scripts take first: record, set of maps, log; then values and order of each map.
    pub(crate) fn script(&self, maps: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<String> {
        let maps = maps.into_iter().flat_map(|map| self.named(map.as_ref()));
        [self.task(), self.maps(), self.log()].into_iter().chain(maps).collect()
    }
}

impl std::fmt::Display for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "task {}", self.task)
    }
}

/// The name of a decided log.
pub(crate) fn log_name(pending: &str) -> &str {
    pending.rsplitn(3, ':').last().unwrap_or_default()
}

/// A map's name in its keys.
pub(crate) fn map_name(map: MapId) -> String {
    let MapId { store, segment, .. } = map;
    segment.map_or_else(|| store.to_string(), |segment| format!("{store}.{segment}"))
}

/// The set of an application's partitions.
pub(crate) fn tasks(namespace: &str, application: &Name) -> String {
    format!("{namespace}:tasks:{application}")
}

#[cfg(test)]
mod tests {
    use store_core::backend::{MapId, TaskId};

    use super::{Keys, tasks};

    #[test]
    fn golden_keys() {
        let keys = Keys::new("store", &TaskId::new("word-count", 3).unwrap());
        assert_eq!(keys.task(), "store:{word-count:3}:task");
        assert_eq!(keys.values(MapId::whole(1)), "store:{word-count:3}:1:h");
        assert_eq!(keys.maps(), "store:{word-count:3}:maps");
        assert_eq!(keys.log(), "store:{word-count:3}:log");
        assert_eq!(keys.order(MapId::segment(2, -7)), "store:{word-count:3}:2.-7:z");
        assert_eq!(keys.named("2.-7")[1], keys.order(MapId::segment(2, -7)));
        assert_eq!(tasks("store", &"word-count".parse().unwrap()), "store:tasks:word-count");
    }
}
