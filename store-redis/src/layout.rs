//! The keys of a task.
//!
//! `NAMESPACE:{APPLICATION:PARTITION}` is the hash tag; behind it stand `:task` (a hash of fence, sequence and
//! checkpoint), `:MAP:h` (values) and `:MAP:z` (order). `NAMESPACE:tasks:APPLICATION` is the set of partitions.

use store_core::backend::{MapId, Name, TaskId};

/// Field of the task's record: the fence.
pub(crate) const FENCE: &str = "fence";
/// Field of the task's record: the checkpoint.
pub(crate) const CHECKPOINT: &str = "checkpoint";

/// The keys of one task.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    prefix: String,
}

impl Keys {
    pub(crate) fn new(namespace: &str, task: &TaskId) -> Self {
        // Neither names nor namespaces have braces, so the tag is the whole name.
        Self { prefix: format!("{namespace}:{{{}:{}}}", task.application, task.partition) }
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

    /// What the script puts before a map's name.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }
}

/// A map's name in its keys.
pub(crate) fn map_name(map: MapId) -> String {
    let MapId { store, segment, .. } = map;
    segment.map_or_else(|| store.to_string(), |segment| format!("{store}.{segment}"))
}

/// The set of an application's partitions.
pub(crate) fn tasks(namespace: &str, application: &Name) -> String {
    format!("{}:tasks:{application}", namespace)
}

#[cfg(test)]
mod tests {
    use store_core::backend::{MapId, TaskId};

    use super::Keys;

    #[test]
    fn golden_keys() {
        let keys = Keys::new("store", &TaskId::new("word-count", 3).unwrap());
        assert_eq!(keys.task(), "store:{word-count:3}:task");
        assert_eq!(keys.values(MapId::whole(1)), "store:{word-count:3}:1:h");
        assert_eq!(keys.order(MapId::segment(2, -7)), "store:{word-count:3}:2.-7:z");
    }
}
