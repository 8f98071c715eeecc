//! The keys of a task.
//!
//! `NAMESPACE:{APPLICATION:PARTITION}` is the hash tag; behind it stand `:task` (a hash of fence, sequence, checkpoint,
//! the mark of a destroyed task and how often it was destroyed), `:maps` (the names of its maps), `:MAP:h` (values) and `:MAP:z` (order).
//!
//! `NAMESPACE:tasks:APPLICATION` is the set of partitions ever claimed. It has another slot and so cannot change with a
//! task: what is true of a task stands in its own record.

use redis::RedisError;
use store_core::{
    Error, ErrorKind, Result,
    backend::{MapId, Name, TaskId},
};

use crate::error::redis;

/// Field of the task's record: the fence.
pub(crate) const FENCE: &str = "fence";
/// Field of the task's record: the checkpoint.
pub(crate) const CHECKPOINT: &str = "checkpoint";
/// Field of the task's record: there where it was destroyed and not claimed since.
pub(crate) const DESTROYED: &str = "destroyed";

/// Field of the task's record: how often it was destroyed.
pub(crate) const LIFE: &str = "life";

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
        move |error| redis(format_args!("{doing} task {}", self.task), error)
    }

    /// Says of an unreadable record whose it is.
    pub(crate) fn unreadable(&self) -> impl FnOnce(Error) -> Error {
        move |error| error.context(format_args!("task {}", self.task))
    }

    /// What is told to who reads a task that is not there, or not any more.
    pub(crate) fn gone(&self) -> Error {
        Error::new(ErrorKind::NotFound, format!("there is no task {}", self.task))
    }

    /// The record of the task.
    pub(crate) fn task(&self) -> String {
        format!("{}:task", self.prefix)
    }

    /// The set of the names of its maps.
    pub(crate) fn maps(&self) -> String {
        format!("{}:maps", self.prefix)
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

/// Refuses a namespace that would move the hash tag away from the task.
pub(crate) fn check(namespace: &str) -> Result<()> {
    if !namespace.contains(['{', '}']) {
        return Ok(());
    }
    let message =
        format!("namespace {namespace:?} has a brace, which Redis gives a meaning: leave it out");
    Err(Error::new(ErrorKind::Config, message))
}

#[cfg(test)]
mod tests {
    use store_core::{
        ErrorKind,
        backend::{MapId, TaskId},
    };

    use super::{Keys, check, tasks};

    #[test]
    fn golden_keys() {
        let keys = Keys::new("store", &TaskId::new("word-count", 3).unwrap());
        assert_eq!(keys.task(), "store:{word-count:3}:task");
        assert_eq!(keys.values(MapId::whole(1)), "store:{word-count:3}:1:h");
        assert_eq!(keys.maps(), "store:{word-count:3}:maps");
        assert_eq!(keys.order(MapId::segment(2, -7)), "store:{word-count:3}:2.-7:z");
        assert_eq!(keys.named("2.-7")[1], keys.order(MapId::segment(2, -7)));
        assert_eq!(tasks("store", &"word-count".parse().unwrap()), "store:tasks:word-count");
    }

    #[test]
    fn a_namespace_that_moves_the_hash_tag_is_refused() {
        check("a:b.c").unwrap();
        assert_eq!(check("a{b}").unwrap_err().kind(), ErrorKind::Config);
        assert_eq!(check("}").unwrap_err().kind(), ErrorKind::Config);
    }
}
