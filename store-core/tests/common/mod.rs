//! The in-memory backend behind a line that can hold, refuse and lose calls, and what the last commit changed.

#![allow(clippy::unwrap_used, reason = "a test fails by a panic")]
#![allow(unreachable_pub, reason = "shared by test binaries")]
#![allow(dead_code, reason = "each test binary uses a part")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use store_core::{
    Database, EngineConfig, KeyValue, Result,
    backend::{MapChange, MapId},
    layers::{Answer, Call, Faults, Layer},
    memory::MemoryBackend,
};

pub static COUNTS: KeyValue<String, u64> = KeyValue::new("counts");

/// For each map of a commit the number of its writes; none where it is dropped.
pub type LastChanges = BTreeMap<MapId, Option<usize>>;

/// A place for state, the line to it, and what went over the line last.
#[derive(Clone, Debug, Default)]
pub struct Faulty {
    inner: MemoryBackend,
    pub line: Faults,
    pub last_changes: Watched,
}

impl Faulty {
    pub fn over(line: Faults) -> Self {
        Self { line, ..Self::default() }
    }

    pub fn database(&self) -> Database {
        self.with(EngineConfig::default())
    }

    pub fn with(&self, config: EngineConfig) -> Database {
        let database = Database::with(Arc::new(self.inner.clone()), config).unwrap();
        database.layer(self.line.clone()).layer(self.last_changes.clone())
    }
}

/// Remembers what the last commit changed.
#[derive(Clone, Debug, Default)]
pub struct Watched(Arc<Mutex<LastChanges>>);

impl Watched {
    pub fn get(&self) -> LastChanges {
        self.0.lock().unwrap().clone()
    }
}

impl Layer for Watched {
    async fn call<T, F>(&self, call: Call<'_>, send: impl Fn() -> F + Send + Sync) -> Result<T>
    where
        T: Answer,
        F: Future<Output = Result<T>> + Send,
    {
        if let Call::Commit { commit, .. } = call {
            let changes = commit.changes().iter().map(|(map, change)| match change {
                MapChange::Drop => (*map, None),
                MapChange::Write(writes) => (*map, Some(writes.len())),
            });
            *self.0.lock().unwrap() = changes.collect();
        }
        send().await
    }
}
