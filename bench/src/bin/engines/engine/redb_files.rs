//! redb, a file per task, a table per map: what is committed as one belongs to one task.

use std::path::Path;

use anyhow::Result;

use super::{
    Engine, Entry, Order, Write,
    redb_tables::{RedbTables, Repair},
};
use crate::data::{MAPS, META_MAP};

const TASKS: u32 = MAPS / 2;

pub(crate) struct RedbFiles {
    tasks: Vec<RedbTables>,
}

impl RedbFiles {
    pub(crate) fn open(dir: &Path) -> Result<Self> {
        let cache = (64 << 20) / TASKS as usize;
        let open =
            |task| RedbTables::open_with_cache(&dir.join(format!("{task}")), Repair::Always, cache);
        Ok(Self { tasks: (0..TASKS).map(open).collect::<Result<_>>()? })
    }

    fn task(&self, map: u32, key: &[u8]) -> &RedbTables {
        let task = match map {
            META_MAP => key.last().copied().unwrap_or_default().into(),
            map if map < MAPS => map / 2,
            map => map,
        };
        &self.tasks[(task % TASKS) as usize]
    }
}

impl Engine for RedbFiles {
    fn commit(&self, writes: Vec<Write>) -> Result<()> {
        let mut by_task: Vec<Vec<Write>> = self.tasks.iter().map(|_| Vec::new()).collect();
        for write in writes {
            let task = self.task(write.map, &write.key);
            let at =
                self.tasks.iter().position(|known| std::ptr::eq(known, task)).unwrap_or_default();
            by_task[at].push(write);
        }
        let with_writes = self.tasks.iter().zip(by_task).filter(|(_, writes)| !writes.is_empty());
        with_writes.into_iter().try_for_each(|(task, writes)| task.commit(writes))
    }

    fn get_many(&self, keys: &[(u32, Vec<u8>)]) -> Result<Vec<Option<Vec<u8>>>> {
        let mut values = vec![None; keys.len()];
        for task in &self.tasks {
            let here = |&at: &usize| std::ptr::eq(self.task(keys[at].0, &keys[at].1), task);
            let at: Vec<usize> = (0..keys.len()).filter(here).collect();
            let wanted: Vec<_> = at.iter().map(|&at| keys[at].clone()).collect();
            if !wanted.is_empty() {
                at.into_iter()
                    .zip(task.get_many(&wanted)?)
                    .for_each(|(at, value)| values[at] = value);
            }
        }
        Ok(values)
    }

    fn page(
        &self,
        map: u32,
        after: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Entry>> {
        self.task(map, &[]).page(map, after, order, limit)
    }

    fn create_map(&self, map: u32) -> Result<()> {
        self.task(map, &[]).create_map(map)
    }

    fn drop_map(&self, map: u32) -> Result<()> {
        self.task(map, &[]).drop_map(map)
    }
}
