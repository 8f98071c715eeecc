//! The standard library's ordered map: no lock, no commit, gone with the process.

use std::{collections::BTreeMap, ops::Bound};

use anyhow::Result;
use store::backend::MapId;

use super::{Bare, Write};

/// A map of bytes for each map.
#[derive(Debug, Default)]
pub(crate) struct Tree(BTreeMap<MapId, BTreeMap<Vec<u8>, Vec<u8>>>);

impl Bare for Tree {
    async fn get<T: Send>(
        &mut self,
        map: MapId,
        key: &[u8],
        see: impl FnOnce(Option<&[u8]>) -> T + Send,
    ) -> Result<T> {
        Ok(see(self.0.get(&map).and_then(|map| map.get(key)).map(Vec::as_slice)))
    }

    async fn scan(
        &mut self,
        map: MapId,
        (from, to): (&[u8], &[u8]),
        limit: usize,
        mut see: impl FnMut(&[u8], &[u8]) + Send,
    ) -> Result<()> {
        let range = (Bound::Included(from), Bound::Included(to));
        let entries = self.0.get(&map).map(|map| map.range::<[u8], _>(range));
        for (key, value) in entries.into_iter().flatten().take(limit) {
            see(key, value);
        }
        Ok(())
    }

    async fn commit(&mut self, writes: Vec<Write>) -> Result<()> {
        for (map, key, value) in writes {
            let map = self.0.entry(map).or_default();
            match value {
                Some(value) => map.insert(key, value.into()),
                None => map.remove(&key),
            };
        }
        Ok(())
    }

    fn handle(&self) -> Option<Self> {
        None
    }
}
