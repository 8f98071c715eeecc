//! The entries of a task, some at a time.

use std::{collections::VecDeque, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use store_core::{
    Result,
    backend::{
        Changes, Checkpoint, KeyRange, LastEntry, MapChange, MapId, Order, PageLimit, Put,
        TaskReader,
    },
};

/// Some entries, by map and in a map by key.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) entries: Vec<(MapId, Bytes, Bytes)>,
    pub(super) bytes: usize,
}

impl Batch {
    pub(super) fn push(&mut self, map: MapId, key: Bytes, value: Bytes) {
        self.bytes += key.len() + value.len();
        self.entries.push((map, key, value));
    }

    /// Where its last entry is.
    pub(super) fn last(&self) -> Option<LastEntry> {
        self.entries.last().map(|(map, key, _)| LastEntry::new(*map, key.clone()))
    }

    /// The puts that bring it into an empty place.
    pub(super) fn into_changes(self) -> Changes {
        let mut changes = Changes::new();
        for (map, key, value) in self.entries {
            let change = changes.entry(map).or_insert_with(|| MapChange::Write(Default::default()));
            if let MapChange::Write(writes) = change {
                writes.insert(key, Some(Put::new(value)));
            }
        }
        changes
    }
}

/// Where entries come from.
#[async_trait]
pub(super) trait Source: Send {
    /// The next entries, up to the limit or one above it; an empty batch at the end.
    async fn next(&mut self, limit: PageLimit) -> Result<Batch>;
}

/// The live maps of a task, in their order.
pub(super) fn maps(checkpoint: &Checkpoint) -> impl Iterator<Item = MapId> {
    checkpoint.stores.iter().flat_map(|(&number, state)| {
        let live = move |segment: &&i64| state.floor.is_none_or(|floor| **segment >= floor);
        let segments = state.segments.iter().filter(live);
        let segments = segments.map(move |&segment| MapId::segment(number, segment));
        std::iter::once(MapId::whole(number)).chain(segments)
    })
}

/// Whether a map may have entries.
pub(super) fn is_live(checkpoint: &Checkpoint, map: MapId) -> bool {
    let state = checkpoint.stores.get(&map.store);
    state.is_some_and(|state| {
        let live = |segment| {
            state.floor.is_none_or(|floor| segment >= floor) && state.segments.contains(&segment)
        };
        map.segment.is_none_or(live)
    })
}

/// The entries of a task in a backend, read page by page.
#[derive(Debug)]
pub(super) struct Pages {
    reader: Arc<dyn TaskReader>,
    maps: VecDeque<MapId>,
    range: KeyRange,
}

impl Pages {
    /// All entries, or those behind the last one that is not wanted again.
    pub(super) fn new(
        reader: Arc<dyn TaskReader>,
        checkpoint: &Checkpoint,
        after: Option<&LastEntry>,
    ) -> Self {
        let maps = maps(checkpoint).filter(|map| after.is_none_or(|after| *map >= after.map));
        let maps: VecDeque<_> = maps.collect();
        let within = after.filter(|after| maps.front() == Some(&after.map));
        let range = within
            .map_or(KeyRange::ALL, |after| KeyRange::ALL.after(after.key.clone(), Order::Forward));
        Self { reader, maps, range }
    }
}

#[async_trait]
impl Source for Pages {
    async fn next(&mut self, limit: PageLimit) -> Result<Batch> {
        let mut batch = Batch::default();
        while let Some(map) = self.maps.front().copied()
            && !limit.is_reached(batch.entries.len(), batch.bytes)
        {
            let rest = PageLimit::new(
                limit.entries.saturating_sub(batch.entries.len()).min(PAGE.entries),
                limit.bytes.saturating_sub(batch.bytes).min(PAGE.bytes),
            );
            let mut page = self.reader.scan(map, &self.range, Order::Forward, rest).await?;
            let resume = page.resume.take();
            for (key, value) in page.into_entries() {
                batch.push(map, key, value);
            }
            match resume {
                Some(key) => self.range = KeyRange::ALL.after(key, Order::Forward),
                None => {
                    self.maps.pop_front();
                    self.range = KeyRange::ALL;
                }
            }
        }
        Ok(batch)
    }
}

/// The largest page that a backend is asked for.
const PAGE: PageLimit = PageLimit::new(5000, 4 << 20);
