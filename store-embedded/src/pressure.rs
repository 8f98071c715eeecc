//! Keeps the engine's memory bounded, and its writers from waiting for workers that have died.
//!
//! The engine bounds each map's recent writes, not their sum; and a batch waits inside the engine, without end, for files
//! to be written out when too many stand in line, also when the workers that write them have met a full disk.

use std::{
    thread,
    time::{Duration, Instant},
};

use fjall::{AbstractTree, Keyspace, PersistMode};

use crate::{handles::Handles, view::View};

/// Full parts of a map that wait to be written out; at 4 a batch waits inside the engine.
const WAITING: usize = 2;
/// Files of a map that wait to be merged; at 30 a batch waits inside the engine.
const UNMERGED: usize = 20;
/// After so long the engine is left to wait by itself.
const PATIENCE: Duration = Duration::from_secs(30);

impl Handles {
    /// Waits until a batch to these maps cannot be held up inside the engine. An error where its workers have died.
    pub(crate) fn wait_for_room(&self, maps: &[Keyspace]) -> Result<(), fjall::Error> {
        let start = Instant::now();
        let busy = |map: &Keyspace| {
            map.sealed_memtable_count() >= WAITING || map.l0_table_count() >= UNMERGED
        };
        while maps.iter().any(busy) && start.elapsed() < PATIENCE {
            // Does nothing by itself, and fails when the engine has given up.
            self.database.persist(PersistMode::Buffer)?;
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// Starts to write out the largest part where recent writes of all maps take more memory than allowed.
    pub(crate) fn bound_memory(&self, view: &View) -> Result<(), fjall::Error> {
        let size = |map: &Keyspace| map.tree.active_memtable().size();
        let sizes = || view.keyspaces().map(|map| (size(map), map));
        let total: u64 = sizes().map(|(size, _)| size).sum();
        if total <= self.config.write_buffer_bytes {
            return Ok(());
        }
        let largest = sizes().max_by_key(|(size, _)| *size);
        largest.map_or(Ok(()), |(_, map)| map.rotate_memtable().map(drop))
    }
}
